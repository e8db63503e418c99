//! Taking a tree in: list, scan, order by similarity, store.

pub(crate) mod before;
pub(crate) mod chunk_ids;
pub(crate) mod deltas;
pub(crate) mod entries;
pub(crate) mod layout;
mod opened;
pub(crate) mod pack;
pub(crate) mod run;
pub(crate) mod scan;
