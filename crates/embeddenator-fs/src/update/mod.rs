//! Changing an engram that is there: new snapshots, fewer snapshots, and the same ones in fewer bytes.

pub(crate) mod compact;
pub(crate) mod forget;
mod merge;
pub(crate) mod opened;
pub(crate) mod run;
