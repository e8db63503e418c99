//! Errors of the engine and of the file system in the words of this crate; the only place that translates them.

use std::io::{self, ErrorKind};
use std::path::Path;

use heed::MdbError;

use crate::error::{PulseDBError, StorageError};

/// `EIO`, which LMDB reports for a short write and so also for a full disk. The same number on every Unix.
pub(crate) const INPUT_OUTPUT_ERROR: i32 = 5;

/// What an engine error means for the caller. `during` is a verb phrase for the message: "commit".
pub(crate) fn engine_error(during: &'static str, error: heed::Error) -> PulseDBError {
    let reason = match error {
        heed::Error::Mdb(error) => return lmdb_error(during, error),
        heed::Error::Io(error) if means_no_room(&error) => {
            return StorageError::Full {
                reason: format!("{during} failed: {error}; free space on the disk, or delete something"),
            }
            .into();
        }
        heed::Error::Io(error) => format!("{during} failed: {error}"),
        heed::Error::Encoding(error) | heed::Error::Decoding(error) => format!("{during} failed: {error}"),
        heed::Error::EnvAlreadyOpened => {
            "another database is still open under this path in this process; close it first".to_owned()
        }
    };
    StorageError::Engine { reason }.into()
}

fn lmdb_error(during: &'static str, error: MdbError) -> PulseDBError {
    match error {
        MdbError::MapFull => map_full().into(),
        MdbError::PageNotFound | MdbError::Corrupted | MdbError::Invalid | MdbError::CursorFull => {
            damaged(format!("pages, found during {during}: {error}"))
        }
        MdbError::VersionMismatch => StorageError::Unsupported {
            reason: "data.mdb or lock.mdb was written by another version of LMDB; \
                     end every process that uses it, or restore a backup"
                .to_owned(),
        }
        .into(),
        other => StorageError::Engine { reason: format!("{during} failed: {other}") }.into(),
    }
}

/// The map has no room left.
pub(crate) fn map_full() -> StorageError {
    StorageError::Full {
        reason: "the map is full; raise `map_size_gb` (`--map-size` or `PULSEDB_MAP_SIZE` of the command line) and open \
                 the database again while no other process has it open, or delete something"
            .to_owned(),
    }
}

/// Damage below the tables; `part` says where.
pub(crate) fn damaged(part: impl Into<String>) -> PulseDBError {
    StorageError::Corrupted { table: "file", key: part.into() }.into()
}

/// The file system or the file cannot be used.
pub(crate) fn unsupported(reason: impl Into<String>) -> PulseDBError {
    StorageError::Unsupported { reason: reason.into() }.into()
}

/// A failed file operation: no room if that is what the system says, else an `Io` error that names the file.
pub(crate) fn file_error(action: &'static str, path: &Path, error: io::Error) -> PulseDBError {
    if means_no_room(&error) {
        return StorageError::Full {
            reason: format!("cannot {action} {}: {error}; free space on the disk", path.display()),
        }
        .into();
    }
    PulseDBError::io(action, path, error)
}

/// Whether an error of the system says that the disk or the quota is full.
pub(crate) fn means_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

/// A data file that is shorter than it was; `how` says by what that is known.
pub(crate) fn truncated(how: impl std::fmt::Display) -> PulseDBError {
    damaged(format!("data.mdb, truncated: {how}"))
}
