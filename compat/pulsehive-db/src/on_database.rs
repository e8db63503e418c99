//! The framework's calls on a database.

use std::pin::Pin;

use async_trait::async_trait;
use engine::{
    Activity, Collective, CollectiveId, ExperienceId, ExperienceRelation, InsightId, NewActivity,
    NewDerivedInsight, NewExperienceRelation, PulseDB, RelationDirection, RelationId, Result,
    SubstrateProvider as _, WatchEvent,
};
use futures_core::Stream;

use crate::experience::{Experience, NewExperience};
use crate::provider::SubstrateProvider;

/// The framework's calls on a [`PulseDB`].
#[derive(Debug, Clone)]
pub struct PulseDBSubstrate {
    inner: engine::PulseDBSubstrate,
}

impl PulseDBSubstrate {
    /// The calls on a database.
    pub fn from_db(db: PulseDB) -> Self {
        Self { inner: engine::PulseDBSubstrate::new(db) }
    }
}

#[async_trait]
impl SubstrateProvider for PulseDBSubstrate {
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId> {
        self.inner.store_experience(exp.into()).await
    }

    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        Ok(self.inner.get_experience(id).await?.map(Into::into))
    }

    async fn search_similar(
        &self,
        collective: CollectiveId,
        embedding: &[f32],
        k: usize,
    ) -> Result<Vec<(Experience, f32)>> {
        let hits = self.inner.search_similar(collective, embedding, k).await?;
        Ok(hits.into_iter().map(|hit| (hit.experience.into(), hit.similarity)).collect())
    }

    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>> {
        let recent = self.inner.get_recent(collective, limit).await?;
        Ok(recent.into_iter().map(Into::into).collect())
    }

    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId> {
        self.inner.store_relation(rel).await
    }

    async fn get_related(&self, exp_id: ExperienceId) -> Result<Vec<(Experience, ExperienceRelation)>> {
        let related = self.inner.get_related(exp_id, RelationDirection::Both).await?;
        Ok(related.into_iter().map(|(other, relation)| (other.into(), relation)).collect())
    }

    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId> {
        self.inner.store_insight(insight).await
    }

    async fn get_activities(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        self.inner.get_active_agents(collective).await
    }

    async fn register_activity(&self, activity: NewActivity) -> Result<()> {
        self.inner.register_activity(activity).await
    }

    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        self.inner.end_activity(agent, collective).await
    }

    async fn watch(
        &self,
        collective: CollectiveId,
    ) -> Result<Pin<Box<dyn Stream<Item = WatchEvent> + Send>>> {
        Ok(self.inner.watch(collective))
    }

    async fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.inner.list_collectives().await
    }

    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.inner.get_or_create_collective(name).await
    }
}
