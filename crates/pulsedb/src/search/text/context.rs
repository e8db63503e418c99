//! What the neighbours of a candidate in its session add to it.

use crate::error::Result;
use crate::limits;
use crate::search::text::neighbours::{Neighbours, Side};
use crate::search::text::pool::Pool;

/// How much less a neighbour counts for each further step.
const FADING: f32 = 0.8;

impl Pool<'_, '_> {
    /// The neighbours of a candidate, read once.
    pub(super) fn neighbours(&mut self, place: usize) -> Result<Neighbours> {
        if let Some(known) = &self.candidates[place].neighbours {
            return Ok(*known);
        }
        let (snapshot, id) = (self.snapshot, self.candidates[place].row.id);
        let mut neighbours = Neighbours::default();
        if let Some(task) = self.task(place)? {
            let before = snapshot.collective.before_in_task(task, id)?;
            for (neighbour, slot) in neighbours.before.iter_mut().zip(before) {
                *neighbour = snapshot.address_of(slot?)?;
            }
            let after = snapshot.collective.after_in_task(task, id)?;
            for (neighbour, slot) in neighbours.after.iter_mut().zip(after) {
                *neighbour = snapshot.address_of(slot?)?;
            }
        }
        self.candidates[place].neighbours = Some(neighbours);
        Ok(neighbours)
    }

    /// W and P of a candidate.
    pub(super) fn around(&mut self, place: usize, fused: &[f32]) -> Result<(f32, f32)> {
        let neighbours = self.neighbours(place)?;
        let places = |side: Side| side.map(|address| address.and_then(|address| self.place(address)));
        let sides = [places(neighbours.before), places(neighbours.after)];
        let before = sides[0][0];
        let asks = match before {
            Some(before) => self.asks(before)?,
            None => false,
        };
        Ok(window(sides, asks, fused))
    }
}

/// W and P of a candidate from the places of those before and after it, nearest first, and whether the nearest one before
/// asks a question.
pub(crate) fn window(
    sides: [[Option<usize>; limits::WINDOW_RECORDS]; 2],
    asks: bool,
    fused: &[f32],
) -> (f32, f32) {
    let mut best = 0.0_f32;
    for side in sides {
        let mut weight = 1.0;
        for place in side {
            best = best.max(place.map_or(0.0, |place| weight * fused[place]));
            weight *= FADING;
        }
    }
    let question = if asks { sides[0][0].map_or(0.0, |before| fused[before]) } else { 0.0 };
    (best, question)
}
