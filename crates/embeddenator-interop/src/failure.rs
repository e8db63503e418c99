//! How a call ends: a status for the caller, and a message that waits on its thread.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use embeddenator_fs::Category;

/// How a call ended. The numbers are the exit codes of the command `embeddenator`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddenatorStatus {
    /// It did what it was asked for.
    Ok = 0,
    /// It failed, for a reason that the others do not name.
    Failure = 1,
    /// What was asked for makes no sense: a null pointer, a handle that is none, a path that cannot be.
    Usage = 2,
    /// Something that was named does not exist.
    NotFound = 3,
    /// Another process writes to the engram.
    Busy = 4,
    /// Stored bytes are not as they were written.
    Damaged = 5,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Engram(#[from] embeddenator_fs::Error),
    #[error(transparent)]
    Code(#[from] embeddenator_vsa::Error),
    /// What the caller handed over cannot be used.
    #[error("{what} {fault}: {remedy}")]
    Argument { what: &'static str, fault: String, remedy: &'static str },
    /// What was found at opening or verifying.
    #[error("{meaning}: {error}")]
    Finding { meaning: String, error: embeddenator_fs::Error },
    #[error("a bug in this library: {0}")]
    Panic(String),
}

impl Failure {
    pub(crate) fn argument(what: &'static str, fault: impl Into<String>, remedy: &'static str) -> Self {
        Self::Argument { what, fault: fault.into(), remedy }
    }

    fn status(&self) -> EmbeddenatorStatus {
        match self {
            Self::Engram(error) => match error.category() {
                Category::NotFound => EmbeddenatorStatus::NotFound,
                Category::Busy => EmbeddenatorStatus::Busy,
                Category::Damaged => EmbeddenatorStatus::Damaged,
                Category::Usage => EmbeddenatorStatus::Usage,
                _ => EmbeddenatorStatus::Failure,
            },
            Self::Code(embeddenator_vsa::Error::Damaged { .. }) | Self::Finding { .. } => {
                EmbeddenatorStatus::Damaged
            }
            Self::Code(_) | Self::Argument { .. } => EmbeddenatorStatus::Usage,
            Self::Panic(_) => EmbeddenatorStatus::Failure,
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a call: keeps the message of a failure, and lets no panic out.
pub(crate) fn call(work: impl FnOnce() -> Result<()>) -> EmbeddenatorStatus {
    // What a panic leaves half done is local to the call, or replaced as a whole.
    let done =
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Failure::Panic(said(&*panic))));
    match done {
        Ok(()) => EmbeddenatorStatus::Ok,
        Err(failure) => {
            let status = failure.status();
            // No destructor runs while the thread-local lives, so it is there; if not, there is no one left to read it.
            drop(LAST.try_with(|last| last.replace(failure.to_string())));
            status
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

/// The message of the last call that failed on this thread.
pub(crate) fn last() -> String {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_is_a_failure_with_its_message() {
        assert_eq!(call(|| panic!("of a test")), EmbeddenatorStatus::Failure);
        assert!(last().contains("of a test"));
        assert_eq!(call(|| Ok(())), EmbeddenatorStatus::Ok);
    }
}
