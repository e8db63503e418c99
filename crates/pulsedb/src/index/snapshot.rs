//! The index of one collective in one snapshot: its blocks, and the rows that no block answers for.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::error::Result;
use crate::index::builder::frame;
use crate::index::loose::{LooseRow, Terms, is_damage, loose_rows};
use crate::lexical::Lengths;
use crate::limits::SLICE_ROWS;
use crate::model::change::Slot;
use crate::storage::{
    BlockPart, BlockState, BlockView, CollectiveView, Columns, Generation, SeriesId, SlotRow,
    malformed_shared,
};
use crate::vector::codes::Frame;

/// A block that can be read.
#[derive(Clone)]
pub(crate) struct Segment<'t> {
    pub(crate) block: BlockView<'t>,
    pub(crate) state: BlockState,
    /// The address of its first row.
    pub(crate) first: u32,
    columns: Vec<OnceCell<Columns<'t>>>,
    has_vector: OnceCell<Vec<u64>>,
}

/// Where a row lies: rows of blocks come first, in their order, then the loose ones.
pub(crate) type Address = u32;

/// A row behind an address.
#[derive(Clone, Copy)]
pub(crate) enum Part<'s, 't> {
    InBlock(&'s Segment<'t>, usize),
    Loose(&'s LooseRow<'t>),
}

/// The index of one collective as a snapshot has it.
pub(crate) struct Snapshot<'t> {
    pub(crate) collective: CollectiveView<'t>,
    pub(crate) segments: Vec<Segment<'t>>,
    pub(crate) loose: Vec<LooseRow<'t>>,
    /// The address of the first loose row.
    pub(crate) first_loose: u32,
    /// The generation of vectors that is in force.
    pub(crate) generation: Generation,
    shared: Option<&'t [u8]>,
}

impl<'t> Snapshot<'t> {
    /// Reads the lists, and of each block what every query needs; of loose rows their terms, if they are asked for.
    pub(crate) fn open(collective: CollectiveView<'t>, terms: Terms) -> Result<Self> {
        let id = SeriesId::of(collective.number);
        let mut loose = Vec::new();
        let mut segments = Vec::new();
        let mut first = 0;
        let generation = collective.view.generation()?;
        let series = collective.view.series(id)?;
        for entry in &series.blocks {
            match Segment::open(collective.view.block(*entry, generation), first) {
                Ok(segment) => {
                    segments.push(segment);
                    first += entry.rows;
                }
                Err(error) if is_damage(&error) => {
                    tracing::warn!(%error, "a block is damaged, its records answer; run `repair`");
                    loose_rows(collective, entry.first, entry.last, terms, &mut loose)?;
                }
                Err(error) => return Err(error),
            }
        }
        loose_rows(collective, Slot(series.tail_from), Slot(u32::MAX), terms, &mut loose)?;
        let shared = collective.view.shared(id, generation)?;
        Ok(Self { collective, segments, loose, first_loose: first, generation, shared })
    }

    /// Every row for itself: slower, and right where blocks are damaged.
    pub(crate) fn of_records(collective: CollectiveView<'t>, terms: Terms) -> Result<Self> {
        let mut loose = Vec::new();
        loose_rows(collective, Slot(0), Slot(u32::MAX), terms, &mut loose)?;
        let generation = collective.view.generation()?;
        Ok(Self { collective, segments: Vec::new(), loose, first_loose: 0, generation, shared: None })
    }

    /// The frame of the codes; `None` before the first block that has some.
    pub(crate) fn frame(&self, dimension: usize) -> Result<Option<Rc<Frame>>> {
        let Some(shared) = self.shared else { return Ok(None) };
        frame(dimension, shared).map(Some).ok_or_else(malformed_shared)
    }

    /// The address of the row in a slot, if there is one.
    pub(crate) fn address_of(&self, slot: Slot) -> Result<Option<Address>> {
        if let Ok(at) = self.loose.binary_search_by_key(&slot, |row| row.slot) {
            return Ok(Some(self.first_loose + at as u32));
        }
        let after = self.segments.partition_point(|segment| segment.block.entry.first <= slot);
        let Some(segment) = after.checked_sub(1).and_then(|at| self.segments.get(at)) else {
            return Ok(None);
        };
        let row = segment.block.row_of(slot, |slice| segment.columns(slice).copied())?;
        Ok(row.map(|row| segment.first + row as u32))
    }

    /// The row behind an address that this snapshot has given.
    pub(crate) fn part(&self, address: Address) -> Part<'_, 't> {
        if let Some(row) = address.checked_sub(self.first_loose) {
            return Part::Loose(&self.loose[row as usize]);
        }
        let (block, row) = self.place(address);
        Part::InBlock(&self.segments[block], row)
    }

    /// The segment of an address below the first loose one, and the row in it.
    pub(crate) fn place(&self, address: Address) -> (usize, usize) {
        let block = self.segments.partition_point(|segment| segment.first <= address) - 1;
        (block, (address - self.segments[block].first) as usize)
    }

    /// How many addresses there are.
    pub(crate) fn rows(&self) -> usize {
        self.first_loose as usize + self.loose.len()
    }

    /// Whether a row has a vector.
    pub(crate) fn has_vector(&self, address: Address) -> Result<bool> {
        match self.part(address) {
            Part::InBlock(segment, row) => Ok(segment.has_vector()?[row / 64] >> (row % 64) & 1 == 1),
            Part::Loose(loose) => self.collective.has_vector(self.generation, loose.slot),
        }
    }

    /// The slot of a row, and what is kept of it.
    pub(crate) fn row(&self, address: Address) -> Result<(Slot, SlotRow)> {
        Ok(match self.part(address) {
            Part::InBlock(segment, row) => {
                let (columns, at) = (segment.columns(row / SLICE_ROWS)?, row % SLICE_ROWS);
                (columns.slot(at), segment.state.of_row(row, columns.slot_row(at)))
            }
            Part::Loose(loose) => (loose.slot, loose.row),
        })
    }
}

impl<'t> Segment<'t> {
    fn open(block: BlockView<'t>, first: u32) -> Result<Self> {
        let (columns, has_vector) = (vec![OnceCell::new(); block.slices()], OnceCell::new());
        Ok(Self { state: block.state()?, block, first, columns, has_vector })
    }

    /// The columns of a slice, read when they are first asked for: most searches need those of few.
    pub(crate) fn columns(&self, slice: usize) -> Result<&Columns<'t>> {
        let cell = self.columns.get(slice).ok_or_else(|| self.block.malformed(BlockPart::Columns))?;
        if let Some(columns) = cell.get() {
            return Ok(columns);
        }
        let columns = self.block.columns(slice)?;
        Ok(cell.get_or_init(|| columns))
    }

    /// Which rows have a vector, read when it is first asked for.
    pub(crate) fn has_vector(&self) -> Result<&[u64]> {
        if let Some(bitmap) = self.has_vector.get() {
            return Ok(bitmap);
        }
        let bitmap = self.block.vectors()?;
        Ok(self.has_vector.get_or_init(|| bitmap))
    }

    /// How many words each row has.
    pub(crate) fn lengths(&self) -> Result<Lengths<'t>> {
        let lengths = Lengths::read(self.block.part(BlockPart::Lengths, 0)?, self.block.entry.rows);
        lengths.map_err(|_| self.block.malformed(BlockPart::Lengths))
    }
}
