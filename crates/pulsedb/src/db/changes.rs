//! Calls on the change log.

use std::sync::atomic::Ordering;

use crate::db::PulseDB;
use crate::error::{NotFoundError, PulseDBError, Result};
use crate::id::{CollectiveId, Seq};
use crate::limits;
use crate::model::WatchEvent;

impl PulseDB {
    /// The number of the last change that any process has committed: 0 in a new database. Once the handle is closed, or
    /// if the store cannot be read (an error event is emitted then), it is the last number that this handle has seen.
    ///
    /// This is the cheapest way to learn whether anything is new; it asks the store each time.
    pub fn get_current_sequence(&self) -> Seq {
        let seen = &self.inner.seen;
        match self.store().and_then(|store| store.current_sequence()) {
            Ok(current) => seen.fetch_max(current, Ordering::Relaxed).max(current),
            Err(error) => {
                if !matches!(error, PulseDBError::Closed) {
                    tracing::error!(%error, "cannot read the sequence number");
                }
                seen.load(Ordering::Relaxed)
            }
        }
    }

    /// The changes of a collective's experiences after a sequence number, in order, and the number to continue from.
    /// One call reads at most 1000 changes of the whole database, so it may return no event and still a greater number;
    /// there is nothing new if the number is the one that was passed in.
    ///
    /// # Errors
    /// [`ChangesGone`](PulseDBError::ChangesGone) if the log no longer reaches back that far;
    /// [`NotFound`](PulseDBError::NotFound) if the collective does not exist and the log holds no change of it after
    /// that number.
    pub fn poll_changes(
        &self,
        collective: CollectiveId,
        since_sequence: Seq,
    ) -> Result<(Vec<WatchEvent>, Seq)> {
        let store = self.store()?;
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        let changes = view.changes(since_sequence, limits::EVENTS_MAX)?;
        let next = changes.last().map_or(since_sequence, |change| change.sequence);
        let of_collective = changes.iter().filter(|change| change.collective_id == collective);
        let mut known = false;
        let mut events = Vec::new();
        for change in of_collective {
            known = true;
            events.extend(change.event());
        }
        let at_end = next >= view.last_sequence()?;
        if at_end && !known && !view.has_collective(collective)? {
            return Err(NotFoundError::Collective(collective).into());
        }
        Ok((events, next))
    }
}
