//! Maintaining the database as a whole: check, repair, statistics.

pub(in crate::storage) mod check;
mod check_index;
mod rebuild;
mod records;
pub(in crate::storage) mod repair;
pub(in crate::storage) mod repair_options;
#[cfg(test)]
mod row_damage;
mod salvage;
pub(in crate::storage) mod statistics;
mod workshop;
