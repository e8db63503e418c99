//! The model of changes of different kinds in one commit.

use pulsedb::{
    Change, CollectiveId, DuplicatePolicy, Experience, ExperienceId, ExperienceUpdate, NewExperience,
    Outcome, PulseDB,
};

use super::Verb;
use super::command::{answer, given, update};
use super::keys;
use super::reference::{Reference, ok};
use crate::random::Random;

/// The line of a call.
pub(super) fn command(cid: CollectiveId, seed: u16, ids: &[ExperienceId]) -> String {
    let ids: Vec<String> = ids.iter().map(ExperienceId::to_string).collect();
    format!("apply {cid} {seed} {}", ids.join(" "))
}

pub(super) fn perform(db: &PulseDB, cid: CollectiveId, words: &[&str]) -> String {
    let ids: Vec<ExperienceId> = words[1..].iter().map(|word| word.parse().unwrap()).collect();
    answer(db.apply(cid, changes(cid, words[0].parse().unwrap(), &ids)))
}

/// One change for each id, some of which are of new records instead.
fn changes(cid: CollectiveId, seed: u16, ids: &[ExperienceId]) -> Vec<Change> {
    let random = &mut Random::new(u64::from(seed) ^ 0xabcd);
    let mut new = given(cid, seed, ids.len() as u8).into_iter();
    let mut change = |(at, id): (usize, &ExperienceId)| match random.below(5) {
        0 => Change::Update(*id, update(seed.wrapping_add(at as u16))),
        1 => Change::Archive(*id),
        2 => Change::Delete(*id),
        _ => {
            let new = new.next().unwrap();
            Change::Record(NewExperience { duplicate: DuplicatePolicy::Keep, ..new })
        }
    };
    ids.iter().enumerate().map(&mut change).collect()
}

impl Reference {
    pub(super) fn applied(
        &mut self,
        db: &PulseDB,
        cid: CollectiveId,
        seed: u16,
        ids: &[ExperienceId],
        given: &str,
    ) {
        let changes = changes(cid, seed, ids);
        let lacks_vector = |change: &Change| match change {
            Change::Update(_, update) => update.content.is_some() && update.embedding.is_none(),
            _ => false,
        };
        if changes.iter().any(lacks_vector) {
            return assert_eq!(given, "refused");
        }
        if !self.rooms.contains_key(&cid) {
            return assert_eq!(given, "not found");
        }
        let before = self.clone();
        // Of a call that was refused there are no ids: where a key is held it is its holder's, and else any later one.
        let mut told = keys::ids(given).into_iter();
        let mut outcomes = Vec::new();
        for change in changes {
            let told =
                told.next().unwrap_or_else(|| self.held(cid, &change).unwrap_or_else(|| self.later_id()));
            match self.apply_one(cid, change, told) {
                Ok(outcome) => outcomes.push(outcome),
                Err(refusal) => {
                    *self = before;
                    return assert_eq!(given, refusal);
                }
            }
        }
        assert_eq!(given, ok(&outcomes));
        let ids: Vec<ExperienceId> = keys::ids(given);
        for id in &ids {
            let found = db.get_experience(*id).unwrap();
            // The moment of an update is the database's own.
            if let (Some(row), Some(found)) = (self.row(*id), found) {
                row.updated_at = found.updated_at;
            }
        }
        self.complete(db, &ids);
    }

    /// The living record that a change would replace; one that is superseded gives its key up.
    fn held(&self, cid: CollectiveId, change: &Change) -> Option<ExperienceId> {
        let Change::Record(NewExperience { key: Some(key), .. }) = change else { return None };
        let holds = |row: &&Experience| row.key.as_ref() == Some(key) && !row.superseded;
        self.rooms[&cid].1.values().find(holds).map(|row| row.id)
    }

    /// An id above all that are known.
    fn later_id(&self) -> ExperienceId {
        let known = self.greatest_id().map_or(0, |id| u128::from_be_bytes(*id.as_bytes()));
        ExperienceId::from_bytes((known + 1).to_be_bytes())
    }

    fn apply_one(
        &mut self,
        cid: CollectiveId,
        change: Change,
        told: ExperienceId,
    ) -> Result<Outcome, &'static str> {
        let (verb, id, update) = match change {
            Change::Record(new) => {
                self.recorded_one(cid, told, &new);
                return Ok(Outcome::Recorded(told));
            }
            Change::Update(id, update) => (Verb::Update, id, update),
            Change::Archive(id) => (Verb::Archive, id, ExperienceUpdate::default()),
            Change::Delete(id) => (Verb::Delete, id, ExperienceUpdate::default()),
            Change::Relate(_) => unreachable!("no relation is among them"),
        };
        let place = self.row(id).ok_or("not found")?.collective_id;
        if place != cid {
            return Err("refused");
        }
        self.change_one(verb, id, update);
        Ok(match verb {
            Verb::Update => Outcome::Updated(id),
            Verb::Archive => Outcome::Archived(id),
            _ => Outcome::Deleted(id),
        })
    }
}
