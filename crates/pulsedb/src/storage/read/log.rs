//! Reading the change log: dense numbers, and the rows that a deleted collective still owes it.

use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::{PulseDBError, Result};
use crate::id::Seq;
use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange, Slot};
use crate::storage::format::change::read_change;
use crate::storage::format::keys;
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::seal;
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

impl View<'_> {
    /// The changes after `since`, in order, at most `limit`.
    ///
    /// # Errors
    /// `ChangesGone` if the log does not reach back that far.
    pub(crate) fn changes(self, since: Seq, limit: usize) -> Result<Vec<Change>> {
        let last = self.last_sequence()?;
        if since >= last {
            return Ok(Vec::new());
        }
        let oldest = self.oldest_change()?;
        if since.saturating_add(1) < oldest {
            return Err(PulseDBError::ChangesGone { oldest });
        }
        let mut changes = Vec::new();
        let mut next = since + 1;
        while next <= last && changes.len() < limit {
            let found = changes.len();
            self.written_changes(&mut next, limit, &mut changes)?;
            if next <= last && changes.len() < limit {
                self.owed_changes(&mut next, limit, &mut changes)?;
            }
            if changes.len() == found {
                // Neither written nor owed: the log has a hole.
                return Err(seal::corrupted(Table::Log, &keys::sequence(next)));
            }
        }
        Ok(changes)
    }

    /// Collects rows from `next` on, up to the first gap.
    fn written_changes(self, next: &mut Seq, limit: usize, changes: &mut Vec<Change>) -> Result<()> {
        let from = keys::sequence(*next);
        for row in self.range(Table::Log, Bound::Included(&from), Bound::Unbounded)? {
            let (key, bytes) = row?;
            if changes.len() == limit || keys::read_sequence(key) != Some(*next) {
                break;
            }
            let (change, _) = read_change(*next, bytes).ok_or_else(|| seal::corrupted(Table::Log, key))?;
            changes.push(change);
            *next += 1;
        }
        Ok(())
    }

    /// Collects the deletions, from `next` on, of experiences that a deleted collective still holds: their
    /// rows are written when the experiences are reclaimed, in the order of their slots.
    fn owed_changes(self, next: &mut Seq, limit: usize, changes: &mut Vec<Change>) -> Result<()> {
        for (number, row) in self.reclaims()? {
            if !(row.next_sequence..row.end_sequence).contains(next) {
                continue;
            }
            let skip = (*next - row.next_sequence) as usize;
            for slot in self.slots(number)?.skip(skip) {
                if changes.len() == limit || *next == row.end_sequence {
                    break;
                }
                let (slot, slot_row) = slot?;
                changes.push(self.owed_change(number, row, *next, slot, slot_row));
                *next += 1;
            }
            return Ok(());
        }
        Ok(())
    }

    /// The change that says that one experience was deleted with its collective. A damaged record is deleted all the
    /// same; only its domains are unknown.
    pub(in crate::storage) fn owed_change(
        self,
        number: CollectiveNumber,
        reclaim: ReclaimRow,
        sequence: Seq,
        slot: Slot,
        row: SlotRow,
    ) -> Change {
        let record = self.stored_experience(row.id).ok().flatten();
        Change {
            sequence,
            timestamp: reclaim.deleted_at,
            number,
            collective_id: reclaim.collective_id,
            kind: ChangeKind::Experience(ExperienceChange {
                id: row.id,
                action: Action::Deleted,
                slot,
                previous: slot,
                type_tag: row.type_tag,
                importance: row.importance,
                domain: record.map_or(Vec::new(), |(_, experience)| experience.domain),
            }),
        }
    }

    /// Whether deleted collectives still have rows.
    pub(crate) fn is_reclaiming(self) -> Result<bool> {
        let has_deleted =
            self.sealed_range(Table::Reclaim, Bound::Unbounded, Bound::Unbounded)?.next().is_some();
        Ok(has_deleted || self.has_old_vectors()?)
    }

    /// Deleted collectives that still have rows.
    pub(crate) fn reclaims(self) -> Result<Vec<(CollectiveNumber, ReclaimRow)>> {
        self.range(Table::Reclaim, Bound::Unbounded, Bound::Unbounded)?
            .map(|row| {
                let (key, bytes) = row?;
                let number = key.try_into().map(u32::from_be_bytes).map(CollectiveNumber);
                match (number, ReclaimRow::read(bytes)) {
                    (Ok(number), Some(row)) => Ok((number, row)),
                    _ => Err(seal::corrupted(Table::Reclaim, key)),
                }
            })
            .collect()
    }

    /// The first written row at or after a number.
    pub(in crate::storage) fn first_written_from(self, sequence: Seq) -> Result<Option<(Change, u64)>> {
        let from = keys::sequence(sequence);
        let Some(row) = self.range(Table::Log, Bound::Included(&from), Bound::Unbounded)?.next() else {
            return Ok(None);
        };
        let (key, bytes) = row?;
        keys::read_sequence(key)
            .and_then(|sequence| read_change(sequence, bytes))
            .map(Some)
            .ok_or_else(|| seal::corrupted(Table::Log, key))
    }

    /// When the first change after the given transaction was made: at the latest since then, a snapshot of that
    /// transaction has been out of date. A binary search over the log, in which transactions ascend.
    pub(crate) fn first_change_after(self, transaction: u64) -> Result<Option<Timestamp>> {
        let (mut low, mut high) = (self.oldest_change()?, self.last_sequence()?.saturating_add(1));
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.first_written_from(middle)? {
                Some((change, written_by)) if change.sequence < high => {
                    if written_by > transaction {
                        found = Some(change.timestamp);
                        high = middle;
                    } else {
                        low = change.sequence + 1;
                    }
                }
                _ => high = middle,
            }
        }
        Ok(found)
    }
}
