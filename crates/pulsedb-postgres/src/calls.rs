//! Calls at the server: a connection, a transaction, another attempt where nothing was changed.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use pulsedb::{PulseDBError, Seq, ServerError};

use crate::config::PostgresConfig;
use crate::failure::{self, Answer, Failure};
use crate::session::{Access, Session};

/// How often a transaction is tried that others were in the way of.
const ATTEMPTS: u32 = 8;

/// A future that runs on the runtime of the store.
pub(crate) type Work<'s, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 's>>;

/// What a call does in its transaction; it may be asked to do it again.
pub(crate) type Call<A, T> = for<'s, 'c> fn(&'s mut Session<'c>, Arc<A>) -> Work<'s, T>;

/// Where calls are made.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) pool: Pool,
    pub(crate) config: Arc<PostgresConfig>,
}

impl Server {
    /// Makes a call, all of it or nothing; what it answers, and the number of its last change if there is one.
    pub(crate) async fn call<A: Send + Sync, T>(
        &self,
        access: Access,
        arguments: &Arc<A>,
        call: Call<A, T>,
    ) -> pulsedb::Result<(T, Seq)> {
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            match self.attempt(access, Arc::clone(arguments), call).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Told(error)) => return Err(error),
                Err(Failure::Again(said)) => reason = said,
            }
            tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
        }
        Err(ServerError::Conflict { attempts: ATTEMPTS, reason }.into())
    }

    async fn attempt<A: Send + Sync, T>(
        &self,
        access: Access,
        arguments: Arc<A>,
        call: Call<A, T>,
    ) -> Answer<(T, Seq)> {
        let limit = self.config.statement_timeout;
        let client = self.pool.get().await.map_err(|error| failure::of_pool(&error, limit))?;
        let mut session = match Session::begin(&client, &self.config.tenant, limit, access).await {
            Ok(session) => session,
            // A connection that has died while it was idle: nothing was asked yet.
            Err(Failure::Told(PulseDBError::Server(ServerError::Unreachable { reason })))
                if client.is_closed() =>
            {
                return Err(Failure::Again(reason));
            }
            Err(error) => {
                give_up(client).await;
                return Err(error);
            }
        };
        let outcome = match call(&mut session, arguments).await {
            Ok(answer) => session.commit().await.map(|sequence| (answer, sequence)),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            give_up(client).await;
        }
        outcome
    }
}

/// Takes back what a connection has begun. One that cannot do that is closed.
async fn give_up(client: deadpool_postgres::Object) {
    if !Session::roll_back(&client).await {
        drop(deadpool_postgres::Object::take(client));
    }
}
