//! The answers to what the kernel asks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, Request,
};
use pulsedb::Timestamp;

use crate::mount::live::Live;
use crate::mount::tree::{Node, Tree};

/// How long the kernel may keep what a name stands for.
const A_MOMENT: Duration = Duration::from_secs(1);
const BLOCK_BYTES: u32 = 4096;

/// The names of a directory when it was opened, and the tree that they are of.
struct Listing {
    tree: Arc<Tree>,
    names: Vec<(String, u64)>,
}

/// A file system that answers by a live collective.
pub(super) struct Answers {
    live: Live,
    /// Who owns all of it: the owner of the directory that it is mounted at.
    owner: (u32, u32),
    next: AtomicU64,
    directories: Mutex<HashMap<u64, Arc<Listing>>>,
}

impl Answers {
    pub(super) fn new(live: Live, directory: &Path) -> io::Result<Self> {
        let metadata = directory.metadata()?;
        let owner = (metadata.uid(), metadata.gid());
        Ok(Self { live, owner, next: AtomicU64::new(1), directories: Mutex::default() })
    }

    fn tree(&self) -> Result<Arc<Tree>, Errno> {
        self.live.tree().map_err(|_| Errno::EIO)
    }

    fn open_directory(&self, number: u64) -> Result<u64, Errno> {
        let tree = self.tree()?;
        let Some(node) = tree.node(number) else { return Err(Errno::ENOENT) };
        let Node::Directory(directory) = node else { return Err(Errno::ENOTDIR) };
        let mut names = vec![(".".to_owned(), number), ("..".to_owned(), directory.parent)];
        names.extend(directory.children.iter().map(|(name, number)| (name.clone(), *number)));
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        held(&self.directories).insert(handle, Arc::new(Listing { tree, names }));
        Ok(handle)
    }

    fn listing(&self, handle: FileHandle) -> Result<Arc<Listing>, Errno> {
        held(&self.directories).get(&u64::from(handle)).cloned().ok_or(Errno::EBADF)
    }

    fn read_file(&self, number: u64, offset: u64, size: u32) -> Result<Vec<u8>, Errno> {
        let tree = self.tree()?;
        let file = match tree.node(number) {
            Some(Node::File(file)) => file,
            Some(Node::Directory(_)) => return Err(Errno::EISDIR),
            // The name leads to another file by now, or nowhere.
            None => return Err(Errno::ESTALE),
        };
        let text = self.live.text(file).map_err(|_| Errno::EIO)?.ok_or(Errno::ESTALE)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        let bytes = text.as_bytes().get(from..).unwrap_or_default();
        Ok(bytes.get(..size as usize).unwrap_or(bytes).to_vec())
    }

    fn attributes(&self, tree: &Tree, number: u64, node: &Node) -> FileAttr {
        let (kind, perm, size, changed, nlink) = match node {
            Node::Directory(_) => (FileType::Directory, 0o555, 0, tree.changed, 2),
            Node::File(file) => (FileType::RegularFile, 0o444, file.bytes, file.changed, file.names),
        };
        let time = time(changed);
        FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind,
            perm,
            nlink,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: BLOCK_BYTES,
            flags: 0,
        }
    }
}

/// The lock; who panicked holding it left a map behind that is as good as before.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn time(moment: Timestamp) -> SystemTime {
    let distance = Duration::from_millis(moment.as_millis().unsigned_abs());
    let exact = if moment.as_millis() < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    exact.unwrap_or(UNIX_EPOCH)
}

fn kind(node: &Node) -> FileType {
    match node {
        Node::Directory(_) => FileType::Directory,
        Node::File(_) => FileType::RegularFile,
    }
}

impl Filesystem for Answers {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // A kernel that lacks one of these asks more often.
        let wanted =
            InitFlags::FUSE_DO_READDIRPLUS | InitFlags::FUSE_READDIRPLUS_AUTO | InitFlags::FUSE_ASYNC_READ;
        let supported = wanted & config.capabilities();
        config.add_capabilities(supported).map_err(|_| io::ErrorKind::Unsupported.into())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let tree = match self.tree() {
            Ok(tree) => tree,
            Err(error) => return reply.error(error),
        };
        match name.to_str().and_then(|name| tree.child(parent.into(), name)) {
            Some((number, node)) => {
                reply.entry(&A_MOMENT, &self.attributes(&tree, number, node), Generation(0));
            }
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let number = number.into();
        match self.tree() {
            Ok(tree) => match tree.node(number) {
                Some(node) => reply.attr(&A_MOMENT, &self.attributes(&tree, number, node)),
                None => reply.error(Errno::ESTALE),
            },
            Err(error) => reply.error(error),
        }
    }

    /// Not needed, which the kernel learns once: a number stands for the same bytes for ever, so what it has read of
    /// one it may keep.
    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.read_file(number.into(), offset, size) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn opendir(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.open_directory(number.into()) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(&self, _: &Request, _: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listing = match self.listing(handle) {
            Ok(listing) => listing,
            Err(error) => return reply.error(error),
        };
        for (next, (name, number)) in (1..).zip(&listing.names).skip(offset as usize) {
            let Some(node) = listing.tree.node(*number) else { continue };
            if reply.add(INodeNo(*number), next, kind(node), OsStr::new(name)) {
                break;
            }
        }
        reply.ok();
    }

    fn readdirplus(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let listing = match self.listing(handle) {
            Ok(listing) => listing,
            Err(error) => return reply.error(error),
        };
        for (next, (name, number)) in (1..).zip(&listing.names).skip(offset as usize) {
            let Some(node) = listing.tree.node(*number) else { continue };
            let attributes = self.attributes(&listing.tree, *number, node);
            let number = INodeNo(*number);
            if reply.add(number, next, OsStr::new(name), &A_MOMENT, &attributes, Generation(0)) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        held(&self.directories).remove(&u64::from(handle));
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let files = self.tree().map_or(0, |tree| tree.files());
        reply.statfs(0, 0, 0, files, 0, BLOCK_BYTES, 255, BLOCK_BYTES);
    }
}
