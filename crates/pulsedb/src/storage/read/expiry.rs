//! What has expired and is still stored: queries leave it out until a commit removes it.

use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::slot::read_slot_value;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

/// The slots of a collective whose experiences have expired, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Expired(Vec<Slot>);

impl Expired {
    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.0.binary_search(&slot).is_ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().copied()
    }
}

/// A row of `expiry`.
#[derive(Debug, Clone, Copy)]
pub(in crate::storage) struct ExpiryRow<'t> {
    pub(in crate::storage) key: &'t [u8],
    pub(in crate::storage) number: CollectiveNumber,
    pub(in crate::storage) id: ExperienceId,
    value: &'t [u8],
}

impl<'t> View<'t> {
    /// What has expired at a moment, in every collective, what expired first before the rest.
    pub(in crate::storage) fn expired_until(
        self,
        now: Timestamp,
    ) -> Result<impl Iterator<Item = Result<ExpiryRow<'t>>> + use<'t>> {
        let end = keys::last_expiry(now);
        let rows = self.sealed_range(Table::Expiry, Bound::Unbounded, Bound::Included(&end))?;
        Ok(rows.filter_map(|row| {
            let (key, value) = match row {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            // A key that is none names nothing; a check tells it.
            let (_, number, id) = keys::read_expiry(key)?;
            Some(Ok(ExpiryRow { key, number, id, value }))
        }))
    }

    /// The slot that a row of `expiry` names. Where its value is damaged, the record says it.
    fn expiring_slot(self, row: &ExpiryRow<'_>) -> Option<Slot> {
        let value = seal::open(Table::Expiry, row.key, row.value).ok();
        value.and_then(read_slot_value).or_else(|| {
            let record = self.stored_experience(row.id).ok().flatten();
            record.map(|(place, _)| place.slot)
        })
    }
}

impl CollectiveView<'_> {
    /// What has expired of this collective at the moment of the view.
    pub(crate) fn expired(self) -> Result<Expired> {
        let mut slots = Vec::new();
        for row in self.view.expired_until(self.now)? {
            let row = row?;
            if row.number == self.number {
                slots.extend(self.view.expiring_slot(&row));
            }
        }
        slots.sort_unstable();
        Ok(Expired(slots))
    }
}
