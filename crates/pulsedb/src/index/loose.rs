//! Rows that no block answers for: those of the tail, and those of a block that is damaged.

use std::borrow::Cow;

use crate::error::{PulseDBError, Result, StorageError};
use crate::id::{ExperienceId, InsightId};
use crate::index::builder::Builder;
use crate::model::change::Slot;
use crate::storage::{BlockBuilder, CollectiveView, IndexedRow, SlotRow};

/// A row with its terms.
#[derive(Debug, Clone)]
pub(crate) struct LooseRow<'t> {
    pub(crate) slot: Slot,
    pub(crate) row: SlotRow,
    /// As a row of the tail is stored; empty where no terms were asked for.
    pub(crate) terms: Cow<'t, [u8]>,
}

/// Whether a search asks for the terms of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terms {
    Wanted,
    /// No word is looked for and no attribute.
    Unread,
}

/// The rows of slots from one on up to another, both included. Terms that are not stored, or are damaged, are made
/// from the record, so that the answer is slower and right.
pub(super) fn loose_rows<'t>(
    collective: CollectiveView<'t>,
    from: Slot,
    to: Slot,
    wanted: Terms,
    rows: &mut Vec<LooseRow<'t>>,
) -> Result<()> {
    let tail = if wanted == Terms::Wanted { Some(collective.tail(from)?) } else { None };
    let mut tail = tail.into_iter().flatten().peekable();
    for row in collective.slots_from(from)? {
        let (slot, row) = row?;
        if slot > to {
            break;
        }
        if wanted == Terms::Unread {
            rows.push(LooseRow { slot, row, terms: Cow::default() });
            continue;
        }
        let mut terms = None;
        while let Some(value) = tail.next_if(|value| value.as_ref().is_ok_and(|value| value.slot <= slot)) {
            let value = value?;
            if value.slot == slot {
                terms = value.bytes().ok();
            }
        }
        let terms = if let Some(terms) = terms {
            Cow::Borrowed(terms)
        } else {
            tracing::debug!(slot = slot.0, "a row of the index is made from its record");
            Cow::Owned(indexed_again(collective, row.id)?.tail)
        };
        rows.push(LooseRow { slot, row, terms });
    }
    Ok(())
}

/// What the index keeps of a record, made from it once more.
pub(crate) fn indexed_again(collective: CollectiveView<'_>, id: ExperienceId) -> Result<IndexedRow> {
    if collective.number.is_of_insights() {
        let (_, insight) = collective.view.indexed_insight_row(InsightId::of_record(id))?;
        return Ok(Builder.index_insight(&insight));
    }
    Ok(Builder.index(&collective.view.indexed_row(id)?.1))
}

/// Whether an error says that something stored is damaged, so that the records answer instead.
pub(crate) fn is_damage(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::Storage(StorageError::Corrupted { .. }))
}
