//! What the neighbours of a candidate in its session add to it.

use crate::error::Result;
use crate::search::text::neighbours::Neighbours;
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

    /// W and P of a candidate: the best of its neighbours, and the question right before it.
    pub(super) fn window(&mut self, place: usize, fused: &[f32]) -> Result<(f32, f32)> {
        let neighbours = self.neighbours(place)?;
        let mut best = 0.0_f32;
        for side in [neighbours.before, neighbours.after] {
            let mut weight = 1.0;
            for address in side {
                let place = address.and_then(|address| self.place(address));
                best = best.max(place.map_or(0.0, |place| weight * fused[place]));
                weight *= FADING;
            }
        }
        let before = neighbours.before[0].and_then(|address| self.place(address));
        let question = match before {
            Some(before) if self.asks(before)? => fused[before],
            _ => 0.0,
        };
        Ok((best, question))
    }
}
