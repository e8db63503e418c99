//! Every way a call can fail, sorted by what the caller can do about it.

use std::path::PathBuf;

use crate::id::{AgentId, CollectiveId, ExperienceId, InsightId, RelationId, Seq};
use crate::model::ProviderIdentity;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, PulseDBError>;

/// The error of every public call.
///
/// Messages name the thing, the value and the remedy. [`std::error::Error::source`] keeps the cause.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PulseDBError {
    /// The files of the database: damaged, full, missing, locked, of another version.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The caller's input was refused; nothing was changed.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// A setting that is valid by itself conflicts with the open environment or with what was compiled in.
    #[error("configuration conflict: {reason}")]
    Config {
        /// What conflicts with what, and what to change.
        reason: String,
    },
    /// What the call names does not exist, or no longer exists.
    #[error(transparent)]
    NotFound(#[from] NotFoundError),
    /// The server that keeps the records, where they are not in files: see `pulsedb-postgres`.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase: "open", "create the directory".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: IoSource,
    },
    /// The embedder failed or returned something that is not a valid vector.
    #[error("embedding failed: {reason}")]
    Embedding {
        /// What failed and what to do.
        reason: String,
    },
    /// The database was written with another embedder; vectors of two embedders never mix.
    #[error(
        "the database holds vectors of {stored}, but {requested} was requested; \
         open it with the stored provider, or move it with `reembed`"
    )]
    EmbeddingProviderMismatch {
        /// What has made its vectors.
        stored: Box<ProviderIdentity>,
        /// What `open` was given, or what this handle goes by.
        requested: Box<ProviderIdentity>,
    },
    /// The handle was opened with `read_only`; open a writable one to change data.
    #[error("this handle is read-only; open the database without `read_only` to change it")]
    ReadOnly,
    /// The change log no longer reaches back to the number that was asked for.
    #[error(
        "changes before sequence {oldest} are no longer in the log; \
         read the current state, then poll from {oldest}"
    )]
    ChangesGone {
        /// The smallest sequence number that the log still holds.
        oldest: Seq,
    },
    /// The handle was closed, or belongs to the parent of a forked process.
    #[error("the database handle is closed; open it again")]
    Closed,
}

impl PulseDBError {
    /// Whether what the call names does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether the input was refused.
    pub fn is_validation(&self) -> bool {
        matches!(self, Self::Validation(_))
    }

    /// Whether the files of the database are the cause.
    pub fn is_storage(&self) -> bool {
        matches!(self, Self::Storage(_))
    }

    /// Whether a setting conflicts with the open environment or the build.
    pub fn is_config(&self) -> bool {
        matches!(self, Self::Config { .. })
    }

    /// Whether a change was attempted through a read-only handle.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::ReadOnly)
    }

    /// Wraps an error of the operating system with what was tried on which file.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action, path: path.into(), source: IoSource::new(source) }
    }
}

/// A [`std::io::Error`] that can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct IoSource(std::sync::Arc<std::io::Error>);

impl IoSource {
    pub(crate) fn new(error: std::io::Error) -> Self {
        Self(std::sync::Arc::new(error))
    }

    /// The kind of the wrapped error.
    pub fn kind(&self) -> std::io::ErrorKind {
        self.0.kind()
    }

    /// The system's error number, if there is one.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.0.raw_os_error()
    }
}

/// What can be wrong with the files of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A stored value does not match its checksum or its format, or the file is damaged as a whole.
    #[error("damaged: table `{table}`, key {key}; run `repair`, or restore a backup")]
    Corrupted {
        /// The table, or "file" for damage below the tables.
        table: &'static str,
        /// The key in hexadecimal, or what part of the file is damaged.
        key: String,
    },
    /// No room: the disk or the map is full. Nothing was changed; deletes still work.
    #[error("no room: {reason}")]
    Full {
        /// Whether the disk or the map is full, and how to raise it.
        reason: String,
    },
    /// There is no database at this path, and the call may not create one.
    #[error("no database at {}; open it writable once to create it", path.display())]
    DatabaseNotFound {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The file system, the platform or the file cannot be used.
    #[error("unsupported: {reason}")]
    Unsupported {
        /// What is not supported, and what to do instead.
        reason: String,
    },
    /// Another process holds a lock on the database that excludes this call.
    #[error("the database is in use by {holder}; end that process or try again later")]
    DatabaseLocked {
        /// Who holds it.
        holder: String,
    },
    /// The database was written by a newer version.
    #[error("format {found} is newer than {supported}, the newest this version reads; upgrade pulsedb")]
    FormatTooNew {
        /// The format of the file, or its features that are unknown.
        found: String,
        /// The newest that can be read.
        supported: String,
    },
    /// There is no address space for the map, because of a limit of the system such as `ulimit -v`.
    #[error(
        "cannot reserve {} GiB of address space, the largest size of the database; raise the limit (`ulimit -v`), or \
         choose a smaller size when the database is made or grown (`map_size_gb`; for the command `--map-size` or \
         PULSEDB_MAP_SIZE, in GiB)",
        .bytes.div_ceil(1 << 30)
    )]
    MapTooLarge {
        /// The size of the map.
        bytes: u64,
    },
    /// The database was written by a version whose format is no longer read.
    #[error(
        "format {found} is older than {supported}, the oldest this version reads; \
         export with the version that wrote it, then import"
    )]
    FormatTooOld {
        /// The format that the file has.
        found: String,
        /// The oldest that can be read.
        supported: String,
    },
    /// The directory is not the one that was opened: it was deleted, moved, swapped or restored meanwhile.
    #[error(
        "the database at {} was deleted or replaced while it was open; close every handle and open it again",
        path.display()
    )]
    Replaced {
        /// Where the database was.
        path: PathBuf,
    },
    /// A write or sync failed earlier; writes are refused until the database is opened again.
    #[error(
        "writes are refused because an earlier write failed ({reason}); close every handle and open it again"
    )]
    WritesRefused {
        /// That failure.
        reason: String,
    },
    /// Every slot for concurrent readers is taken, even after a wait.
    #[error("all {slots} reader slots are in use; close idle processes that have this database open")]
    TooManyReaders {
        /// How many there are.
        slots: u32,
    },
    /// The engine reported something that no other variant covers.
    #[error("storage engine: {reason}")]
    Engine {
        /// What it said, and while doing what.
        reason: String,
    },
}

/// What can be wrong with a server that keeps the records. No message holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be read, or asks for what this build does not have.
    #[error("the server's address is invalid: {reason}")]
    Address {
        /// What is wrong with it, without its secrets.
        reason: String,
    },
    /// No connection could be made, or the server has gone away. Nothing says whether a change that was on its way was made.
    #[error("the server cannot be reached: {reason}; see whether it runs and can be reached, then try again")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// The server does not let this user in, or not do what the call needs.
    #[error("the server refuses: {reason}")]
    Denied {
        /// What it refuses, and what to grant.
        reason: String,
    },
    /// The server lacks an extension.
    #[error("the extension `{name}` is missing in the database: {reason}")]
    ExtensionMissing {
        /// Which one.
        name: String,
        /// How to get it.
        reason: String,
    },
    /// The tables are older than this version needs, or there are none, and this connection may not change them.
    #[error(
        "the tables have schema {found}, this version needs {needed}; connect once with `migrate: true` as their owner"
    )]
    SchemaTooOld {
        /// The schema that was found; 0 for none.
        found: i32,
        /// The schema that is needed.
        needed: i32,
    },
    /// The tables were made by a newer version.
    #[error(
        "the tables have schema {found}, newer than {supported}, the newest this version knows; upgrade pulsedb"
    )]
    SchemaTooNew {
        /// The schema that was found.
        found: i32,
        /// The newest that is known.
        supported: i32,
    },
    /// A statement took longer than is allowed, and was cancelled; nothing was changed.
    #[error(
        "a statement took longer than {limit_ms} ms and was cancelled; raise `statement_timeout`, or ask for less"
    )]
    TimedOut {
        /// The limit.
        limit_ms: u64,
    },
    /// Another transaction was in the way, again and again; nothing was changed.
    #[error("other transactions were in the way {attempts} times: {reason}; try again")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
        /// What the server said.
        reason: String,
    },
    /// The server said something that no other variant covers.
    #[error("the server failed: {reason}")]
    Failed {
        /// What it said, and its code.
        reason: String,
    },
}

/// Why an input was refused. What is refused changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// A vector does not have as many dimensions as the database.
    #[error("expected a vector of {expected} dimensions, got {got}")]
    DimensionMismatch {
        /// The dimension of the collective.
        expected: usize,
        /// The length that was given.
        got: usize,
    },
    /// A field has a value that is not allowed.
    #[error("`{field}` is invalid: {reason}")]
    InvalidField {
        /// The field's name.
        field: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// The content is too long.
    #[error("content of {size} bytes exceeds the limit of {max}; split it")]
    ContentTooLarge {
        /// Its length in bytes.
        size: usize,
        /// The longest allowed, in bytes.
        max: usize,
    },
    /// A field that must be given is missing or empty.
    #[error("`{field}` is required")]
    RequiredField {
        /// The field's name.
        field: String,
    },
    /// A list has too many entries.
    #[error("`{field}` has {count} entries, at most {max} are allowed")]
    TooManyItems {
        /// The field's name.
        field: String,
        /// How many were given.
        count: usize,
        /// How many are allowed.
        max: usize,
    },
}

impl ValidationError {
    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidField { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn required(field: impl Into<String>) -> Self {
        Self::RequiredField { field: field.into() }
    }
}

/// What does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFoundError {
    /// No such collective.
    #[error("no collective {0}")]
    Collective(CollectiveId),
    /// No such experience.
    #[error("no experience {0}")]
    Experience(ExperienceId),
    /// No such relation.
    #[error("no relation {0}")]
    Relation(RelationId),
    /// No such insight.
    #[error("no insight {0}")]
    Insight(InsightId),
    /// The agent has not registered in the collective, or has ended its activity.
    #[error("agent `{agent_id}` has no activity in collective {collective_id}; register it first")]
    Activity {
        /// Who.
        agent_id: AgentId,
        /// Where.
        collective_id: CollectiveId,
    },
}
