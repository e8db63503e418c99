//! The payload of an entry: what its kind and its flags add to the columns.

use embeddenator_io::{ByteWriter, Cursor, Error, Result};

use crate::entry::{ChunkRun, Content, Data, Device, Entry, Hole, Node, Xattr};
use crate::limits::{INLINE_BYTES_MAX, XATTR_BYTES_MAX};

const WHAT: &str = "an entry of the manifest";

pub(super) const FILE: u8 = 1;
pub(super) const DIRECTORY: u8 = 2;
pub(super) const SYMLINK: u8 = 3;
pub(super) const BLOCK_DEVICE: u8 = 4;
pub(super) const CHARACTER_DEVICE: u8 = 5;
pub(super) const FIFO: u8 = 6;
pub(super) const SOCKET: u8 = 7;

pub(super) const WITH_XATTRS: u8 = 1;
pub(super) const WITH_LINKS: u8 = 2;
pub(super) const WITH_HOLES: u8 = 4;
pub(super) const INLINE: u8 = 8;
pub(super) const WITH_SIGNATURE: u8 = 16;

/// The number of a node's kind.
pub(super) fn kind_of(node: &Node) -> u8 {
    match node {
        Node::File(_) => FILE,
        Node::Directory => DIRECTORY,
        Node::Symlink(_) => SYMLINK,
        Node::BlockDevice(_) => BLOCK_DEVICE,
        Node::CharacterDevice(_) => CHARACTER_DEVICE,
        Node::Fifo => FIFO,
        Node::Socket => SOCKET,
    }
}

/// The flags of an entry.
pub(super) fn flags_of(entry: &Entry) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let mut flags = flag(!entry.metadata.xattrs.is_empty(), WITH_XATTRS);
    flags |= flag(entry.link_group.is_some(), WITH_LINKS);
    if let Node::File(content) = &entry.node {
        flags |= flag(!content.holes.is_empty(), WITH_HOLES);
        flags |= flag(matches!(content.data, Data::Inline(_)), INLINE);
        flags |= flag(content.signature.is_some(), WITH_SIGNATURE);
    }
    flags
}

/// Those flags of an entry that do not say where its data is.
pub(super) fn shape_flags_of(entry: &Entry) -> u8 {
    flags_of(entry) & (WITH_XATTRS | WITH_LINKS | WITH_HOLES)
}

/// Appends what comes before the kind's own part.
pub(super) fn write_shared(entry: &Entry, writer: &mut ByteWriter) {
    if let Some(group) = entry.link_group {
        writer.u32(group);
    }
    if !entry.metadata.xattrs.is_empty() {
        writer.u16(entry.metadata.xattrs.len() as u16);
        for xattr in &entry.metadata.xattrs {
            writer.u16(xattr.name.len() as u16).u32(xattr.value.len() as u32);
            writer.bytes(&xattr.name).bytes(&xattr.value);
        }
    }
}

/// Appends size and holes of a file.
pub(super) fn write_shape(content: &Content, writer: &mut ByteWriter) {
    writer.u64(content.size);
    if !content.holes.is_empty() {
        writer.u32(content.holes.len() as u32);
        for hole in &content.holes {
            writer.u64(hole.offset).u64(hole.length);
        }
    }
}

/// Appends what is not a file's own part.
pub(super) fn write_other(node: &Node, writer: &mut ByteWriter) {
    match node {
        Node::Symlink(target) => {
            writer.u16(target.len() as u16).bytes(target);
        }
        Node::BlockDevice(device) | Node::CharacterDevice(device) => {
            writer.u32(device.major).u32(device.minor);
        }
        Node::File(_) | Node::Directory | Node::Fifo | Node::Socket => {}
    }
}

/// Appends the whole payload.
pub(super) fn write(entry: &Entry, writer: &mut ByteWriter) {
    write_shared(entry, writer);
    let Node::File(content) = &entry.node else {
        write_other(&entry.node, writer);
        return;
    };
    write_shape(content, writer);
    match &content.data {
        Data::Inline(data) => {
            writer.u16(data.len() as u16).bytes(data);
        }
        Data::Chunks(runs) => {
            writer.u32(runs.len() as u32);
            let mut behind = 0_u32;
            for run in runs {
                writer.u32(run.first.wrapping_sub(behind)).u32(run.count);
                behind = run.first + run.count;
            }
        }
    }
    if let Some(signature) = content.signature {
        writer.u32(signature);
    }
}

/// Reads the group and the extended attributes that the flags announce.
pub(super) fn read_shared(flags: u8, cursor: &mut Cursor<'_>) -> Result<(Option<u32>, Vec<Xattr>)> {
    let group = if flags & WITH_LINKS == 0 { None } else { Some(cursor.u32(WHAT)?) };
    let mut xattrs: Vec<Xattr> = Vec::new();
    if flags & WITH_XATTRS != 0 {
        let offset = cursor.offset();
        let malformed = |reason| Error::Malformed { what: "extended attributes", offset, reason };
        let count = cursor.u16(WHAT)?;
        let mut sum = 0;
        for _ in 0..count {
            let (name, value) = (usize::from(cursor.u16(WHAT)?), cursor.u32(WHAT)?);
            let name = cursor.take(name, WHAT)?.to_vec();
            let value = cursor.take(value as usize, WHAT)?.to_vec();
            sum += name.len() + value.len();
            if name.is_empty() || name.contains(&0) || xattrs.last().is_some_and(|before| before.name >= name)
            {
                return Err(malformed("their names do not ascend, or one of them is not a valid name"));
            }
            xattrs.push(Xattr { name, value });
        }
        if count == 0 || sum > XATTR_BYTES_MAX {
            return Err(malformed("there are none, or they are longer than 16 MiB"));
        }
    }
    Ok((group, xattrs))
}

/// Reads the rest of the payload.
pub(super) fn read_node(kind: u8, flags: u8, cursor: &mut Cursor<'_>) -> Result<Node> {
    let offset = cursor.offset();
    let malformed = |reason| Error::Malformed { what: WHAT, offset, reason };
    let known = if kind == FILE { 31 } else { WITH_XATTRS | WITH_LINKS };
    if flags & !known != 0 {
        return Err(malformed("it has a flag that its kind has not"));
    }
    match kind {
        FILE => Ok(Node::File(read_content(flags, cursor)?)),
        DIRECTORY if flags & WITH_LINKS != 0 => Err(malformed("a directory has hard links")),
        DIRECTORY => Ok(Node::Directory),
        SYMLINK => {
            let length = usize::from(cursor.u16(WHAT)?);
            let target = cursor.take(length, WHAT)?.to_vec();
            if target.is_empty() || target.contains(&0) {
                return Err(malformed("the target of a symbolic link is empty or has a zero byte"));
            }
            Ok(Node::Symlink(target))
        }
        BLOCK_DEVICE => Ok(Node::BlockDevice(read_device(cursor)?)),
        CHARACTER_DEVICE => Ok(Node::CharacterDevice(read_device(cursor)?)),
        FIFO => Ok(Node::Fifo),
        SOCKET => Ok(Node::Socket),
        _ => Err(malformed("its kind is none")),
    }
}

fn read_device(cursor: &mut Cursor<'_>) -> Result<Device> {
    Ok(Device { major: cursor.u32(WHAT)?, minor: cursor.u32(WHAT)? })
}

fn read_content(flags: u8, cursor: &mut Cursor<'_>) -> Result<Content> {
    let offset = cursor.offset();
    let malformed = |reason| Error::Malformed { what: "a file of the manifest", offset, reason };
    let size = cursor.u64(WHAT)?;
    if size > i64::MAX as u64 {
        return Err(malformed("its size is beyond what files have"));
    }
    let holes = if flags & WITH_HOLES == 0 { Vec::new() } else { read_holes(size, cursor)? };
    let data = if flags & INLINE == 0 {
        Data::Chunks(read_runs(cursor)?)
    } else {
        let length = usize::from(cursor.u16(WHAT)?);
        if length == 0 || length > INLINE_BYTES_MAX {
            return Err(malformed("its inline data is empty or longer than 256 bytes"));
        }
        Data::Inline(cursor.take(length, WHAT)?.to_vec())
    };
    let signature = if flags & WITH_SIGNATURE == 0 { None } else { Some(cursor.u32(WHAT)?) };
    let content = Content { size, holes, data, signature };
    if let Data::Inline(data) = &content.data
        && data.len() as u64 != content.data_bytes()
    {
        return Err(malformed("its data is not as long as its size without its holes"));
    }
    if let Data::Chunks(runs) = &content.data
        && runs.is_empty() != (content.data_bytes() == 0)
    {
        return Err(malformed("it has data without chunks, or chunks without data"));
    }
    Ok(content)
}

fn read_holes(size: u64, cursor: &mut Cursor<'_>) -> Result<Vec<Hole>> {
    let offset = cursor.offset();
    let malformed = |reason| Error::Malformed { what: "the holes of a file", offset, reason };
    let count = cursor.u32(WHAT)?;
    let mut rows = Cursor::with_offset(cursor.items(u64::from(count), 16, WHAT)?, offset + 4);
    let mut holes = Vec::with_capacity(count as usize);
    // Where the last one ended; the first may begin at 0.
    let mut behind = None;
    for _ in 0..count {
        let hole = Hole { offset: rows.u64(WHAT)?, length: rows.u64(WHAT)? };
        let end = hole.offset.checked_add(hole.length).filter(|end| *end <= size);
        let end = end.ok_or_else(|| malformed("a hole ends behind the file"))?;
        if hole.length == 0 || behind.is_some_and(|behind| hole.offset <= behind) {
            return Err(malformed("they are empty, touch or do not ascend"));
        }
        behind = Some(end);
        holes.push(hole);
    }
    if holes.is_empty() {
        return Err(malformed("there are none"));
    }
    Ok(holes)
}

fn read_runs(cursor: &mut Cursor<'_>) -> Result<Vec<ChunkRun>> {
    let offset = cursor.offset();
    let count = cursor.u32(WHAT)?;
    let mut rows = Cursor::with_offset(cursor.items(u64::from(count), 8, WHAT)?, offset + 4);
    let mut runs: Vec<ChunkRun> = Vec::with_capacity(count as usize);
    let mut behind = 0_u32;
    for _ in 0..count {
        let (step, count) = (rows.u32(WHAT)?, rows.u32(WHAT)?);
        let first = behind.wrapping_add(step);
        let malformed = |reason| Error::Malformed { what: "the chunks of a file", offset, reason };
        if step == 0 && !runs.is_empty() {
            return Err(malformed("a run continues the one before it"));
        }
        behind = first
            .checked_add(count)
            .filter(|_| count > 0)
            .ok_or_else(|| malformed("a run is empty or ends beyond all numbers"))?;
        runs.push(ChunkRun { first, count });
    }
    Ok(runs)
}
