//! The store that callers get: its connections, what makes its vectors, and how calls are made on its runtime.

use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use pulsedb::backend::Embedder;
use pulsedb::{EmbeddingService, ProviderIdentity, PulseDBError, Result, Seq, Timestamp, ValidationError};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_postgres::{NoTls, Row};

use crate::calls::{Call, Server};
use crate::config::{self, PostgresConfig};
use crate::failure::{self, Answer, Failure};
use crate::listener::{self, News};
use crate::migrate;
use crate::search;
use crate::session::{Access, Session};

/// A [`SubstrateProvider`](pulsedb::SubstrateProvider) on a PostgreSQL server with pgvector.
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
    pub(crate) runtime: Handle,
    pub(crate) news: Arc<News>,
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
        let embedder = Embedder::of(&config.memory)?;
        Self::connected(url, config, embedder).await
    }

    /// Checks settings and an address without a server.
    ///
    /// # Errors
    /// [`Validation`](PulseDBError::Validation) for settings out of bounds; [`Server`](PulseDBError::Server) for a URL that
    /// cannot be read, or asks for what this build does not have.
    pub fn check(url: &str, config: &PostgresConfig) -> Result<()> {
        config.validate()?;
        config::address(url, config)?;
        Ok(())
    }

    /// As [`connect`](Self::connect), with an embedder of your own in the place of the one that the settings name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn connect_with_embedder(
        url: &str,
        config: PostgresConfig,
        service: Arc<dyn EmbeddingService>,
    ) -> Result<Self> {
        Self::connected(url, config, Embedder::with(service)?).await
    }

    /// The embedder whose vectors a tenant has, or `None` where there is no such tenant yet. Nothing is made or changed.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn stored_embedder(url: &str, config: &PostgresConfig) -> Result<Option<ProviderIdentity>> {
        let server = server(config::address(url, config)?, config.clone())?;
        let limit = config.statement_timeout;
        let client = server.pool.get().await.map_err(|error| told(failure::of_pool(&error, limit)))?;
        if !migrate::expect_readable(&client, config).await.map_err(told)? {
            return Ok(None);
        }
        drop(client);
        let call: Call<(), Option<ProviderIdentity>> = |session, _| {
            Box::pin(async move { Ok(session.row(TENANT, &[]).await?.as_ref().map(stored_identity)) })
        };
        Ok(server.call(Access::Read, &Arc::new(()), call).await?.0)
    }

    async fn connected(url: &str, config: PostgresConfig, embedder: Embedder) -> Result<Self> {
        let address = config::address(url, &config)?;
        let server = server(address.clone(), config)?;
        prepare_tables(&server).await.map_err(told)?;
        let latest = enter(&server, embedder.identity()).await?;
        let (runtime, news) = (Handle::current(), Arc::new(News::new(latest)));
        let listening = runtime.spawn(listener::listen(server.clone(), address, Arc::clone(&news)));
        let telling = runtime.spawn(listener::tell(server.clone(), Arc::clone(&news)));
        let tasks = [listening.abort_handle(), telling.abort_handle()];
        Ok(Self { inner: Arc::new(Inner { server, embedder, runtime, news, tasks }) })
    }

    /// Waits for a call of this store in a thread that may block: not in one that runs tasks of a Tokio runtime. The
    /// runtime of the store must be driven by a thread of its own, as one with several threads is.
    ///
    /// # Panics
    /// In a task of a Tokio runtime.
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.inner.runtime.block_on(call)
    }

    /// The moment, by the clock of the server.
    pub(crate) fn now(&self) -> Result<Timestamp> {
        self.wait(self.call(Access::Read, (), |session, _| Box::pin(async move { Ok(session.now) })))
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

/// The row of the tenant of a transaction.
const TENANT: &str = "SELECT provider, model_digest, dimension, sequence FROM tenant";

/// How far the log of a tenant reaches.
pub(crate) async fn sequence(session: &Session<'_>) -> Answer<Seq> {
    let row = session.row(TENANT, &[]).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(3).unsigned_abs()))
}

fn stored_identity(row: &Row) -> ProviderIdentity {
    let dimension = row.get::<_, i32>(2).unsigned_abs() as usize;
    ProviderIdentity { provider: row.get(0), model_digest: row.get(1), dimension }
}

/// Checks the settings; a pool that has not connected yet.
fn server(address: tokio_postgres::Config, config: PostgresConfig) -> Result<Server> {
    config.validate()?;
    let manager =
        Manager::from_config(address, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let pool = Pool::builder(manager)
        .max_size(config.connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(config.connect_timeout))
        .create_timeout(Some(config.connect_timeout))
        .build()
        .expect("a runtime is given");
    Ok(Server { pool, config: Arc::new(config) })
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
            let row = session.row(TENANT, &[]).await?;
            let row = row.expect("the row of the tenant was just made");
            Ok((stored_identity(&row), row.get(3)))
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
