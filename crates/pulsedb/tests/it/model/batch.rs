//! The model of several changes in one call, of restored records and of other names.

use std::collections::BTreeSet;

use pulsedb::{CollectiveId, Experience, ExperienceId, ExperienceUpdate, PulseDB, Timestamp, WatchEventType};

use super::Verb;
use super::command::{given, name, update};
use super::keys::has_expired;
use super::reference::{Reference, apply, ok};
use crate::random::Random;

/// The updates of a command, one for each record.
pub(super) fn updates(seed: u16, ids: &[ExperienceId]) -> Vec<(ExperienceId, ExperienceUpdate)> {
    ids.iter().enumerate().map(|(at, id)| (*id, update(seed.wrapping_add(at as u16)))).collect()
}

/// The records that a command restores, under few ids, so that some are taken.
pub(super) fn restored(cid: CollectiveId, seed: u16, count: u8) -> Vec<Experience> {
    let random = &mut Random::new(u64::from(seed) ^ 0xfeed);
    let mut moment = || Timestamp::from_millis(random.below(1000) as i64 - 500);
    let mut restore = |new: pulsedb::NewExperience| {
        let [timestamp, updated_at, last_reinforced] = [moment(), moment(), moment()];
        let mut id = [1; 16];
        id[15] = (updated_at.0 & 63) as u8;
        Experience {
            id: ExperienceId::from_bytes(id),
            collective_id: new.collective_id,
            content: new.content,
            embedding: new.embedding.unwrap_or_default(),
            experience_type: new.experience_type,
            importance: new.importance,
            confidence: new.confidence,
            applications: (last_reinforced.0 & 7) as u32,
            domain: new.domain,
            tags: new.tags,
            related_files: new.related_files,
            source_agent: new.source_agent,
            source_task: new.source_task,
            timestamp,
            updated_at,
            last_reinforced,
            archived: timestamp.0 & 1 == 1,
            superseded: false,
            key: new.key,
            expires_at: new.expires_at,
            sequence: 0,
        }
    };
    given(cid, seed, count).into_iter().map(&mut restore).collect()
}

impl Reference {
    /// Some of those that live, and sometimes one that does not.
    pub(super) fn some_living(&self, pick: u16, count: u8) -> Vec<ExperienceId> {
        let living: Vec<ExperienceId> =
            self.rooms.values().flat_map(|(_, rows)| rows.keys()).copied().collect();
        let begin = usize::from(pick) % living.len().max(1);
        let mut ids: Vec<_> = living.iter().cycle().skip(begin).take(usize::from(count)).copied().collect();
        if pick.is_multiple_of(8) || ids.is_empty() {
            ids.push(self.ids_ever.first().copied().unwrap_or(ExperienceId::nil()));
        }
        ids
    }

    pub(super) fn changed_together(
        &mut self,
        db: &PulseDB,
        verb: Verb,
        ids: &[ExperienceId],
        seed: u16,
        given: &str,
    ) {
        let updates = updates(seed, ids);
        let without_vector =
            |update: &ExperienceUpdate| update.content.is_some() && update.embedding.is_none();
        if matches!(verb, Verb::Update) && updates.iter().any(|(_, update)| without_vector(update)) {
            return assert_eq!(given, "refused");
        }
        if ids.iter().any(|id| self.row(*id).is_none()) {
            return assert_eq!(given, "not found");
        }
        assert_eq!(given, ok(()));
        for (id, update) in updates {
            self.change_one(verb, id, update);
        }
        for id in ids {
            let found = db.get_experience(*id).unwrap();
            let Some(row) = self.row(*id) else {
                assert_eq!(found, None);
                continue;
            };
            let found = found.unwrap();
            // The moment is the database's own.
            row.updated_at = found.updated_at;
            assert_eq!(found, *row);
        }
    }

    pub(super) fn change_one(&mut self, verb: Verb, id: ExperienceId, update: ExperienceUpdate) {
        // One that stands twice is deleted once.
        let Some(row) = self.row(id) else { return };
        let cid = row.collective_id;
        let event = match verb {
            Verb::Update => {
                let nothing = update == ExperienceUpdate::default();
                apply(update, row);
                (!nothing).then_some(WatchEventType::Updated)
            }
            Verb::Archive => {
                (!std::mem::replace(&mut row.archived, true)).then_some(WatchEventType::Archived)
            }
            _ => Some(WatchEventType::Deleted),
        };
        let superseded = self.superseded_by(id);
        if matches!(verb, Verb::Delete) {
            self.cut(id);
        }
        if let Some(event) = event {
            let sequence = self.log(cid, Some((event, id)));
            self.row(id).unwrap().sequence = sequence;
        }
        if matches!(verb, Verb::Delete) {
            let gone = self.rooms.get_mut(&cid).unwrap().1.remove(&id);
            self.bequeath(gone.and_then(|row| row.key), &superseded);
        }
    }

    pub(super) fn restored(&mut self, db: &PulseDB, cid: CollectiveId, which: (u16, u8), given: &str) {
        let rows = restored(cid, which.0, which.1);
        let ids: BTreeSet<ExperienceId> = rows.iter().map(|row| row.id).collect();
        let taken = |id: &ExperienceId| {
            self.pending.contains_key(id) || self.rooms.values().any(|(_, rows)| rows.contains_key(id))
        };
        if ids.len() < rows.len() {
            return assert_eq!(given, "refused");
        }
        // A deleted collective holds its ids until its rows are removed, which nobody waits for.
        if given == "refused" && ids.iter().any(|id| self.dropped_ids.contains(id)) {
            return;
        }
        if !self.rooms.contains_key(&cid) {
            let expected = if taken(&rows[0].id) { "refused" } else { "not found" };
            return assert_eq!(given, expected);
        }
        if ids.iter().any(taken) {
            return assert_eq!(given, "refused");
        }
        if self.has_taken_key(cid, &rows) {
            return assert_eq!(given, "refused");
        }
        assert_eq!(given, ok(()));
        for mut row in rows {
            assert_eq!(self.holder(cid, row.key.as_ref()), None);
            row.sequence = self.log(cid, Some((WatchEventType::Created, row.id)));
            if !self.ids_ever.contains(&row.id) {
                self.ids_ever.push(row.id);
            }
            self.put(row);
        }
        self.complete(db, &ids.into_iter().collect::<Vec<_>>());
    }

    /// Whether one of these has the key of one that lives, or of one before it.
    fn has_taken_key(&self, cid: CollectiveId, rows: &[Experience]) -> bool {
        let living = self.rooms[&cid].1.values().filter_map(|row| row.key.clone());
        let mut taken: BTreeSet<String> = living.collect();
        rows.iter().any(|row| match &row.key {
            Some(key) if has_expired(row.expires_at) => taken.contains(key),
            Some(key) => !taken.insert(key.clone()),
            None => false,
        })
    }

    pub(super) fn renamed(&mut self, cid: CollectiveId, number: u8, given: &str) {
        let new = name(number);
        let taken = self.rooms.iter().any(|(id, (taken, _))| *taken == new && *id != cid);
        let Some((own, _)) = self.rooms.get_mut(&cid) else { return assert_eq!(given, "not found") };
        if taken {
            return assert_eq!(given, "refused");
        }
        assert_eq!(given, ok(()));
        if std::mem::replace(own, new.clone()) != new {
            self.log(cid, None);
        }
    }
}
