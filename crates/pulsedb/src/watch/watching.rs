//! What the streams of one handle share, and how they end with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::clock;
use crate::config::WatchConfig;
use crate::error::{PulseDBError, Result};
use crate::id::{CollectiveId, Seq};
use crate::model::StreamEnd;
use crate::storage::{Store, StoreHandle};

use super::feeder;
use super::filter::Prepared;
use super::hub::Hub;
use super::stream::{Live, WatchStream};
use super::subscriber::{Manner, Wanted};

/// The streams of one handle. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Watching {
    handle: u64,
    manner: Manner,
    /// Made when the first stream is.
    joined: OnceLock<Joined>,
}

#[derive(Debug)]
struct Joined {
    hub: Arc<Hub>,
    store: Weak<Store>,
}

impl Watching {
    pub(crate) fn new(config: &WatchConfig) -> Self {
        static HANDLES: AtomicU64 = AtomicU64::new(0);
        let manner = Manner {
            in_process: config.in_process,
            interval: Duration::from_millis(config.poll_interval_ms),
            slots: config.buffer_size,
        };
        Self { handle: HANDLES.fetch_add(1, Ordering::Relaxed), manner, joined: OnceLock::new() }
    }

    /// A stream of the changes after `since`, or of those that are committed from now on. The handle must not be closed
    /// meanwhile.
    pub(crate) fn subscribe(
        &self,
        handle: &Arc<StoreHandle>,
        collective: CollectiveId,
        filter: Prepared,
        since: Option<Seq>,
    ) -> Result<WatchStream> {
        let store = handle.store();
        let joined = self
            .joined
            .get_or_init(|| Joined { hub: store.listener(Hub::new), store: Arc::downgrade(store) });
        let hub = &joined.hub;
        hub.admit(self.handle);
        feeder::start(hub, store)?;
        if self.manner.in_process {
            hub.activate();
        }
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        let current = view.last_sequence()?;
        let oldest = view.oldest_change()?;
        let exists = view.has_collective(collective)?;
        drop(snapshot);
        match since {
            Some(since) if since < current && since.saturating_add(1) < oldest => {
                return Err(PulseDBError::ChangesGone { oldest });
            }
            // Of a deleted one, the log may have something; the stream finds out.
            None if !exists => return Ok(WatchStream::ended(StreamEnd::CollectiveGone)),
            _ => {}
        }
        let seen = since.unwrap_or(current);
        let wanted = Wanted { collective, filter };
        let subscriber =
            hub.subscribe(self.handle, (wanted, self.manner), (seen, current), clock::monotonic());
        feeder::nudge(&joined.store);
        let live = Live { subscriber, hub: Arc::clone(hub), store: Arc::downgrade(handle) };
        // One whose collective is gone looks at the log in any case, to learn that.
        Ok(WatchStream::live(live, seen, !exists))
    }

    /// Ends the streams, and the thread that feeds them if no other handle has any.
    pub(crate) fn close(&self) {
        let Some(joined) = self.joined.get().filter(|joined| !joined.hub.is_forked()) else { return };
        if joined.hub.end_handle(self.handle) {
            feeder::stop(&joined.hub, &joined.store);
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.close();
    }
}
