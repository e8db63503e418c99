//! Where a repair builds its new file, and how that replaces the old one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::error::{PulseDBError, Result};
use crate::storage::env;

/// Where the new file is built, inside the database's directory.
pub(super) const WORKSHOP: &str = "repair";
/// Where salvaged rows are put, inside the workshop.
pub(super) const ROWS: &str = "rows";

/// Puts the new file in the place of the damaged one; returns where the damaged one is now.
pub(super) fn exchange(directory: &Path, workshop: &Path) -> Result<PathBuf> {
    let data = directory.join(env::DATA);
    let damaged = directory.join(format!("{}.damaged-{}", env::DATA, clock::now().as_millis()));
    // Where the file system has no hard links, a copy does as well.
    fs::hard_link(&data, &damaged)
        .or_else(|_| fs::copy(&data, &damaged).map(|_| ()))
        .map_err(|error| PulseDBError::io("keep the damaged file as", &damaged, error))?;
    let new = workshop.join(env::DATA);
    fs::rename(&new, &data).map_err(|error| PulseDBError::io("rename", &new, error))?;
    // The repair is done: what follows may fail, but must not turn success into failure.
    for outcome in [env::sync_directory(directory), remove_workshop(workshop)] {
        if let Err(error) = outcome {
            tracing::warn!(%error, "the database is repaired, but cleaning up failed");
        }
    }
    Ok(damaged)
}

pub(super) fn remove_workshop(workshop: &Path) -> Result<()> {
    match fs::remove_dir_all(workshop) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PulseDBError::io("remove", workshop, error))
        }
        _ => Ok(()),
    }
}
