//! Ways to the newest matches: which index of the store to walk for a filter.

use std::collections::BTreeSet;

use crate::limits;
use crate::model::SearchFilter;
use crate::model::change::CollectiveNumber;
use crate::storage::{Prefix, Table, type_tag};

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

/// The ways that a filter offers.
pub(super) fn ways_in(number: CollectiveNumber, filter: &SearchFilter) -> Ways {
    let indexed = indexed_ways(number, filter).into_iter();
    let mut narrower: Vec<Way> = indexed.map(|(table, prefixes)| Way { table, prefixes }).collect();
    if let Some(types) = &filter.experience_types {
        let tags: BTreeSet<u8> = types.iter().map(type_tag).collect();
        let prefixes = tags.into_iter().map(|tag| Prefix::experience_type(number, tag)).collect();
        narrower.push(Way { table: Table::ByType, prefixes });
    }
    let by_time = Way { table: Table::ByTime, prefixes: vec![Prefix::time(number)] };
    Ways { by_time, narrower }
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
