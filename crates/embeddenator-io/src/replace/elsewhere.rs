//! What a replacement needs on systems other than Unix, chiefly Windows: nothing.
//!
//! Files inherit their permissions from the directory, and a directory cannot be synced: NTFS
//! records a rename in its own journal.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// Nothing to sync.
#[derive(Debug)]
pub(super) struct Directory;

pub(super) fn make_private(_options: &mut OpenOptions) {}

#[allow(clippy::unnecessary_wraps, reason = "its twin on Unix fails")]
pub(super) fn set_permissions(_file: &File, _permissions: &Permissions) -> io::Result<()> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "its twin on Unix fails")]
pub(super) fn open_directory(_path: &Path) -> io::Result<Directory> {
    Ok(Directory)
}

#[allow(clippy::unnecessary_wraps, reason = "its twin on Unix fails")]
pub(super) fn sync_directory(_directory: &Directory) -> io::Result<()> {
    Ok(())
}
