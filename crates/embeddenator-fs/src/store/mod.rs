//! The stored bytes of an engram: found from its footer, checked, decoded on demand.

pub(crate) mod cache;
pub(crate) mod open;
pub(crate) mod read;
