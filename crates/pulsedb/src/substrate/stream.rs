//! A stream of changes that reads the log elsewhere than in the task that polls it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::JoinHandle;

use super::blocking::Blocking;
use crate::model::WatchEvent;
use crate::watch::{Remembered, WatchStream};

/// A stream, and where it is.
pub(super) struct PatientStream {
    blocking: Blocking,
    state: State,
}

enum State {
    /// Here, to be polled.
    Here(WatchStream),
    /// With a thread that reads the log for it; says whether it has found any of what was missed.
    Reading(JoinHandle<(WatchStream, bool)>),
    Ended,
}

impl PatientStream {
    pub(super) fn new(stream: WatchStream, blocking: Blocking) -> Self {
        Self { blocking, state: State::Here(stream) }
    }
}

impl Stream for PatientStream {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Here(stream) => match ready!(stream.poll_remembered(context)) {
                    Remembered::Event(event) => return Poll::Ready(Some(event)),
                    Remembered::Ended => return Poll::Ready(None),
                    Remembered::Behind => {
                        let Some(runtime) = self.blocking.runtime() else {
                            // Nobody has given any other thread to read on.
                            return self.poll_here(context);
                        };
                        let State::Here(stream) = std::mem::replace(&mut self.state, State::Ended) else {
                            return Poll::Ready(None);
                        };
                        self.state = State::Reading(runtime.spawn_blocking(move || {
                            let found = stream.read_on();
                            (stream, found)
                        }));
                    }
                },
                State::Reading(reading) => {
                    // A runtime that shuts down ends the stream.
                    let Ok((stream, found)) = ready!(Pin::new(reading).poll(context)) else {
                        self.state = State::Ended;
                        return Poll::Ready(None);
                    };
                    self.state = State::Here(stream);
                    if !found {
                        return self.poll_here(context);
                    }
                }
            }
        }
    }
}

impl PatientStream {
    /// Polls the stream as it is, which waits for the next signal.
    fn poll_here(&mut self, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        match &mut self.state {
            State::Here(stream) => Pin::new(stream).poll_next(context),
            State::Reading(_) | State::Ended => Poll::Ready(None),
        }
    }
}
