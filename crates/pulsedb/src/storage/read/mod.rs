//! Reading: one snapshot of all tables, every value checked before it is used.

pub(in crate::storage) mod blocks;
pub(in crate::storage) mod collective_view;
mod collectives;
mod experiences;
mod log;
pub(in crate::storage) mod newest;
pub(in crate::storage) mod pending;
pub(in crate::storage) mod vectors;
pub(in crate::storage) mod view;
