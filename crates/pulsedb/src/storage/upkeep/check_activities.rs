//! Checking activities: each is a row, of a collective that exists.

use std::ops::Bound;

use crate::error::Result;
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::upkeep::check::Checker;

impl Checker<'_> {
    /// Reads every activity, and counts those of each collective.
    pub(super) fn activities(&mut self) -> Result<()> {
        for row in self.view.sealed_range(Table::Activity, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let row = seal::open(Table::Activity, key, value).ok().and_then(ActivityRow::read);
            let (Some((number, _)), Some(_)) = (keys::read_activity(key), row) else {
                self.fault(Table::Activity, key, "the value does not match its checksum or its format");
                continue;
            };
            match self.owners.get_mut(&number) {
                Some(owner) => owner.activities += 1,
                None => self.fault(Table::Activity, key, "its collective does not exist"),
            }
            self.report.activities += 1;
        }
        Ok(())
    }
}
