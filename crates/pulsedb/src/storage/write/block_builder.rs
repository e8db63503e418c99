//! What the store is handed at open: how rows become blocks.
//!
//! The store keeps bytes; it knows no code, no term and no score. A builder is a pure function of what it is given, so
//! that every process builds the same blocks of the same rows.

use crate::error::Result;
use crate::limits;
use crate::model::change::Slot;
use crate::model::{DerivedInsight, Experience};
use crate::storage::format::block_state::WORD_ROWS;
use crate::storage::format::series::BlockPart;
use crate::storage::format::slot::SlotRow;
use crate::storage::read::blocks::BlockView;

/// What the index keeps of one record beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct IndexedRow {
    /// The row of the tail: its terms, counted.
    pub(crate) tail: Vec<u8>,
    /// Words of the content.
    pub(crate) words: u32,
    /// The row of its pieces, with its agent and its task.
    pub(crate) piece: Vec<u8>,
}

/// A row that goes into a block.
#[derive(Debug, Clone)]
pub(crate) struct RowToSeal<'t> {
    pub(crate) slot: Slot,
    pub(crate) row: SlotRow,
    pub(crate) tail: std::borrow::Cow<'t, [u8]>,
    /// The components of the vector as they are stored, if it has one.
    pub(crate) vector: Option<&'t [u8]>,
}

/// A value of a block: the part, the run and the bytes.
pub(crate) type PartValue = (BlockPart, u16, Vec<u8>);
/// A value of postings: its first term and the bytes.
pub(crate) type PostingValue = (Vec<u8>, Vec<u8>);

/// What rows have become.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SealedBlock {
    /// Every part but the columns, which the store makes, in the order of their keys.
    pub(crate) parts: Vec<PartValue>,
    pub(crate) postings: Vec<PostingValue>,
    /// What the codes of all blocks share, if this is the first block that has codes.
    pub(crate) shared: Option<Vec<u8>>,
}

/// The parts of a block that depend on the embedder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SealedVectors {
    pub(crate) parts: Vec<PartValue>,
    /// What the codes of all blocks share, if this is the first block that has codes.
    pub(crate) shared: Option<Vec<u8>>,
}

/// A block that is joined with its neighbours.
#[derive(Clone)]
pub(crate) struct MergeSource<'t> {
    pub(crate) block: BlockView<'t>,
    /// Rows that are left out, as a bitmap.
    pub(crate) dropped: Vec<u64>,
}

/// Which rows of each source make up a slice of the new block, as bitmaps.
pub(crate) fn kept_in_slice(sources: &[MergeSource<'_>], slice: u16) -> Vec<Vec<u64>> {
    let (mut skip, mut take) = (usize::from(slice) * limits::SLICE_ROWS, limits::SLICE_ROWS);
    let mut of_source = |source: &MergeSource<'_>| {
        let rows = source.block.entry.rows as usize;
        let word = |at: usize| {
            let behind = (rows - at * WORD_ROWS).min(WORD_ROWS);
            let mut live = !source.dropped.get(at).copied().unwrap_or(0) & (u64::MAX >> (WORD_ROWS - behind));
            let count = live.count_ones() as usize;
            if skip >= count {
                skip -= count;
                return 0;
            }
            for _ in 0..std::mem::take(&mut skip) {
                live &= live - 1;
            }
            while live.count_ones() as usize > take {
                live ^= 1 << live.ilog2();
            }
            take -= live.count_ones() as usize;
            live
        };
        (0..rows.div_ceil(WORD_ROWS)).map(word).collect()
    };
    sources.iter().map(&mut of_source).collect()
}

/// One range of terms of the blocks that are joined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MergedPostings {
    pub(crate) postings: Vec<PostingValue>,
    /// The term that the next range begins with; `None` after the last.
    pub(crate) next_term: Option<Vec<u8>>,
}

/// Builds blocks.
pub(crate) trait BlockBuilder: Send + Sync + std::fmt::Debug {
    /// What is kept of a record beside it.
    fn index(&self, experience: &Experience) -> IndexedRow;

    /// What is kept of an insight beside it.
    fn index_insight(&self, insight: &DerivedInsight) -> IndexedRow;

    /// Turns rows, in order of their slots, into a block.
    ///
    /// # Errors
    /// `Corrupted` if a row is not what [`index`](Self::index) makes.
    fn seal(&self, dimension: usize, shared: Option<&[u8]>, rows: &[RowToSeal<'_>]) -> Result<SealedBlock>;

    /// The codes of one slice of a block, of the vectors of its rows; none if no row has a vector.
    ///
    /// # Errors
    /// `Corrupted` if what the codes share does not belong to vectors of this dimension.
    fn seal_vectors(
        &self,
        dimension: usize,
        shared: Option<&[u8]>,
        slice: u16,
        vectors: &[Option<&[u8]>],
    ) -> Result<SealedVectors>;

    /// Joins every part but the columns for one slice of the new block; with the first one also what has no slices.
    ///
    /// # Errors
    /// `Corrupted` for a damaged source.
    fn merge_slice(
        &self,
        dimension: usize,
        sources: &[MergeSource<'_>],
        slice: u16,
    ) -> Result<Vec<PartValue>>;

    /// Joins the postings from a term on, an empty one at first, until some `budget` bytes were read.
    ///
    /// # Errors
    /// `Corrupted` for a damaged source.
    fn merge_postings(
        &self,
        sources: &[MergeSource<'_>],
        from: &[u8],
        budget: usize,
    ) -> Result<MergedPostings>;
}
