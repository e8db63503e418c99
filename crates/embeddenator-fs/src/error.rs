//! Every way a call can fail, sorted by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of every public call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing.
    #[error("{} has no {what} `{name}`: look with `ls` or `log`", engram.display())]
    NotFound {
        /// The engram.
        engram: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Another process is writing to it.
    #[error("{} is being written by another process: try again when that is done", path.display())]
    Busy {
        /// The engram.
        path: PathBuf,
    },
    /// Its last commit is damaged, and the one before it holds; appending would overwrite what can still be rescued.
    #[error("the last commit of {} is damaged: extract what is needed and begin another engram", path.display())]
    RolledBack {
        /// The engram.
        path: PathBuf,
    },
    /// Bytes of the engram are not as they were written.
    #[error("{}, {place}: {source}", engram.display())]
    Damaged {
        /// The engram.
        engram: PathBuf,
        /// The part of it, and what needs it.
        place: String,
        /// What is wrong.
        source: Box<embeddenator_io::Error>,
    },
    /// It is no engram, or a newer program wrote it, or a codec was left out of the build.
    #[error("cannot read {}: {source}", engram.display())]
    Unsupported {
        /// The file.
        engram: PathBuf,
        /// What this program does not know.
        source: Box<embeddenator_io::Error>,
    },
    /// There is no memory for what is compressed or decompressed.
    #[error("no memory to work on {}: {source}", engram.display())]
    Exhausted {
        /// The engram.
        engram: PathBuf,
        /// What it was for.
        source: Box<embeddenator_io::Error>,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file was written while it was read.
    #[error("{} changed while it was read: take it in again when nobody writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file that is taken in as a tar archive is none, is damaged, or holds what cannot be kept.
    #[error("{} cannot be taken in as a tar archive, at byte {offset}: {reason}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// Something stands where it would be extracted to.
    #[error("{} exists: extract to an empty directory, or allow to overwrite", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A path names nothing that can be in an engram.
    #[error("`{path}` cannot be a path in an engram, {reason}: use names joined by slashes")]
    InvalidPath {
        /// The path, as far as it can be shown.
        path: String,
        /// Which rule is broken.
        reason: &'static str,
    },
    /// Two things would have one path.
    #[error("`{path}` would be there twice: give the sources names that differ")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// A number or length is beyond what the format or this program takes.
    #[error("{what} is {value}, at most {limit} is possible: {remedy}")]
    LimitExceeded {
        /// What is limited, with its unit.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The limit.
        limit: u64,
        /// What to do.
        remedy: &'static str,
    },
    /// The operation needs a file of another kind.
    #[error("`{path}` is {found}, not {wanted}")]
    WrongKind {
        /// The path in the engram.
        path: String,
        /// What it is.
        found: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The engram has its new content, but a power cut may still undo it.
    #[error("{} was written, but its directory cannot be synced, so a power cut may undo it: {source}", path.display())]
    NotDurable {
        /// The engram.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What an error means to a program that has to tell it on, for instance as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// Something that was named does not exist.
    NotFound,
    /// Another process has it; trying again later may help.
    Busy,
    /// Stored bytes are not as they were written.
    Damaged,
    /// What was asked for makes no sense.
    Usage,
    /// Anything else.
    Failure,
}

impl Error {
    /// The error of bytes of an engram, sorted by what can be done about it.
    pub(crate) fn of_bytes(engram: &Path, place: impl Into<String>, source: embeddenator_io::Error) -> Self {
        use embeddenator_io::Error as Bytes;
        let (engram, source) = (engram.to_owned(), Box::new(source));
        match *source {
            Bytes::NotRecognised { .. }
            | Bytes::UnsupportedVersion { .. }
            | Bytes::UnsupportedCodec { .. }
            | Bytes::UnsupportedFlags { .. }
            | Bytes::CodecNotBuilt { .. } => Self::Unsupported { engram, source },
            Bytes::OutOfMemory { .. } | Bytes::Encoding { .. } => Self::Exhausted { engram, source },
            _ => Self::Damaged { engram, place: place.into(), source },
        }
    }

    /// The error of a call to the system.
    pub(crate) fn of_system(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }

    /// What it means to a program that has to tell it on.
    pub fn category(&self) -> Category {
        match self {
            Self::NotFound { .. } => Category::NotFound,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Category::NotFound,
            Self::Busy { .. } => Category::Busy,
            Self::Damaged { .. } | Self::RolledBack { .. } => Category::Damaged,
            Self::InvalidPath { .. } | Self::Duplicate { .. } | Self::WrongKind { .. } => Category::Usage,
            _ => Category::Failure,
        }
    }
}
