//! How an implementation is tried, and what was found.

use std::time::Duration;

/// How to try an implementation.
#[derive(Debug, Clone)]
pub struct Options {
    /// Dimensions of the vectors of the store.
    pub dimension: usize,
    /// How long an event may take to arrive; 30 seconds by default. Only a promise that is broken takes so long.
    pub patience: Duration,
    /// Changes that the promises of concurrency make; 400 by default.
    pub changes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { dimension: 384, patience: Duration::from_secs(30), changes: 400 }
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The promises that were kept.
    pub kept: Vec<&'static str>,
    /// Those that were not.
    pub broken: Vec<Broken>,
}

/// A promise that was not kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Broken {
    /// The promise, as a sentence.
    pub promise: &'static str,
    /// What happened instead.
    pub reason: String,
}
