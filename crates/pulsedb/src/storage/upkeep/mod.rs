//! Looking after the database as a whole: check, repair, statistics.

pub(in crate::storage) mod check;
pub(in crate::storage) mod repair;
#[cfg(test)]
mod row_damage;
mod statistics;
