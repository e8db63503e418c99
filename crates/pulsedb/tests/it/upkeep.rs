//! Backup, check, repair and statistics.

use std::fs;
use std::path::Path;

use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, ExperienceUpdate, NewExperience, PulseDB, PulseDBError,
    SearchFilter, StorageError,
};

use crate::samples::until_reclaimed;

fn config() -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(4))
}

/// A database with `count` records, some changed, archived and deleted, and one deleted collective.
fn filled(path: &Path, count: u16) -> (PulseDB, CollectiveId) {
    let db = PulseDB::open(path, config()).unwrap();
    let cid = db.create_collective("kept").unwrap();
    let gone = db.create_collective("gone").unwrap();
    for collective_id in [cid, gone] {
        let rows = (0..count).map(|number| NewExperience {
            collective_id,
            content: format!("record number {number:05}"),
            embedding: Some(vec![f32::from(number), 1.0, 2.0, 3.0]),
            domain: vec![format!("domain {}", number % 3)],
            ..Default::default()
        });
        let ids = db.record_experiences(rows.collect()).unwrap();
        db.archive_experience(ids[1]).unwrap();
        db.delete_experience(ids[2]).unwrap();
        let update = ExperienceUpdate { importance: Some(0.25), ..Default::default() };
        db.update_experience(ids[3], update).unwrap();
        db.reinforce_experience(ids[4]).unwrap();
    }
    db.delete_collective(gone).unwrap();
    (db, cid)
}

/// Flips one bit in the first place of the data file where this text stands.
fn damage(path: &Path, text: &str) {
    let file = path.join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    let places: Vec<usize> = bytes
        .windows(text.len())
        .enumerate()
        .filter(|(_, w)| *w == text.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{text:?} is not in the file");
    for place in places {
        bytes[place] ^= 4;
    }
    fs::write(&file, bytes).unwrap();
}

#[test]
fn check_of_a_sound_database_counts_everything_and_finds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (db, _) = filled(directory.path(), 20);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    assert_eq!(report.collectives, 1);
    assert!(report.experiences >= 19);
    // Two collectives made; each 20 records, 4 changes; 19 records and a collective deleted.
    assert_eq!(report.changes, 2 + 2 * 24 + 20);
    assert_eq!(db.get_current_sequence(), report.changes);
}

#[test]
fn flipped_bit_is_named_by_get_and_check_and_repaired() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    let ids: Vec<_> = db.list_experiences(cid, 100, 0).unwrap().iter().map(|one| one.id).collect();
    drop(db);
    damage(directory.path(), "record number 00007");
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let damaged: Vec<_> = ids.iter().filter(|id| db.get_experience(**id).is_err()).collect();
    assert_eq!(damaged.len(), 1);
    let error = db.get_experience(*damaged[0]).unwrap_err();
    assert!(
        matches!(error, PulseDBError::Storage(StorageError::Corrupted { table: "experience", .. })),
        "{error}"
    );
    assert!(!db.check().unwrap().is_clean());
    assert!(matches!(
        PulseDB::repair(directory.path(), config()),
        Err(PulseDBError::Storage(StorageError::DatabaseLocked { .. }))
    ));
    drop(db);
    let report = PulseDB::repair(directory.path(), config()).unwrap();
    assert_eq!(report.records_lost, 1);
    assert!(report.damaged_copy.unwrap().exists());
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    assert_eq!(db.list_experiences(cid, 100, 0).unwrap().len(), 18);
    assert_eq!(db.search_similar(cid, &[1.0, 0.0, 0.0, 0.0], 100).unwrap().len(), 17);
    assert!(matches!(db.poll_changes(cid, 0), Err(PulseDBError::ChangesGone { .. })));
    let before = db.get_current_sequence();
    db.delete_experience(ids[5]).unwrap();
    assert_eq!(db.get_current_sequence(), before + 1);
}

#[test]
fn repair_of_damaged_index_rows_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    let before = db.list_experiences(cid, 100, 0).unwrap();
    let sequence = db.get_current_sequence();
    drop(db);
    // The name of a domain stands in keys; a changed key is another row.
    let file = directory.path().join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    let key = b"\x00\x08domain 0";
    let places: Vec<usize> =
        bytes.windows(key.len()).enumerate().filter(|(_, w)| w == key).map(|(at, _)| at).collect();
    for place in places {
        bytes[place + 9] = b'~';
    }
    fs::write(&file, bytes).unwrap();
    let report = PulseDB::repair(directory.path(), config()).unwrap();
    assert!(report.fault_count > 0);
    assert_eq!(report.records_lost, 0);
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert!(db.check().unwrap().is_clean());
    assert_eq!(db.list_experiences(cid, 100, 0).unwrap(), before);
    assert_eq!(db.get_current_sequence(), sequence);
    assert_eq!(db.poll_changes(cid, 0).unwrap().0.len(), 24);
}

#[test]
fn repair_of_a_sound_database_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 5));
    let before = fs::read(directory.path().join("data.mdb")).unwrap();
    let report = PulseDB::repair(directory.path(), config()).unwrap();
    assert!(report.is_clean());
    assert_eq!(report.damaged_copy, None);
    assert_eq!(fs::read(directory.path().join("data.mdb")).unwrap(), before);
}

#[test]
fn file_cut_behind_its_last_page_is_refused_until_it_was_repaired() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    let before = db.list_experiences(cid, 100, 0).unwrap();
    drop(db);
    let file = fs::OpenOptions::new().write(true).open(directory.path().join("data.mdb")).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - 4096).unwrap();
    let error = PulseDB::open(directory.path(), config()).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Corrupted { table: "file", .. })), "{error}");
    let report = PulseDB::repair(directory.path(), config()).unwrap();
    assert!(report.is_clean() && report.damaged_copy.is_none(), "{report:?}");
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert_eq!(db.list_experiences(cid, 100, 0).unwrap(), before);
    db.create_collective("goes on").unwrap();
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn backup_is_a_database_with_the_same_records() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(&directory.path().join("db"), 20);
    let to = directory.path().join("backup");
    let report = db.backup(&to).unwrap();
    assert_eq!(report.sequence, db.get_current_sequence());
    assert_eq!(report.bytes, fs::metadata(to.join("data.mdb")).unwrap().len());
    assert!(matches!(db.backup(&to), Err(PulseDBError::Io { .. })), "the directory is not empty");
    let copy = PulseDB::open(&to, config()).unwrap();
    assert_eq!(copy.list_experiences(cid, 100, 0).unwrap(), db.list_experiences(cid, 100, 0).unwrap());
    assert!(copy.check().unwrap().is_clean());
}

/// Waits until the rows of deleted collectives are removed.
fn reclaimed(db: &PulseDB) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while db.stats().unwrap().collectives_reclaiming > 0 {
        assert!(std::time::Instant::now() < deadline, "reclaiming does not end");
        std::thread::yield_now();
    }
}

#[test]
fn compaction_gives_room_back_and_changes_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 3000);
    reclaimed(&db);
    let reader = PulseDB::open(directory.path(), Config::read_only()).unwrap();
    let seen = |db: &PulseDB| {
        let experiences = db.list_experiences(cid, 1000, 0).unwrap();
        let hits = db.search_similar(cid, &[700.0, 1.0, 2.0, 3.0], 50).unwrap();
        let (events, next) = db.poll_changes(cid, 3000).unwrap();
        format!("{experiences:?} {hits:?} {events:?} {next} {}", db.get_current_sequence())
    };
    let before = seen(&db);
    assert!(matches!(reader.compact(), Err(PulseDBError::ReadOnly)));
    let report = db.compact().unwrap();
    assert!(report.bytes_after + (1 << 20) < report.bytes_before, "{report:?}");
    assert_eq!(fs::metadata(directory.path().join("data.mdb")).unwrap().len(), report.bytes_after);
    assert_eq!(db.stats().unwrap().file_bytes, report.bytes_after);
    assert_eq!(seen(&db), before);
    assert_eq!(seen(&reader), before);
    assert!(db.check().unwrap().is_clean());
    db.record_experience(NewExperience {
        collective_id: cid,
        content: "later".into(),
        embedding: Some(vec![1.0; 4]),
        ..Default::default()
    })
    .unwrap();
    assert_eq!(reader.get_collective_stats(cid).unwrap().experience_count, 3000);
}

#[test]
fn compaction_removes_what_deleted_collectives_have_left() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 3000);
    let kept = db.create_collective("other").unwrap();
    db.delete_collective(cid).unwrap();
    let report = db.compact().unwrap();
    assert_eq!(db.stats().unwrap().collectives_reclaiming, 0);
    assert!(report.bytes_after + (3 << 20) < report.bytes_before, "{report:?}");
    let rows = db.stats().unwrap().tables.into_iter().find(|table| table.name == "experience").unwrap().rows;
    assert_eq!(rows, 0);
    assert!(db.get_collective(kept).unwrap().is_some());
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn stats_agree_with_what_was_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    db.search_similar_filtered(cid, &[1.0; 4], 1, SearchFilter::default()).unwrap();
    let stats = db.stats().unwrap();
    assert_eq!(stats.collectives.len(), 1);
    assert_eq!(stats.collectives[0].experience_count, 19);
    assert_eq!(stats.collectives[0].storage_bytes, db.get_collective_stats(cid).unwrap().storage_bytes);
    assert_eq!(stats.sequence, db.get_current_sequence());
    assert_eq!(stats.oldest_change, 1);
    assert_eq!(stats.map_bytes, 64 << 30);
    assert_eq!(stats.writers.len(), 1);
    assert_eq!(stats.writers[0].pid, std::process::id());
    assert!(stats.file_bytes > stats.tables.iter().map(|table| table.bytes).sum::<u64>());
}

/// Places where these bytes stand in the data file.
fn places(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    bytes
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| *window == wanted)
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn repair_never_mixes_vectors_of_two_embedders() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    drop(db);
    let file = directory.path().join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    let vector: Vec<u8> = [7.0_f32, 1.0, 2.0, 3.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    for place in places(&bytes, &vector) {
        bytes[place] ^= 1;
    }
    fs::write(&file, bytes).unwrap();
    // The bundled embedder must not stand in for the caller's model.
    let report = PulseDB::repair(directory.path(), Config::default()).unwrap();
    assert_eq!((report.records_lost, report.vectors_lost), (0, 1));
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert!(db.check().unwrap().is_clean());
    assert_eq!(db.list_experiences(cid, 100, 0).unwrap().len(), 19);
    assert_eq!(db.search_similar(cid, &[1.0; 4], 100).unwrap().len(), 17);
}

#[test]
fn repair_never_lowers_the_sequence() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    for one in db.list_experiences(cid, 100, 0).unwrap() {
        db.delete_experience(one.id).unwrap();
    }
    let sequence = db.get_current_sequence();
    drop(db);
    let file = directory.path().join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    for place in places(&bytes, b"sequence") {
        bytes[place + 8 + 8] ^= 0x40;
    }
    fs::write(&file, bytes).unwrap();
    let report = PulseDB::repair(directory.path(), config()).unwrap();
    assert!(!report.is_clean());
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert!(db.check().unwrap().is_clean());
    assert!(db.get_current_sequence() >= sequence);
}

#[test]
fn repair_saves_the_rows_on_the_pages_that_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 2000);
    drop(db);
    let file = directory.path().join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    for place in places(&bytes, b"record number 00777") {
        let page = place / 4096 * 4096;
        bytes[page..page + 4096].fill(0xa5);
    }
    fs::write(&file, bytes).unwrap();
    let repaired = PulseDB::repair(directory.path(), config()).unwrap();
    assert!(!repaired.is_clean());
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let count = db.get_collective_stats(cid).unwrap().experience_count;
    assert_eq!(repaired.records_lost, 1999 - count);
    assert!((1900..1999).contains(&count), "{count} of 1999 records were saved");
}

#[test]
fn deletions_of_a_collective_reach_a_late_poll() {
    let directory = tempfile::tempdir().unwrap();
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let (cid, other) = (db.create_collective("c").unwrap(), db.create_collective("other").unwrap());
    let row = |collective_id| NewExperience {
        collective_id,
        content: "x".into(),
        embedding: Some(vec![1.0; 4]),
        ..Default::default()
    };
    db.record_experience(row(cid)).unwrap();
    let mut since = db.get_current_sequence();
    db.record_experiences(vec![row(other); 1500]).unwrap();
    db.delete_collective(cid).unwrap();
    let mut events = Vec::new();
    let gone = (0..=db.get_current_sequence()).any(|_| match db.poll_changes(cid, since) {
        Ok((more, next)) => {
            events.extend(more);
            assert!(next > since);
            since = next;
            false
        }
        Err(error) => {
            assert!(error.is_not_found(), "{error}");
            true
        }
    });
    assert!(gone, "polling goes on for ever");
    assert_eq!(events.len(), 1);
}

#[test]
fn deleting_a_collective_leaves_no_row_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let (db, _) = filled(directory.path(), 1000);
    until_reclaimed(&db);
    let rows = |name: &str| {
        let stats = db.stats().unwrap();
        stats.tables.iter().find(|table| table.name == name).unwrap().rows
    };
    for table in ["experience", "vector", "slot", "member", "by_time", "by_type", "by_agent", "by_domain"] {
        assert_eq!(rows(table), 999, "{table}");
    }
    assert_eq!(rows("log"), db.get_current_sequence());
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn data_file_that_was_emptied_is_damage_and_no_new_database() {
    let directory = tempfile::tempdir().unwrap();
    drop(filled(directory.path(), 5));
    fs::write(directory.path().join("data.mdb"), b"").unwrap();
    for config in [config(), Config::read_only()] {
        let error = PulseDB::open(directory.path(), config).unwrap_err();
        let damaged = matches!(error, PulseDBError::Storage(StorageError::Corrupted { table: "file", .. }));
        assert!(damaged, "{error}");
    }
}

#[test]
fn lost_first_page_is_damage_and_repaired_from_the_second() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid) = filled(directory.path(), 20);
    let before = db.list_experiences(cid, 100, 0).unwrap();
    drop(db);
    let file = directory.path().join("data.mdb");
    let mut bytes = fs::read(&file).unwrap();
    bytes[..4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let error = PulseDB::open(directory.path(), config()).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Corrupted { .. })), "{error}");
    assert!(!PulseDB::repair(directory.path(), config()).unwrap().is_clean());
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert!(db.check().unwrap().is_clean());
    // The second page may be one commit older than the first, and reclaiming was the last to commit.
    assert_eq!(db.list_experiences(cid, 100, 0).unwrap(), before);
}
