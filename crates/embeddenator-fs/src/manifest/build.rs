//! Cuts entries into blocks whose ends depend on the paths alone, so that like snapshots have equal blocks.

use crate::entry::{Data, Entry, Node};
use crate::limits::{BLOCK_BYTES, BLOCK_END_MASK, BLOCK_ENTRIES};

/// The blocks of entries in tree order.
pub(crate) fn blocks(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (block, behind) = rest.split_at(end_of_block(rest));
        rest = behind;
        Some(block)
    })
}

/// How many entries the first block has.
fn end_of_block(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    for (count, entry) in (1..).zip(entries) {
        bytes += weight(entry);
        let ends = count >= BLOCK_ENTRIES.start && ends_block(entry);
        if ends || count == BLOCK_ENTRIES.end || bytes >= BLOCK_BYTES {
            return count;
        }
    }
    entries.len()
}

fn ends_block(entry: &Entry) -> bool {
    let hash = blake3::hash(entry.path.as_bytes());
    let [low, high, ..] = hash.as_bytes();
    (u16::from(*low) | u16::from(*high) << 8) & BLOCK_END_MASK == 0
}

/// About how many bytes an entry takes in a block.
fn weight(entry: &Entry) -> usize {
    let xattrs: usize = entry.metadata.xattrs.iter().map(|xattr| xattr.name.len() + xattr.value.len()).sum();
    let node = match &entry.node {
        Node::File(content) => {
            let data = match &content.data {
                Data::Inline(data) => data.len(),
                Data::Chunks(runs) => runs.len() * 8,
            };
            data + content.holes.len() * 16
        }
        Node::Symlink(target) => target.len(),
        _ => 0,
    };
    64 + entry.path.as_bytes().len() + xattrs + node
}
