//! The tasks of one connection that tell it of changes; they end with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pulsedb::Seq;
use tokio::task::{self, AbortHandle};

use crate::limits::SUBSCRIPTIONS_MAX;
use crate::resources::Place;

/// What a connection follows.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    tasks: Mutex<HashMap<Place, AbortHandle>>,
    /// Where subscriptions start that are not followed yet.
    begun: Mutex<HashMap<task::Id, Seq>>,
    channel: Mutex<Option<AbortHandle>>,
    has_channel: AtomicBool,
}

impl Subscriptions {
    /// Whether there is room for one more place.
    pub(crate) fn has_room(&self) -> bool {
        let mut tasks = self.tasks.lock();
        tasks.retain(|_, task| !task.is_finished());
        tasks.len() < SUBSCRIPTIONS_MAX
    }

    /// Keeps the task that follows a place, in the place of an earlier one.
    pub(crate) fn keep(&self, place: Place, task: AbortHandle) {
        if let Some(earlier) = self.tasks.lock().insert(place, task) {
            earlier.abort();
        }
    }

    /// Ends the task that follows a place; whether there was one.
    pub(crate) fn end(&self, place: Place) -> bool {
        self.tasks.lock().remove(&place).inspect(AbortHandle::abort).is_some()
    }

    /// Notes where the subscription begins that this task will follow.
    pub(crate) fn begin(&self, since: Seq) {
        if let Some(task) = task::try_id() {
            self.begun.lock().insert(task, since);
        }
    }

    /// Where the subscription of this task begins, if that was noted.
    pub(crate) fn begun(&self) -> Option<Seq> {
        self.begun.lock().remove(&task::try_id()?)
    }

    /// Whether the caller is the first to ask, and so starts the channel.
    pub(crate) fn begins_channel(&self) -> bool {
        !self.has_channel.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn keep_channel(&self, task: AbortHandle) {
        *self.channel.lock() = Some(task);
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.tasks.lock().values().for_each(AbortHandle::abort);
        self.channel.lock().iter().for_each(AbortHandle::abort);
    }
}
