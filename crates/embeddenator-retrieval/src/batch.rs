//! Work shared by threads: each takes a run of the items, and the results keep the order of the items.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use crate::Result;
use crate::limits::{BATCH_THREAD_QUERIES_MIN, SEARCH_THREADS_MAX};

/// Calls `work` with runs of the queries, in as many threads as were asked for and pay off, and
/// joins the results.
pub(crate) fn in_parallel<Q: Sync, R: Send>(
    queries: &[Q],
    threads: usize,
    work: impl Fn(&[Q]) -> Result<Vec<R>> + Sync,
) -> Result<Vec<R>> {
    let threads = threads_for(threads, queries.len() / BATCH_THREAD_QUERIES_MIN);
    let run = queries.len().div_ceil(threads).max(1);
    let mut runs = queries.chunks(run);
    let own = runs.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = runs.map(|run| scope.spawn(|| work(run))).collect();
        let mut results = work(own)?;
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(results)
    })
}

/// The threads to use if `wanted` were asked for (0: as many as the machine has) and there is
/// enough work for `worth`.
pub(crate) fn threads_for(wanted: usize, worth: usize) -> usize {
    let most = worth.clamp(1, SEARCH_THREADS_MAX);
    match wanted {
        // Asking the system costs more than a short search.
        _ if most == 1 => 1,
        0 => thread::available_parallelism().map_or(1, NonZero::get).min(most),
        wanted => wanted.min(most),
    }
}
