//! What goes wrong, by what can be done about it.

use std::io;
use std::path::PathBuf;

use pulsedb::{ProviderIdentity, PulseDBError};

/// The result of a call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a snapshot was not made, read or restored, or a collective not mounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] PulseDBError),
    /// The engram cannot be read or written.
    #[error(transparent)]
    Engram(#[from] embeddenator_fs::Error),
    /// The engram has no snapshot of that number.
    #[error("{} has no snapshot {asked}; it has {others}", engram.display())]
    NoSuchSnapshot {
        /// The engram.
        engram: PathBuf,
        /// The number that was asked for; `latest` if none was.
        asked: String,
        /// The numbers that it has, in words.
        others: String,
    },
    /// The engram holds other files, or those of a newer version.
    #[error("{} is not a snapshot of a database: {reason}", engram.display())]
    NotASnapshot {
        /// The engram.
        engram: PathBuf,
        /// What it has or lacks.
        reason: String,
    },
    /// A file of the engram says what no snapshot says.
    #[error("{}, {file}, line {line}: {reason}; nothing was restored", engram.display())]
    Malformed {
        /// The engram.
        engram: PathBuf,
        /// The file in it.
        file: String,
        /// The line, from 1; 0 where the file as a whole is meant.
        line: usize,
        /// The rule that is broken.
        reason: String,
    },
    /// A snapshot is restored into a database without collectives.
    #[error("the database in {} is not empty (collectives: {collectives}): restore into a new directory", path.display())]
    NotEmpty {
        /// The database.
        path: PathBuf,
        /// How many it has.
        collectives: usize,
    },
    /// The vectors of the snapshot are those of another embedder than the database has.
    #[error(
        "the vectors of the snapshot are made by {stored}, those of the database by {found}: restore into a new database with the former"
    )]
    OtherEmbedder {
        /// The embedder of the snapshot.
        stored: Box<ProviderIdentity>,
        /// That of the database.
        found: Box<ProviderIdentity>,
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
}

impl Error {
    /// The error of a call to the system.
    pub(crate) fn of_system(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }
}
