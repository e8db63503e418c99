//! Activities: the agents at work in a collective.

use std::ops::Bound;

use crate::error::Result;
use crate::id::{AgentId, CollectiveId};
use crate::model::Activity;
use crate::model::change::CollectiveNumber;
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

impl View<'_> {
    pub(in crate::storage) fn activity_row(
        self,
        number: CollectiveNumber,
        agent: &str,
    ) -> Result<Option<ActivityRow>> {
        self.row(Table::Activity, &keys::activity(number, agent), ActivityRow::read)
    }
}

impl CollectiveView<'_> {
    /// What one agent does here.
    pub(crate) fn activity(self, id: CollectiveId, agent: &str) -> Result<Option<Activity>> {
        let row = self.view.activity_row(self.number, agent)?;
        Ok(row.map(|row| public(id, agent, row)))
    }

    /// What each agent does here, in order of their names, silent ones included.
    pub(crate) fn activities(self, id: CollectiveId) -> Result<Vec<Activity>> {
        let from = keys::number(self.number);
        let to = keys::number(CollectiveNumber(self.number.0.saturating_add(1)));
        let rows = self.view.range(Table::Activity, Bound::Included(&from), Bound::Excluded(&to))?;
        let activities: Vec<Activity> = rows
            .map(|row| {
                let (key, bytes) = row?;
                match (keys::read_activity(key), ActivityRow::read(bytes)) {
                    (Some((_, agent)), Some(row)) => Ok(public(id, agent, row)),
                    _ => Err(seal::corrupted(Table::Activity, key)),
                }
            })
            .collect::<Result<_>>()?;
        // Keys have no checksum: a row whose key is damaged is somewhere else, and only the count shows it.
        if self.view.counter(self.number)?.activities as usize == activities.len() {
            return Ok(activities);
        }
        Err(seal::corrupted(Table::Activity, &from))
    }
}

fn public(collective_id: CollectiveId, agent: &str, row: ActivityRow) -> Activity {
    Activity {
        agent_id: AgentId::new(agent),
        collective_id,
        current_task: row.current_task,
        context_summary: row.context_summary,
        started_at: row.started_at,
        last_heartbeat: row.last_heartbeat,
    }
}
