//! The store that callers get: what needs no server is done here, and each call is one transaction.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures_core::Stream;
use pulsedb::backend::{self, Embedder};
use pulsedb::{
    Activity, Collective, CollectiveId, ContextCandidates, ContextRequest, ContextWeights, DerivedInsight,
    Experience, ExperienceId, ExperienceRelation, ExperienceUpdate, InsightId, NewActivity,
    NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery, ProviderIdentity, PulseDBError,
    Query, RelationDirection, RelationId, Result, SearchFilter, SearchOptions, SearchResult,
    SubstrateProvider, ValidationError, WatchEvent,
};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_postgres::NoTls;

use crate::calls::{Call, Server};
use crate::checked::{Context, InsightSearch, Search, plain, ranking, vector_of};
use crate::config::{self, PostgresConfig};
use crate::failure::{self, Answer, Failure};
use crate::keys::Id;
use crate::listener::{self, News};
use crate::search::{self, Ranking};
use crate::session::Access;
use crate::{activities, collectives, context, insights, migrate, records, relations, rows, update, watch};

/// A [`SubstrateProvider`] on a PostgreSQL server with pgvector.
///
/// Calls run on the Tokio runtime in which it was connected, wherever they are made. A call that was begun is completed,
/// also if its future is dropped. Clones share the connections; the last one closes them.
///
/// Ids are made by the clients from their clocks: those of two machines are in the order of their clocks.
#[derive(Debug, Clone)]
pub struct PostgresSubstrate {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) server: Server,
    pub(crate) embedder: Embedder,
    runtime: Handle,
    news: Arc<News>,
    tasks: [AbortHandle; 2],
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl PostgresSubstrate {
    /// Connects with the server at a URL (`postgres://user@host:5432/database`), and makes or upgrades the tables if the
    /// settings allow that. To be called in a Tokio runtime, which must live as long as the store.
    ///
    /// # Errors
    /// [`Validation`](PulseDBError::Validation) for settings out of bounds; [`Server`](PulseDBError::Server) for a bad URL, a
    /// server that cannot be reached or lets nobody in, a missing extension, or tables of another version;
    /// [`EmbeddingProviderMismatch`](PulseDBError::EmbeddingProviderMismatch) if the tenant has vectors of another embedder.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn connect(url: &str, config: PostgresConfig) -> Result<Self> {
        config.validate()?;
        let embedder = Embedder::of(&config.memory)?;
        let address = config::address(url, &config)?;
        let manager = Manager::from_config(
            address.clone(),
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(config.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .build()
            .expect("a runtime is given");
        let server = Server { pool, config: Arc::new(config) };
        prepare_tables(&server).await.map_err(told)?;
        let latest = enter(&server, embedder.identity()).await?;
        let (runtime, news) = (Handle::current(), Arc::new(News::new(latest)));
        let listening = runtime.spawn(listener::listen(server.clone(), address, Arc::clone(&news)));
        let telling = runtime.spawn(listener::tell(server.clone(), Arc::clone(&news)));
        let tasks = [listening.abort_handle(), telling.abort_handle()];
        Ok(Self { inner: Arc::new(Inner { server, embedder, runtime, news, tasks }) })
    }

    /// Makes the index of vectors (HNSW) for the dimension of this store, without which each search by vector compares every
    /// match. It is for collectives of more than [`exact_rows`](PostgresConfig::exact_rows) records, takes minutes for a
    /// million of them, and makes each later record dearer. The user must own the tables. It is not bound by
    /// `statement_timeout`.
    ///
    /// # Errors
    /// [`Validation`](PulseDBError::Validation) for vectors of more than 2000 dimensions, which pgvector does not index;
    /// [`Server`](PulseDBError::Server) if the server refuses.
    pub async fn build_vector_index(&self) -> Result<()> {
        let dimension = self.inner.embedder.dimension();
        if dimension > search::INDEXED_DIMENSIONS_MAX {
            let most = search::INDEXED_DIMENSIONS_MAX;
            let reason = format!("{dimension} is above {most}, the most that are indexed");
            return Err(ValidationError::InvalidField { field: "embedding_dimension".into(), reason }.into());
        }
        let server = self.inner.server.clone();
        let running = self.inner.runtime.spawn(async move {
            let limit = server.config.statement_timeout;
            let client = server.pool.get().await.map_err(|error| told(failure::of_pool(&error, limit)))?;
            let made = client.batch_execute(&search::index_statement(dimension)).await;
            made.map_err(|error| told(failure::of(&error, limit)))
        });
        joined(running.await)
    }

    /// Makes a call on the runtime of the store, to its end.
    pub(crate) async fn call<A, T>(&self, access: Access, arguments: A, call: Call<A, T>) -> Result<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (server, news) = (self.inner.server.clone(), Arc::clone(&self.inner.news));
        let running = self.inner.runtime.spawn(async move {
            let (answer, sequence) = server.call(access, &Arc::new(arguments), call).await?;
            if sequence > 0 {
                news.commit(sequence);
            }
            Ok(answer)
        });
        joined(running.await)
    }

    /// Does what needs the processor and no server where it keeps no task from its turn.
    pub(crate) async fn prepared<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Embedder, &PostgresConfig) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        joined(self.inner.runtime.spawn_blocking(move || work(&inner.embedder, &inner.server.config)).await)
    }
}

fn joined<T>(outcome: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    match outcome {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down.
        Err(_) => Err(PulseDBError::Closed),
    }
}

fn told(failure: Failure) -> PulseDBError {
    match failure {
        Failure::Told(error) => error,
        Failure::Again(reason) => pulsedb::ServerError::Conflict { attempts: 1, reason }.into(),
    }
}

async fn prepare_tables(server: &Server) -> Answer<()> {
    let limit = server.config.statement_timeout;
    let client = server.pool.get().await.map_err(|error| failure::of_pool(&error, limit))?;
    migrate::migrate(&client, &server.config).await
}

/// Makes the row of the tenant if it is new; how far its log reaches.
async fn enter(server: &Server, identity: &ProviderIdentity) -> Result<u64> {
    let call: Call<ProviderIdentity, (ProviderIdentity, i64)> = |session, wanted| {
        Box::pin(async move {
            session
                .run(
                    "INSERT INTO tenant (tenant_id, provider, model_digest, dimension) \
                     VALUES (current_setting('pulsedb.tenant'), $1, $2, $3) ON CONFLICT (tenant_id) DO NOTHING",
                    &[&wanted.provider, &wanted.model_digest, &(wanted.dimension as i32)],
                )
                .await?;
            let row =
                session.row("SELECT provider, model_digest, dimension, sequence FROM tenant", &[]).await?;
            let row = row.expect("the row of the tenant was just made");
            let dimension = row.get::<_, i32>(2).unsigned_abs() as usize;
            let stored = ProviderIdentity { provider: row.get(0), model_digest: row.get(1), dimension };
            Ok((stored, row.get(3)))
        })
    };
    let ((stored, sequence), _) = server.call(Access::Write, &Arc::new(identity.clone()), call).await?;
    if stored != *identity {
        return Err(PulseDBError::EmbeddingProviderMismatch {
            stored: Box::new(stored),
            requested: Box::new(identity.clone()),
        });
    }
    Ok(sequence.unsigned_abs())
}

#[async_trait]
impl SubstrateProvider for PostgresSubstrate {
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId> {
        let prepared = self
            .prepared(|embedder, config| {
                let new = backend::new_experience(exp)?;
                let vector = vector_of(embedder, new.embedding.clone(), &new.content)?;
                let indexed = backend::index(&new.content);
                Ok((records::Prepared { new, vector, indexed }, config.memory.default_collective))
            })
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
        let Inner { runtime, server, news, .. } = &*self.inner;
        Box::pin(watch::stream(runtime, server.clone(), news.subscribe(), collective))
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
            Box::pin(async move { update::archive(session, *id).await })
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
