//! The answers to what the kernel asks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request,
};

use crate::entry::{Device, Node, Timestamp};
use crate::error::{Category, Error, Result};
use crate::mount::served::{Named, Served};
use crate::view::ViewFile;

/// How long the kernel may keep an answer: nothing ever changes.
const FOREVER: Duration = Duration::from_hours(24);
const BLOCK_BYTES: u32 = 4096;

type Listing = Arc<Vec<(Vec<u8>, Named)>>;

/// A file system that answers by what is served.
pub(super) struct Answers {
    served: Served,
    next: AtomicU64,
    files: Mutex<HashMap<u64, Arc<ViewFile>>>,
    directories: Mutex<HashMap<u64, Listing>>,
}

impl Answers {
    pub(super) fn new(served: Served) -> Self {
        let (files, directories) = (Mutex::default(), Mutex::default());
        Self { served, next: AtomicU64::new(1), files, directories }
    }

    fn open_file(&self, number: u64) -> Result<u64> {
        let named = || self.served.named(number);
        let Some((view, place)) = self.served.place(number)? else {
            let entry = named()?.entry;
            let (path, found) = (entry.path.to_string(), entry.node.kind());
            return Err(Error::WrongKind { path, found, wanted: "a file" });
        };
        let file = Arc::new(view.open(place)?);
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        held(&self.files).insert(handle, file);
        Ok(handle)
    }

    fn open_directory(&self, number: u64) -> Result<u64> {
        let itself = self.served.named(number)?;
        let above = self.served.named(self.served.parent(number)?)?;
        let mut listing = vec![(b".".to_vec(), itself), (b"..".to_vec(), above)];
        listing.extend(self.served.children(number)?);
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        held(&self.directories).insert(handle, Arc::new(listing));
        Ok(handle)
    }

    fn read_file(&self, number: u64, handle: u64, offset: u64, size: u32) -> Result<Vec<u8>> {
        let file = held(&self.files).get(&handle).cloned();
        let Some((file, (view, _))) = file.zip(self.served.place(number)?) else { return Ok(Vec::new()) };
        let left = file.size().saturating_sub(offset).min(u64::from(size));
        let mut bytes = vec![0; left as usize];
        let count = file.read_at(view, offset, &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    fn listing(&self, handle: FileHandle) -> Listing {
        held(&self.directories).get(&u64::from(handle)).cloned().unwrap_or_default()
    }
}

/// The lock; who panicked holding it left a map behind that is as good as before.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn errno(error: &Error) -> Errno {
    match error.category() {
        Category::NotFound => Errno::ENOENT,
        Category::Usage => Errno::EINVAL,
        _ => Errno::EIO,
    }
}

fn time(moment: Timestamp) -> SystemTime {
    let seconds = Duration::from_secs(moment.seconds.unsigned_abs());
    let whole =
        if moment.seconds < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    let exact = whole.and_then(|whole| whole.checked_add(Duration::from_nanos(moment.nanoseconds.into())));
    exact.unwrap_or(UNIX_EPOCH)
}

fn kind(node: &Node) -> FileType {
    match node {
        Node::File(_) => FileType::RegularFile,
        Node::Directory => FileType::Directory,
        Node::Symlink(_) => FileType::Symlink,
        Node::BlockDevice(_) => FileType::BlockDevice,
        Node::CharacterDevice(_) => FileType::CharDevice,
        Node::Fifo => FileType::NamedPipe,
        Node::Socket => FileType::Socket,
    }
}

fn attributes(named: &Named) -> FileAttr {
    let Named { number, entry, names } = named;
    let size = match &entry.node {
        Node::Symlink(target) => target.len() as u64,
        _ => entry.size(),
    };
    let data = match &entry.node {
        Node::File(content) => content.data_bytes(),
        _ => 0,
    };
    let rdev = match &entry.node {
        // As the kernel packs numbers of devices for its file systems.
        Node::BlockDevice(Device { major, minor }) | Node::CharacterDevice(Device { major, minor }) => {
            (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
        }
        _ => 0,
    };
    let mtime = time(entry.metadata.mtime);
    FileAttr {
        ino: INodeNo(*number),
        size,
        blocks: data.div_ceil(512),
        atime: mtime,
        mtime,
        ctime: mtime,
        crtime: mtime,
        kind: kind(&entry.node),
        perm: entry.metadata.mode,
        nlink: *names,
        uid: entry.metadata.uid,
        gid: entry.metadata.gid,
        rdev,
        blksize: BLOCK_BYTES,
        flags: 0,
    }
}

/// Answers with a value of extended attributes, or with its length if that is asked for.
fn answer_xattr(value: &[u8], size: u32, reply: ReplyXattr) {
    if size == 0 {
        reply.size(value.len() as u32);
    } else if value.len() > size as usize {
        reply.error(Errno::ERANGE);
    } else {
        reply.data(value);
    }
}

impl Filesystem for Answers {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // A kernel that lacks one of these asks more often.
        let wanted =
            InitFlags::FUSE_DO_READDIRPLUS | InitFlags::FUSE_READDIRPLUS_AUTO | InitFlags::FUSE_ASYNC_READ;
        let supported = wanted & config.capabilities();
        let added = config.add_capabilities(supported);
        added.map_err(|_| std::io::ErrorKind::Unsupported.into())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.served.child(parent.into(), name.as_bytes()) {
            Ok(Some(named)) => reply.entry(&FOREVER, &attributes(&named), Generation(0)),
            Ok(None) => reply.error(Errno::ENOENT),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.served.named(number.into()) {
            Ok(named) => reply.attr(&FOREVER, &attributes(&named)),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn readlink(&self, _: &Request, number: INodeNo, reply: ReplyData) {
        match self.served.named(number.into()).map(|named| named.entry.node) {
            Ok(Node::Symlink(target)) => reply.data(&target),
            Ok(_) => reply.error(Errno::EINVAL),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn open(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.open_file(number.into()) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::FOPEN_KEEP_CACHE),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.read_file(number.into(), handle.into(), offset, size) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        held(&self.files).remove(&u64::from(handle));
        reply.ok();
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn opendir(&self, _: &Request, number: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.open_directory(number.into()) {
            Ok(handle) => {
                reply.opened(FileHandle(handle), FopenFlags::FOPEN_CACHE_DIR | FopenFlags::FOPEN_KEEP_CACHE);
            }
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn readdir(&self, _: &Request, _: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listing = self.listing(handle);
        for (next, (name, named)) in (1..).zip(listing.iter()).skip(offset as usize) {
            if reply.add(INodeNo(named.number), next, kind(&named.entry.node), OsStr::from_bytes(name)) {
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
        let listing = self.listing(handle);
        for (next, (name, named)) in (1..).zip(listing.iter()).skip(offset as usize) {
            let (number, name) = (INodeNo(named.number), OsStr::from_bytes(name));
            if reply.add(number, next, name, &FOREVER, &attributes(named), Generation(0)) {
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
        let snapshot = self.served.top().snapshot();
        let blocks = snapshot.bytes.div_ceil(BLOCK_BYTES.into());
        reply.statfs(blocks, 0, 0, snapshot.entries, 0, BLOCK_BYTES, 255, BLOCK_BYTES);
    }

    fn getxattr(&self, _: &Request, number: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        match self.served.named(number.into()) {
            Ok(named) => {
                let found = named.entry.metadata.xattrs.iter().find(|xattr| xattr.name == name.as_bytes());
                match found {
                    Some(xattr) => answer_xattr(&xattr.value, size, reply),
                    None => reply.error(Errno::ENODATA),
                }
            }
            Err(error) => reply.error(errno(&error)),
        }
    }

    fn listxattr(&self, _: &Request, number: INodeNo, size: u32, reply: ReplyXattr) {
        match self.served.named(number.into()) {
            Ok(named) => {
                let xattrs = &named.entry.metadata.xattrs;
                let listed: Vec<_> = xattrs.iter().flat_map(|xattr| [&xattr.name[..], b"\0"]).collect();
                answer_xattr(&listed.concat(), size, reply);
            }
            Err(error) => reply.error(errno(&error)),
        }
    }
}
