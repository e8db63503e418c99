//! Rows of `series`: which blocks are in force, a merge that is under way, and how far a move to another embedder is.

use crate::limits;
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

/// A series of blocks and its tail: all rows of one kind in a collective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesId {
    pub(crate) number: CollectiveNumber,
    pub(crate) kind: IndexedKind,
}

/// Which embedder made vectors, and the codes of them: counts those that the database has had, modulo 2^16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Generation(pub(crate) u16);

impl Generation {
    /// The generation that is built while this one is in force.
    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The part of a series' rows that lists its blocks.
const BLOCKS: u8 = 0;
/// The part that holds what the codes of all its blocks share.
const SHARED: u8 = 1;
/// The part that says how far a move to another embedder is.
const PROGRESS: u8 = 2;

impl SeriesId {
    /// What is kept under a number.
    pub(crate) fn of(number: CollectiveNumber) -> Self {
        let kind = if number.is_of_insights() { IndexedKind::Insight } else { IndexedKind::Experience };
        Self { number, kind }
    }

    fn prefix(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(9);
        key.extend_from_slice(&self.number.0.to_be_bytes());
        key.push(self.kind as u8);
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

    /// The key of what the codes of a generation share in all blocks.
    pub(crate) fn shared_key(self, generation: Generation) -> Vec<u8> {
        let mut key = self.part(SHARED);
        key.extend_from_slice(&generation.0.to_be_bytes());
        key
    }

    /// The key of the row that says how far a move to another embedder is.
    pub(crate) fn progress_key(self) -> Vec<u8> {
        self.part(PROGRESS)
    }

    /// The key of a row of `vector`.
    pub(crate) fn vector_key(self, generation: Generation, slot: Slot) -> [u8; 12] {
        let mut key = [0; 12];
        key[..4].copy_from_slice(&self.number.0.to_be_bytes());
        key[5] = self.kind as u8;
        key[6..8].copy_from_slice(&generation.0.to_be_bytes());
        key[8..].copy_from_slice(&slot.0.to_be_bytes());
        key
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
    let slot = key.last_chunk::<4>().filter(|_| key.len() == 9)?;
    Some(Slot(u32::from_be_bytes(*slot)))
}

/// The generation of a key of `vector`.
pub(crate) fn read_vector_generation(key: &[u8]) -> Option<Generation> {
    let (prefix, _) = key.split_first_chunk::<8>().filter(|_| key.len() == 12)?;
    Some(Generation(u64::from_be_bytes(*prefix) as u16))
}

/// The slot of a key of `vector`.
pub(crate) fn read_vector_slot(key: &[u8]) -> Option<Slot> {
    let slot = key.last_chunk::<4>().filter(|_| key.len() == 12)?;
    Some(Slot(u32::from_be_bytes(*slot)))
}

/// What a row of `series` is about, as its key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeriesPart {
    Blocks,
    Shared(Generation),
    Progress,
}

impl SeriesPart {
    pub(crate) fn read(key: &[u8]) -> Option<Self> {
        let (_, rest) = key.split_first_chunk::<5>()?;
        match *rest {
            [BLOCKS] => Some(Self::Blocks),
            [SHARED, high, low] => Some(Self::Shared(Generation(u16::from_be_bytes([high, low])))),
            [PROGRESS] => Some(Self::Progress),
            _ => None,
        }
    }
}

/// How far a move to another embedder is in one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ProgressRow {
    /// The records below this slot have vectors of the next generation.
    pub(crate) next_slot: u32,
    /// How many they are.
    pub(crate) rows: u64,
    /// Bytes of their vectors: keys, seals and payloads.
    pub(crate) bytes: u64,
}

impl ProgressRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u32(self.next_slot);
        out.u64(self.rows);
        out.u64(self.bytes);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self { next_slot: reader.u32()?, rows: reader.u64()?, bytes: reader.u64()? };
        reader.end()?;
        Some(row)
    }
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
    /// Which rows have a vector.
    Vectors = 5,
}

impl BlockPart {
    /// Whether it depends on the embedder, so that there is one of each generation.
    pub(crate) fn is_of_vectors(self) -> bool {
        matches!(self, Self::Codes | Self::Refinements | Self::Vectors)
    }
}

impl BlockNumber {
    pub(crate) fn key(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The key of a part that does not depend on the embedder and is one value.
    pub(crate) fn whole_key(self, part: BlockPart) -> [u8; 13] {
        self.part_key(part, Generation::default(), 0)
    }

    /// The key of a run of a part. Parts that do not depend on the embedder have no generation.
    pub(crate) fn part_key(self, part: BlockPart, generation: Generation, run: u16) -> [u8; 13] {
        let mut key = [0; 13];
        key[..8].copy_from_slice(&self.key());
        key[8] = part as u8;
        if part.is_of_vectors() {
            key[9..11].copy_from_slice(&generation.0.to_be_bytes());
        }
        key[11..].copy_from_slice(&run.to_be_bytes());
        key
    }

    /// The generation of a key of `block`; `None` for a part that does not depend on the embedder.
    pub(crate) fn read_generation(key: &[u8]) -> Option<Generation> {
        let [part, high, low] = *key.get(8..11)?.first_chunk()?;
        let of_vectors = [BlockPart::Codes, BlockPart::Refinements, BlockPart::Vectors];
        let is_of_vectors = of_vectors.iter().any(|one| *one as u8 == part);
        is_of_vectors.then(|| Generation(u16::from_be_bytes([high, low])))
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
    /// Rows of the new block.
    pub(crate) rows: u32,
    /// Steps that are done: first one for each slice of the new block, then ranges of terms.
    pub(crate) step: u32,
    /// The term that the next range begins with.
    pub(crate) next_term: Vec<u8>,
}

impl MergeRow {
    /// Whether every slice of the new block is there, so that only terms are missing.
    pub(crate) fn has_parts(&self) -> bool {
        self.step as usize >= slices(self.rows)
    }
}

/// How many slices so many rows of a block are.
pub(crate) fn slices(rows: u32) -> usize {
    (rows as usize).div_ceil(limits::SLICE_ROWS)
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
            out.u32(merge.rows);
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
        rows: reader.u32()?,
        step: reader.u32()?,
        next_term: {
            let length = usize::from(reader.u16()?);
            reader.bytes(length)?.to_vec()
        },
    };
    let from = blocks.iter().position(|block| block.number == merge.first_source)?;
    let sources =
        blocks.get(from..from + usize::from(merge.sources)).filter(|sources| !sources.is_empty())?;
    let rows: u64 = sources.iter().map(|block| u64::from(block.rows)).sum();
    (u64::from(merge.rows) <= rows).then_some(merge)
}
