//! Several changes in one call: all of them or none, in one commit.

use std::path::Path;

use pulsedb::{
    CollectiveId, Config, Experience, ExperienceId, ExperienceUpdate, NewExperience, NotFoundError, PulseDB,
    PulseDBError, Query, Result, SearchOptions, ValidationError, WatchEventType, limits,
};

use crate::samples::{DIMENSION, all, directory, events, external, labelled, open};

/// A database, and everything that a refused call must leave as it is.
struct Filled {
    db: PulseDB,
    cid: CollectiveId,
    ids: Vec<ExperienceId>,
    before: (Vec<Experience>, u64),
}

impl Filled {
    fn new(path: &Path, count: usize) -> Self {
        let db = open(path);
        let cid = db.create_collective("c").unwrap();
        let rows = (0..count).map(|row| labelled(&format!("{row}"), cid)).collect();
        let ids = db.record_experiences(rows).unwrap();
        let before = (all(&db, cid), db.get_current_sequence());
        Self { db, cid, ids, before }
    }

    fn assert_unchanged(&self, what: &str) {
        assert_eq!(self.db.get_current_sequence(), self.before.1, "{what}");
        assert_eq!(all(&self.db, self.cid), self.before.0, "{what}");
        assert!(self.db.check().unwrap().is_clean(), "{what}");
    }

    /// What was done since: to which record, in order. The numbers have no gap and all changes have one moment.
    fn done(&self) -> Vec<(WatchEventType, ExperienceId)> {
        let events = events(&self.db, self.cid, self.before.1);
        let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(numbers, (self.before.1 + 1..=self.db.get_current_sequence()).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.timestamp == events[0].timestamp), "not one commit");
        events.into_iter().map(|event| (event.event_type, event.experience_id)).collect()
    }

    fn get(&self, id: ExperienceId) -> Experience {
        self.db.get_experience(id).unwrap().unwrap()
    }
}

#[test]
fn each_record_of_a_batch_is_found_by_its_own_words_however_long_the_others_are() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    // More text than one thread takes, a half of it in the last record, and in another batch in the first.
    for long in [0, 199] {
        let content = |row: usize| {
            let filler = if row == long { 30_000 } else { 150 };
            format!("word{row}of{long} {}", "filler ".repeat(filler / 7))
        };
        let rows = (0..200).map(|row| NewExperience { content: content(row), ..labelled("", cid) });
        let ids = db.record_experiences(rows.collect()).unwrap();
        for (row, id) in ids.into_iter().enumerate() {
            let word = format!("word{row}of{long}");
            let hits = db.search(cid, Query::Lexical(&word), SearchOptions::default()).unwrap();
            assert_eq!(hits.iter().map(|hit| hit.experience.id).collect::<Vec<_>>(), [id], "{word}");
        }
    }
    assert!(db.check().unwrap().is_clean());
}

fn importance(importance: f32) -> ExperienceUpdate {
    ExperienceUpdate { importance: Some(importance), ..Default::default() }
}

fn is_not_found(outcome: &Result<()>, missing: ExperienceId) -> bool {
    matches!(outcome, Err(PulseDBError::NotFound(NotFoundError::Experience(id))) if *id == missing)
}

#[test]
fn updates_of_one_call_are_made_in_order_in_one_commit() {
    let home = directory();
    let filled = Filled::new(home.path(), 5);
    let ids = &filled.ids;
    let text = ExperienceUpdate {
        content: Some("other words".into()),
        embedding: Some(vec![2.0; DIMENSION]),
        ..Default::default()
    };
    let nothing = ExperienceUpdate::default();
    let updates = vec![
        (ids[3], importance(0.1)),
        (ids[0], text),
        (ids[2], nothing),
        (ids[3], importance(0.9)),
        (ids[1], ExperienceUpdate { related_files: Some(vec!["f".into()]), ..Default::default() }),
    ];
    filled.db.update_experiences(updates).unwrap();
    let expected = [3, 0, 3, 1].map(|at| (WatchEventType::Updated, ids[at]));
    assert_eq!(filled.done(), expected);
    let (first, third) = (filled.get(ids[0]), filled.get(ids[3]));
    assert_eq!((first.content.as_str(), first.embedding), ("other words", vec![2.0; DIMENSION]));
    assert_eq!((third.importance, third.sequence), (0.9, filled.before.1 + 3));
    assert_eq!(third.updated_at, first.updated_at);
    assert_eq!(filled.get(ids[2]), filled.before.0[2]);
    assert!(filled.db.check().unwrap().is_clean());
}

#[test]
fn batch_with_one_change_that_is_refused_changes_nothing() {
    let home = directory();
    let filled = Filled::new(home.path(), 5);
    let (db, ids) = (&filled.db, filled.ids.clone());
    let missing = ExperienceId::new();
    for at in [0, 3, ids.len()] {
        let mut with_missing = ids.clone();
        with_missing.insert(at, missing);
        let updates = with_missing.iter().map(|id| (*id, importance(0.125))).collect();
        assert!(is_not_found(&db.update_experiences(updates), missing), "at {at}");
        assert!(is_not_found(&db.archive_experiences(&with_missing), missing), "at {at}");
        assert!(is_not_found(&db.delete_experiences(&with_missing), missing), "at {at}");
        filled.assert_unchanged("a missing record");
    }
    let bad = [
        ("a share", importance(1.5)),
        ("a vector", ExperienceUpdate { embedding: Some(vec![1.0; DIMENSION + 1]), ..Default::default() }),
        ("no vector", ExperienceUpdate { content: Some("text".into()), ..Default::default() }),
        ("a domain", ExperienceUpdate { domain: Some(vec![String::new()]), ..Default::default() }),
    ];
    for (what, bad) in bad {
        let updates = vec![(ids[0], importance(0.125)), (ids[1], bad), (ids[2], importance(0.125))];
        assert!(db.update_experiences(updates).unwrap_err().is_validation(), "{what}");
        filled.assert_unchanged(what);
    }
}

#[test]
fn archived_and_deleted_batches_are_one_commit_each_and_skip_what_is_so_already() {
    let home = directory();
    let mut filled = Filled::new(home.path(), 6);
    let ids = filled.ids.clone();
    filled.db.archive_experience(ids[4]).unwrap();
    filled.before.1 = filled.db.get_current_sequence();
    filled.db.archive_experiences(&[ids[5], ids[4], ids[1], ids[5]]).unwrap();
    assert_eq!(filled.done(), [(WatchEventType::Archived, ids[5]), (WatchEventType::Archived, ids[1])]);
    let archived: Vec<bool> = all(&filled.db, filled.cid).iter().map(|one| one.archived).collect();
    assert_eq!(archived, [false, true, false, false, true, true]);
    filled.before.1 = filled.db.get_current_sequence();
    filled.db.delete_experiences(&[ids[2], ids[0], ids[2], ids[5]]).unwrap();
    let deleted = |id| (WatchEventType::Deleted, id);
    assert_eq!(filled.done(), [deleted(ids[2]), deleted(ids[0]), deleted(ids[5])]);
    let left: Vec<ExperienceId> = all(&filled.db, filled.cid).iter().map(|one| one.id).collect();
    assert_eq!(left, [ids[1], ids[3], ids[4]]);
    assert!(filled.db.check().unwrap().is_clean());
}

#[test]
fn empty_batches_change_nothing() {
    let home = directory();
    let filled = Filled::new(home.path(), 1);
    let calls = |db: &PulseDB| {
        [
            db.update_experiences(Vec::new()),
            db.archive_experiences(&[]),
            db.delete_experiences(&[]),
            db.restore_experiences(Vec::new()),
        ]
    };
    for outcome in calls(&filled.db) {
        outcome.unwrap();
    }
    filled.assert_unchanged("an empty batch");
    let reader = PulseDB::open(home.path(), Config::read_only()).unwrap();
    for outcome in calls(&reader) {
        assert!(outcome.unwrap_err().is_read_only());
    }
}

#[test]
fn batches_hold_ten_thousand_changes_and_refuse_one_more() {
    const MOST: usize = limits::BATCH_ROWS_MAX;
    let home = directory();
    let db = PulseDB::open(home.path(), Config { map_size_gb: 1, ..external(1) }).unwrap();
    let cid = db.create_collective("c").unwrap();
    let note = || NewExperience {
        collective_id: cid,
        content: "note".into(),
        embedding: Some(vec![1.0]),
        ..Default::default()
    };
    let ids = db.record_experiences(vec![note(); MOST]).unwrap();
    let stored = all(&db, cid);
    let one = db.record_experience(note()).unwrap();
    let (mut more, mut more_stored) = (ids.clone(), stored.clone());
    more.push(one);
    more_stored.extend(db.get_experience(one).unwrap());
    let before = db.get_current_sequence();
    let updates = |ids: &[ExperienceId]| ids.iter().map(|id| (*id, importance(0.25))).collect::<Vec<_>>();
    for outcome in [
        db.update_experiences(updates(&more)),
        db.archive_experiences(&more),
        db.delete_experiences(&more),
        db.restore_experiences(more_stored),
    ] {
        let Err(PulseDBError::Validation(ValidationError::TooManyItems { count, max, .. })) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((count, max), (MOST + 1, MOST));
    }
    let large = ExperienceUpdate {
        content: Some("x".repeat(limits::CONTENT_BYTES_MAX)),
        embedding: Some(vec![1.0]),
        ..Default::default()
    };
    let rows = limits::BATCH_BYTES_MAX / limits::CONTENT_BYTES_MAX + 1;
    assert!(db.update_experiences(vec![(one, large); rows]).unwrap_err().is_validation());
    assert_eq!(db.get_current_sequence(), before);
    let before = db.stats().unwrap().file_bytes;
    db.archive_experiences(&ids).unwrap();
    db.update_experiences(updates(&ids)).unwrap();
    db.delete_experiences(&ids).unwrap();
    db.restore_experiences(stored).unwrap();
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count as usize, MOST + 1);
    let after = db.stats().unwrap().file_bytes;
    assert!(after - before < 128 << 20, "{} MiB were set aside for short records", (after - before) >> 20);
    assert!(db.check().unwrap().is_clean());
}
