//! Calls that look after the database as a whole.

use std::path::Path;

use crate::db::PulseDB;
use crate::error::Result;
use crate::model::Holder;

impl PulseDB {
    /// Live processes that have the database in this directory open for writing.
    pub fn writers(path: impl AsRef<Path>) -> Result<Vec<Holder>> {
        crate::storage::env::writers(path.as_ref())
    }
}
