//! The store: one LMDB environment and what keeps it whole.

pub(crate) mod env;
