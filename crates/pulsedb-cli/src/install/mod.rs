//! Installing: the configuration files of agents, and what is put into them and taken out again.

pub(crate) mod claude_code;
pub(crate) mod document;
pub(crate) mod file;
pub(crate) mod places;
pub(crate) mod servers;
