//! The server that the tests are given, and stores on it that share nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use pulsedb::{Config, EmbeddingDimension};
use pulsedb_postgres::{PostgresConfig, PostgresSubstrate};

/// Dimensions of the vectors that tests supply.
pub(crate) const DIMENSION: usize = 8;

/// The server's address, with its owner as the user; `None` without a server, and the reason is printed.
pub(crate) fn url() -> Option<String> {
    let url = std::env::var("PULSEDB_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!("skipped: PULSEDB_POSTGRES_URL names no server; `cargo xtask postgres test` starts one");
    }
    url
}

/// The name of a tenant that nobody else has.
pub(crate) fn new_tenant() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Settings of a tenant whose vectors are supplied.
pub(crate) fn config(tenant: &str) -> PostgresConfig {
    PostgresConfig {
        tenant: tenant.to_owned(),
        memory: Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION)),
        ..Default::default()
    }
}

/// A store of a tenant.
pub(crate) async fn store(url: &str, tenant: &str) -> PostgresSubstrate {
    PostgresSubstrate::connect(url, config(tenant)).await.expect("the server lets tests in")
}

/// A runtime of two threads.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
