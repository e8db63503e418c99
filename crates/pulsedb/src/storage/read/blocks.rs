//! Blocks, their states and postings, and the tail: the index as it lies in one snapshot.

use std::ops::Bound;

use crate::error::{PulseDBError, Result};
use crate::limits;
use crate::model::change::Slot;
use crate::storage::env;
use crate::storage::format::block_state::{BlockState, read_vectors};
use crate::storage::format::columns::Columns;
use crate::storage::format::seal;
use crate::storage::format::series::{
    BlockEntry, BlockNumber, BlockPart, Generation, MergeRow, SeriesId, SeriesRow, read_tail_slot, slices,
};
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

impl<'t> View<'t> {
    /// The row that lists the blocks of a series; an empty one if nothing was sealed yet.
    pub(crate) fn series(self, series: SeriesId) -> Result<SeriesRow> {
        Ok(self.row(Table::Series, &series.blocks_key(), SeriesRow::read)?.unwrap_or_default())
    }

    /// What the codes of a generation share in all blocks of a series.
    pub(crate) fn shared(self, series: SeriesId, generation: Generation) -> Result<Option<&'t [u8]>> {
        self.get(Table::Series, &series.shared_key(generation))
    }

    /// The rows of the tail from a slot on, in order of their slots.
    pub(crate) fn tail(
        self,
        series: SeriesId,
        from: Slot,
    ) -> Result<impl Iterator<Item = Result<TailValue<'t>>> + use<'t>> {
        let (from, to) = (series.tail_key(from), series.tail_key(Slot(u32::MAX)));
        let rows = self.sealed_range(Table::Tail, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(|row| {
            let (key, value) = row?;
            let slot = read_tail_slot(key).ok_or_else(|| seal::corrupted(Table::Tail, key))?;
            Ok(TailValue { key, slot, value })
        }))
    }

    /// A block with the codes of one generation.
    /// The block that a merge is making, once every slice of it is there; `None` for one without a row.
    pub(crate) fn being_merged(self, merge: &MergeRow, generation: Generation) -> Result<Option<BlockEntry>> {
        if merge.rows == 0 || !merge.has_parts() {
            return Ok(None);
        }
        let (number, rows) = (merge.target, merge.rows);
        let mut entry = BlockEntry { number, rows, dead: 0, first: Slot(0), last: Slot(u32::MAX) };
        let block = self.block(entry, generation);
        let (first, last) = (block.columns(0)?, block.columns(block.slices() - 1)?);
        (entry.first, entry.last) = (first.slot(0), last.slot(last.rows() - 1));
        Ok(Some(entry))
    }

    pub(crate) fn block(self, entry: BlockEntry, generation: Generation) -> BlockView<'t> {
        BlockView { view: self, entry, generation }
    }
}

/// A row of the tail, its checksum not looked at yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TailValue<'t> {
    key: &'t [u8],
    pub(crate) slot: Slot,
    value: &'t [u8],
}

impl<'t> TailValue<'t> {
    pub(crate) fn bytes(&self) -> Result<&'t [u8]> {
        seal::open(Table::Tail, self.key, self.value)
    }

    /// The error for bytes that are not what a row of the tail is.
    pub(crate) fn malformed(&self) -> PulseDBError {
        seal::corrupted(Table::Tail, self.key)
    }
}

/// One block in one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct BlockView<'t> {
    pub(crate) view: View<'t>,
    pub(crate) entry: BlockEntry,
    /// The generation of its codes.
    generation: Generation,
}

impl<'t> BlockView<'t> {
    /// A run of a part. It is checked once in a process, since a block never changes.
    pub(crate) fn part(self, part: BlockPart, run: u16) -> Result<&'t [u8]> {
        let key = self.key(part, run);
        let value = self.view.get_once(Table::Block, &key)?;
        value.ok_or_else(|| seal::corrupted(Table::Block, &key))
    }

    /// A run of a part each piece of which has a check of its own: its checksum is not compared.
    pub(crate) fn part_of_checked_pieces(self, part: BlockPart, run: u16) -> Result<&'t [u8]> {
        let key = self.key(part, run);
        let value =
            self.view.sealed(Table::Block, &key)?.filter(|value| value.len() <= limits::VALUE_BYTES_MAX);
        value.map(seal::payload_unchecked).ok_or_else(|| seal::corrupted(Table::Block, &key))
    }

    /// Tells the system that a run of a part is read soon, unless this process has read it before; whether it was told so.
    pub(crate) fn will_need(self, part: BlockPart, run: u16) -> Result<bool> {
        let key = self.key(part, run);
        self.view.will_need(Table::Block, &key)
    }

    /// Tells the system that some bytes of a part are read soon.
    pub(crate) fn will_need_bytes(bytes: &'t [u8]) {
        env::will_need(bytes);
    }

    /// Whether the block has a run of a part.
    pub(crate) fn has_part(self, part: BlockPart, run: u16) -> Result<bool> {
        Ok(self.view.sealed(Table::Block, &self.key(part, run))?.is_some())
    }

    /// The run of [`BlockPart::Vectors`] under which a slice is kept until all of them are there and become one value.
    pub(crate) fn vectors_run(slice: u16) -> u16 {
        slice + 1
    }

    /// The first slice whose vectors are not coded yet; `None` if all are.
    pub(crate) fn uncoded_slice(self) -> Result<Option<u16>> {
        if self.has_part(BlockPart::Vectors, 0)? {
            return Ok(None);
        }
        for slice in 0..self.slices() as u16 {
            if !self.has_part(BlockPart::Vectors, Self::vectors_run(slice))? {
                return Ok(Some(slice));
            }
        }
        Err(self.malformed(BlockPart::Vectors))
    }

    fn key(self, part: BlockPart, run: u16) -> [u8; 13] {
        self.entry.number.part_key(part, self.generation, run)
    }

    /// Which rows have a vector, as a bitmap.
    pub(crate) fn vectors(self) -> Result<Vec<u64>> {
        let bitmap = read_vectors(self.part(BlockPart::Vectors, 0)?, self.entry.rows);
        bitmap.ok_or_else(|| self.malformed(BlockPart::Vectors))
    }

    /// How many slices it has.
    pub(crate) fn slices(self) -> usize {
        slices(self.entry.rows)
    }

    /// The columns of one slice of it.
    pub(crate) fn columns(self, slice: usize) -> Result<Columns<'t>> {
        let columns = Columns::read(self.part(BlockPart::Columns, slice as u16)?);
        let rows = (self.entry.rows as usize).saturating_sub(slice * limits::SLICE_ROWS);
        let columns = columns.filter(|columns| columns.rows() == rows.min(limits::SLICE_ROWS));
        columns.ok_or_else(|| self.malformed(BlockPart::Columns))
    }

    /// The columns of every slice of it, in order.
    pub(crate) fn all_columns(self) -> Result<Vec<Columns<'t>>> {
        (0..self.slices()).map(|slice| self.columns(slice)).collect()
    }

    /// The row of a slot, if the block has one. `columns` are those of a slice.
    pub(crate) fn row_of(
        self,
        slot: Slot,
        columns: impl Fn(usize) -> Result<Columns<'t>>,
    ) -> Result<Option<usize>> {
        let BlockEntry { first, last, rows, .. } = self.entry;
        if slot < first || last < slot {
            return Ok(None);
        }
        // Where no slot between the first and the last is left out, each is where it belongs.
        if last.0 - first.0 == rows - 1 {
            return Ok(Some((slot.0 - first.0) as usize));
        }
        let (mut low, mut high) = (0, self.slices());
        while high - low > 1 {
            let middle = low.midpoint(high);
            if columns(middle)?.slot(0) <= slot { low = middle } else { high = middle }
        }
        Ok(columns(low)?.row_of(slot).map(|row| low * limits::SLICE_ROWS + row))
    }

    pub(crate) fn state(self) -> Result<BlockState> {
        let key = self.entry.number.key();
        let state = self.view.row(Table::BlockState, &key, BlockState::read)?;
        let state = state.filter(|state| state.rows == self.entry.rows);
        state.ok_or_else(|| seal::corrupted(Table::BlockState, &key))
    }

    /// The values of the postings in the order of their terms: from the one with the greatest first term that is not
    /// above `term`, or from the first.
    pub(crate) fn postings_from(
        self,
        term: &[u8],
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], &'t [u8])>> + use<'t>> {
        let (view, number) = (self.view, self.entry.number);
        let wanted = number.posting_key(term);
        let is_ours = |key: &[u8]| BlockNumber::read(key) == Some(number);
        let first = view.at_or_before(Table::Posting, &wanted, is_ours)?;
        let end = BlockNumber(number.0.saturating_add(1)).key();
        // Most terms end in the first value, so that the next one is looked for when it is asked for.
        let rest = std::iter::once_with(move || {
            let from = first.map_or(Bound::Included(wanted.as_slice()), |(key, _)| Bound::Excluded(key));
            match view.range_once(Table::Posting, from, Bound::Excluded(&end)) {
                Ok(rows) => (Some(rows), None),
                Err(error) => (None, Some(Err(error))),
            }
        });
        let rest = rest.flat_map(|(rows, error)| error.into_iter().chain(rows.into_iter().flatten()));
        let rows = first.map(Ok).into_iter().chain(rest);
        Ok(rows.map(|row| {
            let (key, value) = row?;
            Ok((key.get(8..).unwrap_or_default(), value))
        }))
    }

    /// The error for a part that is not what it should be.
    pub(crate) fn malformed(self, part: BlockPart) -> PulseDBError {
        seal::corrupted(Table::Block, &self.key(part, 0))
    }

    /// The error for postings that are not what they should be.
    pub(crate) fn malformed_postings(self) -> PulseDBError {
        seal::corrupted(Table::Posting, &self.entry.number.key())
    }
}

/// The error for a row of the tail that is not what it should be.
pub(crate) fn malformed_tail(slot: Slot) -> PulseDBError {
    seal::corrupted(Table::Tail, &slot.0.to_be_bytes())
}

/// The error for a row of pieces that is not what it should be.
pub(crate) fn malformed_piece(slot: Slot) -> PulseDBError {
    seal::corrupted(Table::Piece, &slot.0.to_be_bytes())
}

/// The error for what the codes of a series share, if it is not what it should be.
pub(crate) fn malformed_shared() -> PulseDBError {
    seal::corrupted(Table::Series, b"shared")
}
