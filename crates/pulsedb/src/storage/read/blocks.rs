//! Blocks, their states and postings, and the tail: the index as it lies in one snapshot.

use std::ops::Bound;

use crate::error::{PulseDBError, Result};
use crate::limits;
use crate::model::change::Slot;
use crate::storage::format::block_state::BlockState;
use crate::storage::format::columns::Columns;
use crate::storage::format::seal;
use crate::storage::format::series::{
    BlockEntry, BlockNumber, BlockPart, SeriesId, SeriesRow, read_tail_slot,
};
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

impl<'t> View<'t> {
    /// The row that lists the blocks of a series; an empty one if nothing was sealed yet.
    pub(crate) fn series(self, series: SeriesId) -> Result<SeriesRow> {
        Ok(self.row(Table::Series, &series.blocks_key(), SeriesRow::read)?.unwrap_or_default())
    }

    /// What the codes of all blocks of a series share.
    pub(crate) fn shared(self, series: SeriesId) -> Result<Option<&'t [u8]>> {
        self.get(Table::Series, &series.shared_key())
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

    pub(crate) fn block(self, entry: BlockEntry) -> BlockView<'t> {
        BlockView { view: self, entry }
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
}

impl<'t> BlockView<'t> {
    /// A run of a part. It is checked once in a process, since a block never changes.
    pub(crate) fn part(self, part: BlockPart, run: u16) -> Result<&'t [u8]> {
        let key = self.entry.number.part_key(part, run);
        let value = self.view.get_once(Table::Block, &key)?;
        value.ok_or_else(|| seal::corrupted(Table::Block, &key))
    }

    /// A run of a part each piece of which has a check of its own: its checksum is not compared.
    pub(crate) fn part_of_checked_pieces(self, part: BlockPart, run: u16) -> Result<&'t [u8]> {
        let key = self.entry.number.part_key(part, run);
        let value =
            self.view.sealed(Table::Block, &key)?.filter(|value| value.len() <= limits::VALUE_BYTES_MAX);
        value.map(seal::payload_unchecked).ok_or_else(|| seal::corrupted(Table::Block, &key))
    }

    /// Tells the system that a run of a part is read soon, unless this process has read it before.
    pub(crate) fn will_need(self, part: BlockPart, run: u16) -> Result<()> {
        let key = self.entry.number.part_key(part, run);
        self.view.will_need(Table::Block, &key)
    }

    /// Whether the block has a part.
    pub(crate) fn has_part(self, part: BlockPart) -> Result<bool> {
        Ok(self.view.sealed(Table::Block, &self.entry.number.part_key(part, 0))?.is_some())
    }

    pub(crate) fn columns(self) -> Result<Columns<'t>> {
        let columns = Columns::read(self.part(BlockPart::Columns, 0)?);
        let columns = columns.filter(|columns| columns.rows() == self.entry.rows as usize);
        columns.ok_or_else(|| self.malformed(BlockPart::Columns))
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
        seal::corrupted(Table::Block, &self.entry.number.part_key(part, 0))
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
