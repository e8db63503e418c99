//! What the operating system is asked for, with one signature for all systems.

pub(crate) mod found;

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use elsewhere::{file, look, target, unmounting};
#[cfg(unix)]
pub(crate) use unix::{file, look, target, unmounting};
