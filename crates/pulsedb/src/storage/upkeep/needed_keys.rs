//! Which rows of a derived table the records and insights need.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::storage::format::keys;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;
use crate::storage::upkeep::records::{StoredInsight, StoredRecord, insights, records};
use crate::storage::write::{insights, rows};

/// The keys that the readable records and insights need in one derived table.
pub(super) fn needed_keys(view: View<'_>, table: Table) -> Result<BTreeSet<Vec<u8>>> {
    let mut keys = BTreeSet::new();
    for record in records(view)? {
        let StoredRecord::Readable { place, experience, .. } = record? else { continue };
        match table {
            Table::Vector if !place.has_vector => {}
            Table::Vector | Table::Slot | Table::Piece => {
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
            Table::Vector if !place.has_vector => {}
            Table::Vector | Table::Slot | Table::Piece => {
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
