//! The newest experiences, found through whichever index of the store is the shortest way.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId};
use crate::model::change::Slot;
use crate::model::{Experience, SearchFilter};
use crate::search::filter::Fields;
use crate::search::ways::{Way, Ways, ways_in};
use crate::storage::{CollectiveView, IndexRow, NewestFirst, Span, View};

/// Rows of a way in that are counted to compare it with others.
const COUNTED: usize = 512;
/// Rows of keys with a prefix that are gathered and sorted.
const GATHERED: usize = 4096;
/// Records that are decoded in vain before slot rows are looked at first.
const PASSED_OVER: usize = 16;

/// The newest `limit` experiences that match, newest first, equal timestamps by the smaller id first.
///
/// With one criterion the work is in proportion to the answer. With several, the shortest index is walked and
/// the rest of the filter is checked on each record.
pub(crate) fn recent(
    view: View<'_>,
    id: CollectiveId,
    limit: usize,
    filter: &SearchFilter,
) -> Result<Vec<Experience>> {
    let collective = view.in_collective(id)?;
    let span = Span {
        since: filter.since.unwrap_or(Timestamp(i64::MIN)),
        until: filter.until.unwrap_or(Timestamp(i64::MAX)),
    };
    let keyed = match &filter.key_prefix {
        Some(prefix) => keyed(collective, prefix, span)?,
        None => None,
    };
    let rows: Box<dyn Iterator<Item = Result<IndexRow>> + '_> = if let Some(rows) = keyed {
        Box::new(rows.into_iter().map(Ok))
    } else {
        let way = shortest(collective, ways_in(collective.number, filter))?;
        Box::new(Merged::new(collective, way, span)?)
    };
    let fields = Fields::new(filter);
    let expired = collective.expired()?;
    let back = if expired.is_empty() { BTreeSet::new() } else { collective.back()? };
    let mut found = Vec::new();
    let generation = view.generation()?;
    let mut passed_over = 0;
    for row in rows {
        let row = row?;
        if expired.has(row.slot) {
            continue;
        }
        // Where few match, a look at the small slot row first saves decoding what is passed over.
        let is_back = back.contains(&row.slot);
        if passed_over > PASSED_OVER && !is_back && !fields.slot_passes(collective, row.slot)? {
            continue;
        }
        let (place, mut experience) = view.indexed_row(row.id)?;
        experience.superseded &= !is_back;
        if !fields.record_passes(&experience) {
            passed_over += 1;
            continue;
        }
        found.push(view.with_vector(generation, place, experience)?);
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

/// The rows of the experiences whose keys begin so, newest first; `None` if they are so many that another way is as good.
fn keyed(collective: CollectiveView<'_>, prefix: &str, span: Span) -> Result<Option<Vec<IndexRow>>> {
    let mut rows = Vec::new();
    for slot in collective.keyed_slots(prefix)? {
        if rows.len() == GATHERED {
            return Ok(None);
        }
        let slot = slot?;
        let row = collective.indexed_slot_row(slot)?;
        rows.push(IndexRow { timestamp: row.timestamp, id: row.id, slot });
    }
    rows.retain(|row| (span.since..=span.until).contains(&row.timestamp));
    rows.sort_unstable_by_key(|row| (Reverse(row.timestamp), row.id));
    Ok(Some(rows))
}

/// The way with the fewest rows, as far as a bounded count tells.
fn shortest(collective: CollectiveView<'_>, ways: Ways) -> Result<Way> {
    let Ways { by_time, mut narrower } = ways;
    if narrower.len() < 2 {
        return Ok(narrower.pop().unwrap_or(by_time));
    }
    let mut best = by_time;
    let mut fewest = usize::MAX;
    for way in narrower {
        let mut count = 0;
        for prefix in &way.prefixes {
            count += collective.slots_under(way.table, prefix)?.take(COUNTED - count.min(COUNTED)).count();
        }
        if count < fewest {
            (best, fewest) = (way, count);
        }
    }
    Ok(best)
}

/// Several newest-first walks as one, without duplicates: an experience in two domains stands under both.
struct Merged<'t> {
    walks: Vec<NewestFirst<'t>>,
    /// The next row of each walk; the greatest is the newest, then the smallest id.
    heads: BinaryHeap<(Timestamp, Reverse<ExperienceId>, Slot, usize)>,
    last: Option<ExperienceId>,
}

impl<'t> Merged<'t> {
    fn new(collective: CollectiveView<'t>, way: Way, span: Span) -> Result<Self> {
        let walks: Result<Vec<_>> =
            way.prefixes.into_iter().map(|prefix| collective.newest_first(way.table, prefix, span)).collect();
        let mut merged = Self { walks: walks?, heads: BinaryHeap::new(), last: None };
        for walk in 0..merged.walks.len() {
            merged.advance(walk)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, walk: usize) -> Result<()> {
        if let Some(row) = self.walks.get_mut(walk).and_then(Iterator::next) {
            let row = row?;
            self.heads.push((row.timestamp, Reverse(row.id), row.slot, walk));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<IndexRow>> {
        while let Some((timestamp, Reverse(id), slot, walk)) = self.heads.pop() {
            self.advance(walk)?;
            // Equal rows of several walks follow each other.
            if self.last.replace(id) != Some(id) {
                return Ok(Some(IndexRow { timestamp, id, slot }));
            }
        }
        Ok(None)
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<IndexRow>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
