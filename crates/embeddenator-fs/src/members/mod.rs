//! The members of a tar archive, as a walk of the file system would find them.
//!
//! Archives of POSIX (pax), GNU and older ones are read. What describes the next member (pax records, long names) is
//! bounded before it is read; the data of members is not read here, only where it begins.

mod header;
mod records;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use crate::entry::{Content, Data, Device, Metadata, Node, Timestamp};
use crate::error::{Error, Result};
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::members::header::{BLOCK_BYTES, Header, Kind};
use crate::members::records::Records;
use crate::path::EngramPath;
use crate::platform::file;
use crate::platform::found::{FileId, Found};

/// A member, and where its data begins in the archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) path: EngramPath,
    pub(crate) found: Found,
    pub(crate) offset: u64,
}

/// Lists the members; of those of one path the last one.
pub(crate) fn members(archive: &File, name: &Path) -> Result<Vec<Member>> {
    let length = archive.metadata().map_err(|error| Error::of_system("look at", name, error))?;
    let mut reading = Reading { archive, name, length: length.len(), at: 0 };
    let mut list = List::default();
    let mut description = Description::default();
    while let Some(header) = reading.header()? {
        let data = reading.at;
        match header.kind {
            Kind::LongName => description.path = Some(reading.text(header.size)?),
            Kind::LongLink => description.link = Some(reading.text(header.size)?),
            Kind::Records => description.records = reading.records(header.size)?,
            Kind::GlobalRecords => reading.skip(header.size)?,
            Kind::Member(_) => {
                let member = std::mem::take(&mut description).describe(header, &reading)?;
                reading.skip(member.stored)?;
                list.add(member, data, &reading)?;
            }
        }
    }
    Ok(list.finish())
}

/// An archive, and how far it was read.
struct Reading<'a> {
    archive: &'a File,
    name: &'a Path,
    length: u64,
    at: u64,
}

impl Reading<'_> {
    /// The next header; nothing at the block of zeros that ends an archive.
    fn header(&mut self) -> Result<Option<Header>> {
        let block: [u8; BLOCK_BYTES] = self.bytes(BLOCK_BYTES)?.try_into().unwrap_or([0; BLOCK_BYTES]);
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let at = self.at - BLOCK_BYTES as u64;
        Header::read(&block).map(Some).map_err(|reason| self.refused(at, reason))
    }

    fn bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        if self.length.saturating_sub(self.at) < count as u64 {
            return Err(self.refused(self.at, "it ends here, in the middle"));
        }
        let mut bytes = vec![0; count];
        let read = file::read_exact_at(self.archive, &mut bytes, self.at);
        read.map_err(|error| Error::of_system("read", self.name, error))?;
        self.at += count as u64;
        Ok(bytes)
    }

    /// What describes the next member, filled up to a block.
    fn description(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > DESCRIPTION_BYTES_MAX as u64 {
            return Err(self.refused(self.at, "the description of a member is longer than 32 MiB"));
        }
        let mut bytes = self.bytes((size as usize).next_multiple_of(BLOCK_BYTES))?;
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    fn text(&mut self, size: u64) -> Result<Vec<u8>> {
        let mut text = self.description(size)?;
        text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
        Ok(text)
    }

    fn records(&mut self, size: u64) -> Result<Records> {
        let at = self.at;
        Records::read(&self.description(size)?).map_err(|reason| self.refused(at, reason))
    }

    fn skip(&mut self, size: u64) -> Result<()> {
        let end =
            size.checked_next_multiple_of(BLOCK_BYTES as u64).and_then(|size| self.at.checked_add(size));
        self.at = end
            .filter(|end| *end <= self.length)
            .ok_or_else(|| self.refused(self.at, "it ends before the data of a member does"))?;
        Ok(())
    }

    fn refused(&self, offset: u64, reason: &'static str) -> Error {
        Error::Archive { path: self.name.to_owned(), offset, reason }
    }
}

/// What was said of a member before its header.
#[derive(Default)]
struct Description {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    records: Records,
}

/// A header with all that was said of it.
struct Described {
    path: Vec<u8>,
    link: Vec<u8>,
    kind: u8,
    /// Bytes of its data in the archive.
    stored: u64,
    metadata: Metadata,
    device: Device,
}

impl Description {
    fn describe(self, header: Header, reading: &Reading<'_>) -> Result<Described> {
        let Kind::Member(kind) = header.kind else {
            return Err(reading.refused(reading.at, "a member describes another one"));
        };
        let refused = |reason| reading.refused(reading.at - BLOCK_BYTES as u64, reason);
        let Records { path, link, size, uid, gid, mtime, xattrs, sparse } = self.records;
        if sparse || kind == b'S' {
            return Err(refused("a member is sparse: make the archive without `--sparse`"));
        }
        let id = |found: Option<u64>, stated: u64| {
            u32::try_from(found.unwrap_or(stated))
                .map_err(|_| refused("an owner has a number beyond 32 bits"))
        };
        let mtime = mtime.unwrap_or(Timestamp { seconds: header.mtime, nanoseconds: 0 });
        let mut metadata = Metadata {
            mode: header.mode,
            uid: id(uid, header.uid)?,
            gid: id(gid, header.gid)?,
            mtime,
            xattrs,
        };
        metadata.xattrs.sort();
        metadata.xattrs.dedup_by(|left, right| left.name == right.name);
        let path = path.or(self.path).unwrap_or(header.path);
        // The first archives knew no directories but files whose names end with a slash.
        let kind = if matches!(kind, b'0') && path.ends_with(b"/") { b'5' } else { kind };
        let size = size.unwrap_or(header.size);
        Ok(Described {
            path,
            link: link.or(self.link).unwrap_or(header.link),
            kind,
            stored: if matches!(kind, b'0' | b'7') { size } else { header.size },
            metadata,
            device: header.device,
        })
    }
}

/// The members so far.
#[derive(Default)]
struct List {
    members: Vec<Option<Member>>,
    /// The last member of each path.
    by_path: HashMap<EngramPath, usize>,
    files: u64,
}

impl List {
    fn add(&mut self, described: Described, offset: u64, reading: &Reading<'_>) -> Result<()> {
        let refused = |reason| reading.refused(offset - BLOCK_BYTES as u64, reason);
        let path = EngramPath::from_argument(&described.path)?;
        self.files += 1;
        // No file of the machine has this device, so that nobody is taken for one of these.
        let id = FileId { device: u64::MAX, inode: self.files };
        let mut found =
            Found { metadata: described.metadata, node: Node::Directory, id, links: 1, changed: None };
        let mut offset = offset;
        found.node = match described.kind {
            b'0' | b'7' => {
                let data = Data::Chunks(Vec::new());
                Node::File(Content { size: described.stored, holes: Vec::new(), data, signature: None })
            }
            b'1' => {
                let target = EngramPath::from_argument(&described.link)?;
                let at = self.by_path.get(&target).copied().filter(|_| target != path);
                let first = at.and_then(|at| self.members.get_mut(at)).and_then(Option::as_mut);
                let first = first.ok_or_else(|| refused("a hard link leads to no member before it"))?;
                first.found.links = 2;
                (found, offset) = (first.found.clone(), first.offset);
                found.node.clone()
            }
            b'2' => Node::Symlink(described.link),
            b'3' => Node::CharacterDevice(described.device),
            b'4' => Node::BlockDevice(described.device),
            b'5' => Node::Directory,
            b'6' => Node::Fifo,
            _ => return Err(refused("a member is of a kind that cannot be kept")),
        };
        if path.is_root() && found.node != Node::Directory {
            return Err(refused("a member that is not a directory has no name"));
        }
        if let Some(before) = self.by_path.insert(path.clone(), self.members.len())
            && let Some(before) = self.members.get_mut(before)
        {
            *before = None;
        }
        self.members.push(Some(Member { path, found, offset }));
        Ok(())
    }

    fn finish(self) -> Vec<Member> {
        self.members.into_iter().flatten().collect()
    }
}
