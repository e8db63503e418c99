//! Settings of a connection to a server, and its address.

use std::time::Duration;

use pulsedb::{Config, ServerError, ValidationError};
use tokio_postgres::config::SslMode;

/// How to use a server.
///
/// ```
/// use pulsedb_postgres::PostgresConfig;
/// let config = PostgresConfig { tenant: "team-a".into(), ..Default::default() };
/// assert!(config.migrate);
/// ```
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// Whose memory it is: 1 to 48 letters, digits, `-` and `_` of ASCII. No other tenant's rows can be seen or changed.
    pub tenant: String,
    /// The embedder, the ranking, energy and activities; what concerns files means nothing here.
    pub memory: Config,
    /// Connections at most, 1 to 1000; 8 by default. Two more listen and tell.
    pub connections: usize,
    /// How long a statement may take; 30 seconds by default.
    pub statement_timeout: Duration,
    /// How long making a connection, or waiting for a free one, may take; 5 seconds by default.
    pub connect_timeout: Duration,
    /// Up to so many matches a vector is compared with each of them; 50 000 by default. Above that the index of
    /// [`build_vector_index`](crate::PostgresSubstrate::build_vector_index) is walked, if there is one.
    pub exact_rows: usize,
    /// Whether to make or upgrade the tables; true by default. Otherwise they must be there.
    pub migrate: bool,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            tenant: "default".to_owned(),
            memory: Config::default(),
            connections: 8,
            statement_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            exact_rows: 50_000,
            migrate: true,
        }
    }
}

impl PostgresConfig {
    /// Checks the settings that are not the embedder's.
    pub(crate) fn validate(&self) -> Result<(), ValidationError> {
        let invalid = |field: &str, reason: String| {
            Err(ValidationError::InvalidField { field: field.to_owned(), reason })
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=48).contains(&self.tenant.len()) || !self.tenant.bytes().all(is_plain) {
            let reason =
                format!("`{}` is not 1 to 48 letters, digits, `-` and `_`", self.tenant.escape_debug());
            return invalid("tenant", reason);
        }
        if !(1..=1000).contains(&self.connections) {
            return invalid("connections", format!("{} is not within 1..=1000", self.connections));
        }
        for (field, span) in
            [("statement_timeout", self.statement_timeout), ("connect_timeout", self.connect_timeout)]
        {
            if !(1..=86_400_000).contains(&span.as_millis()) {
                return invalid(field, format!("{span:?} is not within 1 ms and a day"));
            }
        }
        Ok(())
    }
}

/// Reads an address. What is wrong with it is said without the address, which may hold a password.
pub(crate) fn address(url: &str, config: &PostgresConfig) -> Result<tokio_postgres::Config, ServerError> {
    let refused = |reason: String| ServerError::Address { reason };
    let mut address: tokio_postgres::Config = url.parse().map_err(|_| {
        refused("it is not of the form `postgres://user:password@host:port/database`; special characters are written `%40`".into())
    })?;
    if address.get_hosts().is_empty() {
        return Err(refused("it names no host; write `postgres://user@host/database`".into()));
    }
    if !matches!(address.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        let reason = "it asks for TLS, which this build does not speak; \
                      use a local socket, a private network or a proxy that encrypts";
        return Err(refused(reason.into()));
    }
    address.ssl_mode(SslMode::Disable);
    address.connect_timeout(config.connect_timeout);
    // Whom a connection works for, where the server lists its connections.
    address.application_name(format!("pulsedb {}", config.tenant));
    Ok(address)
}
