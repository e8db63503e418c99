//! A stream of changes: what a subscriber holds.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use parking_lot::Mutex;

use crate::clock;
use crate::error::{PulseDBError, Result};
use crate::id::Seq;
use crate::limits;
use crate::model::{StreamEnd, TryRecvError, WatchEvent};
use crate::storage::StoreHandle;

use super::hub::Hub;
use super::lane::Found;
use super::subscriber::{Notice, Subscriber};

/// A stream of changes, from [`PulseDB::watch_experiences`](crate::PulseDB::watch_experiences) and its relatives.
///
/// It is a [`Stream`], and can be read without an async runtime by [`recv`](Self::recv), [`try_recv`](Self::try_recv) and
/// [`recv_timeout`](Self::recv_timeout). Every change that matches is delivered once, in the order of the commits,
/// whichever thread or process made it. A stream that is read too slowly costs the writers nothing and loses nothing: it
/// goes on from the change log. Reading it may then read up to 1000 changes from the database; those who must not wait
/// for a disk in a task use the substrate, which reads them elsewhere.
///
/// It ends when the handle that it came from is closed, with its collective, and where the log no longer reaches back;
/// [`end`](Self::end) says why. It does not keep the database open. Dropping it ends the subscription.
///
/// A clone is a stream of its own, which goes on from where this one is.
///
/// ```
/// use pulsedb::{Config, NewExperience, PulseDB, WatchEventType};
/// # fn main() -> pulsedb::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// let db = PulseDB::open(directory.path(), Config::default())?;
/// let notes = db.get_or_create_collective("notes")?;
/// let stream = db.watch_experiences(notes);
/// let content = "the cache is warm".to_owned();
/// let id = db.record_experience(NewExperience { collective_id: notes, content, ..Default::default() })?;
/// let event = stream.recv().unwrap();
/// assert_eq!((event.experience_id, event.event_type), (id, WatchEventType::Created));
/// # Ok(())
/// # }
/// ```
pub struct WatchStream {
    /// `None` if it had ended before it began.
    live: Option<Live>,
    reader: Mutex<Reader>,
}

/// What ties a stream to the database.
pub(super) struct Live {
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) hub: Arc<Hub>,
    pub(super) store: Weak<StoreHandle>,
}

/// How far a stream has been read.
#[derive(Debug, Clone)]
struct Reader {
    /// The number of the last change that it has come to.
    position: Seq,
    /// What was read from the log and not delivered yet.
    pending: VecDeque<WatchEvent>,
    /// Whether it has to look at the log before anything else.
    must_look: bool,
    /// Why it ends, once what is pending was delivered.
    end: Option<StreamEnd>,
}

/// What the next look at a stream has found.
#[derive(Debug)]
pub(super) enum Step {
    Event(WatchEvent),
    Nothing,
    /// The log has to be read.
    Behind,
    Ended,
}

impl WatchStream {
    pub(super) fn live(live: Live, position: Seq, must_look: bool) -> Self {
        let reader = Reader { position, pending: VecDeque::new(), must_look, end: None };
        Self { live: Some(live), reader: Mutex::new(reader) }
    }

    /// One that has ended before it began.
    pub(crate) fn ended(end: StreamEnd) -> Self {
        let reader = Reader { position: 0, pending: VecDeque::new(), must_look: false, end: Some(end) };
        Self { live: None, reader: Mutex::new(reader) }
    }

    /// The next event; waits for it. `None` once the stream has ended.
    pub fn recv(&self) -> Option<WatchEvent> {
        loop {
            let raised = self.raised();
            match self.step() {
                Step::Event(event) => return Some(event),
                Step::Ended => return None,
                Step::Nothing => {
                    self.wait(raised, None);
                }
                Step::Behind => {}
            }
        }
    }

    /// The next event, if there is one now.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if there is none now; [`Ended`](TryRecvError::Ended) if none will come.
    pub fn try_recv(&self) -> std::result::Result<WatchEvent, TryRecvError> {
        loop {
            match self.step() {
                Step::Event(event) => return Ok(event),
                Step::Ended => return Err(TryRecvError::Ended),
                Step::Nothing => return Err(TryRecvError::Empty),
                Step::Behind => {}
            }
        }
    }

    /// The next event; waits for it no longer than this.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if none came; [`Ended`](TryRecvError::Ended) if none will come.
    pub fn recv_timeout(&self, timeout: Duration) -> std::result::Result<WatchEvent, TryRecvError> {
        // What the clock cannot hold is for ever.
        let deadline = clock::monotonic().checked_add(timeout);
        loop {
            let raised = self.raised();
            match self.step() {
                Step::Event(event) => return Ok(event),
                Step::Ended => return Err(TryRecvError::Ended),
                Step::Nothing if self.wait(raised, deadline) => {}
                Step::Behind if deadline.is_none_or(|deadline| clock::monotonic() < deadline) => {}
                Step::Nothing | Step::Behind => return Err(TryRecvError::Empty),
            }
        }
    }

    /// Why the stream has ended; `None` while it has not, and while there is still something to be read.
    pub fn end(&self) -> Option<StreamEnd> {
        let reader = self.reader.lock();
        reader.end.clone().filter(|_| reader.pending.is_empty())
    }

    fn raised(&self) -> u64 {
        let live = self.live.as_ref().filter(|live| !live.hub.is_forked());
        live.map_or(0, |live| live.subscriber.lane.signal().raised())
    }

    fn wait(&self, raised: u64, deadline: Option<std::time::Instant>) -> bool {
        self.live.as_ref().is_some_and(|live| live.subscriber.lane.signal().wait(raised, deadline))
    }

    /// The next step, with one look at the log where one is needed.
    fn step(&self) -> Step {
        match self.remembered() {
            Step::Behind => {
                let found = self.read_on();
                match self.remembered() {
                    // Something was announced that is not there yet: it comes with the next signal.
                    Step::Behind if !found => Step::Nothing,
                    step => step,
                }
            }
            step => step,
        }
    }

    /// The next step without the log.
    pub(super) fn remembered(&self) -> Step {
        self.reader.lock().step(self.live.as_ref())
    }

    /// Reads on in the log; whether there was more of it.
    pub(crate) fn read_on(&self) -> bool {
        let mut reader = self.reader.lock();
        let before = reader.position;
        if let Some(live) = &self.live {
            reader.read_log(live);
        }
        reader.position != before
    }

    /// Has a task woken when there is something new.
    pub(super) fn register(&self, context: &Context<'_>) {
        if let Some(live) = self.live.as_ref().filter(|live| !live.hub.is_forked()) {
            live.subscriber.lane.signal().register(context.waker());
        }
    }
}

impl Reader {
    /// The next step without the log.
    fn step(&mut self, live: Option<&Live>) -> Step {
        if let Some(event) = self.pending.pop_front() {
            return Step::Event(event);
        }
        let Some(live) = live.filter(|_| self.end.is_none()) else { return Step::Ended };
        if live.hub.is_forked() {
            return self.finish(live, StreamEnd::Closed);
        }
        if self.must_look {
            return Step::Behind;
        }
        loop {
            let lane = &live.subscriber.lane;
            match lane.take::<Notice>(self.position) {
                Found::Item(notice) if notice.sequence() <= self.position => {}
                Found::Item(Notice::Event(event)) => {
                    self.position = event.sequence;
                    return Step::Event(event);
                }
                Found::Item(Notice::Gone(sequence)) => {
                    self.position = sequence;
                    return self.finish(live, StreamEnd::CollectiveGone);
                }
                Found::Behind if !lane.is_closed() => return Step::Behind,
                Found::Behind | Found::Closed => {
                    let end = live.subscriber.end().cloned();
                    return self.finish(live, end.unwrap_or(StreamEnd::Closed));
                }
                Found::NothingUpTo(reach) => {
                    self.position = self.position.max(reach);
                    return Step::Nothing;
                }
            }
        }
    }

    fn finish(&mut self, live: &Live, end: StreamEnd) -> Step {
        self.end = Some(end);
        // In a forked child its locks may be held by threads that do not exist there.
        if !live.hub.is_forked() {
            live.hub.leave(&live.subscriber);
        }
        Step::Ended
    }

    /// Reads on in the log.
    fn read_log(&mut self, live: &Live) {
        if let Err(error) = self.try_read_log(live) {
            self.finish(live, error.into());
        }
    }

    fn try_read_log(&mut self, live: &Live) -> Result<()> {
        let store = live.store.upgrade().ok_or(PulseDBError::Closed)?;
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        let wanted = &live.subscriber.wanted;
        for change in view.changes(self.position, limits::EVENTS_MAX)? {
            self.position = change.sequence;
            match wanted.notice(&change) {
                Some(Notice::Event(event)) => self.pending.push_back(event),
                Some(Notice::Gone(_)) => {
                    self.finish(live, StreamEnd::CollectiveGone);
                    return Ok(());
                }
                None => {}
            }
        }
        if self.position >= view.last_sequence()? {
            self.must_look = false;
            if !view.has_collective(wanted.collective)? {
                self.finish(live, StreamEnd::CollectiveGone);
            }
        }
        Ok(())
    }
}

impl Stream for WatchStream {
    type Item = WatchEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        let stream = self.into_ref();
        let step = match stream.step() {
            Step::Nothing => {
                stream.register(context);
                // Again: something may have come in between.
                stream.step()
            }
            step => step,
        };
        match step {
            Step::Event(event) => Poll::Ready(Some(event)),
            Step::Ended => Poll::Ready(None),
            Step::Nothing => Poll::Pending,
            Step::Behind => {
                // One part of the log at a time, so that other tasks have their turn.
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl Clone for WatchStream {
    fn clone(&self) -> Self {
        let reader = self.reader.lock().clone();
        let live = self.live.as_ref().filter(|_| reader.end.is_none()).map(|live| {
            let Subscriber { handle, wanted, manner, .. } = &*live.subscriber;
            let since = (reader.position, 0);
            let subscriber =
                live.hub.subscribe(*handle, (wanted.clone(), *manner), since, clock::monotonic());
            Live { subscriber, hub: Arc::clone(&live.hub), store: Weak::clone(&live.store) }
        });
        Self { live, reader: Mutex::new(reader) }
    }
}

impl Drop for WatchStream {
    fn drop(&mut self) {
        if let Some(live) = self.live.as_ref().filter(|live| !live.hub.is_forked()) {
            live.hub.leave(&live.subscriber);
        }
    }
}

impl fmt::Debug for WatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reader = self.reader.lock();
        f.debug_struct("WatchStream")
            .field("collective", &self.live.as_ref().map(|live| live.subscriber.wanted.collective))
            .field("position", &reader.position)
            .field("end", &reader.end)
            .finish_non_exhaustive()
    }
}
