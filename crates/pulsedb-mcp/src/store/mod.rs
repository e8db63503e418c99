//! What a server serves: the calls that its tools make, whatever keeps the memory.

#[cfg(feature = "postgres")]
mod postgres;

use std::fmt;
use std::pin::Pin;

use futures_util::Stream;
use pulsedb::{
    Activity, Collective, CollectiveId, ContextCandidates, ContextRequest, Experience, ExperienceId,
    ExperienceUpdate, NewActivity, NewExperience, NewExperienceRelation, PulseDB, Query, RelationId, Result,
    SearchFilter, SearchOptions, SearchResult, Seq, WatchEvent, WatchFilter,
};

/// Changes as they are committed, by any process.
pub type Changes = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

/// A memory that can be served. [`PulseDB`] is one, and with the feature `postgres` so is `PostgresSubstrate`.
///
/// Each call does what the call of [`PulseDB`] of the same name does, and fails as that one does. It may block, and is made
/// in a thread that may; but for [`watch`](Self::watch), which must not wait.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Every collective, oldest first.
    fn list_collectives(&self) -> Result<Vec<Collective>>;
    /// The collective of that name, which is made if there is none.
    fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId>;
    /// Records all of them or none.
    fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>>;
    /// Records one in the place of another one.
    fn supersede_experience(&self, id: ExperienceId, new: NewExperience) -> Result<ExperienceId>;
    /// The experience with this id.
    fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>>;
    /// The experience with this key.
    fn get_by_key(&self, collective: CollectiveId, key: &str) -> Result<Option<Experience>>;
    /// It, with what it supersedes and what supersedes it.
    fn get_history(&self, id: ExperienceId) -> Result<Vec<Experience>>;
    /// The newest that match.
    fn get_recent_experiences(
        &self,
        collective: CollectiveId,
        limit: usize,
        filter: SearchFilter,
    ) -> Result<Vec<Experience>>;
    /// The best that match.
    fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>>;
    /// What an agent needs to know.
    fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates>;
    /// Changes what the update names.
    fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()>;
    /// Counts one more application.
    fn reinforce_experience(&self, id: ExperienceId) -> Result<u32>;
    /// Archives all of them or none.
    fn archive_experiences(&self, ids: &[ExperienceId]) -> Result<()>;
    /// Takes one out of the archive.
    fn unarchive_experience(&self, id: ExperienceId) -> Result<()>;
    /// Deletes all of them or none.
    fn delete_experiences(&self, ids: &[ExperienceId]) -> Result<()>;
    /// Says what one has to do with another.
    fn store_relation(&self, new: NewExperienceRelation) -> Result<RelationId>;
    /// Says who is at work.
    fn register_activity(&self, new: NewActivity) -> Result<()>;
    /// A sign of life.
    fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()>;
    /// The end of an activity.
    fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()>;
    /// Who is at work.
    fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>>;
    /// The number of the last change.
    fn get_current_sequence(&self) -> Result<Seq>;
    /// The changes after a number, and the number to go on from.
    fn poll_changes(&self, collective: CollectiveId, since: Seq) -> Result<(Vec<WatchEvent>, Seq)>;
    /// The changes after a number, or from now on, as they are committed.
    fn watch(&self, collective: CollectiveId, since: Option<Seq>) -> Result<Changes>;
}

impl Store for PulseDB {
    fn list_collectives(&self) -> Result<Vec<Collective>> {
        Self::list_collectives(self)
    }

    fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        Self::get_or_create_collective(self, name)
    }

    fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>> {
        Self::record_experiences(self, new)
    }

    fn supersede_experience(&self, id: ExperienceId, new: NewExperience) -> Result<ExperienceId> {
        Self::supersede_experience(self, id, new)
    }

    fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        Self::get_experience(self, id)
    }

    fn get_by_key(&self, collective: CollectiveId, key: &str) -> Result<Option<Experience>> {
        Self::get_by_key(self, collective, key)
    }

    fn get_history(&self, id: ExperienceId) -> Result<Vec<Experience>> {
        Self::get_history(self, id)
    }

    fn get_recent_experiences(
        &self,
        collective: CollectiveId,
        limit: usize,
        filter: SearchFilter,
    ) -> Result<Vec<Experience>> {
        self.get_recent_experiences_filtered(collective, limit, filter)
    }

    fn search(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        Self::search(self, collective, query, options)
    }

    fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        Self::get_context_candidates(self, request)
    }

    fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        Self::update_experience(self, id, update)
    }

    fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        Self::reinforce_experience(self, id)
    }

    fn archive_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        Self::archive_experiences(self, ids)
    }

    fn unarchive_experience(&self, id: ExperienceId) -> Result<()> {
        Self::unarchive_experience(self, id)
    }

    fn delete_experiences(&self, ids: &[ExperienceId]) -> Result<()> {
        Self::delete_experiences(self, ids)
    }

    fn store_relation(&self, new: NewExperienceRelation) -> Result<RelationId> {
        Self::store_relation(self, new)
    }

    fn register_activity(&self, new: NewActivity) -> Result<()> {
        Self::register_activity(self, new)
    }

    fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        Self::update_heartbeat(self, agent, collective)
    }

    fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        Self::end_activity(self, agent, collective)
    }

    fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        Self::get_active_agents(self, collective)
    }

    fn get_current_sequence(&self) -> Result<Seq> {
        Ok(Self::get_current_sequence(self))
    }

    fn poll_changes(&self, collective: CollectiveId, since: Seq) -> Result<(Vec<WatchEvent>, Seq)> {
        Self::poll_changes(self, collective, since)
    }

    fn watch(&self, collective: CollectiveId, since: Option<Seq>) -> Result<Changes> {
        Ok(match since {
            Some(since) => Box::pin(self.watch_from(collective, WatchFilter::default(), since)?),
            None => Box::pin(self.watch_experiences(collective)),
        })
    }
}
