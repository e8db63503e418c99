//! Every row of the tables of experiences and of insights, damaged ones included.

use std::ops::Bound;

use crate::error::Result;
use crate::id::InsightId;
use crate::model::{DerivedInsight, Experience};
use crate::storage::format::experience::{Place, read_experience};
use crate::storage::format::insight::read_insight;
use crate::storage::format::keys;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

/// A row of the table of experiences.
pub(in crate::storage) enum StoredRecord<'t> {
    Readable {
        place: Place,
        experience: Box<Experience>,
        /// Bytes of the row.
        bytes: u64,
    },
    Damaged {
        key: &'t [u8],
    },
}

/// A row of the table of insights.
pub(in crate::storage) enum StoredInsight<'t> {
    Readable {
        place: Place,
        insight: Box<DerivedInsight>,
        /// Bytes of the row.
        bytes: u64,
    },
    Damaged {
        key: &'t [u8],
    },
}

/// Every row of the table of insights, also of collectives that are being reclaimed.
pub(in crate::storage) fn insights(
    view: View<'_>,
) -> Result<impl Iterator<Item = Result<StoredInsight<'_>>>> {
    let rows = view.sealed_range(Table::Insight, Bound::Unbounded, Bound::Unbounded)?;
    Ok(rows.map(|row| {
        let (key, value) = row?;
        let id = keys::read_id_bytes(key).filter(|_| key.len() == 16).map(InsightId::from_bytes);
        let payload = seal::open(Table::Insight, key, value).ok();
        // It stands under a number of insights, or it is none.
        let insight = id.zip(payload).and_then(|(id, payload)| read_insight(id, payload));
        Ok(match insight.filter(|(place, _)| place.number.is_of_insights()) {
            Some((place, insight)) => StoredInsight::Readable {
                place,
                insight: Box::new(insight),
                bytes: (key.len() + value.len()) as u64,
            },
            None => StoredInsight::Damaged { key },
        })
    }))
}

/// Every row of the table of experiences, also of collectives that are being reclaimed.
pub(in crate::storage) fn records(view: View<'_>) -> Result<impl Iterator<Item = Result<StoredRecord<'_>>>> {
    let rows = view.sealed_range(Table::Experience, Bound::Unbounded, Bound::Unbounded)?;
    Ok(rows.map(|row| {
        let (key, value) = row?;
        let id = keys::read_id(key).filter(|_| key.len() == 16);
        let payload = seal::open(Table::Experience, key, value).ok();
        let record = id.zip(payload).and_then(|(id, payload)| read_experience(id, payload));
        Ok(match record {
            Some((place, experience)) => StoredRecord::Readable {
                place,
                experience: Box::new(experience),
                bytes: (key.len() + value.len()) as u64,
            },
            None => StoredRecord::Damaged { key },
        })
    }))
}
