//! What a move to another embedder still lacks: texts without a vector of the next generation, blocks without codes.

use std::ops::Bound;

use crate::error::Result;
use crate::id::{CollectiveId, InsightId};
use crate::limits;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::collective::CollectiveRow;
use crate::storage::format::seal;
use crate::storage::format::series::{BlockEntry, Generation, IndexedKind, ProgressRow, SeriesId};
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

/// Texts that the next generation has no vectors of, in the order of their slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PendingTexts {
    pub(in crate::storage) parts: Vec<PendingPart>,
}

impl PendingTexts {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.rows.len()).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The texts, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| &part.rows).map(|(_, text)| text.as_str())
    }
}

/// Those of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::storage) struct PendingPart {
    pub(in crate::storage) collective: CollectiveId,
    pub(in crate::storage) id: SeriesId,
    /// The slot that the series had got to.
    pub(in crate::storage) from: u32,
    pub(in crate::storage) rows: Vec<(Slot, String)>,
}

/// A slice of a block that has no codes of the next generation.
#[derive(Debug, Clone, Copy)]
pub(in crate::storage) struct PendingSlice {
    pub(in crate::storage) collective: CollectiveId,
    pub(in crate::storage) id: SeriesId,
    pub(in crate::storage) entry: BlockEntry,
    pub(in crate::storage) slice: u16,
}

impl View<'_> {
    /// Every series of the collectives that exist, in the order of their numbers.
    pub(in crate::storage) fn all_series(self) -> Result<Vec<(CollectiveId, SeriesId)>> {
        let mut numbers: Vec<(CollectiveNumber, CollectiveId)> = Vec::new();
        for row in self.range(Table::Collective, Bound::Unbounded, Bound::Unbounded)? {
            let (key, bytes) = row?;
            let id = key.try_into().map(CollectiveId::from_bytes);
            match (id, CollectiveRow::read(bytes)) {
                (Ok(id), Some(row)) => numbers.push((row.number, id)),
                _ => return Err(seal::corrupted(Table::Collective, key)),
            }
        }
        numbers.sort_unstable();
        let series = |(number, id): (CollectiveNumber, CollectiveId)| {
            [number, number.of_insights()].map(|number| (id, SeriesId::of(number)))
        };
        Ok(numbers.into_iter().flat_map(series).collect())
    }

    /// How far a move to another embedder is in a series.
    pub(in crate::storage) fn progress(self, id: SeriesId) -> Result<ProgressRow> {
        Ok(self.row(Table::Series, &id.progress_key(), ProgressRow::read)?.unwrap_or_default())
    }

    /// Records that have a vector of the next generation, and records in all.
    pub(in crate::storage) fn progress_in_all(self) -> Result<(u64, u64)> {
        let (mut done, mut total) = (0, 0);
        for (_, id) in self.all_series()? {
            done += self.progress(id)?.rows;
            total += self.counter(id.number)?.experiences;
        }
        Ok((done, total))
    }

    /// The content of what stands in a slot.
    fn content_of(self, id: SeriesId, row: &SlotRow) -> Result<String> {
        Ok(match id.kind {
            IndexedKind::Experience => self.indexed_row(row.id)?.1.content,
            IndexedKind::Insight => self.indexed_insight_row(InsightId::of_record(row.id))?.1.content,
        })
    }

    /// Texts that the next generation lacks, at most so many; no more follow if there are none.
    pub(in crate::storage) fn pending_texts(self, most: usize) -> Result<PendingTexts> {
        let mut pending = PendingTexts::default();
        let (mut rows, mut bytes) = (0, 0);
        for (collective, id) in self.all_series()? {
            let from = self.progress(id)?.next_slot;
            let mut part = PendingPart { collective, id, from, rows: Vec::new() };
            for row in self.slots_from(id.number, Slot(from))? {
                if rows == most || bytes >= limits::REEMBED_BYTES {
                    break;
                }
                let (slot, row) = row?;
                let content = self.content_of(id, &row)?;
                bytes += content.len();
                rows += 1;
                part.rows.push((slot, content));
            }
            if !part.rows.is_empty() {
                pending.parts.push(part);
            }
        }
        Ok(pending)
    }

    /// The next slice without codes of the next generation, among the blocks of whose rows it has the vectors. The block
    /// that a merge is making is one of them: it takes the place of others without being built again.
    pub(in crate::storage) fn pending_slice(self, next: Generation) -> Result<Option<PendingSlice>> {
        for (collective, id) in self.all_series()? {
            let reached = self.progress(id)?.next_slot;
            let series = self.series(id)?;
            let merged = series.merge.as_ref().map(|merge| self.being_merged(merge, next)).transpose()?;
            for entry in series.blocks.iter().copied().chain(merged.flatten()) {
                if entry.last.0 < reached
                    && let Some(slice) = self.block(entry, next).uncoded_slice()?
                {
                    return Ok(Some(PendingSlice { collective, id, entry, slice }));
                }
            }
        }
        Ok(None)
    }
}
