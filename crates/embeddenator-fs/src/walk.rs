//! Listing what is to be taken in: every name below the sources, in the order of the tree.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::entry::{Metadata, Node, Timestamp};
use crate::error::{Error, Result};
use crate::limits::{TARGET_BYTES_MAX, XATTR_BYTES_MAX};
use crate::members::{Member, members};
use crate::path::EngramPath;
use crate::platform::found::{FileId, Found};
use crate::platform::look;
use crate::progress::{Phase, Progress};

/// What is taken in, and where in the engram it goes.
#[derive(Debug, Clone)]
pub struct Source {
    /// A directory or any other file.
    pub path: PathBuf,
    /// Its place in the tree; the root stands for the contents of a directory.
    pub place: EngramPath,
    /// The members of this tar archive are taken in, instead of what stands at `path`, which is only its name then.
    pub archive: Option<Arc<File>>,
}

impl Source {
    /// The contents of a directory, which becomes the root.
    pub fn contents_of(directory: impl Into<PathBuf>) -> Self {
        Self { path: directory.into(), place: EngramPath::root(), archive: None }
    }

    /// The members of a tar archive, with `name` for errors.
    ///
    /// The archive is read at offsets, more than once, so it has to be a regular file: write a stream to one first.
    /// Headers of POSIX (pax), GNU and old archives are understood, sparse members are refused. What comes later in the
    /// archive replaces what has the same name.
    pub fn archive(archive: File, name: impl Into<PathBuf>) -> Self {
        Self { path: name.into(), place: EngramPath::root(), archive: Some(Arc::new(archive)) }
    }

    /// A file or directory at a place of the tree.
    pub fn at(path: impl Into<PathBuf>, place: EngramPath) -> Self {
        Self { path: path.into(), place, archive: None }
    }

    /// A file or directory under its own name.
    ///
    /// # Errors
    /// [`Error::InvalidPath`] for a path that ends with no name, such as `..`.
    pub fn named(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let invalid = |reason| Error::InvalidPath { path: path.display().to_string(), reason };
        let name = path.file_name().ok_or_else(|| invalid("it ends with no name"))?;
        let name = look::name_bytes(name).map_err(|_| invalid("its name cannot be kept"))?;
        let place = EngramPath::new(name)?;
        Ok(Self { path, place, archive: None })
    }
}

/// Says whether to leave out a path, and with a directory all that is in it.
pub type Exclude<'a> = &'a (dyn Fn(&EngramPath, &Node) -> bool + Sync);

/// What the walk leaves out or changes.
#[derive(Clone, Copy, Default)]
pub(crate) struct WalkOptions<'a> {
    pub(crate) one_file_system: bool,
    pub(crate) all_root: bool,
    /// Files that are left out: the engram itself.
    pub(crate) skip: &'a [FileId],
    pub(crate) exclude: Option<Exclude<'a>>,
}

/// A name that was found.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: EngramPath,
    pub(crate) origin: Origin,
    pub(crate) found: Found,
}

/// Where an item comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// It was made up, since something is below it.
    Nothing,
    /// The file system.
    Path(PathBuf),
    /// An archive, and where its data begins there.
    Member(Arc<Archive>, u64),
}

/// An archive that is taken in.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) file: Arc<File>,
    pub(crate) name: PathBuf,
}

impl Item {
    /// What it is called in errors.
    pub(crate) fn source(&self) -> PathBuf {
        match &self.origin {
            Origin::Nothing => PathBuf::new(),
            Origin::Path(path) => path.clone(),
            Origin::Member(archive, _) => look::join(&archive.name, self.path.as_bytes()),
        }
    }
}

/// Lists everything below the sources, in tree order; the root is always there.
pub(crate) fn walk(
    sources: &[Source],
    options: WalkOptions<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Item>> {
    progress.begin(Phase::Walk, 0);
    let mut walk = Walk { options, progress, items: Vec::new() };
    for source in sources {
        walk.take_source(source)?;
    }
    let mut items = walk.items;
    items.sort_by(|left, right| left.path.cmp(&right.path));
    let items = with_parents(items);
    if let Some(twice) = items.windows(2).find_map(|pair| match pair {
        [left, right] if left.path == right.path => Some(left),
        _ => None,
    }) {
        return Err(Error::Duplicate { path: twice.path.to_string() });
    }
    Ok(items)
}

struct Walk<'a> {
    options: WalkOptions<'a>,
    progress: &'a dyn Progress,
    items: Vec<Item>,
}

impl Walk<'_> {
    fn take_source(&mut self, source: &Source) -> Result<()> {
        if let Some(archive) = &source.archive {
            return self.take_members(archive, source);
        }
        // The source itself may be a link to what is meant.
        let path =
            fs::canonicalize(&source.path).map_err(|error| Error::of_system("find", &source.path, error))?;
        let found = look_at(&path)?;
        if source.place.is_root() && found.node != Node::Directory {
            return Err(Error::WrongKind {
                path: source.path.display().to_string(),
                found: found.node.kind(),
                wanted: "a directory",
            });
        }
        let device = found.id.device;
        let mut directories = Vec::new();
        self.take(source.place.clone(), path, found, &mut directories);
        while let Some((place, path)) = directories.pop() {
            self.list(&place, &path, device, &mut directories)?;
        }
        Ok(())
    }

    fn take_members(&mut self, file: &Arc<File>, source: &Source) -> Result<()> {
        let archive = Arc::new(Archive { file: Arc::clone(file), name: source.path.clone() });
        let mut excluded: Vec<EngramPath> = Vec::new();
        for Member { path, mut found, offset } in members(file, &source.path)? {
            let out = excluded.iter().any(|directory| path.is_within(directory));
            if out
                || self.options.exclude.is_some_and(|exclude| !path.is_root() && exclude(&path, &found.node))
            {
                excluded.push(path);
                continue;
            }
            let path = if source.place.is_root() { path } else { source.place.join(path.as_bytes())? };
            if self.options.all_root {
                (found.metadata.uid, found.metadata.gid) = (0, 0);
            }
            check_sizes(&found)?;
            self.progress.advance(1);
            self.items.push(Item { path, origin: Origin::Member(Arc::clone(&archive), offset), found });
        }
        Ok(())
    }

    fn list(
        &mut self,
        place: &EngramPath,
        path: &Path,
        device: u64,
        directories: &mut Vec<(EngramPath, PathBuf)>,
    ) -> Result<()> {
        let failed = |error| Error::of_system("list", path, error);
        for name in fs::read_dir(path).map_err(failed)? {
            let name = name.map_err(failed)?.file_name();
            let path = path.join(&name);
            let name = look::name_bytes(&name).map_err(|error| Error::of_system("name", &path, error))?;
            let place = place.join(&name)?;
            let found = match look_at(&path) {
                Ok(found) => found,
                // It was removed since the directory was listed.
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let excluded = self.options.exclude.is_some_and(|exclude| exclude(&place, &found.node));
            if excluded || self.options.skip.contains(&found.id) {
                continue;
            }
            let elsewhere = self.options.one_file_system && found.id.device != device;
            let mut below = Vec::new();
            self.take(place, path, found, &mut below);
            if !elsewhere {
                directories.append(&mut below);
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        path: EngramPath,
        source: PathBuf,
        mut found: Found,
        directories: &mut Vec<(EngramPath, PathBuf)>,
    ) {
        if self.options.all_root {
            (found.metadata.uid, found.metadata.gid) = (0, 0);
        }
        if found.node == Node::Directory {
            directories.push((path.clone(), source.clone()));
        }
        self.progress.advance(1);
        self.items.push(Item { path, origin: Origin::Path(source), found });
    }
}

fn look_at(path: &Path) -> Result<Found> {
    let found = look::look(path).map_err(|error| Error::of_system("look at", path, error))?;
    check_sizes(&found)?;
    Ok(found)
}

fn check_sizes(found: &Found) -> Result<()> {
    let xattrs = &found.metadata.xattrs;
    let bytes: usize = xattrs.iter().map(|xattr| xattr.name.len() + xattr.value.len()).sum();
    let target = if let Node::Symlink(target) = &found.node { target.len() } else { 0 };
    for (what, value, limit) in [
        ("the extended attributes of a file in bytes", bytes, XATTR_BYTES_MAX),
        ("the target of a symbolic link in bytes", target, TARGET_BYTES_MAX),
    ] {
        if value > limit {
            let (value, limit) = (value as u64, limit as u64);
            return Err(Error::LimitExceeded { what, value, limit, remedy: "exclude the file" });
        }
    }
    Ok(())
}

/// Adds the root and the parents of places that no source stands for.
fn with_parents(items: Vec<Item>) -> Vec<Item> {
    let mut complete: Vec<Item> = Vec::with_capacity(items.len() + 1);
    let mut open: Vec<EngramPath> = Vec::new();
    let mut add = |complete: &mut Vec<Item>, item: Item| {
        while open.last().is_some_and(|directory| !item.path.is_within(directory)) {
            open.pop();
        }
        let mut missing = Vec::new();
        let mut parent = item.path.parent();
        while let Some(path) = parent.filter(|path| open.last() != Some(path)) {
            parent = path.parent();
            missing.push(path);
        }
        for path in missing.into_iter().rev() {
            open.push(path.clone());
            complete.push(Item { path, origin: Origin::Nothing, found: directory_of_nothing() });
        }
        if item.found.node == Node::Directory {
            open.push(item.path.clone());
        }
        complete.push(item);
    };
    if items.is_empty() {
        let item = Item { path: EngramPath::root(), origin: Origin::Nothing, found: directory_of_nothing() };
        add(&mut complete, item);
    }
    for item in items {
        add(&mut complete, item);
    }
    complete
}

/// A directory that only the engram has, the same on every machine.
fn directory_of_nothing() -> Found {
    let metadata = Metadata { mode: 0o755, uid: 0, gid: 0, mtime: Timestamp::default(), xattrs: Vec::new() };
    let id = FileId { device: 0, inode: 0 };
    Found { metadata, node: Node::Directory, id, links: 1, changed: None }
}
