//! A bounded queue from the one who hands over to the one who reads, neither of whom waits for it.

use crossbeam_channel::{Receiver, Sender, bounded};

/// A queue that holds so many items and refuses more.
pub(super) trait Queue<T> {
    /// Adds an item; whether there was room.
    fn try_push(&self, item: T) -> bool;

    /// Takes the oldest item.
    fn try_pop(&self) -> Option<T>;
}

/// The queue of a stream.
#[derive(Debug)]
pub(super) struct Bounded<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Bounded<T> {
    pub(super) fn new(slots: usize) -> Self {
        let (sender, receiver) = bounded(slots);
        Self { sender, receiver }
    }
}

impl<T> Queue<T> for Bounded<T> {
    fn try_push(&self, item: T) -> bool {
        self.sender.try_send(item).is_ok()
    }

    fn try_pop(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}
