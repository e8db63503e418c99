//! Texts: words, meaning, late interaction and what surrounds a record, in one ranking.
//!
//! ```text
//! candidates    few rows allowed: all of them
//!               else the best by words, the best by vectors, and the neighbours of the best of both in their sessions
//! F             of each candidate: the mean of its signals, each as a part of the best candidate's
//! score         (F + s S + w W + p P + a A) / (1 + s + w + p + a)
//!               S: the best F of its session       W: that of a neighbour, less the farther it is
//!               P: F of a question right before    A: whether the query names its agent, and no other
//! ```
//!
//! Where that gives fewer hits than were asked for, there are more candidates, in the end all. `docs/pulsedb-ranking.md`
//! says it in full.

mod context;
mod names;
mod neighbours;
mod pool;
mod rank;
mod signals;

use crate::error::Result;
use crate::index::Snapshot;
use crate::limits;
use crate::search::filter::Allowed;
use crate::search::hit::Hit;

use self::pool::Pool;

pub(crate) use self::signals::{Signals, TextQuery};
#[cfg(feature = "backend")]
pub(crate) use self::{
    context::window,
    names::named_of,
    rank::{Candidates, Measured, best as best_of_text, best_without_late},
    signals::late_query,
};

/// The best `k` of the allowed rows that any signal scores above zero, best first.
pub(super) fn ranked(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    query: &TextQuery<'_>,
    k: usize,
) -> Result<Vec<Hit>> {
    let mut signals = Signals::of(snapshot, query)?;
    let named = if query.context.agent > 0.0 { names::named(snapshot.collective, query.text)? } else { None };
    let matches = allowed.count();
    let first = k.max(limits::CANDIDATES_MIN);
    let mut breadth = first;
    loop {
        let mut pool = Pool::new(snapshot, allowed, query, named);
        let is_whole = matches <= breadth.max(limits::RANKED_WHOLE_MAX);
        if is_whole {
            pool.add_all(&mut signals)?;
        } else {
            pool.add_best(&mut signals, breadth, breadth > first)?;
        }
        let hits = rank::best(&mut pool, &mut signals, k)?;
        if is_whole || hits.len() >= k {
            return Ok(hits);
        }
        breadth = breadth.saturating_mul(limits::CANDIDATES_GROWTH);
    }
}
