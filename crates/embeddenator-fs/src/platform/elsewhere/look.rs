//! Looking at files with what every system has.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::entry::{Content, Data, Hole, Metadata, Node, Timestamp};
use crate::platform::found::{FileId, Found};

/// Looks at what a path names, without following a link.
pub(crate) fn look(path: &Path) -> io::Result<Found> {
    let metadata = fs::symlink_metadata(path)?;
    let node = if metadata.is_file() {
        let data = Data::Chunks(Vec::new());
        Node::File(Content { size: metadata.len(), holes: Vec::new(), data, signature: None })
    } else if metadata.is_dir() {
        Node::Directory
    } else {
        let target = fs::read_link(path)?;
        Node::Symlink(
            name_bytes(target.as_os_str())?.into_iter().map(|b| if b == b'\\' { b'/' } else { b }).collect(),
        )
    };
    let mode = match (metadata.is_dir(), metadata.permissions().readonly()) {
        (true, _) => 0o755,
        (false, true) => 0o444,
        (false, false) => 0o644,
    };
    let mtime = match metadata.modified()?.duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp { seconds: since.as_secs() as i64, nanoseconds: since.subsec_nanos() },
        Err(_) => Timestamp::default(),
    };
    let metadata = Metadata { mode, uid: 0, gid: 0, mtime, xattrs: Vec::new() };
    Ok(Found { metadata, node, id: identity(path), links: 1, changed: None })
}

/// Stands in for the number of a file, which is not known here.
fn identity(path: &Path) -> FileId {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    FileId { device: 0, inode: hasher.finish() }
}

/// Opens a regular file for reading; nothing if something else stands there now.
pub(crate) fn open(path: &Path, _expected: FileId) -> io::Result<Option<(File, u64, Vec<Hole>)>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok(Some((file, size, Vec::new())))
}

/// The bytes of a name of the file system.
pub(crate) fn name_bytes(name: &std::ffi::OsStr) -> io::Result<Vec<u8>> {
    name.to_str().map(|name| name.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::InvalidFilename.into())
}

/// The path of the file system that bytes of an engram's path stand for, below `root`.
pub(crate) fn join(root: &Path, path: &[u8]) -> PathBuf {
    let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
    names.fold(root.to_owned(), |path, name| path.join(String::from_utf8_lossy(name).as_ref()))
}
