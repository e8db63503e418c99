//! Maintaining the database as a whole: check, repair, statistics.

mod carry_links;
pub(in crate::storage) mod check;
mod check_activities;
mod check_index;
mod check_records;
mod check_relations;
mod check_vectors;
mod needed_keys;
mod rebuild;
mod records;
pub(in crate::storage) mod repair;
pub(in crate::storage) mod repair_options;
#[cfg(test)]
mod row_damage;
mod salvage;
pub(in crate::storage) mod statistics;
mod workshop;
