//! Commands as lines, and what a process answers to each: the same code in both processes.

use std::fmt::Debug;

use pulsedb::{
    AgentId, CollectiveId, DuplicatePolicy, ExperienceId, ExperienceUpdate, NewExperience, PulseDB,
    PulseDBError, SearchFilter, TaskId, Timestamp,
};

use super::agents;
use super::apply;
use super::batch::{restored, updates};
use super::keys;
use super::memory;
use super::{DIMENSION, Verb};
use crate::random::Random;
use crate::samples::{experience_type, labelled, text, vector};

/// Names of collectives; some of more than one byte a letter.
pub(super) fn name(number: u8) -> String {
    format!("c{number}-\u{e9}\u{1f980}")
}

/// The records of a command.
pub(super) fn given(cid: CollectiveId, seed: u16, count: u8) -> Vec<NewExperience> {
    let make = |row: u8| {
        let random = &mut Random::new(u64::from(seed) << 8 | u64::from(row));
        // Few contents, so that many are there already.
        let common = random.one_in(3).then(|| format!("same {}", random.below(4)));
        let policies = [
            DuplicatePolicy::Keep,
            DuplicatePolicy::Reinforce,
            DuplicatePolicy::Reinforce,
            DuplicatePolicy::Refuse,
        ];
        NewExperience {
            duplicate: *random.pick(&policies),
            embedding: Some(vector(random, DIMENSION)),
            // Few moments, so that equal ones are common; some before the epoch.
            timestamp: random.one_in(2).then(|| Timestamp::from_millis(random.below(7) as i64 - 3)),
            key: random.one_in(4).then(|| keys::key(random.below(6))),
            // Long past or far ahead, so that no answer depends on the moment.
            expires_at: random.one_in(6).then(|| keys::end(random.below(8))),
            ..labelled(&common.unwrap_or_else(|| format!("{seed}.{row}")), cid)
        }
    };
    (0..count).map(make).collect()
}

/// The update of a command.
pub(super) fn update(seed: u16) -> ExperienceUpdate {
    let random = &mut Random::new(u64::from(seed) ^ 0xdead);
    let content = random.one_in(3).then(|| text(random, 5));
    // New content without a vector is refused here.
    let embedding = (content.is_some() != random.one_in(8)).then(|| vector(random, DIMENSION));
    ExperienceUpdate {
        content,
        embedding,
        importance: random.one_in(3).then(|| random.fraction()),
        confidence: random.one_in(3).then(|| random.fraction()),
        domain: random.one_in(3).then(|| vec![format!("domain {}", random.below(5))]),
        tags: random.one_in(3).then(|| [("key 0".to_owned(), format!("{}", random.below(4)))].into()),
        related_files: random.one_in(3).then(|| vec![text(random, 1)]),
        experience_type: random.one_in(3).then(|| experience_type(random)),
    }
}

/// The query vector and the filter of a command.
pub(super) fn query(seed: u16) -> (Vec<f32>, SearchFilter) {
    let random = &mut Random::new(u64::from(seed) ^ 0xbeef);
    let vector = vector(random, DIMENSION);
    let domains = |random: &mut Random| (0..random.below(3)).map(|at| format!("domain {at}")).collect();
    let tags =
        |random: &mut Random| (0..random.below(3)).map(|at| (format!("key {at}"), "1".to_owned())).collect();
    let filter = SearchFilter {
        domains: random.one_in(4).then(|| domains(random)),
        tags_all: random.one_in(4).then(|| tags(random)),
        experience_types: random.one_in(4).then(|| vec![experience_type(random), experience_type(random)]),
        source_agents: random.one_in(4).then(|| vec![AgentId::new("agent 1"), AgentId::new("agent 3")]),
        source_tasks: random
            .one_in(4)
            .then(|| [1, 3].map(|at| TaskId::new(format!("t\u{e2}che \u{1f980} {at}"))).into()),
        key_prefix: random.one_in(4).then(|| keys::PREFIXES[random.below(keys::PREFIXES.len())].to_owned()),
        min_importance: random.one_in(4).then(|| random.fraction()),
        min_confidence: random.one_in(4).then(|| random.fraction()),
        since: random.one_in(4).then(|| Timestamp::from_millis(random.below(5) as i64 - 2)),
        until: random.one_in(4).then(|| Timestamp::from_millis(random.below(5) as i64 - 2)),
        exclude_archived: random.one_in(2),
        include_superseded: random.one_in(2),
    };
    (vector, filter)
}

/// The line that changes, or looks at, one record.
pub(super) fn change(verb: Verb, id: ExperienceId, seed: u16) -> String {
    match verb {
        Verb::Update => format!("update {id} {seed}"),
        Verb::Archive => format!("archive {id}"),
        Verb::Unarchive => format!("unarchive {id}"),
        Verb::Delete => format!("delete {id}"),
        Verb::Reinforce => format!("reinforce {id}"),
        Verb::Energy => format!("energy {id}"),
        Verb::Get => format!("get {id}"),
    }
}

/// The line that changes several records in one call.
pub(super) fn change_together(verb: Verb, ids: &[ExperienceId], seed: u16) -> String {
    let verb = match verb {
        Verb::Update => "update-all",
        Verb::Archive => "archive-all",
        _ => "delete-all",
    };
    let ids: Vec<String> = ids.iter().map(ExperienceId::to_string).collect();
    format!("{verb} {seed} {}", ids.join(" "))
}

/// Does what a line says and answers in a line.
pub(super) fn perform(db: &PulseDB, line: &str) -> String {
    let mut words = line.split(' ');
    let verb = words.next().unwrap();
    let first = words.next().unwrap();
    let words: Vec<&str> = words.collect();
    let cid = || first.parse::<CollectiveId>().unwrap();
    let id = || first.parse::<ExperienceId>().unwrap();
    let number = |at: usize| words[at].parse::<u64>().unwrap();
    let ids = || words.iter().map(|word| word.parse().unwrap()).collect::<Vec<ExperienceId>>();
    let seed = || number(0) as u16;
    match verb {
        "create" => answer(db.create_collective(first)),
        "get-or-create" => answer(db.get_or_create_collective(first)),
        "rename" => answer(db.rename_collective(cid(), words[0])),
        "drop" => answer(db.delete_collective(cid())),
        "record" => {
            let mut rows = given(cid(), seed(), number(1) as u8);
            if rows.len() == 1 {
                return answer(db.record_experience(rows.remove(0)).map(|id| vec![id]));
            }
            answer(db.record_experiences(rows))
        }
        "restore" => answer(db.restore_experiences(restored(cid(), seed(), number(1) as u8))),
        "update-all" => answer(db.update_experiences(updates(first.parse().unwrap(), &ids()))),
        "archive-all" => answer(db.archive_experiences(&ids())),
        "delete-all" => answer(db.delete_experiences(&ids())),
        "update" => answer(db.update_experience(id(), update(seed()))),
        "archive" => answer(db.archive_experience(id())),
        "unarchive" => answer(db.unarchive_experience(id())),
        "delete" => answer(db.delete_experience(id())),
        "reinforce" => answer(db.reinforce_experience(id())),
        "energy" => answer(db.energy(id())),
        "get" => answer(db.get_experience(id())),
        "search" => {
            let (vector, filter) = query(seed());
            let hits = db.search_similar_filtered(cid(), &vector, number(1) as usize, filter);
            answer(hits.map(|hits| {
                let ranks: Vec<_> = hits.iter().map(|hit| (hit.experience.id, hit.similarity)).collect();
                let rows: Vec<_> = hits.into_iter().map(|hit| hit.experience).collect();
                (ranks, rows)
            }))
        }
        "recent" => answer(db.get_recent_experiences_filtered(cid(), number(1) as usize, query(seed()).1)),
        "list" => answer(db.list_experiences(cid(), number(0) as usize, number(1) as usize)),
        "cold" => answer(db.list_cold_experiences(cid(), number(0) as f32 / 100.0, number(1) as usize)),
        "count" => answer(db.get_collective_stats(cid()).map(|stats| {
            let bytes = stats.storage_bytes > 0;
            (stats.experience_count, bytes, stats.oldest_experience, stats.newest_experience)
        })),
        "register" | "heartbeat" | "end" => agents::perform(db, verb, cid(), words[0]),
        "agents" => agents::list(db, cid()),
        "apply" => apply::perform(db, cid(), &words),
        "by-key" => answer(db.get_by_key(cid(), words[0])),
        "keys" => keys::list(db, cid(), &words),
        "follow" => match db.poll_changes(cid(), number(0)) {
            Ok((events, next)) => {
                let event = |event: pulsedb::WatchEvent| {
                    format!("{} {:?} {};", event.sequence, event.event_type, event.experience_id)
                };
                events.into_iter().map(event).collect::<String>() + &next.to_string()
            }
            Err(error) => answer::<()>(Err(error)),
        },
        _ => memory::perform(db, verb, first, &words).unwrap_or_else(|| panic!("no such command: {line}")),
    }
}

/// An outcome as a line; of an error only its kind.
pub(super) fn answer<T: Debug>(outcome: Result<T, PulseDBError>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(error) if error.is_not_found() => "not found".to_owned(),
        Err(error) if error.is_validation() => "refused".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}
