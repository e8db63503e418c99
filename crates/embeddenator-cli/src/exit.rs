//! How the command ends: its exit codes and the one place that prints an error.

use std::io::{self, Write};
use std::process::ExitCode;

use embeddenator_fs::{Category, Error};

/// The exit codes, as the manual lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    NotFound = 3,
    Busy = 4,
    Damaged = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error of the command's own: arguments that make no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Prints the error and its causes, and returns the exit code. A reader that went away is not an error.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Ok;
    }
    let mut stderr = anstream::stderr().lock();
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // If nobody can read the message there is nobody to tell.
    let _ = writeln!(stderr, "{style}error{style:#}: {}", crate::render::printable(&error.to_string()));
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            let _ = writeln!(stderr, "  caused by: {}", crate::render::printable(&cause));
        }
        said = cause;
    }
    let _ = stderr.flush();
    of(error)
}

/// The exit code of an error: that of the first cause that has one.
fn of(error: &anyhow::Error) -> Exit {
    let of_cause = |cause: &(dyn std::error::Error + 'static)| {
        if cause.is::<Usage>() {
            return Some(Exit::Usage);
        }
        cause.downcast_ref::<Error>().map(|error| match error.category() {
            Category::NotFound => Exit::NotFound,
            Category::Busy => Exit::Busy,
            Category::Damaged => Exit::Damaged,
            Category::Usage => Exit::Usage,
            _ => Exit::Failure,
        })
    };
    error.chain().find_map(of_cause).unwrap_or(Exit::Failure)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        plain.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
