//! What can fail: only setting up what a process has once.

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a setup was refused; recording and rendering cannot fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process already has a metrics recorder, from this crate or another; it stays.
    #[error("a metrics recorder is already installed in this process: install one only once, in `main`")]
    RecorderInstalled,
    /// The process already has a log subscriber, from this crate or another; it stays.
    #[error("a log subscriber is already installed in this process: install one only once, in `main`")]
    LogsInstalled,
    /// An environment variable or an option holds an invalid log filter.
    #[error("{origin} has an invalid log filter, {value:?}: write it like `info` or `warn,pulsedb=debug`")]
    LogFilter {
        /// The environment variable or option that holds it.
        origin: &'static str,
        /// Its value, shortened to
        /// [`limits::FILTER_SHOWN_CHARACTERS`](crate::limits::FILTER_SHOWN_CHARACTERS).
        value: String,
        /// The parser's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
