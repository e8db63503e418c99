//! The trait: what needs no server is done here, and each call is one transaction.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use pulsedb::backend;
use pulsedb::{
    Activity, Collective, CollectiveId, ContextCandidates, ContextRequest, ContextWeights, DerivedInsight,
    Experience, ExperienceId, ExperienceRelation, ExperienceUpdate, InsightId, NewActivity,
    NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery, Query, RelationDirection,
    RelationId, Result, SearchFilter, SearchOptions, SearchResult, SubstrateProvider, ValidationError,
    WatchEvent,
};

use crate::checked::{Context, InsightSearch, Search, plain, prepared, ranking, vector_of};
use crate::keys::Id;
use crate::search::{self, Ranking};
use crate::session::Access;
use crate::store::PostgresSubstrate;
use crate::{activities, collectives, context, insights, records, relations, rows, update, watch};

#[async_trait]
impl SubstrateProvider for PostgresSubstrate {
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId> {
        let prepared = self
            .prepared(|embedder, config| Ok((prepared(embedder, exp)?, config.memory.default_collective)))
            .await?;
        self.call(Access::Write, prepared, |session, prepared| {
            Box::pin(async move { records::record(session, &prepared.0, prepared.1).await })
        })
        .await
    }

    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.call(Access::Read, id, |session, id| {
            Box::pin(async move {
                let row = session.row(&rows::select("WHERE x.id = $1"), &[&id.uuid()]).await?;
                row.as_ref().map(rows::experience).transpose()
            })
        })
        .await
    }

    async fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        let prepared = self
            .prepared(|embedder, _| {
                let update = backend::update(update)?;
                let vector = match (&update.embedding, &update.content) {
                    (None, None) => None,
                    (given, content) => {
                        Some(vector_of(embedder, given.clone(), content.as_deref().unwrap_or_default())?)
                    }
                };
                let indexed = update.content.as_deref().map(backend::index);
                Ok(update::Prepared { update, vector, indexed })
            })
            .await?;
        self.call(Access::Write, (id, prepared), |session, asked| {
            Box::pin(async move { update::update(session, asked.0, &asked.1).await })
        })
        .await
    }

    async fn search_similar(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<SearchResult>> {
        self.search(collective, OwnedQuery::Vector(query.to_vec()), SearchOptions { k, ..Default::default() })
            .await
    }

    async fn search(
        &self,
        collective: CollectiveId,
        query: OwnedQuery,
        options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        let config = Arc::clone(&self.inner.server.config);
        let search = self
            .prepared(move |embedder, settings| {
                backend::result_count("k", options.k)?;
                backend::weights(&options)?;
                let filter = backend::filter(options.filter.clone())?;
                let signals = options.signals.unwrap_or(settings.memory.search.signals);
                let context = options.context.unwrap_or(settings.memory.search.context);
                let ranking = ranking(embedder, query.as_query(), (signals, context))?;
                Ok(Search { collective, filter, ranking, options, config })
            })
            .await?;
        self.call(Access::Read, search, |session, search| {
            Box::pin(async move {
                collectives::expect(session, search.collective).await?;
                let asked = search.asked();
                search::search(session, search.collective.uuid(), &search.filter, &search.ranking, &asked)
                    .await
            })
        })
        .await
    }

    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>> {
        backend::result_count("limit", limit)?;
        self.call(Access::Read, (collective, limit), |session, asked| {
            Box::pin(async move {
                collectives::expect(session, asked.0).await?;
                search::recent(session, asked.0.uuid(), &SearchFilter::default(), asked.1).await
            })
        })
        .await
    }

    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId> {
        let new = backend::new_relation(rel)?;
        self.call(Access::Write, new, |session, new| {
            Box::pin(async move { relations::store(session, &new).await })
        })
        .await
    }

    async fn get_related(
        &self,
        exp_id: ExperienceId,
        dir: RelationDirection,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        self.call(Access::Read, (exp_id, dir), |session, asked| {
            Box::pin(async move { relations::related(session, asked.0, asked.1).await })
        })
        .await
    }

    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId> {
        let prepared = self
            .prepared(|embedder, config| {
                let new = backend::new_insight(insight)?;
                let vector = vector_of(embedder, new.embedding.clone(), &new.content)?;
                let indexed = backend::index(&new.content);
                Ok((insights::Prepared { new, vector, indexed }, config.memory.default_collective))
            })
            .await?;
        self.call(Access::Write, prepared, |session, prepared| {
            Box::pin(async move { insights::store(session, &prepared.0, prepared.1).await })
        })
        .await
    }

    async fn get_insights(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<DerivedInsight>> {
        backend::result_count("k", k)?;
        backend::vector("query", query, self.inner.embedder.dimension())?;
        let config = Arc::clone(&self.inner.server.config);
        let search = InsightSearch { collective, ranking: Ranking::Vector(query.to_vec()), k, config };
        let found = self.call(Access::Read, search, |session, search| {
            Box::pin(async move {
                collectives::expect(session, search.collective).await?;
                let asked = plain(&search.config, search.k, None);
                context::insights(session, search.collective.uuid(), &search.ranking, &asked).await
            })
        });
        Ok(found.await?.into_iter().map(|(insight, _)| insight).collect())
    }

    async fn register_activity(&self, activity: NewActivity) -> Result<()> {
        let new = backend::new_activity(activity)?;
        let stale = self.inner.server.config.memory.activity.stale_threshold;
        let kept = backend::limits::SILENT_ACTIVITY_KEPT.max(stale);
        self.call(Access::Write, (new, kept), |session, asked| {
            Box::pin(async move { activities::register(session, &asked.0, asked.1).await })
        })
        .await
    }

    async fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        let stale = self.inner.server.config.memory.activity.stale_threshold;
        self.call(Access::Read, (collective, stale), |session, asked| {
            Box::pin(async move { activities::active(session, asked.0, asked.1).await })
        })
        .await
    }

    async fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        let config = Arc::clone(&self.inner.server.config);
        let context = self
            .prepared(move |embedder, settings| {
                let request = backend::context(request)?;
                let query = match (&request.query_text, &request.query_embedding) {
                    (Some(text), Some(vector)) => Query::Hybrid { text, vector },
                    (Some(text), None) => Query::Text(text),
                    (None, Some(vector)) => Query::Vector(vector),
                    (None, None) => {
                        return Err(ValidationError::RequiredField { field: "query_text".into() }.into());
                    }
                };
                let search = &settings.memory.search;
                let of_experiences = ranking(embedder, query, (search.signals, search.context))?;
                // An insight has no session, no question before it and no agent.
                let of_insights = ranking(embedder, query, (search.signals, ContextWeights::NONE))?;
                Ok(Context { ranking: of_experiences, of_insights, request, config })
            })
            .await?;
        self.call(Access::Read, context, |session, context| {
            Box::pin(async move {
                let (request, memory) = (&context.request, &context.config.memory);
                let recall = request.recall_weights.or(memory.decay.default_recall_weights);
                let asked = plain(&context.config, request.max_similar, recall);
                let rankings = (&context.ranking, &context.of_insights);
                context::gather(session, request, rankings, &asked, memory.activity.stale_threshold).await
            })
        })
        .await
    }

    fn watch(&self, collective: CollectiveId) -> Pin<Box<dyn Stream<Item = WatchEvent> + Send>> {
        self.watch_from(collective, self.inner.news.latest())
    }

    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        let name = backend::collective_name(name)?;
        self.call(Access::Write, name, |session, name| {
            Box::pin(async move { collectives::get_or_create(session, &name).await })
        })
        .await
    }

    async fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.call(Access::Read, self.inner.embedder.dimension(), |session, dimension| {
            Box::pin(async move { collectives::list(session, *dimension).await })
        })
        .await
    }

    async fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let agent = backend::active_agent(agent)?;
        let interval = backend::heartbeat_interval(&self.inner.server.config.memory.activity);
        self.call(Access::Write, (agent, collective, interval), |session, asked| {
            Box::pin(async move { activities::heartbeat(session, &asked.0, asked.1, asked.2).await })
        })
        .await
    }

    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let agent = backend::active_agent(agent)?;
        self.call(Access::Write, (agent, collective), |session, asked| {
            Box::pin(async move { activities::end(session, &asked.0, asked.1).await })
        })
        .await
    }

    async fn archive_experience(&self, id: ExperienceId) -> Result<()> {
        self.call(Access::Write, id, |session, id| {
            Box::pin(async move { update::set_archived(session, *id, true).await })
        })
        .await
    }

    async fn delete_experience(&self, id: ExperienceId) -> Result<()> {
        self.call(Access::Write, id, |session, id| {
            Box::pin(async move { update::delete(session, *id).await })
        })
        .await
    }

    async fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        self.call(Access::Write, id, |session, id| {
            Box::pin(async move { update::reinforce(session, *id).await })
        })
        .await
    }

    async fn poll_changes(&self, collective: CollectiveId, since: u64) -> Result<(Vec<WatchEvent>, u64)> {
        self.call(Access::Read, (collective, since), |session, asked| {
            Box::pin(async move { watch::poll(session, asked.0, asked.1).await })
        })
        .await
    }
}
