//! What can be done to a store: each verb is one operation, with an estimate of what it writes.

use std::time::Duration;

use crate::clock;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId};
use crate::limits;
use crate::model::{Collective, ExperienceRelation, NewActivity, NewExperienceRelation, Outcome};
use crate::storage::env::Space;
use crate::storage::store::Store;
use crate::storage::write::activities::no_activity;
use crate::storage::write::apply::{self, PreparedChange};
use crate::storage::write::insights::{self, PreparedInsight, PreparedInsightRestore};
use crate::storage::write::operations::{
    self, ACTIVITY, COLLECTIVE, PreparedExperience, PreparedRestore, PreparedUpdate, RecordDefaults,
};
use crate::storage::write::relations;
use crate::storage::write::transaction::Size;
use crate::validate::Valid;

impl Store {
    /// Stores new experiences, all or none; returns their ids in the order given.
    pub(crate) fn record(
        &self,
        prepared: Vec<PreparedExperience>,
        defaults: RecordDefaults,
    ) -> Result<Vec<ExperienceId>> {
        let size = operations::size_of_records(&prepared);
        self.write(size, Space::Growth, move |txn| operations::record(txn, &prepared, defaults))
    }

    /// Stores experiences as they are, all or none.
    pub(crate) fn restore(&self, prepared: Vec<PreparedRestore>) -> Result<()> {
        let size = operations::size_of_restores(&prepared);
        self.write(size, Space::Growth, move |txn| operations::restore(txn, &prepared))
    }

    /// Changes experiences, all or none.
    pub(crate) fn update(&self, prepared: Vec<PreparedUpdate>) -> Result<()> {
        let size = operations::size_of_updates(self.snapshot()?.view(), &prepared)?;
        self.write(size, Space::Growth, move |txn| {
            prepared.iter().try_for_each(|update| operations::update(txn, update))
        })
    }

    /// Archives or unarchives experiences, all or none.
    pub(crate) fn set_archived(&self, ids: Vec<ExperienceId>, archived: bool) -> Result<()> {
        let size = operations::size_of_changes(self.snapshot()?.view(), ids.iter())?;
        self.write(size, Space::Growth, move |txn| {
            ids.iter().try_for_each(|id| operations::set_archived(txn, *id, archived))
        })
    }

    /// Deletes experiences, all or none.
    pub(crate) fn delete(&self, ids: Vec<ExperienceId>) -> Result<()> {
        let snapshot = self.snapshot()?;
        let records = operations::size_of_changes(snapshot.view(), ids.iter())?;
        let cuts = relations::size_of_cuts(snapshot.view(), &ids)?;
        drop(snapshot);
        let size = Size { records: records.records + cuts.records, bytes: records.bytes + cuts.bytes };
        self.write(size, Space::Reclaim, move |txn| {
            ids.iter().try_for_each(|id| operations::delete(txn, *id))
        })
    }

    /// Stores a relation.
    pub(crate) fn relate(&self, new: Valid<NewExperienceRelation>) -> Result<RelationId> {
        let size = relations::size_of_relations([new.get().metadata.as_ref()].into_iter());
        self.write(size, Space::Growth, move |txn| relations::store(txn, new.get()))
    }

    /// Stores a new experience that takes the place of another one; returns its id.
    pub(crate) fn supersede(
        &self,
        older: ExperienceId,
        prepared: PreparedExperience,
    ) -> Result<ExperienceId> {
        let record = operations::size_of_records(std::slice::from_ref(&prepared));
        let relation = operations::size_of_change();
        let size = Size { records: record.records + 1, bytes: record.bytes + relation.bytes };
        self.write(size, Space::Growth, move |txn| operations::supersede(txn, older, &prepared))
    }

    /// Stores relations as they are, all or none.
    pub(crate) fn restore_relations(&self, relations: Vec<Valid<ExperienceRelation>>) -> Result<()> {
        let metadata = relations.iter().map(|relation| relation.get().metadata.as_ref());
        let size = relations::size_of_relations(metadata);
        self.write(size, Space::Growth, move |txn| relations::restore(txn, &relations))
    }

    /// Deletes a relation.
    pub(crate) fn delete_relation(&self, id: RelationId) -> Result<()> {
        let size = operations::size_of_change();
        self.write(size, Space::Reclaim, move |txn| relations::delete(txn, id))
    }

    /// Counts one more application of an experience; returns how many there are.
    pub(crate) fn reinforce(&self, id: ExperienceId) -> Result<u32> {
        let size = operations::size_of_change();
        self.write(size, Space::Growth, move |txn| operations::reinforce(txn, id))
    }

    /// Removes what has expired and what deleted collectives have left, in bounded steps.
    pub(super) fn clear_out(&self) -> Result<()> {
        let step = Size { records: 1, bytes: 0 };
        while self.write(step, Space::Reclaim, |txn| txn.remove_expired(limits::EXPIRED_A_STEP))? > 0 {}
        let step = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
        // A method's path is not general enough in the lifetime of the transaction.
        #[allow(clippy::redundant_closure_for_method_calls)]
        while self.write(step, Space::Reclaim, |txn| txn.reclaim_step())? {}
        Ok(())
    }

    /// Makes changes of one collective, all or none.
    pub(crate) fn apply(
        &self,
        collective: CollectiveId,
        changes: Vec<PreparedChange>,
        defaults: RecordDefaults,
    ) -> Result<Vec<Outcome>> {
        let (size, space) = apply::size_of_changes(self.snapshot()?.view(), &changes)?;
        self.write(size, space, move |txn| apply::apply(txn, collective, &changes, defaults))
    }

    /// Stores an insight; returns its id.
    pub(crate) fn derive(
        &self,
        prepared: PreparedInsight,
        default: Option<CollectiveId>,
    ) -> Result<InsightId> {
        self.write(insights::size_of_new(&prepared), Space::Growth, move |txn| {
            let given = prepared.new.get().collective_id;
            let collective = insights::named_or_default(txn.view(), given, default)?;
            insights::store(txn, &prepared, collective)
        })
    }

    /// Stores insights as they are, all or none.
    pub(crate) fn restore_insights(&self, prepared: Vec<PreparedInsightRestore>) -> Result<()> {
        let size = insights::size_of_restores(&prepared);
        self.write(size, Space::Growth, move |txn| insights::restore(txn, &prepared))
    }

    /// Deletes an insight.
    pub(crate) fn delete_insight(&self, id: InsightId) -> Result<()> {
        let size = operations::size_of_change();
        self.write(size, Space::Reclaim, move |txn| insights::delete(txn, id))
    }

    /// Creates a collective; its name must be free.
    pub(crate) fn create_collective(&self, name: String, owner: Option<String>) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.create_collective(&name, owner.as_deref()))
    }

    /// Stores collectives as they are, all or none.
    pub(crate) fn restore_collectives(&self, given: Vec<Valid<Collective>>) -> Result<()> {
        let size = Size { records: given.len(), bytes: COLLECTIVE.bytes * given.len() };
        self.write(size, Space::Growth, move |txn| txn.restore_collectives(&given))
    }

    /// The collective with this name, which is created if there is none.
    pub(crate) fn get_or_create_collective(&self, name: String) -> Result<CollectiveId> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.get_or_create_collective(&name))
    }

    /// Gives a collective another name, which must be free.
    pub(crate) fn rename_collective(&self, id: CollectiveId, name: String) -> Result<()> {
        self.write(COLLECTIVE, Space::Growth, move |txn| txn.rename_collective(id, &name))
    }

    /// Begins an activity; those whose agents have been silent for longer than `kept` may go.
    pub(crate) fn register_activity(&self, new: Valid<NewActivity>, kept: Duration) -> Result<()> {
        self.write(ACTIVITY, Space::Growth, move |txn| txn.register_activity(new.get(), kept))
    }

    /// Notes that an agent is alive, unless that was noted less than `interval` ago.
    pub(crate) fn heartbeat(&self, id: CollectiveId, agent: String, interval: Duration) -> Result<()> {
        // Most calls find a young one, and reading waits for nobody.
        let collective = self.snapshot()?;
        let collective = collective.view().in_collective(id)?;
        let activity = collective.activity(id, &agent)?.ok_or_else(|| no_activity(id, &agent))?;
        if activity.last_heartbeat.is_within(interval, clock::now()) {
            return Ok(());
        }
        self.write(ACTIVITY, Space::Growth, move |txn| txn.heartbeat(id, &agent, interval))
    }

    /// Ends an activity.
    pub(crate) fn end_activity(&self, id: CollectiveId, agent: String) -> Result<()> {
        self.write(ACTIVITY, Space::Reclaim, move |txn| txn.end_activity(id, &agent))
    }

    /// Deletes a collective in one step; its rows are removed in the background.
    pub(crate) fn delete_collective(&self, id: CollectiveId) -> Result<()> {
        self.write(COLLECTIVE, Space::Reclaim, move |txn| txn.delete_collective(id))?;
        // What cannot be started now is started by the next open; the deletion itself is done.
        if let Err(error) = self.reclaim() {
            tracing::warn!(%error, "the rows of a deleted collective are removed later");
        }
        Ok(())
    }
}
