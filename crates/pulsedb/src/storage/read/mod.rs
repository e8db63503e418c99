//! Reading: one snapshot of all tables, every value checked before it is used.

mod activities;
pub(in crate::storage) mod blocks;
pub(in crate::storage) mod collective_view;
mod collectives;
mod experiences;
pub(in crate::storage) mod expiry;
mod insights;
pub(in crate::storage) mod keyed;
mod log;
pub(in crate::storage) mod newest;
pub(in crate::storage) mod pending;
mod relations;
mod sessions;
pub(in crate::storage) mod vectors;
pub(in crate::storage) mod view;
