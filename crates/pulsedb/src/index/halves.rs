//! A scan of many candidates in two halves, by two threads.
//!
//! What a scan waits for is memory: the system maps each page when a process first looks at it, and the vectors of a
//! large collective are in no cache. Two processors wait for two halves at once.

use std::thread;

use crate::error::Result;
use crate::index::columns::Columns;
use crate::index::scan::{Hit, scan};
use crate::limits;
use crate::storage::{CollectiveView, Store};
use crate::vector::PreparedQuery;

/// The best `k` of the candidates, best first, as [`scan`] gives them.
///
/// A snapshot belongs to one thread, so the other one takes its own. If somebody has committed in between, that is
/// another state, and this thread scans the second half too: the answer is always that of `collective`.
pub(crate) fn scan_in_halves(
    store: &Store,
    collective: CollectiveView<'_>,
    columns: &Columns,
    candidates: &[u32],
    query: &PreparedQuery,
    k: usize,
) -> Result<Vec<Hit>> {
    if candidates.len() < limits::HALVED_ROWS_MIN {
        return scan(collective, columns, candidates, query, k);
    }
    let (front, back) = candidates.split_at(candidates.len() / 2);
    let transaction = collective.view.transaction();
    let (front, back_hits) = thread::scope(|scope| {
        let same_state = || -> Option<Result<Vec<Hit>>> {
            let snapshot = store.snapshot().ok()?;
            let view = snapshot.view();
            (view.transaction() == transaction)
                .then(|| scan(CollectiveView { view, ..collective }, columns, back, query, k))
        };
        let helper = thread::Builder::new().name("pulsedb-scan".into()).spawn_scoped(scope, same_state);
        let front = scan(collective, columns, front, query, k);
        // Without a thread, or if it has panicked, this one does it.
        let back_hits = helper.ok().and_then(|helper| helper.join().ok()).flatten();
        (front, back_hits)
    });
    let mut hits = front?;
    hits.extend(match back_hits {
        Some(hits) => hits?,
        None => scan(collective, columns, back, query, k)?,
    });
    hits.sort_unstable_by(|left, right| right.cmp(left));
    hits.truncate(k);
    Ok(hits)
}
