//! What is restored is what was there.

use std::fs;

use embeddenator_fs::{Engram, EngramPath, VerifyOptions};
use pulsedb::{Config, ExperienceUpdate, NewExperience, PulseDB};
use pulsedb_engram::{Error, SnapshotOptions, StoredSnapshot, snapshot};

use crate::samples::{Home, contents, filled, new, open};

#[test]
fn restored_database_is_equal_and_its_snapshot_is_the_same_file() {
    let home = Home::new();
    let (db, _) = filled(&home.at("one"));
    let report = snapshot(&db, home.at("one.egm"), &SnapshotOptions::default()).unwrap();
    assert_eq!((report.collectives, report.experiences, report.relations, report.insights), (2, 60, 7, 4));
    assert_eq!(report.sequence, db.get_current_sequence());

    let other = open(&home.at("other"));
    let stored = StoredSnapshot::open(home.at("one.egm"), None).unwrap();
    let restored = stored.restore(&other).unwrap();
    assert_eq!((restored.experiences, restored.relations, restored.insights), (60, 7, 4));
    assert_eq!(contents(&other), contents(&db));
    assert!(other.check().unwrap().is_clean());
    // The key that was passed on is found at the one that superseded.
    let id = db.list_collectives().unwrap()[0].id;
    let found = other.get_by_key(id, "passed on").unwrap().unwrap();
    assert!(found.content.starts_with("experience 100"));

    snapshot(&other, home.at("other.egm"), &SnapshotOptions::default()).unwrap();
    assert!(fs::read(home.at("one.egm")).unwrap() == fs::read(home.at("other.egm")).unwrap());
}

#[test]
fn second_snapshot_adds_what_is_new_and_the_first_can_still_be_restored() {
    let home = Home::new();
    let (db, id) = filled(&home.at("one"));
    let rows: Vec<NewExperience> = (200..1200).map(|number| new(id, number)).collect();
    let ids = db.record_experiences(rows).unwrap();
    let options = SnapshotOptions { label: "first", ..Default::default() };
    let first = snapshot(&db, home.at("it.egm"), &options).unwrap();
    let before = contents(&db);
    let update = ExperienceUpdate { importance: Some(0.25), ..Default::default() };
    db.update_experience(ids[500], update).unwrap();
    db.delete_experience(ids[501]).unwrap();
    let second = snapshot(&db, home.at("it.egm"), &SnapshotOptions::default()).unwrap();
    assert_eq!((first.snapshot.number, second.snapshot.number), (1, 2));
    assert!(second.added_bytes * 4 < first.added_bytes, "{} of {}", second.added_bytes, first.added_bytes);

    let engram = Engram::open(home.at("it.egm")).unwrap();
    assert_eq!(engram.snapshots()[0].label, "first");
    assert!(engram.verify(VerifyOptions::default(), &()).unwrap().is_sound());
    let restored = |number: Option<u32>, name: &str| {
        let other = open(&home.at(name));
        StoredSnapshot::open(home.at("it.egm"), number).unwrap().restore(&other).unwrap();
        contents(&other)
    };
    assert_eq!(restored(Some(1), "first"), before);
    assert_eq!(restored(None, "second"), contents(&db));
    let missing = StoredSnapshot::open(home.at("it.egm"), Some(3)).unwrap_err();
    assert!(matches!(missing, Error::NoSuchSnapshot { .. }));
    assert!(missing.to_string().ends_with("it.egm has no snapshot 3; it has 1 to 2"), "{missing}");
}

#[test]
fn one_collective_is_taken_alone_and_its_files_can_be_read() {
    let home = Home::new();
    let (db, id) = filled(&home.at("one"));
    let options = SnapshotOptions { collective: Some(id), ..Default::default() };
    assert_eq!(snapshot(&db, home.at("it.egm"), &options).unwrap().collectives, 1);
    let engram = Engram::open(home.at("it.egm")).unwrap();
    let tree = engram.latest().unwrap();
    let first = db.list_experiences(id, 1, 0).unwrap().remove(0);
    let place = format!("collectives/proj%2Fect \u{e9}/experiences/{}.md", first.id);
    let entry = tree.entry(&EngramPath::new(place).unwrap()).unwrap();
    assert_eq!(entry.metadata.mode, 0o644);
    let mut bytes = Vec::new();
    tree.read(&entry, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.starts_with(&format!("---\nid: \"{}\"\ntype: {{\"kind\":\"difficulty\"", first.id)),
        "{text}"
    );
    assert!(text.contains("\ntimestamp: \"2023-11-14T22:13:20.123Z\"\n"), "{text}");
    assert!(text.ends_with(&format!("\n---\n{}\n", first.content)), "{text}");
    let directory = tree.entry(&EngramPath::new("collectives").unwrap()).unwrap();
    assert_eq!(directory.metadata.mode, 0o755);
}

#[test]
fn texts_of_the_bundled_embedder_and_those_without_a_vector_come_back() {
    let home = Home::new();
    let db = PulseDB::open(home.at("one"), Config::default()).unwrap();
    for content in ["the build breaks without the vendored library", "\u{1f980}"] {
        db.record_experience(NewExperience { content: content.to_owned(), ..Default::default() }).unwrap();
    }
    snapshot(&db, home.at("it.egm"), &SnapshotOptions::default()).unwrap();
    let other = PulseDB::open(home.at("other"), Config::default()).unwrap();
    StoredSnapshot::open(home.at("it.egm"), None).unwrap().restore(&other).unwrap();
    assert_eq!(contents(&other), contents(&db));
}

#[test]
fn snapshot_that_others_write_into_is_of_one_moment() {
    let home = Home::new();
    let (db, id) = filled(&home.at("one"));
    std::thread::scope(|scope| {
        let writer = db.clone();
        // Two at a time, so that a snapshot with an odd number is torn.
        let writing = scope.spawn(move || {
            for number in (300..420).step_by(2) {
                writer.record_experiences(vec![new(id, number), new(id, number + 1)]).unwrap();
            }
        });
        let mut is_last = false;
        for _ in 0..10_000 {
            is_last = is_last || writing.is_finished();
            let report = snapshot(&db, home.at("it.egm"), &SnapshotOptions::default()).unwrap();
            assert_eq!(report.experiences % 2, 0);
            if is_last {
                break;
            }
        }
        writing.join().unwrap();
    });
}
