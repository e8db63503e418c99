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
}
