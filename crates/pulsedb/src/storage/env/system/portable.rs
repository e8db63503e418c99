//! Other systems: what the standard library can tell.
#![allow(clippy::unnecessary_wraps)] // The signatures are those of Linux, where these calls can fail.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{DirectoryKey, FileIdentity};

/// A directory, named by its path.
#[derive(Debug)]
pub(in super::super) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(in super::super) fn open(path: &Path) -> io::Result<Self> {
        if path.metadata()?.is_dir() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    pub(in super::super) fn key(&self) -> io::Result<DirectoryKey> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let metadata = self.path.metadata()?;
            Ok(DirectoryKey::Inode(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        Ok(DirectoryKey::Path(self.path.clone()))
    }

    /// Makes created, renamed and removed names durable, where a directory can be opened.
    pub(in super::super) fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }
}

/// Nothing is known of the file system here.
pub(in super::super) fn refused_file_system(_directory: &Directory) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// Extends the file; blocks come when they are written.
pub(in super::super) fn preallocate(file: &File, _from: u64, bytes: u64) -> io::Result<()> {
    if file.metadata()?.len() < bytes { file.set_len(bytes) } else { Ok(()) }
}

/// Unknown here, so as much as one could want.
pub(in super::super) fn available_bytes(_file: &File) -> io::Result<u64> {
    Ok(u64::MAX)
}

/// Up to `count` bytes from a place in a file, fewer at its end.
pub(in super::super) fn read_at(mut file: &File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    file.seek(SeekFrom::Start(offset))?;
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Lets only the owner read and write a file that is made, where the system knows owners.
pub(in super::super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes a directory that only its owner can enter, where the system knows owners.
pub(in super::super) fn create_private_directory(path: &Path) -> io::Result<()> {
    #[allow(unused_mut)] // Changed where the system knows owners.
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// What tells a file from every other one that exists, where the system has inodes (elsewhere all are alike), and its
/// length.
pub(in super::super) fn file_identity(file: &File) -> io::Result<(FileIdentity, u64)> {
    Ok(identity(&file.metadata()?))
}

/// The name of a file.
#[derive(Debug)]
pub(in super::super) struct FileName(PathBuf);

impl FileName {
    pub(in super::super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    /// What the name leads to, as [`file_identity`].
    pub(in super::super) fn identity(&self) -> io::Result<(FileIdentity, u64)> {
        Ok(identity(&std::fs::metadata(&self.0)?))
    }
}

fn identity(metadata: &Metadata) -> (FileIdentity, u64) {
    #[cfg(unix)]
    let (device, file) = {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let (device, file) = (0, u64::from(metadata.is_dir()));
    (FileIdentity { device, file }, metadata.len())
}

/// What names a file on its disk: nothing that all these systems have.
pub(in super::super) fn file_number(_file: &File) -> u64 {
    0
}

/// The name of this machine, as its environment gives it.
pub(in super::super) fn host() -> String {
    std::env::var("COMPUTERNAME").or_else(|_| std::env::var("HOSTNAME")).unwrap_or_default()
}

/// Begins to read some bytes of a map, where the system can be told.
pub(crate) fn will_need(_bytes: &[u8]) {}

/// Bytes of a page of memory: the largest that these systems use, which is a multiple of the others.
pub(in super::super) fn page_size() -> u64 {
    16 << 10
}
