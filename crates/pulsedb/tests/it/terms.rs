//! Keys and ends of experiences when one supersedes another, and when they are changed.

use pulsedb::{
    CollectiveId, ExperienceId, ExperienceUpdate, NewExperience, NewExperienceRelation, PulseDB,
    PulseDBError, Query, RelationType, SearchOptions, TermsUpdate, Timestamp, ValidationError,
};

use crate::samples::{DIMENSION, directory, labelled, open};

const KEY: &str = "server/port";

struct Filled {
    _home: tempfile::TempDir,
    db: PulseDB,
    cid: CollectiveId,
}

fn filled() -> Filled {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    Filled { _home: home, db, cid }
}

impl Filled {
    fn record(&self, content: &str, key: Option<&str>) -> ExperienceId {
        self.db.record_experience(self.keyed(content, key)).unwrap()
    }

    fn keyed(&self, content: &str, key: Option<&str>) -> NewExperience {
        NewExperience { key: key.map(str::to_owned), ..labelled(content, self.cid) }
    }

    /// Lets an experience expire; no commit follows that would remove it.
    fn end(&self, id: ExperienceId) {
        let terms = TermsUpdate { expires_at: Some(Some(Timestamp::from_millis(1))), ..Default::default() };
        self.db.update_experience_and_terms(id, ExperienceUpdate::default(), terms).unwrap();
    }

    fn relate(&self, source_id: ExperienceId, target_id: ExperienceId) {
        let relation_type = RelationType::Supersedes;
        let new = NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() };
        self.db.store_relation(new).unwrap();
    }

    fn holder(&self) -> Option<ExperienceId> {
        let found = self.db.get_by_key(self.cid, KEY).unwrap();
        assert_eq!(
            self.db.list_keys(self.cid, "", None, 10).unwrap().contains(&KEY.to_owned()),
            found.is_some()
        );
        assert!(found.as_ref().is_none_or(|one| one.key.as_deref() == Some(KEY)));
        let report = self.db.check().unwrap();
        assert!(report.is_clean(), "{report:?}");
        found.map(|one| one.id)
    }

    fn found(&self) -> Vec<ExperienceId> {
        let options = SearchOptions { k: 100, ..Default::default() };
        let hits = self.db.search(self.cid, Query::Vector(&[1.0; DIMENSION]), options).unwrap();
        let mut ids: Vec<ExperienceId> = hits.iter().map(|hit| hit.experience.id).collect();
        ids.sort_unstable();
        ids
    }
}

#[test]
fn key_follows_the_newest_of_what_supersedes() {
    let one = filled();
    let first = one.record("8080", Some(KEY));
    let second = one.db.supersede_experience(first, one.keyed("9090", None)).unwrap();
    assert_eq!(one.holder(), Some(second));
    assert_eq!(one.db.get_experience(first).unwrap().unwrap().key, None);
    // Recording under it changes what searches find.
    assert_eq!(one.record("9191", Some(KEY)), second);
    assert_eq!(one.found(), [second]);
    // Its own key may be said again, and a relation between two that are there moves it too.
    let third = one.db.supersede_experience(second, one.keyed("7070", Some(KEY))).unwrap();
    assert_eq!(one.holder(), Some(third));
    let fourth = one.record("6060", None);
    one.relate(fourth, third);
    assert_eq!(one.holder(), Some(fourth));
    assert_eq!(one.found(), [fourth]);
}

#[test]
fn superseded_holder_of_a_key_gives_it_up_to_what_is_recorded_under_it() {
    let one = filled();
    let first = one.record("8080", Some(KEY));
    let other = one.db.supersede_experience(first, one.keyed("9090", Some("other"))).unwrap();
    assert_eq!(one.holder(), Some(first));
    let new = one.record("9191", Some(KEY));
    assert_eq!(one.found(), [other, new]);
    assert_eq!(one.holder(), Some(new));
    assert_eq!(one.db.get_history(first).unwrap().len(), 2);
}

#[test]
fn deleting_the_newest_gives_the_key_back() {
    let one = filled();
    let first = one.record("8080", Some(KEY));
    let second = one.db.supersede_experience(first, one.keyed("9090", None)).unwrap();
    let third = one.db.supersede_experience(second, one.keyed("7070", None)).unwrap();
    one.db.delete_experience(second).unwrap();
    assert_eq!(one.holder(), Some(third));
    one.db.delete_experience(third).unwrap();
    assert_eq!(one.holder(), Some(first));
    assert_eq!(one.found(), [first]);
    one.db.delete_experience(first).unwrap();
    assert_eq!(one.holder(), None);
}

#[test]
fn update_sets_and_removes_keys_and_ends_in_one_commit() {
    let one = filled();
    let id = one.record("8080", None);
    let sequence = one.db.get_current_sequence();
    let end = Timestamp::from_millis(i64::MAX);
    let terms = TermsUpdate { key: Some(Some(KEY.into())), expires_at: Some(Some(end)) };
    let update = ExperienceUpdate { importance: Some(1.0), ..Default::default() };
    one.db.update_experience_and_terms(id, update, terms).unwrap();
    assert_eq!(one.db.get_current_sequence(), sequence + 1);
    assert_eq!(one.holder(), Some(id));
    let found = one.db.get_experience(id).unwrap().unwrap();
    assert_eq!((found.expires_at, found.importance), (Some(end), 1.0));

    // A key that another one has is refused, and nothing changes; that of a superseded one is free.
    let other = one.record("9090", None);
    let update = |terms| one.db.update_experience_and_terms(other, ExperienceUpdate::default(), terms);
    let named = |key: &str| TermsUpdate { key: Some(Some(key.into())), ..Default::default() };
    for (refused, field) in [(KEY, "key"), ("", "key"), (" blank", "key")] {
        let error = update(named(refused)).unwrap_err();
        let PulseDBError::Validation(ValidationError::InvalidField { field: found, .. }) = &error else {
            assert!(
                matches!(&error, PulseDBError::Validation(ValidationError::RequiredField { .. })),
                "{error}"
            );
            continue;
        };
        assert_eq!(found, field);
    }
    assert_eq!(one.db.get_experience(other).unwrap().unwrap().key, None);
    let third = one.db.supersede_experience(id, one.keyed("7070", Some("third"))).unwrap();
    update(named(KEY)).unwrap();
    assert_eq!(one.holder(), Some(other));
    let none = TermsUpdate { key: Some(None), expires_at: Some(None) };
    one.db.update_experience_and_terms(other, ExperienceUpdate::default(), none).unwrap();
    assert_eq!(one.holder(), None);
    assert_eq!(one.found(), [other, third]);
}

#[test]
fn key_of_one_that_has_expired_is_free_for_an_update() {
    let one = filled();
    let old = one.record("8080", None);
    let newer = one.db.supersede_experience(old, one.keyed("9090", Some(KEY))).unwrap();
    one.end(newer);
    let terms = TermsUpdate { key: Some(Some(KEY.into())), ..Default::default() };
    one.db.update_experience_and_terms(old, ExperienceUpdate::default(), terms).unwrap();
    assert_eq!(one.holder(), Some(old));
    assert_eq!(one.found(), [old]);
}

#[test]
fn what_only_expired_ones_supersede_is_back_before_they_are_removed() {
    // In a block, and in the tail.
    for more in [0, 40] {
        let one = filled();
        let first = one.record("8080", None);
        let second = one.db.supersede_experience(first, one.keyed("9090", None)).unwrap();
        let third = one.db.supersede_experience(second, one.keyed("7070", None)).unwrap();
        let rest = (0..more).map(|at| one.keyed(&format!("more {at}"), None)).collect();
        let rest = one.db.record_experiences(rest).unwrap();
        let seen = |expected: &[ExperienceId]| {
            let mut expected = [expected, &rest].concat();
            expected.sort_unstable();
            assert_eq!(one.found(), expected);
            let recent = one.db.get_recent_experiences(one.cid, 100).unwrap();
            assert!(recent.iter().all(|found| !found.superseded));
            let mut recent: Vec<ExperienceId> = recent.iter().map(|found| found.id).collect();
            recent.sort_unstable();
            assert_eq!(recent, expected);
            assert!(one.db.check().unwrap().is_clean());
        };
        let relations = || one.db.list_relations(one.cid, 10, 0).unwrap().len();
        assert_eq!(relations(), 2);
        let of_third = one.db.list_relations(one.cid, 1, 1).unwrap()[0].id;
        // The one in the middle: what is newer stands in its place.
        one.end(second);
        seen(&[third]);
        assert_eq!((relations(), one.db.get_relation(of_third).unwrap()), (0, None));
        assert_eq!(one.db.list_relations(one.cid, 10, 1).unwrap(), []);
        // Another chain, from its end.
        let old = one.record("a", None);
        let new = one.db.supersede_experience(old, one.keyed("b", None)).unwrap();
        seen(&[third, new]);
        one.end(new);
        seen(&[third, old]);
        let found = one.db.get_experience(old).unwrap().unwrap();
        assert!(!found.superseded);
        // The next commit makes it lasting.
        one.db.reinforce_experience(old).unwrap();
        seen(&[third, old]);
    }
}
