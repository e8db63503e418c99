//! How the command ends: its exit codes and the one place that prints an error.

use std::io::{self, Write};
use std::process::ExitCode;

use pulsedb::{PulseDBError, ServerError, StorageError, ValidationError};

/// The exit codes, as the manual lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    NotFound = 3,
    Busy = 4,
    Damaged = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error of the command's own that has an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Another process has it.
    #[cfg(unix)]
    #[error("{0}")]
    Busy(String),
    /// It is not what was written.
    #[cfg(unix)]
    #[error("{0}")]
    Damaged(String),
}

/// Prints the error and its causes, and returns the exit code. A reader that went away is not an error.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Ok;
    }
    let mut stderr = anstream::stderr().lock();
    let style = anstyle::AnsiColor::Red.on_default().bold();
    // If nobody can read the message there is nobody to tell.
    let mut said = message(error.as_ref());
    let _ = writeln!(stderr, "{style}error{style:#}: {}", crate::text::printable(&said));
    for cause in error.chain().skip(1).map(message) {
        if !said.contains(&cause) {
            let _ = writeln!(stderr, "  caused by: {}", crate::text::printable(&cause));
        }
        said = cause;
    }
    let _ = stderr.flush();
    of(error)
}

/// What an error says, with the flags of this command instead of the fields of the library.
fn message(error: &(dyn std::error::Error + 'static)) -> String {
    let own = error.downcast_ref::<ValidationError>();
    let own = own.or(match error.downcast_ref::<PulseDBError>() {
        Some(PulseDBError::Validation(refused)) => Some(refused),
        _ => None,
    });
    if let Some(PulseDBError::Server(refused)) = error.downcast_ref::<PulseDBError>() {
        return of_server(refused);
    }
    own.map_or_else(|| error.to_string(), refusal)
}

/// What a server refuses, with this command in the place of the settings of the library.
fn of_server(refused: &ServerError) -> String {
    match refused {
        ServerError::SchemaTooOld { found, needed } => {
            format!(
                "the tables at the server have schema {found}, this version needs {needed}; \
                 run `pulsedb push` once as their owner, which brings them there"
            )
        }
        ServerError::TimedOut { limit_ms } => {
            format!(
                "the server took longer than {limit_ms} ms for one statement; see whether it is busy, then run it again"
            )
        }
        other => {
            let library = "connect once as the owner of the database with `migrate: true`";
            other.to_string().replace(library, "run `pulsedb push` once as the owner of the database")
        }
    }
}

/// What is refused, as the command line names it.
pub(crate) fn refusal(refused: &ValidationError) -> String {
    match refused {
        ValidationError::InvalidField { field, reason } => format!("{} is invalid: {reason}", flag(field)),
        ValidationError::RequiredField { field } => format!("{} is required", flag(field)),
        ValidationError::TooManyItems { field, count, max } => {
            format!("{} is given {count} times, at most {max} are allowed", flag(field))
        }
        other => other.to_string(),
    }
}

/// The flag or argument that sets a field of the library.
fn flag(field: &str) -> String {
    let flag = match field {
        "content" => "the text",
        "query_text" => "the query",
        "source_experience_ids" => "--from",
        "source_agent" => "--agent",
        "source_task" => "--task",
        "related_files" => "--file",
        "tags" | "tags key" | "tags value" => "--tag",
        "domain" | "domains" => "--domain",
        "key_prefix" | "prefix" => "--key-prefix",
        "expires_at" => "--expires",
        "max_tokens" => "--tokens",
        "max_similar" => "--similar",
        "max_recent" => "--recent",
        "target_id" => "the target",
        "source_id" => "the source",
        "relation_type" | "insight_types" | "experience_types" => "--type",
        "k" => "-k",
        "tenant" => "--tenant",
        "key" | "limit" | "importance" | "confidence" | "min_importance" | "min_confidence" | "strength"
        | "metadata" | "embedding" | "after" => return format!("--{}", field.replace('_', "-")),
        other => return format!("`{other}`"),
    };
    flag.to_owned()
}

/// The exit code of an error: that of the first cause that has one.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| {
            let ours = cause.downcast_ref::<CliError>().map(|error| match error {
                CliError::Usage(_) => Exit::Usage,
                CliError::NotFound(_) => Exit::NotFound,
                #[cfg(unix)]
                CliError::Busy(_) => Exit::Busy,
                #[cfg(unix)]
                CliError::Damaged(_) => Exit::Damaged,
            });
            ours.or_else(|| cause.downcast_ref::<PulseDBError>().map(of_database))
        })
        .unwrap_or(Exit::Failure)
}

fn of_database(error: &PulseDBError) -> Exit {
    match error {
        PulseDBError::NotFound(_) | PulseDBError::Storage(StorageError::DatabaseNotFound { .. }) => {
            Exit::NotFound
        }
        PulseDBError::Storage(StorageError::DatabaseLocked { .. } | StorageError::TooManyReaders { .. }) => {
            Exit::Busy
        }
        PulseDBError::Storage(StorageError::Corrupted { .. }) => Exit::Damaged,
        PulseDBError::Validation(_) | PulseDBError::Server(ServerError::Address { .. }) => Exit::Usage,
        _ => Exit::Failure,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        plain.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use anyhow::anyhow;
    use pulsedb::{ExperienceId, NotFoundError};

    use super::*;

    fn code(error: impl Into<PulseDBError>) -> Exit {
        of(&anyhow::Error::new(error.into()).context("while it did something"))
    }

    #[test]
    fn every_kind_of_error_has_its_code() {
        assert_eq!(code(NotFoundError::Experience(ExperienceId::nil())), Exit::NotFound);
        assert_eq!(code(StorageError::DatabaseNotFound { path: PathBuf::new() }), Exit::NotFound);
        assert_eq!(code(StorageError::DatabaseLocked { holder: "x".into() }), Exit::Busy);
        assert_eq!(code(StorageError::TooManyReaders { slots: 1 }), Exit::Busy);
        assert_eq!(code(StorageError::Corrupted { table: "log", key: "x".into() }), Exit::Damaged);
        assert_eq!(code(ValidationError::RequiredField { field: "content".into() }), Exit::Usage);
        assert_eq!(code(PulseDBError::ReadOnly), Exit::Failure);
        assert_eq!(of(&anyhow!("other")), Exit::Failure);
        assert_eq!(of(&anyhow::Error::new(CliError::Usage("x".into()))), Exit::Usage);
        assert_eq!(of(&anyhow::Error::new(CliError::NotFound("x".into()))), Exit::NotFound);
    }

    #[test]
    fn refusals_name_flags() {
        let reason = "it is 3 characters too long".to_owned();
        let refused = ValidationError::InvalidField { field: "source_experience_ids".into(), reason };
        let error = anyhow::Error::new(PulseDBError::from(refused));
        assert_eq!(message(error.as_ref()), "--from is invalid: it is 3 characters too long");
        let refused = ValidationError::RequiredField { field: "min_importance".into() };
        assert_eq!(refusal(&refused), "--min-importance is required");
        let refused = ValidationError::RequiredField { field: "name".into() };
        assert_eq!(refusal(&refused), refused.to_string());
    }

    #[test]
    fn reader_that_went_away_is_not_an_error() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&anyhow::Error::new(pipe).context("writing")));
        let pipe = serde_json::Error::io(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&anyhow::Error::new(pipe)));
        assert!(!is_broken_pipe(&anyhow!("other")));
    }
}
