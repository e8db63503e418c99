//! Energy beside the score: the hits of a plain ranking, weighed again.
//!
//! ```text
//! n = 4 k
//! loop: take the best n by score alone, weigh each with its energy
//!       fewer than n came, or even full energy would not lift the next one to the k-th -> the best k of these
//!       else n = 4 n
//! ```

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::config::DecayConfig;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::index::Snapshot;
use crate::model::{Explain, RecallWeights, energy};
use crate::search::hit::{Hit, best};

/// By how much the hits of the plain ranking are multiplied.
pub(crate) const GROWTH: usize = 4;

/// How energy counts in one search, and when that is.
#[derive(Clone, Copy)]
pub(crate) struct Recall<'c> {
    pub(crate) weights: RecallWeights,
    pub(crate) decay: &'c DecayConfig,
    pub(crate) now: Timestamp,
}

/// The best `k` by score and energy, best first. `plain` gives the best so many by score alone, whose scores do not
/// exceed its first one.
pub(super) fn weighed(
    snapshot: &Snapshot<'_>,
    recall: &Recall<'_>,
    k: usize,
    mut plain: impl FnMut(usize) -> Result<Vec<Hit>>,
) -> Result<Vec<Hit>> {
    let mut known: HashMap<ExperienceId, f32> = HashMap::new();
    let mut wanted = k.saturating_mul(GROWTH);
    loop {
        let hits = plain(wanted)?;
        let mut energies = Vec::with_capacity(hits.len());
        for hit in &hits {
            let id = hit.rank.id();
            let energy = match known.get(&id) {
                Some(energy) => *energy,
                None => *known.entry(id).or_insert(energy_of(snapshot, recall, id)?),
            };
            energies.push(energy);
        }
        if let Some(weighed) = settled(hits, &energies, recall.weights, k, wanted) {
            return Ok(weighed);
        }
        wanted = wanted.saturating_mul(GROWTH);
    }
}

/// The best `k` of the best `wanted` hits by score alone, weighed with their energies; `None` if hits that were left out
/// could be among them.
pub(crate) fn settled(
    hits: Vec<Hit>,
    energies: &[f32],
    weights: RecallWeights,
    k: usize,
    wanted: usize,
) -> Option<Vec<Hit>> {
    let RecallWeights { similarity, energy: weight } = weights;
    let last = hits.last().map(|hit| hit.score);
    let is_all = hits.len() < wanted;
    let weighed =
        hits.into_iter().zip(energies).map(|(hit, energy)| scaled(hit, similarity, weight * energy));
    let weighed = best(weighed.collect(), k);
    // What was left out scores no more than the last one that came, and no energy is above 1.
    let most = last.map_or(0.0, |last| similarity * last + weight);
    let is_settled = weighed.get(k - 1).is_some_and(|worst| worst.score > most);
    (is_all || is_settled).then_some(weighed)
}

/// The hits of a plain ranking where energy has no weight.
pub(super) fn without(recall: &Recall<'_>, hits: Vec<Hit>) -> Vec<Hit> {
    hits.into_iter().map(|hit| scaled(hit, recall.weights.similarity, 0.0)).collect()
}

fn energy_of(snapshot: &Snapshot<'_>, recall: &Recall<'_>, id: ExperienceId) -> Result<f32> {
    let (_, row) = snapshot.collective.view.indexed_row(id)?;
    Ok(energy(row.importance, row.applications, row.last_reinforced, recall.now, recall.decay))
}

fn scaled(hit: Hit, similarity: f32, energy: f32) -> Hit {
    let parts = Explain { energy: Some(energy), ..hit.parts.scaled(similarity) };
    Hit { score: similarity * hit.score + energy, parts, ..hit }
}
