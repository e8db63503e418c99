//! The hash of a tree: the same for the same names, metadata and data, wherever and however they are stored.

use embeddenator_io::ByteWriter;

use crate::entry::{Entry, Node};
use crate::manifest::payload;

/// Hashes entries in tree order.
#[derive(Debug, Default)]
pub(crate) struct TreeHasher {
    hasher: blake3::Hasher,
}

impl TreeHasher {
    /// Adds an entry; `hash_of_data` is that of its data if it is a file.
    pub(crate) fn push(&mut self, entry: &Entry, hash_of_data: Option<[u8; 32]>) {
        let mut writer = ByteWriter::new();
        let path = entry.path.as_bytes();
        writer
            .u16(path.len() as u16)
            .bytes(path)
            .u8(payload::kind_of(&entry.node))
            .u8(payload::shape_flags_of(entry));
        let metadata = &entry.metadata;
        writer.u16(metadata.mode).u32(metadata.uid).u32(metadata.gid);
        writer.i64(metadata.mtime.seconds).u32(metadata.mtime.nanoseconds);
        payload::write_shared(entry, &mut writer);
        match &entry.node {
            Node::File(content) => {
                payload::write_shape(content, &mut writer);
                writer.bytes(&hash_of_data.expect("the hash of a file's data is given"));
            }
            other => payload::write_other(other, &mut writer),
        }
        self.hasher.update(&(writer.len() as u32).to_le_bytes()).update(writer.as_bytes());
    }

    /// The hash of all entries.
    pub(crate) fn finish(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

/// The hash of data from that of its chunks.
pub(crate) fn of_chunks<'a>(hashes: impl Iterator<Item = &'a [u8; 32]>) -> [u8; 32] {
    let (mut first, mut count) = (None, 0_usize);
    let mut joined = blake3::Hasher::new();
    for hash in hashes {
        joined.update(hash);
        first.get_or_insert(*hash);
        count += 1;
    }
    match first {
        Some(hash) if count == 1 => hash,
        _ => *joined.finalize().as_bytes(),
    }
}
