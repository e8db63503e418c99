//! Streams of changes: who subscribes, what each is handed, and how it catches up from the log.
//!
//! ```text
//! a commit of this process -> hub: each matching change into the queue of each subscriber -> wake those who wait
//! a commit of another one  -> wake page -> feeder thread: reads the log once, and hands it over in the same way
//! a full queue             -> the subscriber notes what it missed, and reads the log itself before it goes on
//! ```
//! The log is the truth; queues only spare reading it. A subscriber knows the number that it has come to, and takes a change
//! from its queue only if nothing between was missed.

mod feeder;
mod filter;
mod hub;
mod lane;
#[cfg(feature = "substrate")]
mod patient;
mod queue;
mod signal;
mod stream;
mod subscriber;
#[cfg(test)]
mod tests;
mod watching;

pub(crate) use filter::Prepared;
#[cfg(feature = "substrate")]
pub(crate) use patient::Remembered;
pub use stream::WatchStream;
pub(crate) use watching::Watching;
