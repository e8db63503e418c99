//! Restoring: records come back as they were, under the ids that they had.

use std::path::Path;

use pulsedb::{
    Collective, CollectiveId, Experience, ExperienceId, ExperienceUpdate, NewExperience, NotFoundError,
    PulseDB, PulseDBError, Result, Timestamp, ValidationError, WatchEventType, limits,
};

use crate::samples::{DIMENSION, all, directory, events, labelled, open};

/// A collective whose records have all kinds of histories and vectors.
fn filled(path: &Path) -> (PulseDB, CollectiveId) {
    let db = open(path);
    let cid = db.create_collective("c").unwrap();
    let mut rows: Vec<NewExperience> = (0..40).map(|row| labelled(&format!("{row}"), cid)).collect();
    rows[0].timestamp = Some(Timestamp::from_millis(i64::MIN));
    rows[1].timestamp = Some(Timestamp::from_millis(i64::MAX));
    rows[2].embedding = Some(vec![-0.0, f32::from_bits(1), f32::MAX, -1.5e-39, 0.1, 0.0, 1.0, -3e38]);
    let ids = db.record_experiences(rows).unwrap();
    db.archive_experiences(&ids[5..15]).unwrap();
    for id in &ids[10..20] {
        db.reinforce_experience(*id).unwrap();
    }
    let update = ExperienceUpdate { importance: Some(0.75), ..Default::default() };
    db.update_experience(ids[30], update).unwrap();
    (db, cid)
}

/// The same record but for what restoring sets: the collective that it goes to and the number of the change.
fn same(restored: &Experience, original: &Experience) -> bool {
    let bits = |one: &Experience| one.embedding.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let Experience { collective_id, sequence, .. } = *restored;
    bits(restored) == bits(original)
        && *restored == Experience { collective_id, sequence, ..original.clone() }
}

fn moved(mut rows: Vec<Experience>, to: CollectiveId) -> Vec<Experience> {
    for row in &mut rows {
        row.collective_id = to;
    }
    rows
}

#[test]
fn restored_records_are_what_they_were_under_new_numbers() {
    let home = directory();
    let (db, cid) = filled(&home.path().join("one"));
    let originals = all(&db, cid);
    let other = open(&home.path().join("other"));
    let to = other.create_collective("elsewhere").unwrap();
    let mut reversed = moved(originals.clone(), to);
    // Neither ascending nor in the order that they were made in.
    reversed.reverse();
    reversed.rotate_left(7);
    other.restore_experiences(reversed.clone()).unwrap();
    let restored = all(&other, to);
    assert_eq!(restored.len(), originals.len());
    for (restored, original) in restored.iter().zip(&originals) {
        assert!(same(restored, original), "{restored:?}\nis not\n{original:?}");
        assert_eq!(other.get_experience(original.id).unwrap().as_ref(), Some(restored));
    }
    let events = events(&other, to, 0);
    let expected: Vec<_> = reversed.iter().map(|row| row.id).zip(2..).collect();
    assert_eq!(events.iter().map(|one| (one.experience_id, one.sequence)).collect::<Vec<_>>(), expected);
    assert!(events.iter().all(|event| event.event_type == WatchEventType::Created));
    for (id, sequence) in expected {
        assert_eq!(other.get_experience(id).unwrap().unwrap().sequence, sequence);
    }
    let query = [1.0; DIMENSION];
    let hits = |db: &PulseDB, cid| {
        let hits = db.search_similar(cid, &query, 100).unwrap();
        hits.iter().map(|hit| (hit.experience.id, hit.similarity.to_bits())).collect::<Vec<_>>()
    };
    assert_eq!(hits(&other, to), hits(&db, cid));
    let recent = |db: &PulseDB, cid| {
        let recent = db.get_recent_experiences(cid, 100).unwrap();
        recent.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(recent(&other, to), recent(&db, cid));
    let report = other.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn deleted_records_can_be_restored_where_they_were() {
    let home = directory();
    let (db, cid) = filled(home.path());
    let originals = all(&db, cid);
    let stats = db.get_collective_stats(cid).unwrap();
    let gone: Vec<Experience> = originals.iter().step_by(3).cloned().collect();
    db.delete_experiences(&gone.iter().map(|one| one.id).collect::<Vec<_>>()).unwrap();
    db.restore_experiences(gone).unwrap();
    let restored = all(&db, cid);
    assert!(restored.iter().zip(&originals).all(|(restored, original)| same(restored, original)));
    assert_eq!(db.get_collective_stats(cid).unwrap(), stats);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn record_after_a_greater_restored_id_gets_an_id_above_it() {
    let home = directory();
    let (db, cid) = filled(home.path());
    let mut last = all(&db, cid).pop().unwrap();
    db.delete_experience(last.id).unwrap();
    // The greatest that is taken.
    last.id = ExperienceId::from_bytes([
        0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ]);
    db.restore_experiences(vec![last.clone()]).unwrap();
    let mut greatest = last.id;
    for round in 0..20 {
        let rows = (0..5).map(|row| labelled(&format!("{round}.{row}"), cid)).collect();
        for id in db.record_experiences(rows).unwrap() {
            assert!(id > greatest, "{id} is not above {greatest}");
            greatest = id;
        }
    }
    assert_eq!(all(&db, cid).pop().unwrap().id, greatest);
    assert!(db.check().unwrap().is_clean());
}

/// The field that is refused.
fn refused(outcome: Result<()>) -> String {
    match outcome {
        Err(PulseDBError::Validation(
            ValidationError::InvalidField { field, .. } | ValidationError::RequiredField { field },
        )) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn id_that_is_taken_or_stands_twice_is_refused_and_nothing_restored() {
    let home = directory();
    let (db, cid) = filled(home.path());
    let mut rows = all(&db, cid);
    let taken = rows.split_off(20);
    db.delete_experiences(&rows.iter().map(|one| one.id).collect::<Vec<_>>()).unwrap();
    let before = (all(&db, cid), db.get_current_sequence());
    let with = |extra: Experience| {
        let mut rows = rows.clone();
        rows.insert(7, extra);
        db.restore_experiences(rows)
    };
    let under = |bytes: [u8; 16]| Experience { id: ExperienceId::from_bytes(bytes), ..rows[0].clone() };
    assert_eq!(refused(with(taken[0].clone())), "id");
    assert_eq!(refused(with(rows[12].clone())), "id");
    assert_eq!(refused(with(under([0; 16]))), "id");
    // No later record could have a greater one.
    assert_eq!(refused(with(under([0xff; 16]))), "id");
    assert_eq!((all(&db, cid), db.get_current_sequence()), before);
    assert!(db.check().unwrap().is_clean());
    db.restore_experiences(rows).unwrap();
}

#[test]
fn what_could_not_be_recorded_is_not_restored() {
    let home = directory();
    let (db, cid) = filled(home.path());
    let one = all(&db, cid).swap_remove(3);
    db.delete_experience(one.id).unwrap();
    let before = db.get_current_sequence();
    let bad = [
        Experience { content: String::new(), ..one.clone() },
        Experience { content: "x".repeat(limits::CONTENT_BYTES_MAX + 1), ..one.clone() },
        Experience { importance: f32::NAN, ..one.clone() },
        Experience { confidence: 1.5, ..one.clone() },
        Experience { domain: vec![" spaced".into()], ..one.clone() },
        Experience { embedding: vec![1.0; DIMENSION + 1], ..one.clone() },
        Experience { embedding: vec![0.0; DIMENSION], ..one.clone() },
        Experience { embedding: vec![f32::INFINITY; DIMENSION], ..one.clone() },
    ];
    for bad in bad {
        let error = db.restore_experiences(vec![bad]).unwrap_err();
        assert!(error.is_validation(), "{error}");
    }
    let nowhere = CollectiveId::new();
    let lost = Experience { collective_id: nowhere, ..one.clone() };
    let outcome = db.restore_experiences(vec![one.clone(), Experience { id: ExperienceId::new(), ..lost }]);
    assert!(
        matches!(outcome, Err(PulseDBError::NotFound(NotFoundError::Collective(id))) if id == nowhere),
        "{outcome:?}"
    );
    assert_eq!(db.get_experience(one.id).unwrap(), None);
    assert_eq!(db.get_current_sequence(), before);
    // Without a vector it is kept, and vector search never finds it.
    let bare = Experience { embedding: Vec::new(), ..one };
    db.restore_experiences(vec![bare.clone()]).unwrap();
    assert!(same(&db.get_experience(bare.id).unwrap().unwrap(), &bare));
    let hits = db.search_similar(cid, &[1.0; DIMENSION], 100).unwrap();
    assert!(hits.iter().all(|hit| hit.experience.id != bare.id));
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn restored_collectives_are_what_they_were_all_or_none() {
    let home = directory();
    let db = open(&home.path().join("one"));
    db.create_collective("old").unwrap();
    db.create_collective_with_owner("owned", "me").unwrap();
    let given = db.list_collectives().unwrap();
    let other = open(&home.path().join("other"));
    let mut twice = given.clone();
    twice.push(Collective { name: "another".to_owned(), ..given[0].clone() });
    assert!(matches!(other.restore_collectives(twice), Err(PulseDBError::Validation(_))));
    let narrow = Collective { embedding_dimension: DIMENSION as u16 + 1, ..given[0].clone() };
    assert!(matches!(other.restore_collectives(vec![narrow]), Err(PulseDBError::Validation(_))));
    assert_eq!(other.list_collectives().unwrap(), []);
    // Not in the order of their ids.
    other.restore_collectives(given.iter().rev().cloned().collect()).unwrap();
    assert_eq!(other.list_collectives().unwrap(), given);
    let same_name = Collective { id: CollectiveId::new(), ..given[0].clone() };
    assert!(other.restore_collectives(vec![same_name]).is_err());
    assert!(other.create_collective("new").unwrap() > given[1].id);
    assert!(other.check().unwrap().is_clean());
}
