//! Experiences with their vectors and their slots.

use std::ops::Bound;

use crate::clock;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::Experience;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::experience::{self, Place};
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::series::{Generation, SeriesId};
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

impl<'t> View<'t> {
    /// The row of an experience as stored: without vector, and also of a collective that is being reclaimed.
    pub(in crate::storage) fn stored_experience(
        self,
        id: ExperienceId,
    ) -> Result<Option<(Place, Experience)>> {
        self.row(Table::Experience, id.as_bytes(), |bytes| experience::read_experience(id, bytes))
    }

    /// Bytes of the row of an experience; zero if there is none.
    pub(in crate::storage) fn stored_bytes(self, id: ExperienceId) -> Result<usize> {
        Ok(self.sealed(Table::Experience, id.as_bytes())?.map_or(0, <[u8]>::len))
    }

    /// An experience without its vector, if it exists for callers.
    pub(crate) fn experience_row(self, id: ExperienceId) -> Result<Option<(Place, Experience)>> {
        let Some((place, experience)) = self.stored_experience(id)? else { return Ok(None) };
        // The rows of a deleted collective are hidden until they are reclaimed.
        let exists = self.sealed(Table::Collective, experience.collective_id.as_bytes())?.is_some();
        Ok(exists.then_some((place, experience)))
    }

    /// An experience, whole, if it exists for callers.
    pub(crate) fn experience(self, id: ExperienceId) -> Result<Option<Experience>> {
        let Some((place, experience)) = self.experience_row(id)? else { return Ok(None) };
        self.with_vector(self.generation()?, place, experience).map(Some)
    }

    /// An experience that an index of this view names, whole: it must be there.
    pub(crate) fn indexed_experience(self, generation: Generation, id: ExperienceId) -> Result<Experience> {
        let (place, experience) = self.indexed_row(id)?;
        self.with_vector(generation, place, experience)
    }

    /// An experience that an index of this view names, without its vector: it must be there.
    pub(crate) fn indexed_row(self, id: ExperienceId) -> Result<(Place, Experience)> {
        self.stored_experience(id)?.ok_or_else(|| seal::corrupted(Table::Experience, id.as_bytes()))
    }

    /// A row as callers get it: with its vector of the generation in force, and superseded only if what is in its place has not expired.
    pub(crate) fn with_vector(
        self,
        generation: Generation,
        place: Place,
        mut experience: Experience,
    ) -> Result<Experience> {
        if experience.superseded {
            experience.superseded = self.has_successor(place.number, experience.id, clock::now())?;
        }
        let vector = self.vector(SeriesId::of(place.number), generation, place.slot)?;
        experience.embedding = vector.map_or_else(Vec::new, |vector| vector.components());
        Ok(experience)
    }

    pub(crate) fn slot_row(self, number: CollectiveNumber, slot: Slot) -> Result<Option<SlotRow>> {
        self.row(Table::Slot, &keys::slot(number, slot), SlotRow::read)
    }

    /// The slot rows of a collective, in order of their slots.
    pub(crate) fn slots(
        self,
        number: CollectiveNumber,
    ) -> Result<impl Iterator<Item = Result<(Slot, SlotRow)>> + use<'t>> {
        self.slots_from(number, Slot(0))
    }

    /// The slot rows of a collective from one slot on, in order of their slots.
    pub(crate) fn slots_from(
        self,
        number: CollectiveNumber,
        from: Slot,
    ) -> Result<impl Iterator<Item = Result<(Slot, SlotRow)>> + use<'t>> {
        let (from, to) = (keys::slot(number, from), keys::slot(number, Slot(u32::MAX)));
        let rows = self.range(Table::Slot, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(|row| {
            let (key, bytes) = row?;
            match (keys::read_slot(key), SlotRow::read(bytes)) {
                (Some((_, slot)), Some(row)) => Ok((slot, row)),
                _ => Err(seal::corrupted(Table::Slot, key)),
            }
        }))
    }
}
