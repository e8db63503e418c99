//! What goes wrong: with the server, and with a call of a tool, where the answer says what to do next.

use std::net::SocketAddr;

use pulsedb::{NotFoundError, PulseDBError, ServerError, StorageError};

/// Why a server ended, or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McpError {
    /// The system has no room for the threads of the server.
    #[error("cannot start the server: {0}")]
    Runtime(#[source] std::io::Error),
    /// What stands on standard input is not the beginning of a session.
    #[error("the client began no session: {0}; is it a client of the Model Context Protocol?")]
    Handshake(String),
    /// Others could reach the address.
    #[error(
        "{address} can be reached from other machines, and the memory is for this one; listen on 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; port 0 takes any that is free")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token holds what no header can.
    #[error("the token is empty or holds other characters than visible ASCII; choose another one")]
    Token,
}

/// Why a tool did not do what it was called for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// The arguments cannot be read, or do not go together.
    #[error("{0}")]
    Arguments(String),
    /// There is no collective of that name.
    #[error("no collective `{name}`; {others}. Leave `collective` out for that of this project, `{own}`")]
    Collective { name: String, others: String, own: String },
    /// Some of several memories were stored before the failure.
    #[error("stored {} of {asked}: {}. Then: {source}", stored.len(), stored.join(", "))]
    Partly { stored: Vec<String>, asked: usize, source: Box<ToolError> },
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] PulseDBError),
    /// The call ended before its work did.
    #[error("the call was given up")]
    Cancelled,
}

impl ToolError {
    /// What the model can do next; empty where the message has said so.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Arguments(_) | Self::Collective { .. } => "",
            Self::Partly { .. } => {
                "Do not send those that are stored again; mend the others and send only them."
            }
            Self::Cancelled => "Call again if the answer is still wanted.",
            Self::Database(error) => of_database(error),
        }
    }
}

fn of_database(error: &PulseDBError) -> &'static str {
    match error {
        PulseDBError::NotFound(NotFoundError::Activity { .. }) => {
            "Call `agents` with action `register` first."
        }
        PulseDBError::NotFound(_) => "Ids come from `recall`; what was deleted since has none.",
        PulseDBError::Validation(_) => "Nothing was changed. Mend the value and call again.",
        PulseDBError::ChangesGone { .. } => {
            "Older changes are gone: call `changes` without `since` for the number to go on from, and `recall` for what is there."
        }
        PulseDBError::ReadOnly => "This memory can only be read: go on without storing.",
        PulseDBError::Storage(StorageError::Full { .. }) => {
            "The disk or the database is full: tell the user, and go on without storing."
        }
        PulseDBError::Storage(StorageError::DatabaseLocked { .. } | StorageError::TooManyReaders { .. }) => {
            "Another process keeps the database for a moment: call again."
        }
        PulseDBError::Storage(StorageError::Corrupted { .. }) => {
            "Tell the user to run `pulsedb check`, and `pulsedb repair` if it says so; go on without this memory."
        }
        PulseDBError::Server(ServerError::Unreachable { .. }) => {
            "Nothing says whether a change was made: `recall` it before you send it again; tell the user if this goes on."
        }
        PulseDBError::Server(ServerError::Conflict { .. } | ServerError::TimedOut { .. }) => {
            "Nothing was changed: call again, or ask for less."
        }
        _ => "Tell the user, and go on without this memory.",
    }
}
