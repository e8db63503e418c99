//! Hooks: what an agent is shown of the memory as its session goes on, and what of the session is recorded.

pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod offer;
pub(crate) mod record;
pub(crate) mod shown;
