//! Linux: inodes, `statfs`, `fallocate`, `uname`.

use std::ffi::CString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

pub(crate) use super::memory::will_need;
use super::{DirectoryKey, FileIdentity};

/// An open directory. While it is open its inode, and so its key, names no other one.
#[derive(Debug)]
pub(in super::super) struct Directory {
    file: File,
}

impl Directory {
    pub(in super::super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() { Ok(Self { file }) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    pub(in super::super) fn key(&self) -> io::Result<DirectoryKey> {
        let metadata = self.file.metadata()?;
        Ok(DirectoryKey::Inode(metadata.dev(), metadata.ino()))
    }

    /// Makes created, renamed and removed names durable.
    pub(in super::super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// File systems whose locks or shared maps do not hold between machines, by the number that `statfs` gives.
const NETWORK: [(u32, &str); 9] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB 2"),
    (0x0102_1997, "9P"),
    (0x5346_414F, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00C3_6400, "Ceph"),
    (0x564C, "NCP"),
];

/// The name of the file system if a database cannot live on it. FUSE is allowed: its number does not tell whether
/// there is a network behind it.
pub(in super::super) fn refused_file_system(directory: &Directory) -> io::Result<Option<&'static str>> {
    let kind = rustix::fs::fstatfs(&directory.file)?.f_type as u32;
    Ok(network_name(kind))
}

fn network_name(kind: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// Extends the file to `bytes` with blocks of the disk behind them, so that later writes find room. Where the file
/// system cannot do so the file gets longer without blocks.
pub(in super::super) fn preallocate(file: &File, from: u64, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    let Some(length) = bytes.checked_sub(from).filter(|length| *length > 0) else { return Ok(()) };
    loop {
        match fallocate(file, FallocateFlags::empty(), from, length) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return lengthen(file, bytes),
            Err(error) => return Err(error.into()),
        }
    }
}

fn lengthen(file: &File, bytes: u64) -> io::Result<()> {
    if file.metadata()?.len() < bytes { file.set_len(bytes) } else { Ok(()) }
}

/// Bytes that this user may still write to the file system of a file.
pub(in super::super) fn available_bytes(file: &File) -> io::Result<u64> {
    let status = rustix::fs::fstatvfs(file)?;
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

/// Up to `count` bytes from a place in a file, fewer at its end.
pub(in super::super) fn read_at(file: &File, offset: u64, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Lets only the owner read and write a file that is made.
pub(in super::super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes a directory that only its owner can enter.
pub(in super::super) fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// What tells a file from every other one that exists, and its length.
pub(in super::super) fn file_identity(file: &File) -> io::Result<(FileIdentity, u64)> {
    Ok(identity(&rustix::fs::fstat(file)?))
}

fn identity(found: &rustix::fs::Stat) -> (FileIdentity, u64) {
    (FileIdentity { device: found.st_dev, file: found.st_ino }, found.st_size.max(0).unsigned_abs())
}

/// The name of a file as the system takes it: each commit looks several names up, and converts none of them.
#[derive(Debug)]
pub(in super::super) struct FileName(CString);

impl FileName {
    pub(in super::super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self(CString::new(path.as_os_str().as_bytes())?))
    }

    /// What the name leads to, as [`file_identity`].
    pub(in super::super) fn identity(&self) -> io::Result<(FileIdentity, u64)> {
        Ok(identity(&rustix::fs::stat(self.0.as_c_str())?))
    }
}

/// What names a file on its disk.
pub(in super::super) fn file_number(file: &File) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.ino())
}

/// The name of this machine.
pub(in super::super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Bytes of a page of memory.
pub(in super::super) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::network_name;

    #[test]
    fn network_file_systems_are_refused_and_local_ones_are_not() {
        assert_eq!(network_name(0x6969), Some("NFS"));
        assert_eq!(network_name(0xFF53_4D42), Some("CIFS"));
        for local in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x6573_5546, 0x794C_7630] {
            assert_eq!(network_name(local), None, "{local:#x}");
        }
    }
}
