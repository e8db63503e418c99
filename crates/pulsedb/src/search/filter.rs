//! Filters: from the parts of a filter to the rows that pass all of them.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::index::{Columns, Row};
use crate::limits;
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{Experience, ExperienceType, SearchFilter};
use crate::storage::{CollectiveView, Prefix, SlotRow, Table, type_tag};

/// Positions of the rows that match, ascending.
pub(super) fn matches(
    collective: CollectiveView<'_>,
    columns: &Columns,
    filter: &SearchFilter,
) -> Result<Vec<u32>> {
    let fields = Fields::new(filter);
    let Some(slots) = indexed_slots(collective, filter)? else {
        return Ok(columns
            .live()
            .filter(|(_, row)| fields.row_passes(row))
            .map(|(at, _)| at as u32)
            .collect());
    };
    let positions = slots.iter().filter_map(|slot| columns.position(Slot(slot)));
    let passing = positions.filter(|at| columns.row(*at).is_some_and(|row| fields.row_passes(row)));
    Ok(passing.map(|at| at as u32).collect())
}

/// The parts of a filter that need no index, made ready once for many rows.
pub(super) struct Fields<'f> {
    filter: &'f SearchFilter,
    /// One bit a variant; all of them if the filter names none.
    types: u32,
}

/// What these parts ask of an experience, wherever it is read.
struct Facts {
    archived: bool,
    type_tag: u8,
    importance: f32,
    confidence: f32,
    timestamp: Timestamp,
}

impl<'f> Fields<'f> {
    pub(super) fn new(filter: &'f SearchFilter) -> Self {
        Self { filter, types: type_mask(filter.experience_types.as_deref()) }
    }

    fn pass(&self, facts: &Facts) -> bool {
        let filter = self.filter;
        !(filter.exclude_archived && facts.archived)
            && self.types >> facts.type_tag & 1 == 1
            && filter.min_importance.is_none_or(|least| facts.importance >= least)
            && filter.min_confidence.is_none_or(|least| facts.confidence >= least)
            && filter.since.is_none_or(|since| facts.timestamp >= since)
            && filter.until.is_none_or(|until| facts.timestamp <= until)
    }

    fn row_passes(&self, row: &Row) -> bool {
        let Row { archived, type_tag, importance, confidence, timestamp, .. } = *row;
        self.pass(&Facts { archived, type_tag, importance, confidence, timestamp })
    }

    /// Whether the slot row of a record passes.
    pub(super) fn slot_passes(&self, collective: CollectiveView<'_>, slot: Slot) -> Result<bool> {
        // One that is missing is told by whoever reads the record.
        let Some(row) = collective.slot_row(slot)? else { return Ok(true) };
        let SlotRow { archived, type_tag, importance, confidence, timestamp, .. } = row;
        Ok(self.pass(&Facts { archived, type_tag, importance, confidence, timestamp }))
    }

    /// Whether a whole record matches, those parts included that indexes answer.
    pub(super) fn record_passes(&self, experience: &Experience) -> bool {
        let Experience { archived, importance, confidence, timestamp, .. } = *experience;
        let type_tag = type_tag(&experience.experience_type);
        let filter = self.filter;
        let has_tags = |tags: &BTreeMap<String, String>| {
            tags.iter().all(|(key, value)| experience.tags.get(key) == Some(value))
        };
        self.pass(&Facts { archived, type_tag, importance, confidence, timestamp })
            && filter.domains.as_ref().is_none_or(|any| any.iter().any(|one| experience.domain.contains(one)))
            && filter.tags_all.as_ref().is_none_or(has_tags)
            && filter.source_agents.as_ref().is_none_or(|any| any.contains(&experience.source_agent))
    }
}

fn type_mask(types: Option<&[ExperienceType]>) -> u32 {
    types.map_or(u32::MAX, |types| types.iter().fold(0, |mask, one| mask | 1 << type_tag(one)))
}

/// The slots that the indexes on disk leave of the parts of a filter which they answer; `None` if the filter
/// has no such part.
fn indexed_slots(collective: CollectiveView<'_>, filter: &SearchFilter) -> Result<Option<RoaringBitmap>> {
    let mut left = None;
    let mut keep = |slots: RoaringBitmap| {
        left = Some(match left.take() {
            Some(before) => slots & before,
            None => slots,
        });
    };
    for (table, prefixes) in indexed_ways(collective.number, filter) {
        keep(union(collective, table, &prefixes)?);
    }
    Ok(left)
}

/// The parts of a filter that indexes on disk answer: for each, the prefixes of which every match is under one.
/// What is longer than any record may have matches nothing, and makes no key.
fn indexed_ways(number: CollectiveNumber, filter: &SearchFilter) -> Vec<(Table, Vec<Prefix>)> {
    let domains = filter.domains.as_ref().map(|domains| {
        let possible = domains.iter().filter(|domain| domain.len() <= limits::DOMAIN_BYTES_MAX);
        (Table::ByDomain, possible.map(|domain| Prefix::domain(number, domain)).collect())
    });
    let agents = filter.source_agents.as_ref().map(|agents| {
        let possible = agents.iter().filter(|agent| agent.as_str().len() <= limits::AGENT_BYTES_MAX);
        (Table::ByAgent, possible.map(|agent| Prefix::agent(number, agent)).collect())
    });
    let tags = filter.tags_all.iter().flatten().map(|(key, value)| {
        let possible = key.len() <= limits::TAG_KEY_BYTES_MAX && value.len() <= limits::TAG_VALUE_BYTES_MAX;
        (Table::ByTag, possible.then(|| Prefix::tag(number, key, value)).into_iter().collect())
    });
    domains.into_iter().chain(agents).chain(tags).collect()
}

fn union(collective: CollectiveView<'_>, table: Table, prefixes: &[Prefix]) -> Result<RoaringBitmap> {
    let mut slots = RoaringBitmap::new();
    for prefix in prefixes {
        for slot in collective.slots_under(table, prefix)? {
            slots.insert(slot?.0);
        }
    }
    Ok(slots)
}

/// Index rows to walk: every match is under one of the prefixes.
pub(super) struct Way {
    pub(super) table: Table,
    pub(super) prefixes: Vec<Prefix>,
}

/// The ways into the indexes that a filter offers.
pub(super) struct Ways {
    /// All by time: always there, and any other way is a part of it.
    pub(super) by_time: Way,
    /// Through the criteria of the filter.
    pub(super) narrower: Vec<Way>,
}

pub(super) fn ways_in(number: CollectiveNumber, filter: &SearchFilter) -> Ways {
    let indexed = indexed_ways(number, filter).into_iter();
    let mut narrower: Vec<Way> = indexed.map(|(table, prefixes)| Way { table, prefixes }).collect();
    if let Some(types) = &filter.experience_types {
        let tags: std::collections::BTreeSet<u8> = types.iter().map(type_tag).collect();
        let prefixes = tags.into_iter().map(|tag| Prefix::experience_type(number, tag)).collect();
        narrower.push(Way { table: Table::ByType, prefixes });
    }
    let by_time = Way { table: Table::ByTime, prefixes: vec![Prefix::time(number)] };
    Ways { by_time, narrower }
}
