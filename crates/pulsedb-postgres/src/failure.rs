//! What goes wrong at a server, as the errors of the database, in which no address and no value is repeated.

use std::time::Duration;

use deadpool_postgres::PoolError;
use pulsedb::{PulseDBError, ServerError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The result of what talks with the server.
pub(crate) type Answer<T> = std::result::Result<T, Failure>;

/// Why something at the server failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Returned to the caller as it is.
    Told(PulseDBError),
    /// Another transaction was in the way, and nothing was changed: the whole may be tried again.
    Again(String),
}

impl<E: Into<PulseDBError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Told(error.into())
    }
}

/// Says what an error of the server means.
pub(crate) fn of(error: &Error, limit: Duration) -> Failure {
    let Some(said) = error.as_db_error() else {
        return Failure::Told(unsaid(error).into());
    };
    let code = said.code();
    // The message of a unique violation and the like can hold values; its code and the names of its parts do not.
    let reason = match said.constraint() {
        Some(constraint) => format!("{} at `{constraint}` (SQLSTATE {})", said.severity(), code.code()),
        None => format!("{} (SQLSTATE {})", said.message(), code.code()),
    };
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(code)
    {
        return Failure::Again(reason);
    }
    let error = if *code == SqlState::QUERY_CANCELED {
        ServerError::TimedOut { limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }
    } else if [SqlState::INSUFFICIENT_PRIVILEGE].contains(code) {
        let reason = format!(
            "{reason}; connect once as the owner of the database with `migrate: true`, then `GRANT pulsedb_app TO` this user"
        );
        ServerError::Denied { reason }
    } else if code.code().starts_with("28") {
        ServerError::Denied { reason: format!("{reason}; see user, password and pg_hba.conf") }
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        ServerError::Address { reason: format!("{reason}; create the database or name another one") }
    } else if code.code().starts_with("57P") || code.code().starts_with("08") || code.code().starts_with("53")
    {
        ServerError::Unreachable { reason }
    } else {
        ServerError::Failed { reason }
    };
    Failure::Told(error.into())
}

/// What an error means of which the server has said nothing.
fn unsaid(error: &Error) -> ServerError {
    let mut reason = error.to_string();
    let mut is_unreachable = error.is_closed();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        is_unreachable |= cause.is::<std::io::Error>();
        let cause_text = cause.to_string();
        if !reason.contains(&cause_text) {
            reason = format!("{reason}: {cause_text}");
        }
        source = cause.source();
    }
    if is_unreachable { ServerError::Unreachable { reason } } else { ServerError::Failed { reason } }
}

/// The error for when the pool gives no connection.
pub(crate) fn of_pool(error: &PoolError, limit: Duration) -> Failure {
    match error {
        PoolError::Backend(error) => of(error, limit),
        PoolError::Timeout(_) => {
            let reason =
                "no connection came free in time; raise `connections` or `connect_timeout`".to_owned();
            ServerError::Unreachable { reason }.into()
        }
        other => ServerError::Unreachable { reason: other.to_string() }.into(),
    }
}
