//! What goes wrong at a server is told as what it is, with what to do, and without a secret.

use std::time::Duration;

use pulsedb::{Config, PulseDBError, ServerError, SubstrateProvider};
use pulsedb_postgres::{PostgresConfig, PostgresSubstrate};
use tokio_postgres::{Client, NoTls};

use crate::server::{config, new_tenant, runtime, store, url};

const SECRET: &str = "hunter2";

async fn admin(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn refused(url: &str, config: PostgresConfig) -> ServerError {
    let error = PostgresSubstrate::connect(url, config).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(!said.contains(SECRET), "{said}");
    match error {
        PulseDBError::Server(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A database of its own, and its address.
async fn database(url: &str) -> (String, String) {
    let name = format!("pulsedb_{}", new_tenant().replace('-', "_"));
    admin(url).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    (name.clone(), format!("{server}/{name}"))
}

#[test]
fn bad_addresses_are_told_without_their_secrets() {
    let addresses = [
        format!("postgres://user:{SECRET}@host:notaport/db"),
        format!("nonsense {SECRET}"),
        format!("postgres://user:{SECRET}@/db"),
        format!("postgres://user:{SECRET}@127.0.0.1:1/db?sslmode=require"),
    ];
    runtime().block_on(async {
        for address in addresses {
            let error = refused(&address, config("default")).await;
            assert!(matches!(error, ServerError::Address { .. }), "{error:?}");
        }
        let gone = refused(&format!("postgres://user:{SECRET}@127.0.0.1:1/db"), config("default")).await;
        assert!(matches!(gone, ServerError::Unreachable { .. }), "{gone:?}");
    });
}

#[test]
fn settings_out_of_bounds_are_refused_before_any_connection() {
    runtime().block_on(async {
        let bad = [
            PostgresConfig { tenant: String::new(), ..config("x") },
            PostgresConfig { tenant: "a'; DROP TABLE".into(), ..config("x") },
            PostgresConfig { connections: 0, ..config("x") },
            PostgresConfig { statement_timeout: Duration::ZERO, ..config("x") },
        ];
        for bad in bad {
            let error = PostgresSubstrate::connect("postgres://127.0.0.1:1/db", bad).await.unwrap_err();
            assert!(error.is_validation(), "{error:?}");
        }
    });
}

#[test]
fn tables_of_another_version_are_refused_and_missing_ones_named() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let (_, address) = database(&url).await;
        let none = refused(&address, PostgresConfig { migrate: false, ..config("x") }).await;
        assert!(matches!(none, ServerError::SchemaTooOld { found: 0, .. }), "{none:?}");
        // Two at once make the tables once.
        let (config_one, config_two) = (config("x"), config("y"));
        let (one, other) = tokio::join!(
            PostgresSubstrate::connect(&address, config_one),
            PostgresSubstrate::connect(&address, config_two)
        );
        drop((one.unwrap(), other.unwrap()));
        let client = admin(&address).await;
        client.batch_execute("INSERT INTO pulsedb.schema_version (version) VALUES (1000)").await.unwrap();
        let newer = refused(&address, config("x")).await;
        assert!(matches!(newer, ServerError::SchemaTooNew { found: 1000, .. }), "{newer:?}");
        client.batch_execute("DELETE FROM pulsedb.schema_version WHERE version > 1").await.unwrap();
        let older = refused(&address, PostgresConfig { migrate: false, ..config("x") }).await;
        assert!(matches!(older, ServerError::SchemaTooOld { found: 1, .. }), "{older:?}");
    });
}

#[test]
fn user_who_may_not_is_told_what_to_grant() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let (name, address) = database(&url).await;
        let user = format!("user_{name}");
        let client = admin(&url).await;
        client.batch_execute(&format!("CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")).await.unwrap();
        let (_, place) = address.split_once('@').unwrap();
        let theirs = format!("postgres://{user}:{SECRET}@{place}");
        let denied = refused(&theirs, config("x")).await;
        assert!(matches!(denied, ServerError::Denied { .. }), "may not make a schema: {denied:?}");
        store(&address, "x").await;
        let denied = refused(&theirs, config("x")).await;
        assert!(matches!(denied, ServerError::Denied { .. }), "may not use the tables: {denied:?}");
        let said = denied.to_string();
        assert!(said.contains("GRANT") || said.contains("migrate"), "{said}");
        let nowhere = refused(&format!("{address}_nowhere"), config("x")).await;
        assert!(matches!(nowhere, ServerError::Address { .. }), "{nowhere:?}");
    });
}

#[test]
fn another_embedder_is_refused() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let tenant = new_tenant();
        store(&url, &tenant).await;
        let other = PostgresConfig { tenant, memory: Config::default(), ..Default::default() };
        let error = PostgresSubstrate::connect(&url, other).await.unwrap_err();
        assert!(matches!(error, PulseDBError::EmbeddingProviderMismatch { .. }), "{error:?}");
    });
}

#[test]
fn statement_that_takes_too_long_is_cancelled_and_changes_nothing() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let tenant = new_tenant();
        let patient = store(&url, &tenant).await;
        let id = patient.get_or_create_collective("team").await.unwrap();
        let hasty = PostgresConfig { statement_timeout: Duration::from_millis(100), ..config(&tenant) };
        let hasty = PostgresSubstrate::connect(&url, hasty).await.unwrap();
        // The counter of the tenant is locked by somebody who does not come back.
        let client = admin(&url).await;
        let lock = format!("BEGIN; SELECT FROM pulsedb.tenant WHERE tenant_id = '{tenant}' FOR UPDATE");
        client.batch_execute(&lock).await.unwrap();
        let error = hasty.get_or_create_collective("late").await.unwrap_err();
        assert!(matches!(error, PulseDBError::Server(ServerError::TimedOut { limit_ms: 100 })), "{error:?}");
        client.batch_execute("ROLLBACK").await.unwrap();
        let listed = patient.list_collectives().await.unwrap();
        assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    });
}
