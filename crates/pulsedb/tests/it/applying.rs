//! Changes of different kinds in one commit: all of them or none.

use pulsedb::{
    Change, CollectiveId, DuplicatePolicy, ExperienceId, ExperienceUpdate, NewExperience,
    NewExperienceRelation, Outcome, PulseDB, PulseDBError, RelationType, ValidationError, WatchEventType,
};

use crate::samples::{directory, events, labelled, open};

fn record(label: &str) -> Change {
    Change::Record(NewExperience {
        collective_id: CollectiveId::nil(),
        ..labelled(label, CollectiveId::nil())
    })
}

fn importance(importance: f32) -> ExperienceUpdate {
    ExperienceUpdate { importance: Some(importance), ..Default::default() }
}

fn recorded(outcome: Outcome) -> ExperienceId {
    match outcome {
        Outcome::Recorded(id) => id,
        other => panic!("{other:?}"),
    }
}

/// All that can be seen of a database.
fn state(db: &PulseDB) -> String {
    let collectives = db.list_collectives().unwrap();
    let all = collectives.iter().map(|one| db.list_experiences(one.id, 1000, 0).unwrap());
    format!("{} {:?}", db.get_current_sequence(), all.collect::<Vec<_>>())
}

#[test]
fn changes_of_every_kind_are_made_in_their_order() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let made = db.apply(cid, vec![record("a"), record("b"), record("c")]).unwrap();
    let [a, b, c] = made.into_iter().map(recorded).collect::<Vec<_>>()[..] else { panic!("three records") };
    assert!(a < b && b < c);
    let changes = vec![
        Change::Update(a, importance(0.25)),
        Change::Archive(b),
        Change::Delete(c),
        record("d"),
        Change::Update(a, importance(0.75)),
    ];
    let made = db.apply(cid, changes).unwrap();
    let d = recorded(made[3]);
    let expected = [
        Outcome::Updated(a),
        Outcome::Archived(b),
        Outcome::Deleted(c),
        Outcome::Recorded(d),
        Outcome::Updated(a),
    ];
    assert_eq!(made, expected);
    assert_eq!(db.get_experience(a).unwrap().unwrap().importance.to_bits(), 0.75_f32.to_bits());
    assert!(db.get_experience(b).unwrap().unwrap().archived);
    assert_eq!(db.get_experience(c).unwrap(), None);
    let events: Vec<_> =
        events(&db, cid, 0).into_iter().map(|one| (one.event_type, one.experience_id)).collect();
    let expected = [
        (WatchEventType::Created, a),
        (WatchEventType::Created, b),
        (WatchEventType::Created, c),
        (WatchEventType::Updated, a),
        (WatchEventType::Archived, b),
        (WatchEventType::Deleted, c),
        (WatchEventType::Created, d),
        (WatchEventType::Updated, a),
    ];
    assert_eq!(events, expected);
    assert_eq!(db.apply(cid, Vec::new()).unwrap(), []);
    assert_eq!(db.apply(cid, vec![Change::Archive(b)]).unwrap(), [Outcome::Archived(b)]);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn relations_are_stored_with_what_else_changes() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("c").unwrap(), db.create_collective("other").unwrap());
    let made = db.apply(cid, vec![record("old"), record("new"), record("note")]).unwrap();
    let [old, new, note] = made.into_iter().map(recorded).collect::<Vec<_>>()[..] else { panic!("three") };
    let relate = |source_id, target_id, relation_type| {
        Change::Relate(NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() })
    };
    let changes = vec![
        relate(new, old, RelationType::Supersedes),
        relate(note, new, RelationType::Supports),
        Change::Archive(note),
    ];
    let made = db.apply(cid, changes).unwrap();
    let Outcome::Related(id) = made[0] else { panic!("{made:?}") };
    assert_eq!(db.get_relation(id).unwrap().unwrap().target_id, old);
    assert!(db.get_experience(old).unwrap().unwrap().superseded);
    // What is superseded stands for no other one with its content.
    let again = NewExperience { duplicate: DuplicatePolicy::Refuse, ..labelled("old", cid) };
    let again = recorded(db.apply(cid, vec![Change::Record(again)]).unwrap()[0]);
    assert_ne!(again, old);

    let there = db.record_experience(labelled("there", other)).unwrap();
    let before = state(&db);
    let bad = [
        relate(new, old, RelationType::Supersedes),
        relate(old, new, RelationType::Supersedes),
        relate(new, new, RelationType::Supports),
        relate(there, new, RelationType::Supports),
        relate(new, there, RelationType::Supports),
        relate(new, ExperienceId::nil(), RelationType::Supports),
    ];
    for change in bad {
        let error = db.apply(cid, vec![record("more"), change.clone()]).unwrap_err();
        assert!(error.is_validation() || error.is_not_found(), "{change:?}: {error}");
        assert_eq!(state(&db), before, "{change:?}");
    }
    // Deleting takes the relations with it, and the old one comes back.
    db.apply(cid, vec![Change::Delete(new)]).unwrap();
    assert!(!db.get_experience(old).unwrap().unwrap().superseded);
    assert_eq!(db.list_relations(cid, 10, 0).unwrap(), []);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn later_changes_see_earlier_ones() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let keyed = |label: &str| {
        let key = Some("k".into());
        Change::Record(NewExperience { key, ..labelled(label, CollectiveId::nil()) })
    };
    let made = db.apply(cid, vec![keyed("first"), keyed("second")]).unwrap();
    assert_eq!(made[0], made[1]);
    let id = recorded(made[0]);
    let reinforced = |label: &str| {
        let duplicate = DuplicatePolicy::Reinforce;
        Change::Record(NewExperience { duplicate, ..labelled(label, cid) })
    };
    let made = db.apply(cid, vec![Change::Delete(id), keyed("third"), record("x"), reinforced("x")]).unwrap();
    assert_ne!(made[1], Outcome::Recorded(id));
    assert_eq!(made[2], made[3]);
    assert_eq!(db.get_experience(recorded(made[3])).unwrap().unwrap().applications, 1);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn one_refused_change_refuses_all_of_them() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("c").unwrap(), db.create_collective("other").unwrap());
    let here = db.record_experience(labelled("here", cid)).unwrap();
    let there = db.record_experience(labelled("there", other)).unwrap();
    let refusing = DuplicatePolicy::Refuse;
    let same = Change::Record(NewExperience { duplicate: refusing, ..labelled("here", cid) });
    let long = NewExperience { content: "x".repeat(102_401), ..labelled("long", cid) };
    let without_vector = ExperienceUpdate { content: Some("new".into()), ..Default::default() };
    let bad: Vec<(bool, Change)> = vec![
        (true, Change::Update(ExperienceId::nil(), importance(0.5))),
        (true, Change::Archive(ExperienceId::nil())),
        (true, Change::Delete(ExperienceId::nil())),
        (false, Change::Update(there, importance(0.5))),
        (false, Change::Archive(there)),
        (false, Change::Delete(there)),
        (false, Change::Record(labelled("new", other))),
        (false, Change::Record(long)),
        (false, Change::Update(here, importance(2.0))),
        (false, Change::Update(here, without_vector)),
        (false, same),
    ];
    let before = state(&db);
    for (is_missing, change) in bad {
        let good = || vec![record("new"), Change::Update(here, importance(0.125))];
        let mut changes = good();
        changes.insert(1, change.clone());
        changes.push(Change::Archive(here));
        let error = db.apply(cid, changes).unwrap_err();
        assert!(if is_missing { error.is_not_found() } else { error.is_validation() }, "{change:?}: {error}");
        assert_eq!(state(&db), before, "{change:?}");
    }
    assert!(db.apply(cid, vec![Change::Delete(here), Change::Delete(here)]).unwrap_err().is_not_found());
    assert!(db.apply(CollectiveId::nil(), vec![]).unwrap_err().is_not_found());
    let many = vec![Change::Archive(here); 10_001];
    let error = db.apply(cid, many).unwrap_err();
    assert!(matches!(error, PulseDBError::Validation(ValidationError::TooManyItems { .. })), "{error}");
    assert_eq!(state(&db), before);
    assert!(db.check().unwrap().is_clean());
}
