//! What a repair carries over besides the records: relations, and insights.

use std::ops::Bound;

use crate::error::Result;
use crate::id::RelationId;
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{DerivedInsight, ExperienceRelation};
use crate::storage::env::Environment;
use crate::storage::format::experience::Place;
use crate::storage::format::relation::RelationRow;
use crate::storage::format::tables::Table;
use crate::storage::format::vector::StoredVector;
use crate::storage::format::{keys, seal};
use crate::storage::read::view::View;
use crate::storage::upkeep::rebuild::{Carrier, deleted_numbers, is_member};
use crate::storage::upkeep::records::{StoredInsight, insights};
use crate::storage::upkeep::repair_options::{BATCH, in_transaction};
use crate::storage::write::transaction::{Size, WriteTxn};
use crate::storage::write::{insights, relations};

impl Carrier<'_> {
    /// Every relation that can be read and whose ends are there.
    pub(super) fn relations(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let deleted = deleted_numbers(view)?;
        let mut listed = 0;
        for row in view.sealed_range(Table::RelationMember, Bound::Unbounded, Bound::Unbounded)? {
            let is_deleted = keys::read_number(row?.0).is_some_and(|number| deleted.contains(&number));
            listed += u64::from(!is_deleted);
        }
        let mut kept = 0;
        let mut batch = Vec::with_capacity(BATCH);
        for row in view.sealed_range(Table::Relation, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let id = keys::read_id_bytes(key).filter(|_| key.len() == 16).map(RelationId::from_bytes);
            let payload = seal::open(Table::Relation, key, value).ok();
            match id.zip(payload).and_then(|(id, payload)| RelationRow::read(id, payload)) {
                Some(row) if deleted.contains(&row.number) => {}
                Some(row) => batch.push(row.relation),
                None => self.lost.relations += 1,
            }
            if batch.len() == BATCH {
                kept += self.write_relations(new, std::mem::take(&mut batch))?;
            }
        }
        kept += self.write_relations(new, batch)?;
        // Rows that are gone do not show up as damaged ones, but what led to them may.
        self.lost.relations = self.lost.relations.max(listed.saturating_sub(kept));
        Ok(())
    }

    /// Every insight that can be read, also one whose sources are lost.
    pub(super) fn insights(&mut self, view: View<'_>, new: &Environment) -> Result<()> {
        let deleted = deleted_numbers(view)?;
        for row in insights(view)? {
            match row? {
                // What was deleted already is not lost.
                StoredInsight::Damaged { key } if is_member(view, key, &insight_numbers(&deleted)) => {}
                StoredInsight::Damaged { .. } => self.lost.insights += 1,
                StoredInsight::Readable { place, .. } if deleted.contains(&place.number.of_collective()) => {}
                StoredInsight::Readable { place, insight, .. } => {
                    let vector = self.vector_of(view, place, &insight.content);
                    let bytes = insights::size_of_insight(
                        &insight.content,
                        &insight.source_experience_ids,
                        vector.as_ref(),
                    );
                    in_transaction(new, self.options, Size { records: 1, bytes }, |txn| {
                        self.write_insight(txn, place, &insight, vector.as_ref())
                    })?;
                }
            }
        }
        Ok(())
    }

    fn write_insight(
        &mut self,
        txn: &mut WriteTxn<'_>,
        mut place: Place,
        insight: &DerivedInsight,
        vector: Option<&StoredVector>,
    ) -> Result<()> {
        let id = insight.collective_id;
        let named = self.collectives.iter().find(|(number, one)| number.is_of_insights() && one.id == id);
        if let Some((number, _)) = named {
            place.number = *number;
        } else {
            self.recover_collective(txn, place.number.of_collective(), id, insight.created_at)?;
        }
        let Some(collective) = self.collectives.get_mut(&place.number) else { return Ok(()) };
        if txn.view().slot_row(place.number, place.slot)?.is_some() {
            place.slot = Slot(collective.counter.next_slot);
        }
        insights::carry_over(txn, collective, place, insight, vector)?;
        let counter = &mut collective.counter;
        counter.next_slot = counter.next_slot.max(place.slot.0.saturating_add(1));
        Ok(())
    }

    fn write_relations(&mut self, new: &Environment, batch: Vec<ExperienceRelation>) -> Result<u64> {
        let size = relations::size_of_relations(batch.iter().map(|relation| relation.metadata.as_ref()));
        in_transaction(new, self.options, size, |txn| {
            let mut kept = 0;
            for relation in batch {
                let place = txn.view().stored_experience(relation.source_id)?.map(|(place, _)| place.number);
                let collective = place.and_then(|number| self.collectives.get_mut(&number));
                let is_kept = match collective {
                    Some(collective) => relations::carry_over(txn, collective, relation)?,
                    None => false,
                };
                kept += u64::from(is_kept);
                self.lost.relations += u64::from(!is_kept);
            }
            Ok(kept)
        })
    }
}

/// The numbers under which the insights of these collectives are kept.
fn insight_numbers(numbers: &[CollectiveNumber]) -> Vec<CollectiveNumber> {
    numbers.iter().map(|number| number.of_insights()).collect()
}
