//! Reading and writing at an offset by a second handle, and the durability of files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::platform::found::FileId;

/// Seeking and reading are two steps, and handles share one position.
static POSITION: Mutex<()> = Mutex::new(());

/// Fills `buffer` from byte `offset` on.
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let _held = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

/// Reads once from byte `offset` on.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let _held = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}

/// Writes all of `bytes` from byte `offset` on.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let _held = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

/// Whether a path names an open file; here no file is replaced while it is open.
pub(crate) fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// Makes the names in a directory durable; here the rename itself is.
pub(crate) fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Stands in for the number of an open file, which is not known here.
pub(crate) fn id_of(_file: &File) -> io::Result<FileId> {
    Ok(FileId { device: u64::MAX, inode: u64::MAX })
}
