//! Rows of `series`: which blocks are in force, and a merge that is under way.

use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::flags::flag;
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// What the rows of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum IndexedKind {
    /// Experiences.
    Experience = 0,
    /// Insights.
    Insight = 1,
}

/// A series of blocks and its tail: all rows of one kind in a collective, as one embedder has made their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesId {
    pub(crate) number: CollectiveNumber,
    pub(crate) kind: IndexedKind,
    /// Counts the embedders that the database has had.
    pub(crate) generation: u16,
}

/// The part of a series' rows that lists its blocks.
const BLOCKS: u8 = 0;
/// The part that holds what the codes of all its blocks share.
const SHARED: u8 = 1;

impl SeriesId {
    /// What is kept under a number, in the first generation.
    pub(crate) fn of(number: CollectiveNumber) -> Self {
        let kind = if number.is_of_insights() { IndexedKind::Insight } else { IndexedKind::Experience };
        Self { number, kind, generation: 0 }
    }

    fn prefix(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(11);
        key.extend_from_slice(&self.number.0.to_be_bytes());
        key.push(self.kind as u8);
        key.extend_from_slice(&self.generation.to_be_bytes());
        key
    }

    fn part(self, part: u8) -> Vec<u8> {
        let mut key = self.prefix();
        key.push(part);
        key
    }

    /// The key of the row that lists the blocks.
    pub(crate) fn blocks_key(self) -> Vec<u8> {
        self.part(BLOCKS)
    }

    /// The key of what the codes of all blocks share.
    pub(crate) fn shared_key(self) -> Vec<u8> {
        self.part(SHARED)
    }

    /// The key of a row of `tail`.
    pub(crate) fn tail_key(self, slot: Slot) -> Vec<u8> {
        let mut key = self.prefix();
        key.extend_from_slice(&slot.0.to_be_bytes());
        key
    }
}

/// The slot of a key of `tail`.
pub(crate) fn read_tail_slot(key: &[u8]) -> Option<Slot> {
    let slot = key.last_chunk::<4>().filter(|_| key.len() == 11)?;
    Some(Slot(u32::from_be_bytes(*slot)))
}

/// The number of a block, given once in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockNumber(pub(crate) u64);

/// One of the parts that a block consists of. A part is one value, or several runs of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum BlockPart {
    /// What filters and ties need of each row; the only part that the store itself understands.
    Columns = 0,
    /// Lengths of the contents in words.
    Lengths = 1,
    /// Codes of the vectors, which every search reads.
    Codes = 2,
    /// Finer codes, which are read for candidates.
    Refinements = 3,
    /// While the block is being made of others: which of their rows are left out.
    Dropped = 4,
}

impl BlockNumber {
    pub(crate) fn key(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The key of a run of a part.
    pub(crate) fn part_key(self, part: BlockPart, run: u16) -> [u8; 11] {
        let mut key = [0; 11];
        key[..8].copy_from_slice(&self.key());
        key[8] = part as u8;
        key[9..].copy_from_slice(&run.to_be_bytes());
        key
    }

    /// The key of the posting value whose first term this is.
    pub(crate) fn posting_key(self, first_term: &[u8]) -> Vec<u8> {
        let mut key = self.key().to_vec();
        key.extend_from_slice(first_term);
        key
    }

    /// The number at the front of a key of `block`, `block_state` or `posting`.
    pub(crate) fn read(key: &[u8]) -> Option<Self> {
        key.first_chunk::<8>().map(|bytes| Self(u64::from_be_bytes(*bytes)))
    }
}

/// A block in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockEntry {
    pub(crate) number: BlockNumber,
    /// Rows in it, dead ones included.
    pub(crate) rows: u32,
    pub(crate) dead: u32,
    /// The first and the last of its slots.
    pub(crate) first: Slot,
    pub(crate) last: Slot,
}

/// A merge that is under way: neighbours in the list become one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergeRow {
    pub(crate) target: BlockNumber,
    /// Number of the first source.
    pub(crate) first_source: BlockNumber,
    pub(crate) sources: u16,
    /// Steps that are done: first one for each part, then ranges of terms.
    pub(crate) step: u32,
    /// The term that the next range begins with.
    pub(crate) next_term: Vec<u8>,
}

/// The row that lists the blocks of a series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SeriesRow {
    /// In the order of their slots.
    pub(crate) blocks: Vec<BlockEntry>,
    /// Rows from this slot on are in the tail.
    pub(crate) tail_from: u32,
    /// Whether a part of the index was found damaged: nothing is sealed or merged until a repair.
    pub(crate) damaged: bool,
    pub(crate) merge: Option<MergeRow>,
}

impl SeriesRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u32(self.tail_from);
        out.u32(self.blocks.len() as u32);
        for block in &self.blocks {
            out.u64(block.number.0);
            out.u32(block.rows);
            out.u32(block.dead);
            out.u32(block.first.0);
            out.u32(block.last.0);
        }
        out.u8(u8::from(self.damaged));
        out.u8(u8::from(self.merge.is_some()));
        if let Some(merge) = &self.merge {
            out.u64(merge.target.0);
            out.u64(merge.first_source.0);
            out.u16(merge.sources);
            out.u32(merge.step);
            out.u16(merge.next_term.len() as u16);
            out.put(&merge.next_term);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let tail_from = reader.u32()?;
        let count = reader.u32()?;
        let mut blocks: Vec<BlockEntry> = Vec::new();
        for _ in 0..count {
            let block = BlockEntry {
                number: BlockNumber(reader.u64()?),
                rows: reader.u32()?,
                dead: reader.u32()?,
                first: Slot(reader.u32()?),
                last: Slot(reader.u32()?),
            };
            let follows = blocks.last().is_none_or(|before| before.last < block.first);
            let spans = block.last.0.checked_sub(block.first.0)?;
            if !follows
                || block.rows == 0
                || block.dead > block.rows
                || spans < block.rows - 1
                || block.last.0 >= tail_from
            {
                return None;
            }
            blocks.push(block);
        }
        let damaged = flag(reader.u8()?)?;
        let merging = flag(reader.u8()?)?;
        let merge = if merging { Some(read_merge(&mut reader, &blocks)?) } else { None };
        reader.end()?;
        Some(Self { blocks, tail_from, damaged, merge })
    }

    /// The blocks that a merge joins.
    pub(crate) fn sources(&self, merge: &MergeRow) -> &[BlockEntry] {
        let from = self.blocks.iter().position(|block| block.number == merge.first_source);
        let from = from.unwrap_or(self.blocks.len());
        self.blocks.get(from..from + usize::from(merge.sources)).unwrap_or_default()
    }

    /// The block that holds a slot, if any does.
    pub(crate) fn block_of(&self, slot: Slot) -> Option<&BlockEntry> {
        let after = self.blocks.partition_point(|block| block.first <= slot);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        (slot <= block.last).then_some(block)
    }
}

fn read_merge(reader: &mut Reader<'_>, blocks: &[BlockEntry]) -> Option<MergeRow> {
    let merge = MergeRow {
        target: BlockNumber(reader.u64()?),
        first_source: BlockNumber(reader.u64()?),
        sources: reader.u16()?,
        step: reader.u32()?,
        next_term: {
            let length = usize::from(reader.u16()?);
            reader.bytes(length)?.to_vec()
        },
    };
    let from = blocks.iter().position(|block| block.number == merge.first_source)?;
    let fits = merge.sources > 0 && from + usize::from(merge.sources) <= blocks.len();
    fits.then_some(merge)
}
