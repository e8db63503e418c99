//! What a replacement needs on Unix: file modes, and synced directories.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// An open directory.
pub(super) type Directory = File;

/// The bits of a mode that are kept: not setuid and setgid, since the owner may differ.
const KEPT: u32 = 0o777;

/// Keeps others from reading the file before it has its permissions.
pub(super) fn make_private(options: &mut OpenOptions) {
    options.mode(0o600);
}

pub(super) fn set_permissions(file: &File, permissions: &Permissions) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(permissions.mode() & KEPT))
}

pub(super) fn open_directory(path: &Path) -> io::Result<Directory> {
    File::open(path)
}

pub(super) fn sync_directory(directory: &Directory) -> io::Result<()> {
    directory.sync_all()
}
