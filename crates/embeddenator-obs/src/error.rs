//! What may fail here: only what is set up once for a process.

/// A shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a set-up was refused; recording and rendering do not fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process already has a recorder of metrics, ours or another; it stays.
    #[error("a recorder of metrics is already installed in this process: install one, once, in `main`")]
    RecorderInstalled,
    /// The process already has a receiver of log events, ours or another; it stays.
    #[error("a receiver of log events is already installed in this process: install one, once, in `main`")]
    LogsInstalled,
    /// An environment variable or an option holds a log filter that cannot be read.
    #[error(
        "{origin} holds the log filter {value:?}, which cannot be read: write it like `info` or `warn,pulsedb=debug`"
    )]
    LogFilter {
        /// The environment variable, or the option, that holds it.
        origin: &'static str,
        /// What it holds, cut to [`limits::FILTER_SHOWN_CHARACTERS`](crate::limits::FILTER_SHOWN_CHARACTERS).
        value: String,
        /// What the parser found.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
