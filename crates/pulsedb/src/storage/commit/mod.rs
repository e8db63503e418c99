//! Committing: callers that wait share one transaction and one sync.

pub(in crate::storage) mod committer;
pub(crate) mod listener;
mod queue;
