//! Tests: each row of each table lost or damaged, or with an impossible number in it, is reported and repaired.

use std::fs;
use std::path::Path;

use crate::clock::Timestamp;
use crate::config::{Config, EmbeddingDimension, VectorConfig};
use crate::db::PulseDB;
use crate::error::PulseDBError;
use crate::id::ExperienceId;
use crate::model::{
    DerivedInsight, Experience, ExperienceRelation, ExperienceUpdate, NewActivity, NewDerivedInsight,
    NewExperience, NewExperienceRelation, RelationType,
};
use crate::storage::format::meta;
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::fuzzing::{RowPlace, change_rows, sealed};

fn config() -> Config {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(2));
    // So small that the sample has a block.
    Config { map_size_gb: 1, vector: VectorConfig { seal_rows: 16, ..VectorConfig::default() }, ..config }
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn note(content: &str) -> NewExperience {
    NewExperience {
        content: content.into(),
        embedding: Some(vec![1.0, content.len() as f32]),
        domain: vec!["domain".into()],
        tags: [("key".to_owned(), "value".to_owned())].into(),
        ..Default::default()
    }
}

/// A database with rows in every table but that of reclaiming, as bytes.
fn sample() -> Vec<u8> {
    let home = home();
    let db = PulseDB::open(home.path(), config()).unwrap();
    let other = db.create_collective_with_owner("other", "owner").unwrap();
    for content in ["a", "bb", "ccc", "dddd"] {
        let id = db.record_experience(note(content)).unwrap();
        match content.len() {
            1 => db.archive_experience(id).unwrap(),
            2 => drop(db.reinforce_experience(id).unwrap()),
            3 => db.delete_experience(id).unwrap(),
            _ => db
                .update_experience(id, ExperienceUpdate { importance: Some(0.75), ..Default::default() })
                .unwrap(),
        }
    }
    let elsewhere = |at: usize| NewExperience { collective_id: other, ..note(&format!("elsewhere {at}")) };
    let block = db.record_experiences((0..16).map(elsewhere).collect()).unwrap();
    db.delete_experience(block[3]).unwrap();
    let types = [RelationType::Supersedes, RelationType::Supports];
    for ((source, target), relation_type) in [(1, 0), (2, 0)].into_iter().zip(types) {
        let (source_id, target_id) = (block[source], block[target]);
        let new = NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() };
        db.store_relation(new).unwrap();
    }
    let insights = (0..18).map(|at: usize| {
        let sources = vec![block[0], block[1 + at % 2]];
        db.store_insight(NewDerivedInsight {
            collective_id: other,
            content: format!("insight {at}"),
            embedding: Some(vec![1.0, at as f32]),
            source_experience_ids: sources,
            domain: vec!["domain".into()],
            ..Default::default()
        })
    });
    let insights: Vec<_> = insights.map(Result::unwrap).collect();
    db.delete_insight(insights[2]).unwrap();
    db.record_experience(elsewhere(16)).unwrap();
    db.rename_collective(other, "renamed").unwrap();
    let lasting = |at: usize, end: i64| NewExperience {
        key: Some(format!("key {at}")),
        expires_at: Some(Timestamp::from_millis(end)),
        ..elsewhere(at)
    };
    // The second is hidden, and stays since nothing is logged after it.
    db.record_experiences(vec![lasting(17, i64::MAX), lasting(18, 0)]).unwrap();
    for agent in ["first", "second"] {
        let current_task = Some("task".into());
        let new =
            NewActivity { agent_id: agent.into(), collective_id: other, current_task, ..Default::default() };
        db.register_activity(new).unwrap();
    }
    drop(db);
    fs::read(home.path().join("data.mdb")).unwrap()
}

/// Writes the sample into a new directory and changes one row of it.
fn changed(
    sample: &[u8],
    place: RowPlace,
    change: impl FnMut(usize, &[u8], Vec<u8>) -> Option<Vec<u8>>,
) -> tempfile::TempDir {
    let home = home();
    fs::write(home.path().join("data.mdb"), sample).unwrap();
    change_rows(home.path(), &[place], change);
    home
}

fn rows(sample: &[u8]) -> Vec<(Table, usize)> {
    let home = home();
    fs::write(home.path().join("data.mdb"), sample).unwrap();
    let stats = PulseDB::open(home.path(), config()).unwrap().stats().unwrap();
    let count =
        |table: Table| stats.tables.iter().find(|stats| stats.name == table.name()).unwrap().rows as usize;
    Table::ALL.into_iter().flat_map(|table| (0..count(table)).map(move |row| (table, row))).collect()
}

fn experiences(path: &Path) -> Vec<Experience> {
    let db = PulseDB::open(path, Config::read_only()).unwrap();
    let collectives = db.list_collectives().unwrap();
    let mut all: Vec<Experience> =
        collectives.iter().flat_map(|one| db.list_experiences(one.id, 1000, 0).unwrap()).collect();
    all.sort_by_key(|one| one.id);
    all
}

fn relations(path: &Path) -> Vec<ExperienceRelation> {
    let db = PulseDB::open(path, Config::read_only()).unwrap();
    let collectives = db.list_collectives().unwrap();
    let mut all: Vec<ExperienceRelation> =
        collectives.iter().flat_map(|one| db.list_relations(one.id, 1000, 0).unwrap()).collect();
    all.sort_by_key(|one| one.id);
    all
}

fn insights(path: &Path) -> Vec<DerivedInsight> {
    let db = PulseDB::open(path, Config::read_only()).unwrap();
    let collectives = db.list_collectives().unwrap();
    let all = collectives.iter().flat_map(|one| db.list_insights(one.id, 1000, 0).unwrap());
    // What is missing of them depends on the records.
    all.map(|one| DerivedInsight { missing_sources: Vec::new(), ..one }).collect()
}

/// What a database holds.
struct Held {
    experiences: Vec<Experience>,
    relations: Vec<ExperienceRelation>,
    insights: Vec<DerivedInsight>,
}

fn held(path: &Path) -> Held {
    Held { experiences: experiences(path), relations: relations(path), insights: insights(path) }
}

/// Whether opening or checking says that something is wrong.
fn is_told(path: &Path) -> bool {
    let report = PulseDB::open(path, Config::read_only()).and_then(|db| db.check());
    match report {
        Ok(report) => !report.is_clean(),
        Err(error) => {
            assert!(error.is_storage(), "{error}");
            true
        }
    }
}

/// Repairs and compares with what was there. Only what stood in the changed row may be missing.
fn repair(path: &Path, table: Table, before: &Held) {
    let report = PulseDB::repair(path, config()).unwrap();
    assert!(!report.is_clean() && report.damaged_copy.is_some());
    let kept = relations(path);
    assert!(kept.iter().all(|one| before.relations.contains(one)));
    assert_eq!((kept.len() as u64) + report.relations_lost, before.relations.len() as u64);
    if !matches!(table, Table::Experience | Table::Relation) {
        assert_eq!(report.relations_lost, 0);
    }
    let kept = insights(path);
    match table {
        Table::Insight => {
            assert!(kept.iter().all(|one| before.insights.contains(one)));
            assert_eq!((kept.len() as u64) + report.insights_lost, before.insights.len() as u64);
        }
        Table::Vector => assert_eq!(kept.len(), before.insights.len()),
        _ => assert_eq!((kept, report.insights_lost), (before.insights.clone(), 0)),
    }
    let before = &before.experiences[..];
    let db = PulseDB::open(path, config()).unwrap();
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    db.record_experience(note("goes on")).unwrap();
    drop(db);
    let ids = |all: &[Experience]| all.iter().map(|one| one.id).collect::<Vec<ExperienceId>>();
    let after = &experiences(path)[..];
    let (_new, after) = after.split_last().unwrap();
    // What superseded another may be lost.
    let is_of = |one: &Experience, other: &Experience| {
        *one == *other || (!one.superseded && Experience { superseded: true, ..one.clone() } == *other)
    };
    match table {
        Table::Experience => {
            // The one that has expired is not among them.
            assert!((before.len() - 1..=before.len()).contains(&after.len()));
            assert!(after.iter().all(|one| before.iter().any(|other| is_of(one, other))));
        }
        Table::Relation => {
            assert_eq!(after.len(), before.len());
            assert!(after.iter().zip(before).all(|(one, other)| is_of(one, other)));
        }
        Table::Vector => assert_eq!(ids(after), ids(before)),
        _ => assert_eq!(after, before),
    }
}

#[test]
fn each_row_lost_or_damaged_is_told_and_repaired() {
    let sample = sample();
    let home = changed(&sample, (0, 0), |_, _, value| Some(value));
    let before = held(home.path());
    assert!(!is_told(home.path()));
    for (table, row) in rows(&sample) {
        for is_lost in [true, false] {
            let home = changed(&sample, (table as usize, row), |_, _, mut value| {
                *value.last_mut().unwrap() ^= 1;
                (!is_lost).then_some(value)
            });
            assert!(is_told(home.path()), "row {row} of {}, lost: {is_lost}", table.name());
            repair(home.path(), table, &before);
        }
    }
}

#[test]
fn database_without_its_format_is_damaged_and_not_created_again() {
    let sample = sample();
    let format = rows(&sample).iter().filter(|(table, _)| *table == Table::Meta).count();
    let home = home();
    fs::write(home.path().join("data.mdb"), &sample).unwrap();
    let places: Vec<RowPlace> = (0..format).rev().map(|row| (Table::Meta as usize, row)).collect();
    change_rows(home.path(), &places, |_, key, value| (key != meta::FORMAT).then_some(value));
    for config in [config(), Config::read_only()] {
        let error = PulseDB::open(home.path(), config).unwrap_err();
        let PulseDBError::Storage(crate::error::StorageError::Corrupted { table, .. }) = error else {
            panic!("{error}")
        };
        assert_eq!(table, "meta");
    }
}

#[test]
fn impossible_number_under_a_right_checksum_is_repaired() {
    let sample = sample();
    for (name, number) in [
        (meta::FLOOR, 0),
        (meta::FLOOR, 1 << 56),
        (meta::FLOOR, u64::MAX),
        (meta::SEQUENCE, 0),
        (meta::SEQUENCE, 1 << 56),
        (meta::SEQUENCE, u64::MAX),
        (meta::NEXT_NUMBER, 0),
        (meta::NEXT_NUMBER, u64::MAX),
    ] {
        let home = home();
        fs::write(home.path().join("data.mdb"), &sample).unwrap();
        let places: Vec<RowPlace> = (0..7).map(|row| (Table::Meta as usize, row)).collect();
        change_rows(home.path(), &places, |_, key, value| {
            let forged = sealed(Table::Meta as usize, key, &u64::to_le_bytes(number));
            Some(if key == name { forged } else { value })
        });
        let db = PulseDB::open(home.path(), config()).unwrap();
        // Whatever it does, it says so.
        let _ = db.record_experience(note("more"));
        let _ = db.create_collective("more");
        drop(db);
        PulseDB::repair(home.path(), config()).unwrap();
        let report = PulseDB::open(home.path(), config()).unwrap().check().unwrap();
        assert!(report.is_clean(), "{name:?} {number}: {report:?}");
    }
}

#[test]
fn row_that_is_no_row_under_a_right_checksum_is_told_and_repaired() {
    let sample = sample();
    for (table, row) in rows(&sample) {
        let home =
            changed(&sample, (table as usize, row), |_, key, _| Some(sealed(table as usize, key, b"?")));
        assert!(is_told(home.path()), "row {row} of {}", table.name());
        PulseDB::repair(home.path(), config()).unwrap();
        assert!(!is_told(home.path()), "row {row} of {}", table.name());
    }
}

#[test]
fn record_with_an_impossible_sequence_number_is_told_and_repaired() {
    let sample = sample();
    for byte in [0, 0xff] {
        let home = changed(&sample, (Table::Experience as usize, 1), |_, key, value| {
            let mut payload = value[seal::SEAL_BYTES..].to_vec();
            payload[24..32].fill(byte);
            Some(sealed(Table::Experience as usize, key, &payload))
        });
        PulseDB::open(home.path(), config()).unwrap().create_collective("goes on").unwrap();
        assert!(is_told(home.path()));
        PulseDB::repair(home.path(), config()).unwrap();
        assert!(!is_told(home.path()));
    }
}

#[test]
fn collective_under_a_wrong_number_keeps_its_records() {
    let sample = sample();
    let home = changed(&sample, (0, 0), |_, _, value| Some(value));
    let before = held(home.path());
    let home = changed(&sample, (Table::Collective as usize, 1), |_, key, value| {
        let mut payload = value[seal::SEAL_BYTES..].to_vec();
        payload[..4].copy_from_slice(&77_u32.to_le_bytes());
        Some(sealed(Table::Collective as usize, key, &payload))
    });
    assert!(is_told(home.path()));
    repair(home.path(), Table::Collective, &before);
    assert_eq!(PulseDB::open(home.path(), config()).unwrap().list_collectives().unwrap().len(), 2);
}

#[test]
fn two_records_with_one_key_are_told_and_the_first_keeps_it() {
    let sample = sample();
    let places: Vec<RowPlace> = (0..30).map(|row| (Table::Experience as usize, row)).collect();
    let home = home();
    fs::write(home.path().join("data.mdb"), &sample).unwrap();
    change_rows(home.path(), &places, |_, key, value| {
        let mut payload = value[seal::SEAL_BYTES..].to_vec();
        let at = payload.windows(6).position(|bytes| bytes == b"key 18");
        if let Some(at) = at {
            payload[at..at + 6].copy_from_slice(b"key 17");
        }
        Some(sealed(Table::Experience as usize, key, &payload))
    });
    assert!(is_told(home.path()));
    PulseDB::repair(home.path(), config()).unwrap();
    assert!(!is_told(home.path()));
    let db = PulseDB::open(home.path(), config()).unwrap();
    let renamed = db.list_collectives().unwrap().into_iter().find(|one| one.name == "renamed").unwrap();
    let found = db.get_by_key(renamed.id, "key 17").unwrap().unwrap();
    assert_eq!(found.content, "elsewhere 17");
}

#[test]
fn damage_of_what_has_expired_stops_no_commit() {
    let sample = sample();
    for (table, row) in rows(&sample) {
        let is_of_record = matches!(
            table,
            Table::Experience | Table::Vector | Table::Slot | Table::Piece | Table::Member | Table::Expiry
        );
        let is_index = matches!(table, Table::ByTime | Table::ByTag | Table::ByKey | Table::ByContent);
        if !is_of_record && !is_index {
            continue;
        }
        let home = changed(&sample, (table as usize, row), |_, _, _| None);
        let db = PulseDB::open(home.path(), config()).unwrap();
        for content in ["one", "another"] {
            let recorded = db.record_experience(note(content));
            assert!(recorded.is_ok(), "row {row} of {}: {recorded:?}", table.name());
        }
    }
}
