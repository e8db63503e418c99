//! Places that belong to the user: the home directory in a path, and where applications keep their data.

use std::path::PathBuf;

use anyhow::Context;
use etcetera::BaseStrategy;

use crate::exit::CliError;

/// The path with the home directory for a leading `~`, which a shell leaves in `--db=~/x` and in quotes.
pub(crate) fn expanded(path: PathBuf) -> anyhow::Result<PathBuf> {
    let mut parts = path.components();
    let first =
        parts.next().map(|first| first.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    if !first.starts_with('~') {
        return Ok(path);
    }
    if first != "~" {
        let message = format!(
            "cannot expand `{first}`: write the path in full, or ./{first} for a directory of that name"
        );
        return Err(CliError::Usage(message).into());
    }
    let home = etcetera::home_dir().context("the home directory is unknown, so `~` cannot be expanded")?;
    Ok(home.join(parts.as_path()))
}

/// The directory that the platform keeps for the data of applications.
pub(crate) fn data_directory() -> anyhow::Result<PathBuf> {
    Ok(etcetera::base_strategy::choose_native_strategy()?.data_dir())
}
