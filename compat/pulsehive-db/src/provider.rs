//! The trait that the framework calls.

use std::pin::Pin;

use async_trait::async_trait;
use engine::{
    Activity, Collective, CollectiveId, ExperienceId, ExperienceRelation, InsightId, NewActivity,
    NewDerivedInsight, NewExperienceRelation, RelationId, Result, WatchEvent,
};
use futures_core::Stream;

use crate::experience::{Experience, NewExperience};

/// A store of experiences, with the calls that the framework makes. Each means what that of the database means.
#[async_trait]
pub trait SubstrateProvider: Send + Sync {
    /// Records an experience.
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId>;

    /// An experience by its id.
    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>>;

    /// The experiences nearest to a vector, best first, each with its cosine.
    async fn search_similar(
        &self,
        collective: CollectiveId,
        embedding: &[f32],
        k: usize,
    ) -> Result<Vec<(Experience, f32)>>;

    /// The newest experiences.
    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>>;

    /// Relates two experiences.
    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId>;

    /// What an experience is related to, in either direction.
    async fn get_related(&self, exp_id: ExperienceId) -> Result<Vec<(Experience, ExperienceRelation)>>;

    /// Stores an insight.
    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId>;

    /// The agents that are at work.
    async fn get_activities(&self, collective: CollectiveId) -> Result<Vec<Activity>>;

    /// Says that an agent is at work.
    async fn register_activity(&self, activity: NewActivity) -> Result<()>;

    /// Says that an agent's work is done.
    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()>;

    /// Every change that is committed after this call.
    async fn watch(&self, collective: CollectiveId)
    -> Result<Pin<Box<dyn Stream<Item = WatchEvent> + Send>>>;

    /// Every collective, oldest first.
    async fn list_collectives(&self) -> Result<Vec<Collective>>;

    /// The collective of this name, which is created if there is none.
    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId>;
}
