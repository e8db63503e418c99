//! Installing: the configuration files of agents, and what is put into them and taken out again.

pub(crate) mod file;
pub(crate) mod hooks;
pub(crate) mod json;
pub(crate) mod places;
pub(crate) mod servers;
