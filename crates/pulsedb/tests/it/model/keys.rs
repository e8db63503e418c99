//! The model of keys and of what expires.

use std::collections::BTreeSet;

use pulsedb::{
    CollectiveId, DuplicatePolicy, Experience, ExperienceId, NewExperience, PulseDB, Timestamp,
    WatchEventType,
};

use super::command::answer;
use super::reference::{Reference, ok};

/// What keys are asked to begin with.
pub(super) const PREFIXES: &[&str] = &["", "k", "k1/", "k1/2", "x"];
/// Ends below it are past.
const FAR: i64 = i64::MAX - 100;

/// One of few keys.
pub(super) fn key(number: usize) -> String {
    format!("k{}/{}", number % 2, number / 2)
}

/// An end that is long past, or far ahead.
pub(super) fn end(number: usize) -> Timestamp {
    let number = number as i64;
    Timestamp::from_millis(if number % 2 == 0 { number } else { FAR + number })
}

pub(super) fn has_expired(end: Option<Timestamp>) -> bool {
    end.is_some_and(|end| end.0 < FAR)
}

pub(super) fn begins(row: &Experience, prefix: &str) -> bool {
    row.key.as_ref().is_some_and(|key| key.starts_with(prefix))
}

/// The ids of an answer.
pub(super) fn ids(given: &str) -> Vec<ExperienceId> {
    let words = given.split(['[', ']', '(', ')', ',', ' ']).filter(|word| word.len() == 36);
    words.map(|word| word.parse().unwrap()).collect()
}

/// The line that lists keys. A hyphen stands for what is empty.
pub(super) fn command(cid: CollectiveId, prefix: u8, after: u8, limit: u8) -> String {
    let (prefix, after) = asked(prefix, after);
    let word = |word: &str| if word.is_empty() { "-".to_owned() } else { word.to_owned() };
    format!("keys {cid} {} {} {limit}", word(prefix), word(&after.unwrap_or_default()))
}

pub(super) fn list(db: &PulseDB, cid: CollectiveId, words: &[&str]) -> String {
    let word = |at: usize| Some(words[at]).filter(|word| *word != "-");
    answer(db.list_keys(cid, word(0).unwrap_or_default(), word(1), words[2].parse().unwrap()))
}

fn asked(prefix: u8, after: u8) -> (&'static str, Option<String>) {
    let after = (after < 6).then(|| key(usize::from(after)));
    (PREFIXES[usize::from(prefix) % PREFIXES.len()], after)
}

impl Reference {
    pub(super) fn by_key(&self, cid: CollectiveId, key: &str) -> String {
        let Some((_, rows)) = self.rooms.get(&cid) else { return "not found".to_owned() };
        ok(rows.values().find(|row| row.key.as_deref() == Some(key)))
    }

    pub(super) fn keys(&self, cid: CollectiveId, prefix: u8, after: u8, limit: u8) -> String {
        let Some((_, rows)) = self.rooms.get(&cid) else { return "not found".to_owned() };
        let (prefix, after) = asked(prefix, after);
        let keys: BTreeSet<&String> = rows.values().filter_map(|row| row.key.as_ref()).collect();
        let keys = keys.into_iter().filter(|key| key.starts_with(prefix));
        let keys = keys.filter(|key| after.as_ref().is_none_or(|after| *key > after));
        ok(keys.take(usize::from(limit)).collect::<Vec<_>>())
    }

    /// The living record with this key. One that has expired goes, which is logged.
    pub(super) fn holder(&mut self, cid: CollectiveId, key: Option<&String>) -> Option<ExperienceId> {
        let key = key?;
        let has = |row: &&Experience| row.collective_id == cid && row.key.as_ref() == Some(key);
        if let Some(gone) = self.pending.values().find(has).map(|row| row.id) {
            self.log_gone(cid, gone);
            self.pending.remove(&gone);
            self.mark_all();
        }
        self.rooms[&cid].1.values().find(has).map(|row| row.id)
    }

    /// Puts a record where it belongs: among those that live, or among those that have expired.
    pub(super) fn put(&mut self, row: Experience) {
        let rows = &mut self.rooms.get_mut(&row.collective_id).unwrap().1;
        if has_expired(row.expires_at) {
            rows.remove(&row.id);
            self.pending.insert(row.id, row);
            self.mark_all();
        } else {
            rows.insert(row.id, row);
        }
    }

    pub(super) fn greatest_id(&self) -> Option<ExperienceId> {
        let living = self.rooms.values().filter_map(|(_, rows)| rows.keys().last());
        living.chain(self.pending.keys().last()).max().copied()
    }

    /// One record of a batch; its times are the database's own and come later.
    pub(super) fn recorded_one(&mut self, cid: CollectiveId, id: ExperienceId, given: &NewExperience) {
        let holder = self.holder(cid, given.key.as_ref());
        if let Some(known) = self.identical(cid, given, holder) {
            return self.reinforced(cid, id, known, given);
        }
        let holder = holder.filter(|holder| !self.gives_key_up(*holder));
        let event = if holder.is_some() { WatchEventType::Updated } else { WatchEventType::Created };
        let applications = if let Some(holder) = holder {
            assert_eq!(holder, id, "the record with the key is replaced");
            self.rooms[&cid].1[&id].applications
        } else {
            assert!(self.greatest_id().is_none_or(|last| last < id), "ids ascend");
            self.ids_ever.push(id);
            0
        };
        let sequence = self.log(cid, Some((event, id)));
        self.put(Experience {
            id,
            collective_id: cid,
            content: given.content.clone(),
            embedding: given.embedding.clone().unwrap(),
            experience_type: given.experience_type.clone(),
            importance: given.importance,
            confidence: given.confidence,
            applications,
            domain: given.domain.clone(),
            tags: given.tags.clone(),
            related_files: given.related_files.clone(),
            source_agent: given.source_agent.clone(),
            source_task: given.source_task.clone(),
            timestamp: given.timestamp.unwrap_or(UNKNOWN),
            updated_at: UNKNOWN,
            last_reinforced: UNKNOWN,
            archived: false,
            superseded: false,
            key: given.key.clone(),
            expires_at: given.expires_at,
            sequence,
        });
    }

    /// Whether a record that has a key is superseded: then it gives it up.
    fn gives_key_up(&mut self, holder: ExperienceId) -> bool {
        let row = self.row(holder).expect("it holds a key");
        if row.superseded {
            row.key = None;
        }
        row.superseded
    }

    /// What superseding does to keys: they move on to what has none.
    pub(super) fn pass_key(&mut self, source: ExperienceId, target: ExperienceId) {
        let has_none =
            |id: ExperienceId, one: &mut Self| one.anywhere(id).is_none_or(|row| row.key.is_none());
        if has_none(source, self) {
            let key = self.anywhere(target).and_then(|row| row.key.take());
            if let Some(row) = self.anywhere(source) {
                row.key = key;
            }
        }
    }

    /// The key of a record that was deleted goes to the newest of those that it superseded and that are back.
    pub(super) fn bequeath(&mut self, key: Option<String>, superseded: &[ExperienceId]) {
        let back = superseded.iter().filter_map(|id| self.row(*id).map(|row| row.clone()));
        let back = back.collect::<Vec<_>>().into_iter().filter(|row| !row.superseded && row.key.is_none());
        let Some(heir) = back.max_by_key(|row| (row.timestamp, row.id)) else { return };
        self.row(heir.id).expect("it is there").key = key;
    }

    /// A record that lives, or that has expired.
    pub(super) fn anywhere(&mut self, id: ExperienceId) -> Option<&mut Experience> {
        let living = self.rooms.values_mut().find_map(|(_, rows)| rows.get_mut(&id));
        living.or_else(|| self.pending.get_mut(&id))
    }

    /// The record that stands for a new one with the same content.
    fn identical(
        &self,
        cid: CollectiveId,
        given: &NewExperience,
        holder: Option<ExperienceId>,
    ) -> Option<ExperienceId> {
        let is_same = |row: &&Experience| {
            row.content == given.content
                && !row.archived
                && !row.superseded
                && (given.key.is_none() || holder == Some(row.id))
        };
        let asked = given.duplicate != DuplicatePolicy::Keep;
        self.rooms[&cid].1.values().find(is_same).filter(|_| asked).map(|row| row.id)
    }

    /// Whether one of a batch is refused because its content is there by then.
    pub(super) fn refuses(&self, cid: CollectiveId, rows: &[NewExperience]) -> bool {
        type Living<'r> = (Option<&'r String>, &'r str, bool, bool);
        let living = self.rooms[&cid].1.values();
        let mut living: Vec<Living<'_>> = living
            .map(|row| (row.key.as_ref(), row.content.as_str(), row.archived, row.superseded))
            .collect();
        for given in rows {
            let holder = living.iter().position(|row| given.key.is_some() && row.0 == given.key.as_ref());
            let is_same = |row: &Living<'_>| row.1 == given.content && !row.2 && !row.3;
            let known = match &given.key {
                Some(_) => holder.filter(|at| is_same(&living[*at])),
                None => living.iter().position(is_same),
            };
            match given.duplicate {
                DuplicatePolicy::Refuse if known.is_some() => return true,
                DuplicatePolicy::Reinforce if known.is_some() => continue,
                _ => {}
            }
            match holder {
                Some(at) if living[at].3 => living[at].0 = None,
                Some(at) => drop(living.remove(at)),
                None => {}
            }
            if !has_expired(given.expires_at) {
                living.push((given.key.as_ref(), &given.content, false, false));
            }
        }
        false
    }

    fn reinforced(
        &mut self,
        cid: CollectiveId,
        id: ExperienceId,
        known: ExperienceId,
        given: &NewExperience,
    ) {
        assert_eq!(id, known, "the record with the content is reinforced");
        let sequence = self.log(cid, Some((WatchEventType::Updated, id)));
        let row = self.row(id).unwrap();
        row.applications += 1;
        row.importance = row.importance.max(given.importance);
        row.confidence = row.confidence.max(given.confidence);
        for domain in &given.domain {
            if !row.domain.contains(domain) {
                row.domain.push(domain.clone());
            }
        }
        for (key, value) in &given.tags {
            row.tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
        (row.updated_at, row.last_reinforced, row.sequence) = (UNKNOWN, UNKNOWN, sequence);
    }

    /// Takes over the times that the database has given, and compares the rest.
    pub(super) fn complete(&mut self, db: &PulseDB, ids: &[ExperienceId]) {
        for id in ids {
            let found = db.get_experience(*id).unwrap();
            let pending = self.pending.get_mut(id);
            let living = self.rooms.values_mut().find_map(|(_, rows)| rows.get_mut(id));
            let Some(row) = pending.or(living) else {
                assert_eq!(found, None);
                continue;
            };
            let found = found.unwrap();
            for time in [&mut row.updated_at, &mut row.last_reinforced, &mut row.timestamp] {
                if *time == UNKNOWN {
                    *time = found.updated_at;
                }
            }
            assert_eq!(found, *row);
        }
    }

    /// Follows the log where expired records were removed by the commits so far.
    pub(super) fn absorb(&mut self, db: &PulseDB) {
        let mut removed = Vec::new();
        for cid in self.rooms.keys() {
            let (events, _) = db.poll_changes(*cid, self.sequence).unwrap();
            removed.extend(events);
        }
        removed.sort_unstable_by_key(|event| event.sequence);
        for event in removed {
            assert_eq!(event.event_type, WatchEventType::Deleted);
            let sequence = self.log_gone(event.collective_id, event.experience_id);
            let gone = self.pending.remove(&event.experience_id);
            assert!(gone.is_some(), "{event:?} is about nothing that has expired");
            assert_eq!(sequence, event.sequence);
        }
    }
}

/// A time that the database gives.
const UNKNOWN: Timestamp = Timestamp(i64::MIN);
