//! What has expired: hidden at once, removed by later commits.

use pulsedb::{
    CollectiveId, Experience, ExperienceId, ExperienceUpdate, NewExperience, PulseDB, Query, SearchFilter,
    SearchOptions, Timestamp, WatchEventType,
};

use crate::samples::{DIMENSION, directory, events, external, labelled, open, until, until_reclaimed};

fn ending(label: &str, cid: CollectiveId, end: i64) -> NewExperience {
    NewExperience { expires_at: Some(Timestamp::from_millis(end)), ..labelled(label, cid) }
}

fn counted(db: &PulseDB, cid: CollectiveId) -> u64 {
    db.get_collective_stats(cid).unwrap().experience_count
}

/// What every call that looks for experiences finds.
fn seen(db: &PulseDB, cid: CollectiveId) -> Vec<Vec<ExperienceId>> {
    let everything = || SearchFilter { exclude_archived: false, ..Default::default() };
    let options = |exact| SearchOptions { k: 1000, filter: everything(), exact, ..Default::default() };
    let ids = |found: Vec<Experience>| found.into_iter().map(|one| one.id).collect();
    let hits = |query: Query<'_>, exact| {
        let hits = db.search(cid, query, options(exact)).unwrap();
        hits.into_iter().map(|hit| hit.experience.id).collect()
    };
    let vector = [1.0; DIMENSION];
    let mut all: Vec<Vec<ExperienceId>> = vec![
        ids(db.list_experiences(cid, 1000, 0).unwrap()),
        ids(db.list_experiences_after(cid, Some(ExperienceId::nil()), 1000).unwrap()),
        ids(db.get_recent_experiences_filtered(cid, 1000, everything()).unwrap()),
        db.list_cold_experiences(cid, 2.0, 1000).unwrap().into_iter().map(|(id, _)| id).collect(),
        hits(Query::Vector(&vector), false),
        hits(Query::Vector(&vector), true),
        hits(Query::Lexical("word"), false),
    ];
    for ids in &mut all {
        ids.sort_unstable();
    }
    all
}

#[test]
fn expired_experience_is_hidden_from_every_call_but_get_experience() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("ends").unwrap();
    let with_word = |mut new: NewExperience| {
        new.content.push_str(" word");
        new
    };
    // Some in blocks, some in the tail; the expired ones come last, and no commit follows that would remove them.
    let lasting = (0..40).map(|at| with_word(ending(&format!("lasting {at}"), cid, i64::MAX)));
    let lasting = db.record_experiences(lasting.collect()).unwrap();
    let gone = (0..40).map(|at| {
        let key = Some(format!("gone/{at}"));
        let timestamp = Some(Timestamp::from_millis(if at % 2 == 0 { 1 } else { i64::MAX }));
        with_word(NewExperience { key, timestamp, ..ending(&format!("gone {at}"), cid, at) })
    });
    let gone = db.record_experiences(gone.collect()).unwrap();
    assert_eq!(counted(&db, cid), seen(&db, cid)[0].len() as u64);
    for found in seen(&db, cid) {
        assert_eq!(found, lasting);
    }
    let stats = db.get_collective_stats(cid).unwrap();
    let happened = lasting.iter().map(|id| db.get_experience(*id).unwrap().unwrap().timestamp);
    assert_eq!((stats.oldest_experience, stats.newest_experience), (happened.clone().min(), happened.max()));
    assert_eq!(db.list_keys(cid, "", None, 1000).unwrap(), [""; 0]);
    let page = db.list_experiences(cid, 10, 35).unwrap();
    assert_eq!(page.iter().map(|one| one.id).collect::<Vec<_>>(), lasting[35..]);
    let sequence = db.get_current_sequence();
    for (at, id) in gone.iter().enumerate() {
        assert_eq!(
            db.get_experience(*id).unwrap().unwrap().expires_at,
            Some(Timestamp::from_millis(at as i64))
        );
        assert_eq!(db.get_by_key(cid, &format!("gone/{at}")).unwrap(), None);
    }
    let id = gone[7];
    let update = || ExperienceUpdate { importance: Some(0.5), ..Default::default() };
    let refused = [
        db.energy(id).map(drop),
        db.update_experience(id, update()),
        db.archive_experience(id),
        db.unarchive_experience(id),
        db.reinforce_experience(id).map(drop),
        db.delete_experience(id),
        db.delete_experiences(&[lasting[0], id]),
    ];
    assert!(refused.into_iter().all(|outcome| outcome.is_err_and(|error| error.is_not_found())));
    let kept = db.get_experience(id).unwrap().unwrap();
    assert!(db.restore_experiences(vec![kept]).unwrap_err().is_validation());
    assert_eq!(db.get_current_sequence(), sequence);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn expired_experiences_are_removed_and_logged_by_later_commits() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("ends").unwrap(), db.create_collective("other").unwrap());
    let rows = (0..50).map(|at| ending(&format!("gone {at}"), cid, at % 7)).collect();
    let gone = db.record_experiences(rows).unwrap();
    let is_there = |id: &&ExperienceId| db.get_experience(**id).unwrap().is_some();
    assert_eq!(gone.iter().filter(is_there).count(), 50);
    // Each commit of one change takes nine, in whichever collective it is.
    for commit in 1..=6 {
        db.record_experience(labelled(&format!("commit {commit}"), other)).unwrap();
        assert_eq!(gone.iter().filter(is_there).count(), 50_usize.saturating_sub(9 * commit), "{commit}");
        assert!(db.check().unwrap().is_clean());
    }
    let deleted: Vec<ExperienceId> = events(&db, cid, 0)
        .into_iter()
        .filter(|event| event.event_type == WatchEventType::Deleted)
        .map(|event| event.experience_id)
        .collect();
    let mut order = gone.clone();
    order.sort_by_key(|id| (gone.iter().position(|one| one == id).unwrap() % 7, *id));
    assert_eq!(deleted, order, "what expired first goes first");
    let rows = |name: &str| db.stats().unwrap().tables.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!((rows("expiry"), rows("experience")), (0, 6));
}

#[test]
fn experience_is_hidden_when_its_time_comes() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("ends").unwrap();
    let end = Timestamp::now().0 + 30;
    let mut new = ending("soon", cid, end);
    new.content.push_str(" word");
    let id = db.record_experience(new).unwrap();
    until("the experience is hidden", || {
        let before = Timestamp::now();
        let (found, count, after) = (seen(&db, cid), counted(&db, cid), Timestamp::now());
        // Within one look the time may come between two calls.
        assert!(after.0 >= end || (count == 1 && found.iter().all(|ids| *ids == [id])));
        assert!(before.0 < end || (count == 0 && found.iter().all(Vec::is_empty)));
        before.0 >= end
    });
    assert!(db.get_experience(id).unwrap().is_some());
}

#[test]
fn key_of_an_expired_experience_is_free() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("ends").unwrap();
    let keyed = |label: &str, end| NewExperience { key: Some("k".into()), ..ending(label, cid, end) };
    let first = db.record_experience(keyed("first", 0)).unwrap();
    let second = db.record_experience(keyed("second", i64::MAX)).unwrap();
    assert_ne!(first, second);
    assert_eq!(db.get_experience(first).unwrap(), None);
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().id, second);
    // Under a live key the new end counts.
    assert_eq!(db.record_experience(keyed("third", 0)).unwrap(), second);
    assert_eq!(db.get_by_key(cid, "k").unwrap(), None);
    let kinds: Vec<_> = events(&db, cid, 0).into_iter().map(|event| event.event_type).collect();
    let [created, deleted, updated] =
        [WatchEventType::Created, WatchEventType::Deleted, WatchEventType::Updated];
    assert_eq!(kinds, [created, deleted, created, updated]);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn expired_experiences_go_with_their_collective_and_with_a_compaction() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("ends").unwrap(), db.create_collective("other").unwrap());
    let rows = |cid| (0..600).map(|at| ending(&format!("gone {at}"), cid, at)).collect::<Vec<_>>();
    db.record_experiences(rows(cid)).unwrap();
    db.delete_collective(cid).unwrap();
    assert!(db.check().unwrap().is_clean());
    until_reclaimed(&db);
    let there = |name: &str| db.stats().unwrap().tables.iter().find(|table| table.name == name).unwrap().rows;
    let lasting = db.record_experience(ending("lasting", other, i64::MAX)).unwrap();
    db.record_experiences(rows(other)).unwrap();
    assert!(there("expiry") > 600);
    db.compact().unwrap();
    assert_eq!((there("expiry"), there("experience")), (1, 1));
    assert_eq!(seen(&db, other)[0], [lasting]);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn repair_keeps_what_has_expired_for_later_commits() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("ends").unwrap();
    db.record_experiences((0..5).map(|at| ending(&format!("gone {at}"), cid, at)).collect()).unwrap();
    db.close().unwrap();
    assert!(PulseDB::repair(home.path(), external(DIMENSION)).unwrap().is_clean());
    let db = open(home.path());
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, 0);
    db.record_experience(labelled("next", cid)).unwrap();
    let stats = db.stats().unwrap();
    assert_eq!(stats.tables.iter().find(|table| table.name == "experience").unwrap().rows, 1);
}
