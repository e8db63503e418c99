//! The memory on a PostgreSQL server.
//!
//! Calls wait on the runtime in which the store was connected.

use pulsedb::{
    Activity, Collective, CollectiveId, ContextCandidates, ContextRequest, Experience, ExperienceId,
    ExperienceUpdate, NewActivity, NewExperience, NewExperienceRelation, Query, RelationId, Result,
    SearchFilter, SearchOptions, SearchResult, Seq, SubstrateProvider, WatchEvent,
};
use pulsedb_postgres::PostgresSubstrate;

use super::{Changes, Store};

impl Store for PostgresSubstrate {
    fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.wait(SubstrateProvider::list_collectives(self))
    }

    fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.wait(SubstrateProvider::get_or_create_collective(self, name))
    }

    fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>> {
        self.wait(Self::record_experiences(self, new))
    }

    fn supersede_experience(&self, id: ExperienceId, new: NewExperience) -> Result<ExperienceId> {
        self.wait(Self::supersede_experience(self, id, new))
    }

    fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.wait(SubstrateProvider::get_experience(self, id))
    }

    fn get_by_key(&self, collective: CollectiveId, key: &str) -> Result<Option<Experience>> {
        self.wait(Self::get_by_key(self, collective, key))
    }

    fn get_history(&self, id: ExperienceId) -> Result<Vec<Experience>> {
        self.wait(Self::get_history(self, id))
    }

    fn get_recent_experiences(
        &self,
        collective: CollectiveId,
        limit: usize,
        filter: SearchFilter,
    ) -> Result<Vec<Experience>> {
        self.wait(self.get_recent_filtered(collective, limit, filter))
    }

    fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        self.wait(SubstrateProvider::search(self, collective, query.into(), options))
    }

    fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        self.wait(SubstrateProvider::get_context_candidates(self, request))
    }

    fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        self.wait(SubstrateProvider::update_experience(self, id, update))
    }

    fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        self.wait(SubstrateProvider::reinforce_experience(self, id))
    }

    fn archive_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        self.wait(self.set_archived(ids.to_vec(), true))
    }

    fn unarchive_experience(&self, id: ExperienceId) -> Result<()> {
        self.wait(self.set_archived(vec![id], false))
    }

    fn delete_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        self.wait(Self::delete_experiences(self, ids.to_vec()))
    }

    fn store_relation(&self, new: NewExperienceRelation) -> Result<RelationId> {
        self.wait(SubstrateProvider::store_relation(self, new))
    }

    fn register_activity(&self, new: NewActivity) -> Result<()> {
        self.wait(SubstrateProvider::register_activity(self, new))
    }

    fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        self.wait(SubstrateProvider::update_heartbeat(self, agent, collective))
    }

    fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        self.wait(SubstrateProvider::end_activity(self, agent, collective))
    }

    fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        self.wait(SubstrateProvider::get_active_agents(self, collective))
    }

    fn get_current_sequence(&self) -> Result<Seq> {
        self.wait(self.current_sequence())
    }

    fn poll_changes(&self, collective: CollectiveId, since: Seq) -> Result<(Vec<WatchEvent>, Seq)> {
        self.wait(SubstrateProvider::poll_changes(self, collective, since))
    }

    fn watch(&self, collective: CollectiveId, since: Option<Seq>) -> Result<Changes> {
        Ok(match since {
            Some(since) => self.watch_from(collective, since),
            None => SubstrateProvider::watch(self, collective),
        })
    }
}
