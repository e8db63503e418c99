//! The model: maps of records, a list of events, and answers by looking at everything.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use pulsedb::{
    CollectiveId, DecayConfig, DerivedInsight, Experience, ExperienceId, ExperienceType, PulseDB,
    SearchFilter, Timestamp, WatchEventType, energy,
};

use super::Verb;
use super::command::{answer, given, query, update};
use super::keys;
use super::memory::Joined;

/// Scores of the scan are `f32`, those of the model `f64`.
pub(super) const TOLERANCE: f64 = 2e-6;

/// A number of the log, the collective it is about and, if it is about an experience, what happened to which.
type Event = (u64, CollectiveId, Option<(WatchEventType, ExperienceId)>);

#[derive(Default, Clone)]
pub(super) struct Reference {
    pub(super) rooms: BTreeMap<CollectiveId, (String, BTreeMap<ExperienceId, Experience>)>,
    /// Everything that was ever made, also what is gone.
    pub(super) rooms_ever: Vec<CollectiveId>,
    pub(super) ids_ever: Vec<ExperienceId>,
    pub(super) sequence: u64,
    /// The first of the numbers that the deletion of a collective took.
    dropped_from: BTreeMap<CollectiveId, u64>,
    /// Records that went with their collectives.
    pub(super) dropped_ids: BTreeSet<ExperienceId>,
    /// Agents with their collectives.
    pub(super) at_work: BTreeSet<(CollectiveId, String)>,
    /// Those that have expired and may still be got by their ids.
    pub(super) pending: BTreeMap<ExperienceId, Experience>,
    /// In the order of creation, as the next.
    pub(super) relations: Vec<Joined>,
    pub(super) insights: Vec<DerivedInsight>,
    /// What each number was about; `None` for those of collectives.
    events: Vec<Event>,
}

pub(super) fn ok<T: std::fmt::Debug>(value: T) -> String {
    answer(Ok(value))
}

impl Reference {
    pub(super) fn log(&mut self, cid: CollectiveId, event: Option<(WatchEventType, ExperienceId)>) -> u64 {
        self.sequence += 1;
        self.events.push((self.sequence, cid, event));
        self.sequence
    }

    pub(super) fn created(&mut self, db: &PulseDB, name: &str, given: &str, may_exist: bool) {
        if let Some((id, _)) = self.rooms.iter().find(|(_, (taken, _))| taken == name) {
            let expected = if may_exist { ok(id) } else { "refused".to_owned() };
            assert_eq!(given, expected);
            return;
        }
        let all = db.list_collectives().unwrap();
        let made = all.iter().find(|collective| collective.name == name).expect("the collective was made");
        assert_eq!(given, ok(made.id));
        assert!(self.rooms.keys().all(|id| *id < made.id), "ids ascend");
        self.rooms.insert(made.id, (name.to_owned(), BTreeMap::new()));
        self.rooms_ever.push(made.id);
        self.log(made.id, None);
        let ids: Vec<_> = all.iter().map(|collective| collective.id).collect();
        assert_eq!(ids, self.rooms.keys().copied().collect::<Vec<_>>());
    }

    pub(super) fn dropped(&mut self, cid: CollectiveId, given: &str) {
        let Some((_, rows)) = self.rooms.remove(&cid) else { return assert_eq!(given, "not found") };
        assert_eq!(given, ok(()));
        self.forget(cid);
        self.dropped_from.insert(cid, self.sequence + 1);
        let expired: Vec<_> = self.pending.extract_if(.., |_, row| row.collective_id == cid).collect();
        for id in rows.into_keys().chain(expired.into_iter().map(|(id, _)| id)) {
            self.dropped_ids.insert(id);
            self.log(cid, Some((WatchEventType::Deleted, id)));
        }
        self.log(cid, None);
    }

    pub(super) fn recorded(&mut self, db: &PulseDB, cid: CollectiveId, which: (u16, u8), given_ids: &str) {
        let rows = given(cid, which.0, which.1);
        if !self.rooms.contains_key(&cid) {
            // A nil id means the default collective, which the model has not: it is not asked for then.
            if cid.is_nil() {
                return self.recorded_in_default(db, which, given_ids);
            }
            return assert_eq!(given_ids, "not found");
        }
        if self.refuses(cid, &rows) {
            return assert_eq!(given_ids, "refused");
        }
        let ids = keys::ids(given_ids);
        assert_eq!((ids.len(), given_ids), (rows.len(), ok(&ids).as_str()));
        for (id, given) in ids.iter().zip(&rows) {
            self.recorded_one(cid, *id, given);
        }
        self.complete(db, &ids);
    }

    /// The first record of a database makes the collective "default".
    fn recorded_in_default(&mut self, db: &PulseDB, which: (u16, u8), given_ids: &str) {
        let all = db.list_collectives().unwrap();
        let Some(made) = all.iter().find(|collective| collective.name == "default") else {
            // A batch that refuses itself makes no collective either.
            let refusing = |row: &pulsedb::NewExperience| row.duplicate == pulsedb::DuplicatePolicy::Refuse;
            assert!(given(CollectiveId::nil(), which.0, which.1).iter().any(refusing));
            return assert_eq!(given_ids, "refused");
        };
        if let Entry::Vacant(room) = self.rooms.entry(made.id) {
            room.insert((made.name.clone(), BTreeMap::new()));
            self.rooms_ever.push(made.id);
            self.log(made.id, None);
        }
        self.recorded(db, made.id, which, given_ids);
    }

    pub(super) fn row(&mut self, id: ExperienceId) -> Option<&mut Experience> {
        self.rooms.values_mut().find_map(|(_, rows)| rows.get_mut(&id))
    }

    pub(super) fn changed(&mut self, db: &PulseDB, verb: Verb, id: ExperienceId, seed: u16, given: &str) {
        if let (Verb::Get, Some(expired)) = (verb, self.pending.get(&id)) {
            return assert_eq!(given, ok(Some(expired)));
        }
        let Some(row) = self.row(id).map(|row| row.clone()) else {
            let expected =
                if matches!(verb, Verb::Get) { ok(None::<Experience>) } else { "not found".to_owned() };
            let wrong_twice = matches!(verb, Verb::Update) && given == "refused";
            assert!(given == expected || wrong_twice, "{given}");
            return;
        };
        let mut after = row.clone();
        let event = match verb {
            Verb::Get => return assert_eq!(given, ok(Some(row))),
            Verb::Energy => return about(given.parse().unwrap(), now(&row)),
            Verb::Update => {
                let update = update(seed);
                if update.content.is_some() && update.embedding.is_none() {
                    return assert_eq!(given, "refused");
                }
                let nothing = update == pulsedb::ExperienceUpdate::default();
                apply(update, &mut after);
                (!nothing).then_some(WatchEventType::Updated)
            }
            Verb::Archive => {
                after.archived = true;
                (!row.archived).then_some(WatchEventType::Archived)
            }
            Verb::Unarchive => {
                after.archived = false;
                row.archived.then_some(WatchEventType::Updated)
            }
            Verb::Reinforce => {
                after.applications += 1;
                Some(WatchEventType::Updated)
            }
            Verb::Delete => Some(WatchEventType::Deleted),
        };
        let expected = if matches!(verb, Verb::Reinforce) { ok(after.applications) } else { ok(()) };
        assert_eq!(given, expected);
        let superseded = self.superseded_by(id);
        if matches!(verb, Verb::Delete) {
            self.cut(id);
        }
        if let Some(event) = event {
            after.sequence = self.log(row.collective_id, Some((event, id)));
        }
        let found = db.get_experience(id).unwrap();
        if matches!(verb, Verb::Delete) {
            assert_eq!(found, None);
            self.rooms.get_mut(&row.collective_id).unwrap().1.remove(&id);
            self.bequeath(row.key, &superseded);
            return;
        }
        let found = found.unwrap();
        if event.is_some() {
            assert!(found.updated_at >= row.updated_at);
            after.updated_at = found.updated_at;
        }
        if matches!(verb, Verb::Reinforce) {
            after.last_reinforced = found.updated_at;
        }
        assert_eq!(found, after);
        *self.row(id).unwrap() = after;
    }

    fn matching(&self, cid: CollectiveId, filter: &SearchFilter) -> Option<Vec<&Experience>> {
        let (_, rows) = self.rooms.get(&cid)?;
        Some(rows.values().filter(|row| passes(filter, row)).collect())
    }

    pub(super) fn found(&self, cid: CollectiveId, which: (u16, u8), given: &str, command: &str) {
        let (vector, filter) = query(which.0);
        let Some(rows) = self.matching(cid, &filter) else { return assert_eq!(given, "not found") };
        let ranks = ranks(given);
        assert_eq!(ranks.len(), rows.len().min(usize::from(which.1)), "{command}");
        let by_id: BTreeMap<ExperienceId, &Experience> = rows.iter().map(|row| (row.id, *row)).collect();
        let hits: Vec<(&Experience, f32)> = ranks.iter().map(|(id, score)| (by_id[id], *score)).collect();
        for (row, score) in &hits {
            assert!((f64::from(*score) - cosine(&vector, &row.embedding)).abs() < TOLERANCE, "{command}");
        }
        for pair in hits.windows(2) {
            let ((a, first), (b, second)) = (pair[0], pair[1]);
            assert!(
                first > second || (first.to_bits() == second.to_bits() && before(a, b)),
                "{command}: {a:?} before {b:?}"
            );
        }
        let inside: BTreeSet<ExperienceId> = ranks.iter().map(|(id, _)| *id).collect();
        for outside in rows.iter().filter(|row| !inside.contains(&row.id)) {
            let last = hits.last().expect("something is inside").1;
            assert!(cosine(&vector, &outside.embedding) < f64::from(last) + TOLERANCE, "{command}");
            let equal = hits.iter().filter(|(row, _)| row.embedding == outside.embedding);
            equal.for_each(|(row, _)| assert!(before(row, outside), "{command}: a tie"));
        }
        let whole: Vec<&Experience> = hits.iter().map(|(row, _)| *row).collect();
        assert!(given.ends_with(&format!("{whole:?})")), "{command}: a row is not whole");
    }

    pub(super) fn recent(&self, cid: CollectiveId, seed: u16, limit: u8) -> String {
        let Some(mut rows) = self.matching(cid, &query(seed).1) else { return "not found".to_owned() };
        rows.sort_by_key(|row| (std::cmp::Reverse(row.timestamp), row.id));
        rows.truncate(usize::from(limit));
        ok(rows)
    }

    pub(super) fn list(&self, cid: CollectiveId, limit: impl Into<usize>, offset: u8) -> String {
        let Some((_, rows)) = self.rooms.get(&cid) else { return "not found".to_owned() };
        ok(rows.values().skip(usize::from(offset)).take(limit.into()).collect::<Vec<_>>())
    }

    pub(super) fn count(&self, cid: CollectiveId) -> String {
        let Some((_, rows)) = self.rooms.get(&cid) else { return "not found".to_owned() };
        let times = || rows.values().map(|row| row.timestamp);
        let any = !rows.is_empty()
            || self.pending.values().any(|row| row.collective_id == cid)
            || self.insights.iter().any(|insight| insight.collective_id == cid);
        ok((rows.len() as u64, any, times().min(), times().max()))
    }

    pub(super) fn cold(&self, cid: CollectiveId, below: u8, limit: u8, given: &str, command: &str) {
        let Some((_, rows)) = self.rooms.get(&cid) else { return assert_eq!(given, "not found") };
        let bound = f32::from(below) / 100.0;
        let energies = rows.values().filter(|row| !row.archived).map(|row| (row.id, now(row)));
        // At the bound itself a moment more or less decides.
        let sure: Vec<_> = energies.filter(|(_, energy)| *energy < bound - 1e-3).collect();
        let found = ranks(given);
        assert!(found.len() <= usize::from(limit), "{command}");
        assert!(found.len() >= sure.len().min(usize::from(limit)), "{command}");
        assert!(found.is_sorted_by_key(|(id, _)| *id), "{command}");
        for (id, energy) in found {
            about(energy, now(&rows[&id]));
            assert!(energy < bound, "{command}");
        }
    }

    pub(super) fn followed(&self, cid: CollectiveId, since: u64, given: &str, command: &str) {
        let of_room = |event: &&Event| event.1 == cid && event.0 > since;
        if !self.rooms.contains_key(&cid) && !self.events.iter().any(|event| of_room(&event)) {
            return assert_eq!(given, "not found", "{command}");
        }
        let expected: Vec<(u64, WatchEventType, ExperienceId)> = self
            .events
            .iter()
            .filter(of_room)
            .filter_map(|(sequence, _, event)| event.map(|(kind, id)| (*sequence, kind, id)))
            .collect();
        let (events, next) = given.rsplit_once(';').unwrap_or(("", given));
        assert_eq!(next, self.sequence.max(since).to_string(), "{command}");
        let line =
            |(sequence, kind, id): &(u64, WatchEventType, ExperienceId)| format!("{sequence} {kind:?} {id}");
        let lines: Vec<String> = expected.iter().map(line).collect();
        let found: Vec<&str> = events.split(';').filter(|event| !event.is_empty()).collect();
        if self.rooms.contains_key(&cid) {
            return assert_eq!(found, lines, "{command}");
        }
        // The order in which records are deleted with their collective is not promised, only the numbers are.
        let ids = |lines: &[&str]| {
            lines.iter().map(|line| line[line.len() - 36..].to_owned()).collect::<BTreeSet<_>>()
        };
        let kinds =
            |lines: &[&str]| lines.iter().map(|line| line[..line.len() - 36].to_owned()).collect::<Vec<_>>();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(kinds(&found), kinds(&lines), "{command}");
        if since < self.dropped_from[&cid] {
            assert_eq!(ids(&found), ids(&lines), "{command}");
        }
    }
}

/// The pairs of an id and a number at the beginning of an answer.
fn ranks(given: &str) -> Vec<(ExperienceId, f32)> {
    let list = given.trim_start_matches('(');
    let list = list.strip_prefix('[').unwrap_or(list);
    let end = list.find(']').expect("a list ends");
    let words = list[..end].split(['(', ')', ',', ' ']).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.filter(|word| *word != "ExperienceId").collect();
    words.chunks_exact(2).map(|pair| (pair[0].parse().unwrap(), pair[1].parse().unwrap())).collect()
}

fn about(given: f32, expected: f32) {
    assert!((given - expected).abs() < 1e-3, "{given} is not about {expected}");
}

fn now(row: &Experience) -> f32 {
    let decay = DecayConfig::default();
    energy(row.importance, row.applications, row.last_reinforced, Timestamp::now(), &decay)
}

/// Newer first, then the smaller id.
fn before(a: &Experience, b: &Experience) -> bool {
    (std::cmp::Reverse(a.timestamp), a.id) < (std::cmp::Reverse(b.timestamp), b.id)
}

pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())
}

pub(super) fn apply(update: pulsedb::ExperienceUpdate, row: &mut Experience) {
    fn set<T>(field: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *field = value;
        }
    }
    set(&mut row.content, update.content);
    set(&mut row.embedding, update.embedding);
    set(&mut row.importance, update.importance);
    set(&mut row.confidence, update.confidence);
    set(&mut row.domain, update.domain);
    set(&mut row.tags, update.tags);
    set(&mut row.related_files, update.related_files);
    set(&mut row.experience_type, update.experience_type);
}

fn passes(filter: &SearchFilter, row: &Experience) -> bool {
    let kind = |one: &ExperienceType| std::mem::discriminant(one);
    let SearchFilter { domains, tags_all, experience_types, source_agents, source_tasks, .. } = filter;
    let in_task = |any: &Vec<_>| row.source_task.as_ref().is_some_and(|task| any.contains(task));
    domains.as_ref().is_none_or(|any| any.iter().any(|one| row.domain.contains(one)))
        && tags_all.iter().flatten().all(|(key, value)| row.tags.get(key) == Some(value))
        && experience_types
            .as_ref()
            .is_none_or(|any| any.iter().any(|one| kind(one) == kind(&row.experience_type)))
        && source_agents.as_ref().is_none_or(|any| any.contains(&row.source_agent))
        && source_tasks.as_ref().is_none_or(in_task)
        && filter.key_prefix.as_ref().is_none_or(|prefix| keys::begins(row, prefix))
        && row.importance >= filter.min_importance.unwrap_or(0.0)
        && row.confidence >= filter.min_confidence.unwrap_or(0.0)
        && filter.since.is_none_or(|since| row.timestamp >= since)
        && filter.until.is_none_or(|until| row.timestamp <= until)
        && !(filter.exclude_archived && row.archived)
        && (filter.include_superseded || !row.superseded)
}
