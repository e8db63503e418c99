//! Calls that open streams of changes.

use crate::db::PulseDB;
use crate::error::{PulseDBError, Result};
use crate::id::{CollectiveId, Seq};
use crate::model::WatchFilter;
use crate::validate;
use crate::watch::{Prepared, WatchStream};

impl PulseDB {
    /// A stream of every change of a collective's experiences that is committed from now on, by any thread or process.
    ///
    /// It never fails: if the collective does not exist or the handle is closed, the stream has ended, and
    /// [`WatchStream::end`] says why.
    pub fn watch_experiences(&self, collective: CollectiveId) -> WatchStream {
        self.watch_experiences_filtered(collective, WatchFilter::default())
    }

    /// As [`watch_experiences`](Self::watch_experiences), of those changes that pass a filter. A filter that is refused
    /// gives a stream that has ended with the error.
    pub fn watch_experiences_filtered(&self, collective: CollectiveId, filter: WatchFilter) -> WatchStream {
        self.subscribe(collective, filter, None).unwrap_or_else(|error| WatchStream::ended(error.into()))
    }

    /// A stream that first replays the change log after a sequence number and then goes on with what is committed,
    /// without a gap: a worker that was down catches up. Number 0 is the beginning of the log.
    ///
    /// Of a collective that was deleted, it delivers what the log still holds, and ends.
    ///
    /// # Errors
    /// [`ChangesGone`](PulseDBError::ChangesGone) if the log no longer reaches back that far;
    /// [`Validation`](PulseDBError::Validation) for the filter.
    pub fn watch_from(
        &self,
        collective: CollectiveId,
        filter: WatchFilter,
        since: Seq,
    ) -> Result<WatchStream> {
        self.subscribe(collective, filter, Some(since))
    }

    fn subscribe(
        &self,
        collective: CollectiveId,
        filter: WatchFilter,
        since: Option<Seq>,
    ) -> Result<WatchStream> {
        let filter = Prepared::new(&validate::watch_filter(filter)?);
        // Held, so that the handle is not closed before the stream is known to end with it.
        let store = self.inner.store.read();
        let store = store.as_ref().ok_or(PulseDBError::Closed)?;
        self.inner.watching.subscribe(store, collective, filter, since)
    }
}
