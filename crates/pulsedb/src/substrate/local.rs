//! The substrate on a database of this machine.

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;
use tokio::runtime::Handle;

use super::blocking::Blocking;
use super::provider::SubstrateProvider;
use super::stream::PatientStream;
use crate::db::PulseDB;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId};
use crate::model::{
    Activity, Collective, ContextCandidates, ContextRequest, DerivedInsight, Experience, ExperienceRelation,
    ExperienceUpdate, NewActivity, NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery,
    RelationDirection, SearchOptions, SearchResult, WatchEvent,
};

/// A [`SubstrateProvider`] on a [`PulseDB`].
///
/// Each call runs on a thread that may wait: one of those that a Tokio runtime keeps for that, or one of its own where
/// there is no runtime. Reading a stream of changes waits for nothing either. A call that was begun is completed, also if
/// its future is dropped.
///
/// ```
/// use std::sync::Arc;
/// use pulsedb::{Config, NewExperience, PulseDB, PulseDBSubstrate, SubstrateProvider};
/// # fn main() -> pulsedb::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// let db = PulseDB::open(directory.path(), Config::default())?;
/// let substrate: Arc<dyn SubstrateProvider> = Arc::new(PulseDBSubstrate::new(db));
/// # runtime.block_on(async {
/// let team = substrate.get_or_create_collective("team").await?;
/// let content = "deploys need two approvals".to_owned();
/// let id = substrate.store_experience(NewExperience { collective_id: team, content, ..Default::default() }).await?;
/// assert!(substrate.get_experience(id).await?.is_some());
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PulseDBSubstrate {
    db: PulseDB,
    blocking: Blocking,
}

impl PulseDBSubstrate {
    /// A substrate whose calls run on the runtime in which they are made.
    pub fn new(db: PulseDB) -> Self {
        Self { db, blocking: Blocking::new(None) }
    }

    /// A substrate whose calls run on this runtime, wherever they are made.
    pub fn new_with_runtime(db: PulseDB, runtime: Handle) -> Self {
        Self { db, blocking: Blocking::new(Some(runtime)) }
    }

    async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce(&PulseDB) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let db = self.db.clone();
        self.blocking.run(self.db.path(), move || call(&db)).await
    }
}

#[async_trait]
impl SubstrateProvider for PulseDBSubstrate {
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId> {
        self.run(move |db| db.record_experience(exp)).await
    }

    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.run(move |db| db.get_experience(id)).await
    }

    async fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        self.run(move |db| db.update_experience(id, update)).await
    }

    async fn search_similar(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<SearchResult>> {
        let query = query.to_vec();
        self.run(move |db| db.search_similar(collective, &query, k)).await
    }

    async fn search(
        &self,
        collective: CollectiveId,
        query: OwnedQuery,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        self.run(move |db| db.search(collective, query.as_query(), options)).await
    }

    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>> {
        self.run(move |db| db.get_recent_experiences(collective, limit)).await
    }

    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId> {
        self.run(move |db| db.store_relation(rel)).await
    }

    async fn get_related(
        &self,
        exp_id: ExperienceId,
        dir: RelationDirection,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        self.run(move |db| db.get_related_experiences(exp_id, dir)).await
    }

    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId> {
        self.run(move |db| db.store_insight(insight)).await
    }

    async fn get_insights(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<DerivedInsight>> {
        let query = query.to_vec();
        let scored = self.run(move |db| db.get_insights(collective, &query, k)).await?;
        Ok(scored.into_iter().map(|(insight, _)| insight).collect())
    }

    async fn register_activity(&self, activity: NewActivity) -> Result<()> {
        self.run(move |db| db.register_activity(activity)).await
    }

    async fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        self.run(move |db| db.get_active_agents(collective)).await
    }

    async fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        self.run(move |db| db.get_context_candidates(request)).await
    }

    fn watch(&self, collective: CollectiveId) -> Pin<Box<dyn Stream<Item = WatchEvent> + Send>> {
        let stream = self.db.watch_experiences(collective);
        Box::pin(PatientStream::new(stream, self.blocking.clone()))
    }

    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        let name = name.to_owned();
        self.run(move |db| db.get_or_create_collective(&name)).await
    }

    async fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.run(PulseDB::list_collectives).await
    }

    async fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let agent = agent.to_owned();
        self.run(move |db| db.update_heartbeat(&agent, collective)).await
    }

    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let agent = agent.to_owned();
        self.run(move |db| db.end_activity(&agent, collective)).await
    }

    async fn archive_experience(&self, id: ExperienceId) -> Result<()> {
        self.run(move |db| db.archive_experience(id)).await
    }

    async fn delete_experience(&self, id: ExperienceId) -> Result<()> {
        self.run(move |db| db.delete_experience(id)).await
    }

    async fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        self.run(move |db| db.reinforce_experience(id)).await
    }

    async fn poll_changes(&self, collective: CollectiveId, since: u64) -> Result<(Vec<WatchEvent>, u64)> {
        self.run(move |db| db.poll_changes(collective, since)).await
    }
}
