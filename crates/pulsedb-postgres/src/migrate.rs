//! The tables: numbered files of SQL, applied in order, under a lock, forward only.

use deadpool_postgres::ClientWrapper;
use pulsedb::ServerError;

use crate::config::PostgresConfig;
use crate::failure::{self, Answer};

/// The files, from schema 1 on.
const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/0001_tables.sql"), include_str!("../migrations/0002_tenants.sql")];

/// The number of the advisory lock under which the tables are made.
const LOCK: i64 = 0x7075_6c73_6564_6201;

/// Brings the tables to the schema of this version, or says why they are not.
pub(crate) async fn migrate(client: &ClientWrapper, config: &PostgresConfig) -> Answer<()> {
    let found = version(client, config).await?;
    let needed = MIGRATIONS.len() as i32;
    if found == needed {
        return Ok(());
    }
    if found > needed {
        return Err(ServerError::SchemaTooNew { found, supported: needed }.into());
    }
    if !config.migrate {
        return Err(ServerError::SchemaTooOld { found, needed }.into());
    }
    let outcome = apply(client, config).await;
    if outcome.is_err() {
        let _ = client.batch_execute("ROLLBACK").await;
    }
    outcome?;
    // Another version may have been faster.
    match version(client, config).await? {
        found if found > needed => Err(ServerError::SchemaTooNew { found, supported: needed }.into()),
        _ => Ok(()),
    }
}

/// Whether there are tables, which are of this version then.
pub(crate) async fn expect_readable(client: &ClientWrapper, config: &PostgresConfig) -> Answer<bool> {
    let needed = MIGRATIONS.len() as i32;
    match version(client, config).await? {
        0 => Ok(false),
        found if found > needed => Err(ServerError::SchemaTooNew { found, supported: needed }.into()),
        found if found < needed => Err(ServerError::SchemaTooOld { found, needed }.into()),
        _ => Ok(true),
    }
}

async fn version(client: &ClientWrapper, config: &PostgresConfig) -> Answer<i32> {
    let said = |error| failure::of(&error, config.statement_timeout);
    let exists = client.query_one("SELECT to_regclass('pulsedb.schema_version') IS NOT NULL", &[]).await;
    if !exists.map_err(said)?.get::<_, bool>(0) {
        return Ok(0);
    }
    let row = client.query_one("SELECT coalesce(max(version), 0) FROM pulsedb.schema_version", &[]).await;
    Ok(row.map_err(said)?.get(0))
}

async fn apply(client: &ClientWrapper, config: &PostgresConfig) -> Answer<()> {
    let said = |error| failure::of(&error, config.statement_timeout);
    client
        .batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock({LOCK}); SET LOCAL client_min_messages = warning; \
             CREATE SCHEMA IF NOT EXISTS pulsedb; \
             CREATE TABLE IF NOT EXISTS pulsedb.schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        ))
        .await
        .map_err(said)?;
    extension(client, config).await?;
    let found = version(client, config).await?;
    for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let sql = format!(
            "SET LOCAL search_path = pulsedb, public; {sql}; INSERT INTO pulsedb.schema_version (version) VALUES ({version})"
        );
        client.batch_execute(&sql).await.map_err(said)?;
        tracing::info!(version, "made the tables of a schema");
    }
    client.batch_execute("COMMIT").await.map_err(said)
}

/// Makes the extension, if it is not there.
async fn extension(client: &ClientWrapper, config: &PostgresConfig) -> Answer<()> {
    let missing = |reason: String| ServerError::ExtensionMissing { name: "vector".into(), reason };
    let said = |error| failure::of(&error, config.statement_timeout);
    let row = client
        .query_one(
            "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector'), \
             EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')",
            &[],
        )
        .await
        .map_err(said)?;
    if row.get(0) {
        return Ok(());
    }
    if !row.get::<_, bool>(1) {
        return Err(missing("install pgvector on the server, 0.8 or newer".into()).into());
    }
    match client.batch_execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public").await {
        Ok(()) => Ok(()),
        Err(_) => Err(missing("ask a superuser for `CREATE EXTENSION vector SCHEMA public`".into()).into()),
    }
}
