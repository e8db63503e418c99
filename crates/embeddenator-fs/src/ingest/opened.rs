//! An item that is open for reading: a file, or a part of an archive.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::entry::{Hole, Node};
use crate::platform::{file, look};
use crate::walk::{Item, Origin};

/// The data of a file that is taken in.
pub(super) struct Opened {
    handle: Handle,
    /// Where its first byte is in the open file.
    start: u64,
    pub(super) size: u64,
    pub(super) holes: Vec<Hole>,
}

enum Handle {
    Own(File),
    Shared(Arc<File>),
}

impl Opened {
    /// Opens it; nothing if something else stands there now.
    pub(super) fn open(item: &Item) -> io::Result<Option<Self>> {
        let path = match &item.origin {
            Origin::Nothing => return Ok(None),
            Origin::Path(path) => path,
            Origin::Member(archive, start) => {
                let Node::File(content) = &item.found.node else { return Ok(None) };
                let handle = Handle::Shared(Arc::clone(&archive.file));
                return Ok(Some(Self { handle, start: *start, size: content.size, holes: Vec::new() }));
            }
        };
        let opened = look::open(path, item.found.id)?;
        Ok(opened.map(|(file, size, holes)| Self { handle: Handle::Own(file), start: 0, size, holes }))
    }

    /// Reads once from byte `offset` on.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file::read_at(self.file(), buffer, self.start.saturating_add(offset))
    }

    /// Fills `buffer` from byte `offset` on.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        file::read_exact_at(self.file(), buffer, self.start.saturating_add(offset))
    }

    fn file(&self) -> &File {
        match &self.handle {
            Handle::Own(file) => file,
            Handle::Shared(file) => file,
        }
    }
}
