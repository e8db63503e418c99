//! Which rows of a derived table the records and insights need.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::series::{Generation, SeriesId};
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;
use crate::storage::upkeep::records::{StoredInsight, StoredRecord, insights, records};
use crate::storage::write::{insights, rows};

/// The keys that the readable records and insights need in one derived table.
pub(super) fn needed_keys(view: View<'_>, table: Table) -> Result<BTreeSet<Vec<u8>>> {
    let mut keys = BTreeSet::new();
    let next = view.next_embedding()?.map(|next| next.generation);
    let generations: Vec<Generation> = next.into_iter().chain([view.generation()?]).collect();
    let vector_keys = |place: Place| {
        let key = |one: &Generation| SeriesId::of(place.number).vector_key(*one, place.slot).to_vec();
        generations.iter().map(key).collect::<Vec<_>>()
    };
    for record in records(view)? {
        let StoredRecord::Readable { place, experience, .. } = record? else { continue };
        match table {
            Table::Vector => keys.extend(vector_keys(place)),
            Table::Slot | Table::Piece => {
                keys.insert(keys::slot(place.number, place.slot).to_vec());
            }
            Table::Member => {
                keys.insert(keys::member(place.number, experience.id).to_vec());
            }
            _ => keys.extend(
                rows::index_keys(place.number, &experience)
                    .into_iter()
                    .filter(|(of, _)| *of == table)
                    .map(|(_, key)| key),
            ),
        }
    }
    for row in insights(view)? {
        let StoredInsight::Readable { place, insight, .. } = row? else { continue };
        match table {
            Table::Vector => keys.extend(vector_keys(place)),
            Table::Slot | Table::Piece => {
                keys.insert(keys::slot(place.number, place.slot).to_vec());
            }
            _ => {
                let index = insights::index_keys(place.number, &insight).into_iter();
                keys.extend(index.filter(|(of, _)| *of == table).map(|(_, key)| key));
            }
        }
    }
    Ok(keys)
}
