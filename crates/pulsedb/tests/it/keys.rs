//! Experiences under keys: found by them, replaced by them, listed in their order.

use pulsedb::{
    CollectiveId, Config, ExperienceUpdate, NewExperience, PulseDB, PulseDBError, Query, SearchFilter,
    SearchOptions, ValidationError, WatchEventType,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, events, external, labelled, open, until_reclaimed, vector};

fn keyed(label: &str, key: &str, cid: CollectiveId) -> NewExperience {
    NewExperience { key: Some(key.into()), ..labelled(label, cid) }
}

fn under(prefix: &str) -> SearchFilter {
    SearchFilter { key_prefix: Some(prefix.into()), ..Default::default() }
}

fn field(error: &PulseDBError) -> &str {
    match error {
        PulseDBError::Validation(
            ValidationError::InvalidField { field, .. } | ValidationError::RequiredField { field },
        ) => field,
        other => panic!("{other}"),
    }
}

#[test]
fn recording_under_a_taken_key_replaces_all_but_the_id_and_the_applications() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("keys").unwrap();
    let id = db.record_experience(keyed("first", "k", cid)).unwrap();
    db.reinforce_experience(id).unwrap();
    db.archive_experience(id).unwrap();
    let second = keyed("second", "k", cid);
    assert_eq!(db.record_experience(second.clone()).unwrap(), id);
    let found = db.get_by_key(cid, "k").unwrap().unwrap();
    assert_eq!(db.get_experience(id).unwrap(), Some(found.clone()));
    assert_eq!(crate::samples::difference(&found, &second), None);
    assert_eq!((found.applications, found.archived, found.key.as_deref()), (1, false, Some("k")));
    let kinds: Vec<_> = events(&db, cid, 0).into_iter().map(|event| event.event_type).collect();
    let [archived, created, updated] =
        [WatchEventType::Archived, WatchEventType::Created, WatchEventType::Updated];
    assert_eq!(kinds, [created, updated, archived, updated]);
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, 1);
    // In one batch too, and an update leaves the key alone.
    let batch = vec![keyed("a", "l", cid), keyed("b", "k", cid), keyed("c", "l", cid)];
    let ids = db.record_experiences(batch).unwrap();
    assert_eq!((ids[0], ids[1]), (ids[2], id));
    db.update_experience(id, ExperienceUpdate { importance: Some(0.5), ..Default::default() }).unwrap();
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().id, id);
    db.delete_experience(id).unwrap();
    assert_eq!(db.get_by_key(cid, "k").unwrap(), None);
    assert_ne!(db.record_experience(keyed("new", "k", cid)).unwrap(), id);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn key_is_unique_in_its_collective_and_free_in_others() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("keys").unwrap(), db.create_collective("other").unwrap());
    let id = db.record_experience(keyed("first", "k", cid)).unwrap();
    assert_eq!(db.get_by_key(other, "k").unwrap(), None);
    assert_ne!(db.record_experience(keyed("second", "k", other)).unwrap(), id);
    db.delete_collective(other).unwrap();
    assert!(db.get_by_key(other, "k").unwrap_err().is_not_found());
    assert!(db.check().unwrap().is_clean());
    until_reclaimed(&db);
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().id, id);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn keys_are_listed_in_the_order_of_their_bytes_from_any_key_on() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("keys").unwrap();
    let mut keys: Vec<String> =
        (0..60).map(|at| format!("{}/{}", ["a", "ab", "\u{e9}"][at % 3], at / 3)).collect();
    db.record_experiences(keys.iter().map(|key| keyed(key, key, cid)).collect()).unwrap();
    db.record_experience(labelled("without", cid)).unwrap();
    keys.sort_unstable();
    assert_eq!(db.list_keys(cid, "", None, 1000).unwrap(), keys);
    for prefix in ["a", "a/", "ab/1", "\u{e9}", "e\u{301}/2", "b", "a/0/", &"x".repeat(400)] {
        let normal = prefix.replace("e\u{301}", "\u{e9}");
        let expected: Vec<&String> = keys.iter().filter(|key| key.starts_with(&normal)).collect();
        let (mut listed, mut after) = (Vec::new(), None::<String>);
        for _ in 0..keys.len() {
            let page = db.list_keys(cid, prefix, after.as_deref(), 3).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            listed.extend(page);
        }
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{prefix}");
    }
    assert_eq!(db.list_keys(cid, "ab", Some("a"), 1).unwrap(), ["ab/0"]);
    assert_eq!(db.list_keys(cid, "a", Some("b"), 1).unwrap(), [""; 0]);
}

#[test]
fn filter_by_key_finds_what_a_scan_finds() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("keys").unwrap();
    let mut random = Random::new(7);
    // More than a filter gathers, so that both ways are gone.
    for batch in 0..6 {
        let rows = (0..1000).map(|row| match row % 8 {
            0 => labelled(&format!("{batch}:{row}"), cid),
            1 => keyed(&format!("{batch}:{row}"), &format!("few/{batch}/{row}"), cid),
            _ => keyed(&format!("{batch}:{row}"), &format!("many/{batch}/{row}"), cid),
        });
        db.record_experiences(rows.collect()).unwrap();
    }
    let all = crate::samples::all(&db, cid);
    for prefix in ["", "few/", "few/3/1", "many/", "many/5/999", "none"] {
        let with_key = |key: &Option<String>| key.as_ref().is_some_and(|key| key.starts_with(prefix));
        let matches: Vec<_> = all.iter().filter(|one| with_key(&one.key)).collect();
        let mut newest: Vec<_> =
            matches.iter().map(|one| (std::cmp::Reverse(one.timestamp), one.id)).collect();
        newest.sort_unstable();
        let recent = db.get_recent_experiences_filtered(cid, 50, under(prefix)).unwrap();
        let recent: Vec<_> = recent.iter().map(|one| (std::cmp::Reverse(one.timestamp), one.id)).collect();
        assert_eq!(recent, newest[..newest.len().min(50)], "{prefix}");
        let query = vector(&mut random, DIMENSION);
        let options = SearchOptions { k: 1000, filter: under(prefix), ..Default::default() };
        let hits = db.search(cid, Query::Vector(&query), options).unwrap();
        assert_eq!(hits.len(), matches.len().min(1000), "{prefix}");
        assert!(hits.iter().all(|hit| with_key(&hit.experience.key)));
    }
}

#[test]
fn bad_key_is_refused_by_name() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("keys").unwrap();
    for key in ["", " k", "k\n", &"x".repeat(401)] {
        assert_eq!(field(&db.record_experience(keyed("x", key, cid)).unwrap_err()), "key");
        assert_eq!(field(&db.get_by_key(cid, key).unwrap_err()), "key");
    }
    assert_eq!(field(&db.list_keys(cid, &"x".repeat(401), None, 1).unwrap_err()), "prefix");
    assert_eq!(field(&db.list_keys(cid, "", Some(&"x".repeat(401)), 1).unwrap_err()), "after");
    assert_eq!(field(&db.list_keys(cid, "", None, 0).unwrap_err()), "limit");
    assert!(db.get_by_key(CollectiveId::nil(), "k").unwrap_err().is_not_found());
    let longest = "\u{e9}".repeat(200);
    db.record_experience(keyed("x", &longest, cid)).unwrap();
    assert!(db.get_by_key(cid, &"e\u{301}".repeat(200)).unwrap().is_some(), "a key in another spelling");
    assert!(db.get_recent_experiences_filtered(cid, 1, under(&"x".repeat(1000))).unwrap().is_empty());
}

#[test]
fn restoring_under_a_taken_key_changes_nothing() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("keys").unwrap();
    let id = db.record_experience(keyed("first", "k", cid)).unwrap();
    let kept = db.get_experience(id).unwrap().unwrap();
    db.delete_experience(id).unwrap();
    db.restore_experiences(vec![kept.clone()]).unwrap();
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().id, id);
    let sequence = db.get_current_sequence();
    let other = |id: u8, key: &str| {
        let id = pulsedb::ExperienceId::from_bytes([id; 16]);
        pulsedb::Experience { id, key: Some(key.into()), ..kept.clone() }
    };
    assert_eq!(field(&db.restore_experiences(vec![other(1, "l"), other(2, "k")]).unwrap_err()), "key");
    assert_eq!(field(&db.restore_experiences(vec![other(1, "l"), other(2, "l")]).unwrap_err()), "key");
    assert_eq!(db.get_current_sequence(), sequence);
    assert_eq!(db.list_keys(cid, "", None, 10).unwrap(), ["k"]);
    db.close().unwrap();
    let report = PulseDB::repair(home.path(), external(DIMENSION)).unwrap();
    assert!(report.is_clean());
    let db = PulseDB::open(home.path(), Config::read_only()).unwrap();
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().content, kept.content);
}
