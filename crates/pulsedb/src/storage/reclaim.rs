//! Deleting a collective: hidden and logged in one step, its rows removed in bounded steps afterwards.

use crate::error::{NotFoundError, Result};
use crate::id::CollectiveId;
use crate::limits;
use crate::model::change::{Change, ChangeKind, Slot};
use crate::storage::codec::{self, ReclaimRow, SlotRow};
use crate::storage::keys;
use crate::storage::rows;
use crate::storage::seal;
use crate::storage::tables::Table;
use crate::storage::write::WriteTxn;

impl WriteTxn<'_> {
    /// Deletes a collective with everything in it, in a time that does not depend on how much that is.
    ///
    /// Every experience gets a sequence number now, in the order of the slots, and the collective the one
    /// after them. The log rows of the experiences are written when the experiences are reclaimed; until
    /// then readers of the log are given the same rows from what is still there.
    pub(crate) fn delete_collective(&mut self, id: CollectiveId) -> Result<()> {
        let Some(row) = self.view().collective_row(id)? else {
            return Err(NotFoundError::Collective(id).into());
        };
        let counter = self.view().counter(row.number)?;
        let next_sequence = self.take_sequences(counter.experiences);
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
        if next_sequence < end_sequence {
            self.put(Table::Reclaim, &keys::number(row.number), |out| reclaim.write(out))?;
        }
        Ok(())
    }

    /// Removes some rows of one deleted collective; whether more is left to do.
    pub(crate) fn reclaim_step(&mut self) -> Result<bool> {
        let reclaims = self.view().reclaims()?;
        let Some((number, mut row)) = reclaims.first().copied() else { return Ok(false) };
        let slots: Vec<(Slot, SlotRow)> =
            self.view().slots(number)?.take(limits::RECLAIM_ROWS).collect::<Result<_>>()?;
        if slots.is_empty() && row.next_sequence != row.end_sequence {
            return Err(seal::corrupted(Table::Reclaim, &keys::number(number)));
        }
        for (slot, slot_row) in slots {
            let change = self.view().owed_change(number, row, row.next_sequence, slot, slot_row)?;
            // Below the floor the log holds nothing any more.
            if row.next_sequence >= self.floor() {
                self.write_owed(&change, row.transaction)?;
            }
            rows::remove_all(self, slot_row.id)?;
            row.next_sequence += 1;
        }
        let key = keys::number(number);
        if row.next_sequence == row.end_sequence {
            self.delete(Table::Reclaim, &key)?;
            return Ok(reclaims.len() > 1);
        }
        self.put(Table::Reclaim, &key, |out| row.write(out))?;
        Ok(true)
    }

    fn write_owed(&mut self, change: &Change, transaction: u64) -> Result<()> {
        let key = keys::sequence(change.sequence);
        self.put(Table::Log, &key, |out| codec::write_change(change, transaction, out))
    }
}
