//! The tables that all commits share: segments and chunks, signatures, and the list of their runs.

pub(crate) mod chunks;
pub(crate) mod fingerprints;
pub(crate) mod runs;
pub(crate) mod signatures;
