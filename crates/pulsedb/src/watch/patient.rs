//! Polling a stream without reading the log, for those who read it elsewhere.

use std::task::{Context, Poll};

use super::stream::{Step, WatchStream};
use crate::model::WatchEvent;

/// What a stream has without the log.
#[derive(Debug)]
pub(crate) enum Remembered {
    /// The next event.
    Event(WatchEvent),
    /// What comes next is in the log: [`WatchStream::read_on`] reads it.
    Behind,
    /// Nothing, and nothing will come.
    Ended,
}

impl WatchStream {
    /// Polls the stream, but never reads the log.
    pub(crate) fn poll_remembered(&self, context: &Context<'_>) -> Poll<Remembered> {
        let step = match self.remembered() {
            Step::Nothing => {
                self.register(context);
                // Again: something may have come in between.
                self.remembered()
            }
            step => step,
        };
        match step {
            Step::Event(event) => Poll::Ready(Remembered::Event(event)),
            Step::Behind => Poll::Ready(Remembered::Behind),
            Step::Ended => Poll::Ready(Remembered::Ended),
            Step::Nothing => Poll::Pending,
        }
    }
}
