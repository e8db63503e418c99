//! Checking vectors: those in force, and those of a move to another embedder.

use crate::error::Result;
use crate::model::change::Slot;
use crate::model::norm::Norm;
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::meta::EmbeddingRow;
use crate::storage::format::seal;
use crate::storage::format::series::{SeriesId, read_vector_generation};
use crate::storage::format::tables::Table;
use crate::storage::format::vector::read_vector;
use crate::storage::upkeep::check::Checker;

impl Checker<'_> {
    /// The vector of a record, and the one that a move to another embedder has made.
    pub(super) fn vectors(&mut self, place: Place) {
        let id = SeriesId::of(place.number);
        let embedding = self.embedding.clone();
        let (bytes, has_vector) = self.vector(id, place.slot, &embedding);
        self.report.vectors += u64::from(has_vector);
        let next = self.next.clone();
        let (mut next_bytes, mut next_rows) = (0, 0);
        let reached = self.owners.get(&place.number).map_or(0, |owner| owner.progress.next_slot);
        if let Some(next) = next.filter(|_| place.slot.0 < reached) {
            next_bytes = self.vector(id, place.slot, &next).0;
            next_rows = 1;
        }
        if let Some(owner) = self.owners.get_mut(&place.number) {
            owner.vector_bytes += bytes;
            owner.found.bytes += next_bytes;
            owner.found.rows += next_rows;
        }
    }

    /// Checks one vector: bytes of its row, and whether it is one.
    fn vector(&mut self, id: SeriesId, slot: Slot, embedder: &EmbeddingRow) -> (u64, bool) {
        let key = id.vector_key(embedder.generation, slot);
        self.expected_row(Table::Vector);
        let Some(row) = self.expect_row(Table::Vector, &key, "a record's vector is missing") else {
            return (0, false);
        };
        let vector = read_vector(row);
        let is_right = vector.is_some_and(|vector| {
            vector.is_none_or(|vector| {
                let components = vector.components();
                let norm = Norm::of(&components).map(Norm::to_bits);
                components.len() == embedder.identity.dimension && norm == Some(vector.norm_bits)
            })
        });
        if !is_right {
            self.fault(Table::Vector, &key, "it is not a vector of the right dimension with its norm");
        }
        ((key.len() + seal::SEAL_BYTES + row.len()) as u64, vector.flatten().is_some())
    }

    /// Whether a row waits to be removed: of a deleted collective, or a vector of an earlier embedder.
    pub(super) fn is_being_removed(&self, table: Table, key: &[u8]) -> Result<bool> {
        if self.belongs_to_deleted(table, key) {
            return Ok(true);
        }
        if table != Table::Vector || !self.view.has_old_vectors()? {
            return Ok(false);
        }
        let generation = read_vector_generation(key);
        let next = self.next.as_ref().map(|next| next.generation);
        Ok(generation.is_some() && generation != Some(self.embedding.generation) && generation != next)
    }

    /// Whether a key has the number of a collective that is being removed.
    fn belongs_to_deleted(&self, table: Table, key: &[u8]) -> bool {
        let number = match table {
            Table::Expiry => keys::read_expiry(key).map(|(_, number, _)| number),
            _ => keys::read_number(key),
        };
        number.is_some_and(|number| self.is_deleted(number))
    }
}
