//! Registering, signs of life and the end of activities, none of which is logged.

use std::ops::Bound;
use std::time::Duration;

use crate::error::{NotFoundError, Result};
use crate::id::{AgentId, CollectiveId};
use crate::limits;
use crate::model::NewActivity;
use crate::model::change::CollectiveNumber;
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::write::transaction::WriteTxn;

impl WriteTxn<'_> {
    /// Begins an activity, in place of the one that the agent has, and removes some of agents that fell silent longer
    /// ago than `kept`.
    pub(in crate::storage) fn register_activity(&mut self, new: &NewActivity, kept: Duration) -> Result<()> {
        let number = self.number_of(new.collective_id)?;
        let agent = new.agent_id.as_str();
        let mut counter = self.view().counter(number)?;
        for key in self.silent_activities(number, agent, kept)? {
            counter.activities =
                counter.activities.saturating_sub(u32::from(self.delete(Table::Activity, &key)?));
        }
        let key = keys::activity(number, agent);
        if self.view().sealed(Table::Activity, &key)?.is_none() {
            counter.activities = counter.activities.saturating_add(1);
        }
        let row = ActivityRow {
            started_at: self.now,
            last_heartbeat: self.now,
            current_task: new.current_task.clone(),
            context_summary: new.context_summary.clone(),
        };
        self.put(Table::Activity, &key, |out| row.write(out))?;
        self.put(Table::Counter, &keys::number(number), |out| counter.write(out))
    }

    /// Notes a sign of life, unless the stored one is younger than `interval`.
    pub(in crate::storage) fn heartbeat(
        &mut self,
        id: CollectiveId,
        agent: &str,
        interval: Duration,
    ) -> Result<()> {
        let number = self.number_of(id)?;
        let row = self.view().activity_row(number, agent)?;
        let mut row = row.ok_or_else(|| no_activity(id, agent))?;
        if row.last_heartbeat.is_within(interval, self.now) {
            return Ok(());
        }
        row.last_heartbeat = self.now;
        self.put(Table::Activity, &keys::activity(number, agent), |out| row.write(out))
    }

    /// Ends an activity, which there must be.
    pub(in crate::storage) fn end_activity(&mut self, id: CollectiveId, agent: &str) -> Result<()> {
        let number = self.number_of(id)?;
        let key = keys::activity(number, agent);
        if self.view().sealed(Table::Activity, &key)?.is_none() {
            return Err(no_activity(id, agent).into());
        }
        let mut counter = self.view().counter(number)?;
        counter.activities = counter.activities.saturating_sub(1);
        self.delete(Table::Activity, &key)?;
        self.put(Table::Counter, &keys::number(number), |out| counter.write(out))
    }

    fn number_of(&self, id: CollectiveId) -> Result<CollectiveNumber> {
        Ok(self.view().collective_row(id)?.ok_or(NotFoundError::Collective(id))?.number)
    }

    /// The keys of some activities whose agents have been silent for longer than `kept`: among the few whose names
    /// follow this one, and from the first name on behind the last.
    fn silent_activities(
        &self,
        number: CollectiveNumber,
        agent: &str,
        kept: Duration,
    ) -> Result<Vec<Vec<u8>>> {
        let (first, own) = (keys::number(number), keys::activity(number, agent));
        let end = keys::number(CollectiveNumber(number.0.saturating_add(1)));
        let view = self.view();
        let behind = view.sealed_range(Table::Activity, Bound::Excluded(&own), Bound::Excluded(&end))?;
        let before = view.sealed_range(Table::Activity, Bound::Included(&first), Bound::Excluded(&own))?;
        let mut silent = Vec::new();
        for row in behind.chain(before).take(limits::ACTIVITIES_LOOKED_AT) {
            let (key, value) = row?;
            // One that is damaged is left to a repair.
            let row = seal::open(Table::Activity, key, value).ok().and_then(ActivityRow::read);
            if row.is_some_and(|row| self.now.since(row.last_heartbeat) > kept) {
                silent.push(key.to_vec());
            }
        }
        Ok(silent)
    }
}

/// The error for an agent that is not at work.
pub(in crate::storage) fn no_activity(collective_id: CollectiveId, agent: &str) -> NotFoundError {
    NotFoundError::Activity { agent_id: AgentId::new(agent), collective_id }
}
