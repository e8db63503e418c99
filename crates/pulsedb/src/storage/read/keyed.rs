//! Experiences by their keys and by their contents.

use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::limits;
use crate::model::Experience;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

impl View<'_> {
    /// The experience that has a key, without its vector, also if it has expired.
    pub(in crate::storage) fn keyed(
        self,
        number: CollectiveNumber,
        key: &str,
    ) -> Result<Option<(Place, Experience)>> {
        let row = keys::by_key(number, key);
        let Some(slot) = self.row(Table::ByKey, &row, read_slot_value)? else { return Ok(None) };
        let slot_row = self.slot_row(number, slot)?;
        let slot_row = slot_row.ok_or_else(|| seal::corrupted(Table::Slot, &keys::slot(number, slot)))?;
        let (place, experience) = self.indexed_row(slot_row.id)?;
        if experience.key.as_deref() == Some(key) {
            return Ok(Some((place, experience)));
        }
        Err(seal::corrupted(Table::ByKey, &row))
    }

    /// The oldest experience with exactly this content that searches find, without its vector.
    pub(in crate::storage) fn identical(
        self,
        number: CollectiveNumber,
        content: &str,
        now: Timestamp,
    ) -> Result<Option<(Place, Experience)>> {
        let from = keys::content(number, content);
        let to = [from.as_slice(), &[0xff; 16]].concat();
        for row in self.range(Table::ByContent, Bound::Included(&from), Bound::Included(&to))? {
            let (key, _) = row?;
            let id = keys::read_id(key).ok_or_else(|| seal::corrupted(Table::ByContent, key))?;
            let (place, experience) = self.indexed_row(id)?;
            // Two contents may have one digest.
            if experience.content == content && self.is_found(place, &experience, now)? {
                return Ok(Some((place, experience)));
            }
        }
        Ok(None)
    }
}

impl View<'_> {
    /// Whether searches find an experience: then it may stand for one with the same content.
    pub(in crate::storage) fn is_found(
        self,
        place: Place,
        experience: &Experience,
        now: Timestamp,
    ) -> Result<bool> {
        let may = !experience.archived && !experience.has_expired(now);
        Ok(may && !(experience.superseded && self.has_successor(place.number, experience.id, now)?))
    }
}

impl<'t> CollectiveView<'t> {
    /// The experience that has a key.
    pub(crate) fn keyed(self, key: &str) -> Result<Option<Experience>> {
        let found = self.view.keyed(self.number, key)?;
        let Some((place, experience)) = found.filter(|(_, one)| !one.has_expired(self.now)) else {
            return Ok(None);
        };
        self.view.with_vector(self.view.generation()?, place, experience).map(Some)
    }

    /// At most `limit` keys that begin with `prefix`, in the order of their bytes, from the first above `after` on.
    pub(crate) fn keys(self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let expired = self.expired()?;
        let mut found = Vec::new();
        for row in self.rows_under(prefix, after)? {
            if found.len() == limit {
                break;
            }
            let (key, slot) = row?;
            if !expired.has(slot) {
                let text = keys::read_by_key(key).ok_or_else(|| seal::corrupted(Table::ByKey, key))?;
                found.push(text.to_owned());
            }
        }
        Ok(found)
    }

    /// The slots of the experiences whose keys begin with `prefix`, in the order of the keys.
    pub(crate) fn keyed_slots(self, prefix: &str) -> Result<impl Iterator<Item = Result<Slot>> + use<'t>> {
        Ok(self.rows_under(prefix, None)?.map(|row| Ok(row?.1)))
    }

    /// The row of a slot that an index names: it must be there.
    pub(crate) fn indexed_slot_row(self, slot: Slot) -> Result<SlotRow> {
        let row = self.slot_row(slot)?;
        row.ok_or_else(|| seal::corrupted(Table::Slot, &keys::slot(self.number, slot)))
    }

    fn rows_under(
        self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<impl Iterator<Item = Result<(&'t [u8], Slot)>> + use<'t>> {
        // What is longer than any key may be begins none, and is no key of the engine.
        let possible = prefix.len() <= limits::EXPERIENCE_KEY_BYTES_MAX;
        let prefix = if possible { keys::by_key(self.number, prefix) } else { Vec::new() };
        let after = after.map(|after| keys::by_key(self.number, after)).filter(|after| *after >= prefix);
        let from = match &after {
            Some(after) => Bound::Excluded(after.as_slice()),
            None if possible => Bound::Included(prefix.as_slice()),
            None => Bound::Excluded([0xff; 5].as_slice()),
        };
        let rows = self.view.sealed_range(Table::ByKey, from, Bound::Unbounded)?;
        let under = move |key: &[u8]| possible && key.starts_with(&prefix);
        let rows = rows.take_while(move |row| row.as_ref().map_or(true, |(key, _)| under(key)));
        Ok(rows.map(|row| {
            let (key, value) = row?;
            let slot = read_slot_value(seal::open(Table::ByKey, key, value)?);
            Ok((key, slot.ok_or_else(|| seal::corrupted(Table::ByKey, key))?))
        }))
    }
}
