//! Looking at files: metadata, extended attributes, holes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, SeekFrom, lgetxattr, llistxattr, major, minor};
use rustix::io::Errno;

use crate::entry::{ChunkRun, Content, Data, Device, Hole, Metadata, Node, Timestamp, Xattr};
use crate::platform::found::{FileId, Found};

/// Looks at what a path names, without following a link.
pub(crate) fn look(path: &Path) -> io::Result<Found> {
    let metadata = fs::symlink_metadata(path)?;
    let kind = metadata.file_type();
    let device = Device { major: major(metadata.rdev()), minor: minor(metadata.rdev()) };
    let node = if kind.is_file() {
        empty_file(metadata.size())
    } else if kind.is_dir() {
        Node::Directory
    } else if kind.is_symlink() {
        Node::Symlink(fs::read_link(path)?.into_os_string().into_vec())
    } else if kind.is_block_device() {
        Node::BlockDevice(device)
    } else if kind.is_char_device() {
        Node::CharacterDevice(device)
    } else if kind.is_fifo() {
        Node::Fifo
    } else {
        Node::Socket
    };
    let xattrs = read_xattrs(path)?;
    let (id, links) = (identity(&metadata), metadata.nlink());
    let changed = Some(Timestamp { seconds: metadata.ctime(), nanoseconds: metadata.ctime_nsec() as u32 });
    Ok(Found { metadata: with_xattrs(&metadata, xattrs), node, id, links, changed })
}

fn with_xattrs(metadata: &fs::Metadata, xattrs: Vec<Xattr>) -> Metadata {
    Metadata {
        mode: (metadata.mode() & 0o7777) as u16,
        uid: metadata.uid(),
        gid: metadata.gid(),
        mtime: Timestamp { seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() as u32 },
        xattrs,
    }
}

fn identity(metadata: &fs::Metadata) -> FileId {
    FileId { device: metadata.dev(), inode: metadata.ino() }
}

fn empty_file(size: u64) -> Node {
    let data = Data::Chunks(Vec::<ChunkRun>::new());
    Node::File(Content { size, holes: Vec::new(), data, signature: None })
}

/// Opens a regular file for reading, and returns its holes; nothing if something else stands there now.
pub(crate) fn open(path: &Path, expected: FileId) -> io::Result<Option<(File, u64, Vec<Hole>)>> {
    // Not blocking, since a fifo may have taken the place of the file.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || identity(&metadata) != expected {
        return Ok(None);
    }
    let size = metadata.size();
    let sparse = metadata.blocks().saturating_mul(512) < size;
    let holes = if sparse { holes(&file, size)? } else { Vec::new() };
    Ok(Some((file, size, holes)))
}

/// The parts of a file that are not stored; none where the file system cannot tell.
fn holes(file: &File, size: u64) -> io::Result<Vec<Hole>> {
    let mut holes = Vec::new();
    let mut at = 0;
    while at < size {
        let data = match rustix::fs::seek(file, SeekFrom::Data(at)) {
            Ok(data) => data.min(size),
            Err(Errno::NXIO) => size,
            Err(Errno::INVAL | Errno::NOTSUP) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        if data > at {
            holes.push(Hole { offset: at, length: data - at });
        }
        if data >= size {
            break;
        }
        at = rustix::fs::seek(file, SeekFrom::Hole(data))?.max(data + 1);
    }
    Ok(holes)
}

fn read_xattrs(path: &Path) -> io::Result<Vec<Xattr>> {
    let mut list = Vec::new();
    let names = grown(&mut list, |buffer| llistxattr(path, buffer));
    match names {
        Ok(()) => {}
        Err(Errno::NOTSUP | Errno::PERM | Errno::NOSYS) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let mut xattrs = Vec::new();
    for name in list.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = Vec::new();
        match grown(&mut value, |buffer| lgetxattr(path, name, buffer)) {
            Ok(()) => xattrs.push(Xattr { name: name.to_vec(), value }),
            // Removed since it was listed, or only listed.
            Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    xattrs.sort();
    Ok(xattrs)
}

/// Fills a buffer that is made larger until what the system has fits.
fn grown(
    buffer: &mut Vec<u8>,
    call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<()> {
    buffer.resize(256, 0);
    loop {
        match call(buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(());
            }
            // The system has no list and no value beyond 64 KiB.
            Err(Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 4, 0),
            Err(error) => return Err(error),
        }
    }
}

/// The bytes of a name of the file system.
#[allow(clippy::unnecessary_wraps, reason = "its twin on other systems fails")]
pub(crate) fn name_bytes(name: &std::ffi::OsStr) -> io::Result<Vec<u8>> {
    Ok(name.as_bytes().to_vec())
}

/// The path of the file system that bytes of an engram's path stand for, below `root`.
pub(crate) fn join(root: &Path, path: &[u8]) -> PathBuf {
    if path.is_empty() {
        return root.to_owned();
    }
    root.join(std::ffi::OsStr::from_bytes(path))
}
