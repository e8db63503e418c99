//! Merging blocks in bounded steps, one or a few a commit.
//!
//! ```text
//! begin:  8 neighbours of about one size, or a block of which a quarter is dead, with its small neighbours
//!         the rows that are dead now are left out; which they are is written down
//! steps:  columns and the parts of the builder, a slice of the new block each
//!         then its terms, a range each
//! end:    the state of the new block from those of the old ones, whose rows may have died meanwhile
//!         the list names the new block; the old ones are removed
//! ```
//! Readers use the old blocks until the list names the new one, in one transaction. What a merge has done so far is
//! stored, so that any process goes on with it.

use heed::PutFlags;

use crate::error::Result;
use crate::limits;
use crate::model::change::Slot;
use crate::storage::format::block_state::{self, BlockState, WORD_ROWS, read_dropped, write_dropped};
use crate::storage::format::columns::write_columns;
use crate::storage::format::seal;
use crate::storage::format::series::{BlockEntry, BlockNumber, BlockPart, MergeRow};
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::format::writer::Write;
use crate::storage::write::block_builder::{MergeSource, kept_in_slice};
use crate::storage::write::transaction::{OpenCollective, WriteTxn};

/// About what a row of a block takes beside its codes and postings.
const COLUMN_BYTES: usize = 64;

impl WriteTxn<'_> {
    /// Takes some steps of the merge that is under way, and begins one that is due.
    pub(super) fn merge(&mut self, collective: &mut OpenCollective) -> Result<()> {
        if collective.series.changes == 0 {
            return Ok(());
        }
        let steps = collective.series.changes.div_ceil(limits::RECORDS_A_MERGE_STEP);
        for _ in 0..steps {
            if collective.series.row.merge.is_none() && !self.begin_merge(collective)? {
                return Ok(());
            }
            if !self.has_room(step_bytes(collective)) {
                return Ok(());
            }
            self.merge_step(collective)?;
        }
        Ok(())
    }

    /// Begins the next merge; whether one is due.
    fn begin_merge(&mut self, collective: &mut OpenCollective) -> Result<bool> {
        let Some((from, count)) = due(&collective.series.row.blocks, self.rules.seal_rows) else {
            return Ok(false);
        };
        let sources = collective.series.row.blocks[from..from + count].to_vec();
        let states = self.states(&sources)?;
        let target = self.next_block_number()?;
        let dropped = states.into_iter().map(|mut state| {
            state.dead.resize(block_state::words(state.rows), 0);
            state.dead
        });
        let dropped: Vec<Vec<u64>> = dropped.collect();
        let rows = kept_rows(&sources, &dropped);
        self.put(Table::Block, &target.whole_key(BlockPart::Dropped), |out| write_dropped(&dropped, out))?;
        let series = &mut collective.series;
        let first_source = sources[0].number;
        let (step, next_term) = (0, Vec::new());
        let sources = count as u16;
        series.row.merge = Some(MergeRow { target, first_source, sources, rows, step, next_term });
        series.changed = true;
        tracing::debug!(block = target.0, sources, rows, "began a merge");
        Ok(true)
    }

    fn states(&self, sources: &[BlockEntry]) -> Result<Vec<BlockState>> {
        sources.iter().map(|entry| self.view().block(*entry, self.embedding.generation).state()).collect()
    }

    fn merge_step(&mut self, collective: &mut OpenCollective) -> Result<()> {
        let Some(mut merge) = collective.series.row.merge.clone() else { return Ok(()) };
        let entries = collective.series.row.sources(&merge).to_vec();
        let dropped = self.dropped(&merge, &entries)?;
        let mut is_done = merge.rows == 0;
        if !is_done {
            if merge.has_parts() {
                let next = self.merge_postings(&merge, &entries, &dropped)?;
                is_done = next.is_none();
                merge.next_term = next.unwrap_or_default();
            } else {
                self.merge_slice(collective.dimension, &merge, &entries, &dropped)?;
            }
        }
        if is_done {
            return self.end_merge(collective, &merge, &entries, &dropped);
        }
        tracing::debug!(block = merge.target.0, step = merge.step, "took a step of a merge");
        merge.step += 1;
        collective.series.row.merge = Some(merge);
        collective.series.changed = true;
        Ok(())
    }

    fn dropped(&self, merge: &MergeRow, entries: &[BlockEntry]) -> Result<Vec<Vec<u64>>> {
        let key = merge.target.whole_key(BlockPart::Dropped);
        let rows = entries.iter().map(|entry| entry.rows);
        let dropped = self.view().row(Table::Block, &key, |bytes| read_dropped(bytes, rows))?;
        dropped.ok_or_else(|| seal::corrupted(Table::Block, &key))
    }

    fn merge_slice(
        &mut self,
        dimension: usize,
        merge: &MergeRow,
        entries: &[BlockEntry],
        dropped: &[Vec<u64>],
    ) -> Result<()> {
        let slice = merge.step as u16;
        let (rows, parts) = {
            let sources = self.sources(entries, dropped);
            (kept_columns(&sources, slice)?, self.rules.builder.merge_slice(dimension, &sources, slice)?)
        };
        let generation = self.embedding.generation;
        let key = merge.target.part_key(BlockPart::Columns, generation, slice);
        self.write(Table::Block, &key, PutFlags::NO_OVERWRITE, |out| write_columns(&rows, out))?;
        for (part, run, bytes) in parts {
            let key = merge.target.part_key(part, generation, run);
            self.write(Table::Block, &key, PutFlags::NO_OVERWRITE, |out| out.put(&bytes))?;
        }
        Ok(())
    }

    fn merge_postings(
        &mut self,
        merge: &MergeRow,
        entries: &[BlockEntry],
        dropped: &[Vec<u64>],
    ) -> Result<Option<Vec<u8>>> {
        let merged = {
            let sources = self.sources(entries, dropped);
            self.rules.builder.merge_postings(&sources, &merge.next_term, limits::MERGE_STEP_BYTES)?
        };
        for (first_term, bytes) in merged.postings {
            let key = merge.target.posting_key(&first_term);
            self.write(Table::Posting, &key, PutFlags::NO_OVERWRITE, |out| out.put(&bytes))?;
        }
        Ok(merged.next_term)
    }

    fn sources(&self, entries: &[BlockEntry], dropped: &[Vec<u64>]) -> Vec<MergeSource<'_>> {
        let each = entries.iter().zip(dropped);
        let source = |(entry, dropped): (&BlockEntry, &Vec<u64>)| MergeSource {
            block: self.view().block(*entry, self.embedding.generation),
            dropped: dropped.clone(),
        };
        each.map(source).collect()
    }

    /// Puts the new block in the place of the old ones.
    fn end_merge(
        &mut self,
        collective: &mut OpenCollective,
        merge: &MergeRow,
        entries: &[BlockEntry],
        dropped: &[Vec<u64>],
    ) -> Result<()> {
        let states = self.states(entries)?;
        let mut target = self.view().being_merged(merge, self.embedding.generation)?;
        self.delete(Table::Block, &merge.target.whole_key(BlockPart::Dropped))?;
        let row = &mut collective.series.row;
        let from = row.blocks.iter().position(|block| block.number == merge.first_source);
        let from = from.unwrap_or(row.blocks.len());
        let state = joined(&states, dropped, merge.rows);
        if let Some(target) = &mut target {
            target.dead = state.dead_rows();
        }
        row.blocks.splice(from..from + entries.len(), target);
        row.merge = None;
        collective.series.changed = true;
        if let Some(target) = target {
            self.put(Table::BlockState, &target.number.key(), |out| state.write(out))?;
        }
        entries.iter().try_for_each(|entry| self.remove_block(entry.number).map(|_| ()))?;
        tracing::debug!(block = merge.target.0, rows = merge.rows, "ended a merge");
        Ok(())
    }

    /// Removes every row of a block; how many they were.
    pub(super) fn remove_block(&mut self, number: BlockNumber) -> Result<usize> {
        let mut removed = usize::from(self.delete(Table::BlockState, &number.key())?);
        for table in [Table::Block, Table::Posting] {
            let keys = self.view().keys_under(table, number.key())?;
            removed += keys.len();
            for key in keys {
                self.delete(table, &key)?;
            }
        }
        Ok(removed)
    }
}

/// About what the next step writes.
fn step_bytes(collective: &OpenCollective) -> usize {
    match &collective.series.row.merge {
        Some(merge) if !merge.has_parts() => {
            (merge.rows as usize).min(limits::SLICE_ROWS) * (COLUMN_BYTES + 2 * collective.dimension)
        }
        _ => 2 * limits::MERGE_STEP_BYTES,
    }
}

/// Which neighbours to join: the place of the first and how many.
fn due(blocks: &[BlockEntry], seal_rows: u32) -> Option<(usize, usize)> {
    if let Some(run) = full_run(blocks, seal_rows) {
        return Some(run);
    }
    let sparse = |block: &BlockEntry| block.dead > 0 && block.dead.saturating_mul(4) >= block.rows;
    let at = blocks.iter().position(sparse)?;
    Some((at, with_small_neighbours(&blocks[at..])))
}

/// How many blocks, the first and those behind it, fit into one of its size with what lives in them.
fn with_small_neighbours(blocks: &[BlockEntry]) -> usize {
    let room = blocks.first().map_or(0, |block| block.rows);
    let mut live = 0;
    let fitting = blocks.iter().take(limits::MERGED_BLOCKS).take_while(|block| {
        live += block.rows - block.dead;
        live <= room
    });
    fitting.count().max(1)
}

/// Neighbours of one level that a merge joins: as many as it takes, or as many as fit into the largest block.
fn full_run(blocks: &[BlockEntry], seal_rows: u32) -> Option<(usize, usize)> {
    let of_level = |block: &BlockEntry| level(block.rows, seal_rows);
    let starts = blocks.iter().enumerate();
    let mut full = starts.filter_map(|(first, block)| {
        let neighbours = blocks[first..].iter().take_while(|one| of_level(one) == of_level(block));
        let (mut count, mut rows, mut largest) = (0, 0_u32, 0);
        for one in neighbours {
            let joined = rows.saturating_add(one.rows);
            if joined > limits::SEALED_ROWS_MAX {
                // The next one does not fit. What is copied at least doubles, so that no row is copied often.
                return (count > 1 && largest <= rows / 2).then_some((first, count));
            }
            (count, rows, largest) = (count + 1, joined, largest.max(one.rows));
            if count == limits::MERGED_BLOCKS {
                return Some((first, count));
            }
        }
        None
    });
    full.next()
}

/// How often a block was merged, as its size tells.
fn level(rows: u32, seal_rows: u32) -> u32 {
    (rows / seal_rows.max(1)).max(1).ilog(limits::MERGED_BLOCKS as u32)
}

fn kept_rows(entries: &[BlockEntry], dropped: &[Vec<u64>]) -> u32 {
    let left_out: u32 = dropped.iter().flatten().map(|word| word.count_ones()).sum();
    entries.iter().map(|entry| entry.rows).sum::<u32>().saturating_sub(left_out)
}

/// The columns of the rows of a slice. Whether they are archived or superseded is said by states, not by columns.
fn kept_columns(sources: &[MergeSource<'_>], slice: u16) -> Result<Vec<(Slot, SlotRow)>> {
    let mut rows = Vec::new();
    for (source, kept) in sources.iter().zip(kept_in_slice(sources, slice)) {
        for (slice, kept) in kept.chunks(limits::SLICE_ROWS / WORD_ROWS).enumerate() {
            if kept.iter().any(|word| *word != 0) {
                let columns = source.block.columns(slice)?;
                let kept = (0..columns.rows()).filter(|row| block_state::has(kept, *row));
                rows.extend(kept.map(|row| (columns.slot(row), columns.slot_row(row))));
            }
        }
    }
    Ok(rows)
}

/// The state of the new block from those of the old ones.
fn joined(states: &[BlockState], dropped: &[Vec<u64>], rows: u32) -> BlockState {
    let mut joined = BlockState::new(rows);
    let mut to = 0;
    for (state, dropped) in states.iter().zip(dropped) {
        let left_out = dropped.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        if [&state.dead, &state.archived, &state.superseded].iter().all(|bitmap| bitmap.is_empty()) {
            to += state.rows as usize - left_out;
            continue;
        }
        for row in (0..state.rows as usize).filter(|row| !block_state::has(dropped, *row)) {
            joined.set_dead(to, block_state::has(&state.dead, row));
            joined.set_archived(to, block_state::has(&state.archived, row));
            joined.set_superseded(to, block_state::has(&state.superseded, row));
            to += 1;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL_ROWS: u32 = 256;

    fn blocks(rows: &[u32]) -> Vec<BlockEntry> {
        let entry = |(at, &rows): (usize, &u32)| BlockEntry {
            number: BlockNumber(at as u64),
            first: Slot(0),
            last: Slot(0),
            rows,
            dead: 0,
        };
        rows.iter().enumerate().map(entry).collect()
    }

    /// The blocks that are left when so many of one size come one after the other, and how many rows were copied.
    fn grown(sealed: u32, times: u32) -> (Vec<u32>, u64) {
        let (mut sizes, mut copied) = (Vec::new(), 0);
        for _ in 0..times {
            sizes.push(sealed);
            while let Some((first, count)) = due(&blocks(&sizes), SEAL_ROWS) {
                let rows = sizes.drain(first..first + count).sum::<u32>();
                copied += u64::from(rows);
                sizes.insert(first, rows);
            }
        }
        (sizes, copied)
    }

    #[test]
    fn blocks_of_any_size_grow_until_they_are_large() {
        for sealed in [255, 256, 257, 300, 500, 700, 1000, 2048, 2500, 4096, 5000, 10_000] {
            let times = 40 * limits::SEALED_ROWS_MAX / sealed;
            let (sizes, copied) = grown(sealed, times);
            let large = sizes.iter().filter(|rows| **rows > limits::SEALED_ROWS_MAX / 2).count();
            assert!(sizes.iter().all(|rows| *rows <= limits::SEALED_ROWS_MAX.max(sealed)));
            assert!(sizes.len() - large <= 40, "{sealed}: {sizes:?}");
            let rows = u64::from(sealed * times);
            assert!(copied <= 4 * rows, "{sealed}: each row was copied {} times", copied / rows);
        }
    }

    #[test]
    fn large_block_is_not_copied_for_a_small_one() {
        assert_eq!(due(&blocks(&[100_000, 17_000, 17_000]), SEAL_ROWS), None);
        assert_eq!(due(&blocks(&[30_000; 5]), SEAL_ROWS), Some((0, 4)));
        assert_eq!(due(&blocks(&[30_000; 4]), SEAL_ROWS), None);
    }
}
