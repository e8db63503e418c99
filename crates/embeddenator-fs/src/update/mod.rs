//! Changing an engram that is there: new snapshots, fewer snapshots, and the same ones in fewer bytes.

pub(crate) mod compact;
pub(crate) mod forget;
pub(crate) mod run;
