//! The thread that learns of what other processes commit, and hands it over to the subscribers of this one.

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::clock;
use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::model::StreamEnd;
use crate::storage::Store;

use super::hub::{Feeder, Hub, Pause};

thread_local! {
    /// Whether this thread is a feeder, which cannot wait for its own end.
    static FEEDS: Cell<bool> = const { Cell::new(false) };
}

/// Starts the feeder of a hub, unless it runs.
pub(super) fn start(hub: &Arc<Hub>, store: &Arc<Store>) -> Result<()> {
    let term = hub.term();
    let mut slot = hub.feeder.lock();
    if slot.as_ref().is_some_and(|feeder| feeder.term == term && !feeder.thread.is_finished()) {
        return Ok(());
    }
    let of_thread = (Arc::clone(hub), Arc::clone(store));
    let thread = std::thread::Builder::new()
        .name("pulsedb-watch".into())
        .spawn(move || {
            FEEDS.set(true);
            let (hub, store) = of_thread;
            feed(&hub, &store, term);
        })
        .map_err(|error| PulseDBError::io("start the thread that watches", store.path(), error))?;
    *slot = Some(Feeder { term, thread });
    Ok(())
}

/// Ends the feeder if no handle is left, and waits for that: it has the store open.
pub(super) fn stop(hub: &Hub, store: &Weak<Store>) {
    if FEEDS.get() {
        // Closing is called by a task that this thread has woken. The thread ends when it comes back.
        hub.dismiss();
        return;
    }
    let mut slot = hub.feeder.lock();
    if !hub.dismiss() {
        return;
    }
    let Some(Feeder { thread, .. }) = slot.take() else { return };
    // Again and again: a process that may not write the wake page cannot keep the thread from falling asleep just now.
    while !thread.is_finished() {
        nudge(store);
        std::thread::yield_now();
    }
    if thread.join().is_err() {
        tracing::error!("the thread that watches the database has panicked");
    }
}

/// Has the feeder look at once.
pub(super) fn nudge(store: &Weak<Store>) {
    if let Some(store) = store.upgrade() {
        store.bell().nudge(store.is_writable());
    }
}

fn feed(hub: &Hub, store: &Store, term: u64) {
    let mut confirmed: Option<Instant> = None;
    while let Pause::For(pause) = hub.next_pause(term, clock::monotonic) {
        // Before the look, so that what is committed after it is not missed.
        let listening = store.bell().listen(store.is_writable());
        let now = clock::monotonic();
        let overdue = confirmed.is_none_or(|then| now.duration_since(then) >= pause);
        let outcome = if overdue { store.confirm_in_place() } else { Ok(()) };
        if overdue {
            confirmed = Some(now);
        }
        if let Err(error) = outcome.and_then(|()| look(hub, store, now)) {
            report(hub, store, error);
        }
        match listening {
            Some(listening) => {
                if hub.is_quiet(term) {
                    listening.wait(pause);
                }
            }
            None => hub.sleep(term, pause),
        }
    }
}

/// Hands over all that is new.
fn look(hub: &Hub, store: &Store, now: Instant) -> Result<()> {
    hub.wake_others();
    let current = store.current_sequence()?;
    hub.remind(current, now);
    // Bounded by what was there when it began; what comes meanwhile is announced.
    while let Some(position) = hub.position().filter(|position| *position < current) {
        let changes = store.snapshot()?.view().changes(position, limits::EVENTS_MAX)?;
        if changes.is_empty() {
            break;
        }
        hub.feed(&changes);
    }
    Ok(())
}

fn report(hub: &Hub, store: &Store, error: PulseDBError) {
    match error {
        // They look themselves: some may have come far enough.
        PulseDBError::ChangesGone { .. } => match store.current_sequence() {
            Ok(current) => hub.miss(current),
            Err(error) => hub.fail(&StreamEnd::from(error)),
        },
        // Slots are free again soon.
        PulseDBError::Storage(StorageError::TooManyReaders { .. }) => {
            tracing::warn!(%error, "watchers wait for the next look");
        }
        error => hub.fail(&StreamEnd::from(error)),
    }
}
