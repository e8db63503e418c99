//! Warming: a second thread goes over half of a large collective while its first search does.
//!
//! The system maps a page of the store when a process first looks at it, and that takes longer than scoring what is on
//! it. Two processors map two halves at once; the search finds the second half mapped when it gets there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::error::Result;
use crate::index::columns::Columns;
use crate::limits;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::Store;

/// Calls `scan`. If it will walk over many vectors that this process has not seen, another thread warms half of them.
/// The answer does not depend on that thread: it looks at a snapshot of its own, and what it cannot read it leaves.
pub(crate) fn while_warming<T>(
    store: &Store,
    number: CollectiveNumber,
    columns: &Columns,
    candidates: &[u32],
    scan: impl FnOnce() -> T,
) -> T {
    let middle = candidates.get(candidates.len() / 2).map_or(0, |position| *position as usize);
    let (Some(row), false) = (columns.row(middle), columns.is_seen(middle)) else { return scan() };
    if candidates.len() < limits::WARMED_ROWS_MIN {
        return scan();
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let warm = || touch(store, number, row.slot, &done);
        // Without a thread the search is slower and as right.
        let _ = thread::Builder::new().name("pulsedb-warm".into()).spawn_scoped(scope, warm);
        let found = scan();
        done.store(true, Ordering::Relaxed);
        found
    })
}

/// Looks at the vectors from a slot on, until it is told that nobody needs them.
fn touch(store: &Store, number: CollectiveNumber, from: Slot, done: &AtomicBool) -> Result<()> {
    let snapshot = store.snapshot()?;
    for vector in snapshot.view().vectors_from(number, from)? {
        if done.load(Ordering::Relaxed) {
            break;
        }
        vector?.fetch();
    }
    Ok(())
}
