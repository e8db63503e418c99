//! What a snapshot says of one name: metadata, kind, and where its data is.

use std::fmt;

use crate::path::EngramPath;

/// A moment: seconds since 1970 and nanoseconds of the second begun, so that 1969 has negative seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Seconds since the first of January 1970, UTC.
    pub seconds: i64,
    /// Nanoseconds, below 10^9.
    pub nanoseconds: u32,
}

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xattr {
    /// Its name with the name space, such as `user.comment`.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// What every kind of file has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The lower 12 bits: permissions, set-user-id, set-group-id, sticky.
    pub mode: u16,
    /// The number of the user that owns it.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
    /// When it was modified.
    pub mtime: Timestamp,
    /// Its extended attributes, by name.
    pub xattrs: Vec<Xattr>,
}

/// The number of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Device {
    /// The driver.
    pub major: u32,
    /// The device of the driver.
    pub minor: u32,
}

/// A part of a file that is not stored and reads as zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hole {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// Chunks of consecutive numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChunkRun {
    /// The first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// Where the data of a file is: all that is not in a hole, joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In the manifest.
    Inline(Vec<u8>),
    /// In chunks.
    Chunks(Vec<ChunkRun>),
}

/// What a regular file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its size, with its holes.
    pub size: u64,
    /// Its holes, ascending and apart.
    pub holes: Vec<Hole>,
    /// Where its data is.
    pub data: Data,
    /// The number of its signature.
    pub signature: Option<u32>,
}

impl Content {
    /// Bytes that are not in a hole.
    pub fn data_bytes(&self) -> u64 {
        let holes = self.holes.iter().fold(0_u64, |sum, hole| sum.saturating_add(hole.length));
        self.size.saturating_sub(holes)
    }

    /// Where data lies in the file: offsets and lengths.
    pub(crate) fn regions(&self) -> impl Iterator<Item = (u64, u64)> {
        let starts =
            std::iter::once(0).chain(self.holes.iter().map(|hole| hole.offset.saturating_add(hole.length)));
        let ends = self.holes.iter().map(|hole| hole.offset).chain(std::iter::once(self.size));
        starts
            .zip(ends)
            .map(|(start, end)| (start, end.saturating_sub(start)))
            .filter(|(_, length)| *length > 0)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File(Content),
    /// A directory.
    Directory,
    /// A symbolic link, with the bytes of its target.
    Symlink(Vec<u8>),
    /// A block device.
    BlockDevice(Device),
    /// A character device.
    CharacterDevice(Device),
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
}

impl Node {
    /// What it is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Directory => "directory",
            Self::Symlink(_) => "symbolic link",
            Self::BlockDevice(_) => "block device",
            Self::CharacterDevice(_) => "character device",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
        }
    }
}

/// A name of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: EngramPath,
    /// Mode, owner, times and extended attributes.
    pub metadata: Metadata,
    /// Entries of one group are names of one file.
    pub link_group: Option<u32>,
    /// What it stands for.
    pub node: Node,
}

impl Entry {
    /// The size of a file; 0 for what is none.
    pub fn size(&self) -> u64 {
        match &self.node {
            Node::File(content) => content.size,
            _ => 0,
        }
    }
}

impl fmt::Display for Timestamp {
    /// Seconds with nine digits behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds < 0 && self.nanoseconds > 0 {
            return write!(f, "-{}.{:09}", -(self.seconds + 1), 1_000_000_000 - self.nanoseconds);
        }
        write!(f, "{}.{:09}", self.seconds, self.nanoseconds)
    }
}
