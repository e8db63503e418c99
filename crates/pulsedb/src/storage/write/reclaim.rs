//! Deleting a collective: hidden and logged in one step, its rows removed in bounded steps afterwards.

use crate::error::{NotFoundError, PulseDBError, Result, StorageError};
use crate::id::CollectiveId;
use crate::limits;
use crate::model::change::{ChangeKind, CollectiveNumber, Slot};
use crate::storage::format::keys;
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::seal;
use crate::storage::format::series::SeriesId;
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::{OwnerKind, Table};
use crate::storage::write::transaction::WriteTxn;

impl WriteTxn<'_> {
    /// Deletes a collective with everything in it, in a time that does not depend on how much that is.
    ///
    /// Every experience gets a sequence number now, in the order of the slots, and the collective gets the next one. The
    /// log rows of the experiences are written when the experiences are reclaimed; until then, readers of the log see
    /// the same rows, made from what is still there.
    pub(crate) fn delete_collective(&mut self, id: CollectiveId) -> Result<()> {
        let Some(row) = self.view().collective_row(id)? else {
            return Err(NotFoundError::Collective(id).into());
        };
        let counter = self.view().counter(row.number)?;
        let next_sequence = self.take_sequences(counter.experiences)?;
        let end_sequence = self.log((row.number, id), ChangeKind::CollectiveDeleted)?;
        let reclaim = ReclaimRow {
            collective_id: id,
            deleted_at: self.now,
            transaction: self.transaction(),
            next_sequence,
            end_sequence,
        };
        self.delete(Table::Collective, id.as_bytes())?;
        self.delete(Table::CollectiveName, row.name.as_bytes())?;
        self.delete(Table::Counter, &keys::number(row.number))?;
        self.delete(Table::Counter, &keys::number(row.number.of_insights()))?;
        self.put(Table::Reclaim, &keys::number(row.number), |out| reclaim.write(out))
    }

    /// Whether there are rows that nobody can see any more.
    pub(crate) fn has_reclaims(&self) -> Result<bool> {
        Ok(!self.view().reclaims()?.is_empty() || self.view().has_old_vectors()?)
    }

    /// Removes some rows that nobody can see any more; returns whether more is left to do.
    pub(crate) fn reclaim_step(&mut self) -> Result<bool> {
        Ok(self.reclaim_collective()? || self.remove_old_vectors()?)
    }

    /// Removes some rows of one deleted collective; returns whether more is left to do.
    ///
    /// First go the records, by their slots, each with a row in the log; then whatever the other tables hold under the
    /// number of the collective, whether or not a record names it.
    fn reclaim_collective(&mut self) -> Result<bool> {
        let reclaims = self.view().reclaims()?;
        let Some((number, mut row)) = reclaims.first().copied() else { return Ok(false) };
        let slots: Vec<(Slot, SlotRow)> =
            self.view().slots(number)?.take(limits::RECLAIM_ROWS / 4).collect::<Result<_>>()?;
        if slots.is_empty() {
            return Ok(self.remove_relations(number)?
                || self.remove_insights(number)?
                || self.remove_blocks(number)?
                || self.remove_blocks(number.of_insights())?
                || self.remove_numbered(number)?
                || reclaims.len() > 1);
        }
        for (slot, slot_row) in slots {
            if row.next_sequence < row.end_sequence {
                self.pay(number, &row, slot, slot_row)?;
                row.next_sequence += 1;
            }
            // A row whose record is damaged is removed when its time comes.
            if let Ok(Some((_, experience))) = self.view().stored_experience(slot_row.id)
                && let Some(end) = experience.expires_at
            {
                self.delete(Table::Expiry, &keys::expiry(end, number, slot_row.id))?;
            }
            self.delete(Table::Experience, slot_row.id.as_bytes())?;
            self.delete(Table::Slot, &keys::slot(number, slot))?;
        }
        self.put(Table::Reclaim, &keys::number(number), |out| row.write(out))?;
        Ok(true)
    }

    /// Writes the log row that the deletion of the collective owes for one experience.
    fn pay(
        &mut self,
        number: CollectiveNumber,
        row: &ReclaimRow,
        slot: Slot,
        slot_row: SlotRow,
    ) -> Result<()> {
        // Below the floor the log holds nothing any more.
        if row.next_sequence < self.floor() {
            return Ok(());
        }
        let change = self.view().owed_change(number, *row, row.next_sequence, slot, slot_row);
        self.log_owed(&change, row.transaction)
    }

    /// Removes some relations of a deleted collective; whether there were any.
    fn remove_relations(&mut self, number: CollectiveNumber) -> Result<bool> {
        let members = self.view().keys_of(Table::RelationMember, number, limits::RECLAIM_ROWS / 4)?;
        for key in &members {
            if let Some(id) = keys::read_id_bytes(key) {
                self.delete(Table::Relation, &id)?;
            }
            self.delete(Table::RelationMember, key)?;
        }
        Ok(!members.is_empty())
    }

    /// Removes some insights of a deleted collective; whether there were any.
    fn remove_insights(&mut self, number: CollectiveNumber) -> Result<bool> {
        let number = number.of_insights();
        let slots = self.view().slots(number)?.take(limits::RECLAIM_ROWS / 4);
        let slots: Vec<(Slot, SlotRow)> = slots.collect::<Result<_>>()?;
        for (slot, row) in &slots {
            self.delete(Table::Insight, row.id.as_bytes())?;
            self.delete(Table::Slot, &keys::slot(number, *slot))?;
        }
        Ok(!slots.is_empty())
    }

    /// Removes one block of a deleted collective; whether there was one.
    fn remove_blocks(&mut self, number: CollectiveNumber) -> Result<bool> {
        let id = SeriesId::of(number);
        // A list that is damaged names no block: repair removes those that are left behind.
        let mut series = match self.view().series(id) {
            Err(PulseDBError::Storage(StorageError::Corrupted { .. })) => return Ok(false),
            series => series?,
        };
        let block = match &series.merge {
            Some(merge) => merge.target,
            None => match series.blocks.last() {
                Some(block) => block.number,
                None => return Ok(false),
            },
        };
        self.remove_block(block)?;
        if series.merge.take().is_none() {
            series.blocks.pop();
        }
        self.put(Table::Series, &id.blocks_key(), |out| series.write(out))?;
        Ok(true)
    }

    /// Removes some rows under the numbers of a collective; returns whether there were any. If there were none, the collective is gone.
    fn remove_numbered(&mut self, number: CollectiveNumber) -> Result<bool> {
        let mut left = limits::RECLAIM_ROWS;
        // The rows of `slot`, by which the removal counts, have gone before.
        let kinds = [OwnerKind::Version, OwnerKind::Link, OwnerKind::Series, OwnerKind::Agent];
        let tables = kinds.into_iter().flat_map(Table::owned_by);
        for table in tables {
            for kept_under in [number, number.of_insights()] {
                let keys = self.view().keys_of(table, kept_under, left)?;
                left -= keys.len();
                for key in keys {
                    self.delete(table, &key)?;
                }
            }
        }
        if left < limits::RECLAIM_ROWS {
            return Ok(true);
        }
        let key = keys::number(number);
        if !self.delete(Table::Reclaim, &key)? {
            return Err(seal::corrupted(Table::Reclaim, &key));
        }
        Ok(false)
    }
}
