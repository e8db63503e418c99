//! A scan of many candidates in two halves, by two threads.
//!
//! What a scan waits for is memory: the system maps each page when a process first looks at it, and the vectors of a
//! large collective are in no cache. Two processors wait for two halves at once.

use std::thread;

use crate::error::Result;
use crate::index::columns::Columns;
use crate::index::scan::{Hit, scan};
use crate::limits;
use crate::model::change::CollectiveNumber;
use crate::storage::{Store, View};
use crate::vector::PreparedQuery;

/// The best `k` of the candidates, best first, as [`scan`] gives them.
///
/// A snapshot belongs to one thread, so the other one takes its own. If somebody has committed in between, that is
/// another state, and this thread scans the second half too: the answer is always that of `view`.
pub(crate) fn scan_in_halves(
    store: &Store,
    view: View<'_>,
    number: CollectiveNumber,
    columns: &Columns,
    candidates: &[u32],
    query: &PreparedQuery,
    k: usize,
) -> Result<Vec<Hit>> {
    if candidates.len() < limits::HALVED_ROWS_MIN {
        return scan(view, number, columns, candidates, query, k);
    }
    let (front, back) = candidates.split_at(candidates.len() / 2);
    let transaction = view.transaction();
    let (front, back_hits) = thread::scope(|scope| {
        let same_state = || -> Option<Result<Vec<Hit>>> {
            let snapshot = store.snapshot().ok()?;
            let view = snapshot.view();
            (view.transaction() == transaction).then(|| scan(view, number, columns, back, query, k))
        };
        let helper = thread::Builder::new().name("pulsedb-scan".into()).spawn_scoped(scope, same_state);
        let front = scan(view, number, columns, front, query, k);
        // Without a thread, or if it has panicked, this one does it.
        let back_hits = helper.ok().and_then(|helper| helper.join().ok()).flatten();
        (front, back_hits)
    });
    let mut hits = front?;
    hits.extend(match back_hits {
        Some(hits) => hits?,
        None => scan(view, number, columns, back, query, k)?,
    });
    hits.sort_unstable_by(|left, right| right.cmp(left));
    hits.truncate(k);
    Ok(hits)
}
