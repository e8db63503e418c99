//! What surrounds a record: its neighbours in a task, and who else records in its collective.

use std::ops::Bound;

use crate::error::Result;
use crate::id::{ExperienceId, TaskId};
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::slot::read_slot_value;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;

impl<'t> CollectiveView<'t> {
    /// The row of a slot's pieces, as it is stored.
    pub(crate) fn piece_bytes(self, slot: Slot) -> Result<&'t [u8]> {
        let key = keys::slot(self.number, slot);
        self.view.get(Table::Piece, &key)?.ok_or_else(|| seal::corrupted(Table::Piece, &key))
    }

    /// The records of a task that were made right after one of them, nearest first.
    pub(crate) fn after_in_task(
        self,
        task: &TaskId,
        id: ExperienceId,
    ) -> Result<impl Iterator<Item = Result<Slot>> + use<'t>> {
        let from = keys::task(self.number, task, id);
        let to = keys::task(self.number, task, ExperienceId::from_bytes([0xff; 16]));
        let rows = self.view.range(Table::ByTask, Bound::Excluded(&from), Bound::Included(&to))?;
        Ok(rows.map(|row| task_slot(row?)))
    }

    /// The records of a task that were made right before one of them, nearest first.
    pub(crate) fn before_in_task(
        self,
        task: &TaskId,
        id: ExperienceId,
    ) -> Result<impl Iterator<Item = Result<Slot>> + use<'t>> {
        let from = keys::task(self.number, task, ExperienceId::nil());
        let to = keys::task(self.number, task, id);
        let rows = self.view.reverse_range(Table::ByTask, Bound::Included(&from), Bound::Excluded(&to))?;
        Ok(rows.map(|row| task_slot(row?)))
    }

    /// Who has records in the collective, each agent once; `None` if they are more than `most`. One look into the
    /// index an agent.
    pub(crate) fn agents(self, most: usize) -> Result<Option<Vec<&'t str>>> {
        let mut agents = Vec::new();
        let mut from = keys::number(self.number).to_vec();
        let end = keys::number(CollectiveNumber(self.number.0.saturating_add(1)));
        while let Some(row) =
            self.view.sealed_range(Table::ByAgent, Bound::Excluded(&from), Bound::Excluded(&end))?.next()
        {
            let (key, _) = row?;
            let (agent, last) = keys::read_agent(key).ok_or_else(|| seal::corrupted(Table::ByAgent, key))?;
            if agents.len() == most {
                return Ok(None);
            }
            agents.push(agent);
            from = last;
        }
        Ok(Some(agents))
    }
}

fn task_slot((key, value): (&[u8], &[u8])) -> Result<Slot> {
    read_slot_value(value).ok_or_else(|| seal::corrupted(Table::ByTask, key))
}
