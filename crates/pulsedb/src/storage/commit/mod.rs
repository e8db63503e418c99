//! Committing: callers that wait share one transaction and one sync.

pub(in crate::storage) mod committer;
mod queue;
