//! The trait that a framework of agents is written against.

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;

use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId};
use crate::model::{
    Activity, Collective, ContextCandidates, ContextRequest, DerivedInsight, Experience, ExperienceRelation,
    ExperienceUpdate, NewActivity, NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery,
    RelationDirection, SearchOptions, SearchResult, WatchEvent,
};

/// A store of experiences that agents share.
///
/// What each call means, its limits and its errors are those of the call of [`PulseDB`](crate::PulseDB) that is named
/// with it. A call changes everything or nothing, also if its future is dropped: it may then still happen, as a whole.
/// Once a call has returned, its change is visible to every call that begins later, wherever it is made.
#[async_trait]
pub trait SubstrateProvider: Send + Sync {
    /// Records an experience; [`PulseDB::record_experience`](crate::PulseDB::record_experience).
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId>;

    /// An experience by its id; [`PulseDB::get_experience`](crate::PulseDB::get_experience).
    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>>;

    /// Changes an experience; [`PulseDB::update_experience`](crate::PulseDB::update_experience).
    async fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()>;

    /// The experiences nearest to a vector, best first; [`PulseDB::search_similar`](crate::PulseDB::search_similar).
    async fn search_similar(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<SearchResult>>;

    /// Finds experiences; [`PulseDB::search`](crate::PulseDB::search).
    async fn search(
        &self,
        collective: CollectiveId,
        query: OwnedQuery,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>>;

    /// The newest experiences; [`PulseDB::get_recent_experiences`](crate::PulseDB::get_recent_experiences).
    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>>;

    /// Relates two experiences; [`PulseDB::store_relation`](crate::PulseDB::store_relation).
    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId>;

    /// What an experience is related to; [`PulseDB::get_related_experiences`](crate::PulseDB::get_related_experiences).
    async fn get_related(
        &self,
        exp_id: ExperienceId,
        dir: RelationDirection,
    ) -> Result<Vec<(Experience, ExperienceRelation)>>;

    /// Stores an insight; [`PulseDB::store_insight`](crate::PulseDB::store_insight).
    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId>;

    /// The insights nearest to a vector, best first; [`PulseDB::get_insights`](crate::PulseDB::get_insights), which also
    /// says how near they are.
    async fn get_insights(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<DerivedInsight>>;

    /// Says that an agent is at work; [`PulseDB::register_activity`](crate::PulseDB::register_activity).
    async fn register_activity(&self, activity: NewActivity) -> Result<()>;

    /// The agents that are at work; [`PulseDB::get_active_agents`](crate::PulseDB::get_active_agents).
    async fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>>;

    /// All that a prompt may need; [`PulseDB::get_context_candidates`](crate::PulseDB::get_context_candidates).
    async fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates>;

    /// Every change of a collective's experiences that is committed after this call, each once, with rising numbers;
    /// [`PulseDB::watch_experiences`](crate::PulseDB::watch_experiences).
    fn watch(&self, collective: CollectiveId) -> Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

    /// The collective of this name, which is created if there is none;
    /// [`PulseDB::get_or_create_collective`](crate::PulseDB::get_or_create_collective).
    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId>;

    /// Every collective, oldest first; [`PulseDB::list_collectives`](crate::PulseDB::list_collectives).
    async fn list_collectives(&self) -> Result<Vec<Collective>>;

    /// Says that an agent is still at work; [`PulseDB::update_heartbeat`](crate::PulseDB::update_heartbeat).
    async fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()>;

    /// Says that an agent's work is done; [`PulseDB::end_activity`](crate::PulseDB::end_activity).
    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()>;

    /// Archives an experience; [`PulseDB::archive_experience`](crate::PulseDB::archive_experience).
    async fn archive_experience(&self, id: ExperienceId) -> Result<()>;

    /// Deletes an experience; [`PulseDB::delete_experience`](crate::PulseDB::delete_experience).
    async fn delete_experience(&self, id: ExperienceId) -> Result<()>;

    /// Counts one more application; [`PulseDB::reinforce_experience`](crate::PulseDB::reinforce_experience).
    async fn reinforce_experience(&self, id: ExperienceId) -> Result<u32>;

    /// The changes after a number, and the number to ask from next; [`PulseDB::poll_changes`](crate::PulseDB::poll_changes).
    async fn poll_changes(&self, collective: CollectiveId, since: u64) -> Result<(Vec<WatchEvent>, u64)>;
}
