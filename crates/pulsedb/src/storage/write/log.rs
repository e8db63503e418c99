//! Appending to the change log.

use heed::PutFlags;

use crate::error::Result;
use crate::id::{CollectiveId, Seq};
use crate::model::change::{Change, ChangeKind, CollectiveNumber};
use crate::storage::format::change::write_change;
use crate::storage::format::keys;
use crate::storage::format::tables::Table;
use crate::storage::write::transaction::WriteTxn;

impl WriteTxn<'_> {
    /// Appends a row to the log as the next change.
    pub(crate) fn log(
        &mut self,
        collective: (CollectiveNumber, CollectiveId),
        kind: ChangeKind,
    ) -> Result<Seq> {
        let sequence = self.take_sequences(1)?;
        let (number, collective_id) = collective;
        let change = Change { sequence, timestamp: self.now, number, collective_id, kind };
        let transaction = self.transaction();
        let encode = |out: &mut Vec<u8>| write_change(&change, transaction, out);
        self.write(Table::Log, &keys::sequence(sequence), PutFlags::APPEND, encode)?;
        self.logged += 1;
        self.keep(change);
        Ok(sequence)
    }

    /// Writes a row of the log under a number that was taken earlier, when the change was made.
    pub(in crate::storage) fn log_owed(&mut self, change: &Change, transaction: u64) -> Result<()> {
        let encode = |out: &mut Vec<u8>| write_change(change, transaction, out);
        self.write(Table::Log, &keys::sequence(change.sequence), PutFlags::NO_OVERWRITE, encode)?;
        self.logged += 1;
        Ok(())
    }
}
