//! A flipped bit in any part of the index: noticed, answered from the records, no hindrance to changes, and repaired.

use std::path::Path;

use crate::fuzzing::{TABLES, change_rows};
use crate::{
    CollectiveId, Config, EmbeddingDimension, ExperienceId, ExperienceUpdate, NewExperience, PulseDB, Query,
    SearchFilter, SearchOptions, VectorConfig,
};

const DIMENSION: usize = 8;
const ROWS: usize = 60;

fn config() -> Config {
    Config {
        vector: VectorConfig { rescore: 1, seal_rows: 16 },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION))
    }
}

fn vector(number: usize) -> Vec<f32> {
    (0..DIMENSION).map(|at| ((number * 7 + at * 3) % 11) as f32 - 4.5).collect()
}

/// Three blocks and a tail.
fn filled(path: &Path) -> (CollectiveId, Vec<ExperienceId>) {
    let db = PulseDB::open(path, config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    let mut ids = Vec::new();
    for number in 0..ROWS {
        let new = NewExperience {
            collective_id: cid,
            content: format!("note number{number} with the words common and part{}", number % 5),
            embedding: Some(vector(number)),
            domain: vec![format!("domain{}", number % 3)],
            ..Default::default()
        };
        ids.push(db.record_experience(new).unwrap());
    }
    db.close().unwrap();
    (cid, ids)
}

/// Every kind of question that the index answers, and what is found.
fn answers(db: &PulseDB, cid: CollectiveId) -> Vec<Vec<(ExperienceId, u32)>> {
    let domain = SearchFilter { domains: Some(vec!["domain1".into()]), ..Default::default() };
    let query = vector(3);
    let mut answers = Vec::new();
    for filter in [SearchFilter::default(), domain] {
        let text = "common part2 number7";
        let queries = [
            Query::Vector(&query),
            Query::Lexical("common part2 -number7"),
            Query::Text(text),
            Query::Hybrid { text, vector: &query },
        ];
        for query in queries {
            let options = SearchOptions { k: 7, filter: filter.clone(), ..Default::default() };
            let hits = db.search(cid, query, options).unwrap();
            assert!(!hits.is_empty());
            answers.push(hits.iter().map(|hit| (hit.experience.id, hit.similarity.to_bits())).collect());
        }
    }
    answers
}

/// Flips a bit in the middle of the first value of a table whose key is of this part; of any part if none is named.
fn flip(path: &Path, table: &str, part: Option<u8>) {
    let table = TABLES.iter().position(|name| *name == table).unwrap();
    let places: Vec<_> = (0..64).map(|row| (table, row)).collect();
    let mut flipped = false;
    change_rows(path, &places, |_, key, mut value| {
        if !flipped && part.is_none_or(|part| key.get(8) == Some(&part)) {
            let middle = value.len() / 2;
            value[middle] ^= 4;
            flipped = true;
        }
        Some(value)
    });
    assert!(flipped);
}

/// Changes one record of each block and deletes another; the same in every database.
fn change(db: &PulseDB, ids: &[ExperienceId]) {
    for first in [0, 16, 32] {
        db.delete_experience(ids[first + 3]).unwrap();
        db.archive_experience(ids[first + 4]).unwrap();
        let update = ExperienceUpdate { importance: Some(0.875), ..Default::default() };
        db.update_experience(ids[first + 5], update).unwrap();
    }
}

#[test]
fn flipped_bit_in_any_part_of_the_index_is_noticed_answered_and_repaired_and_refuses_no_change() {
    let home = tempfile::tempdir().unwrap();
    let sound = home.path().join("sound");
    let (cid, ids) = filled(&sound);
    let parts = [
        ("block", Some(0)),
        ("block", Some(1)),
        ("block", Some(2)),
        ("block", Some(3)),
        ("block_state", None),
        ("posting", None),
        ("tail", None),
        ("piece", None),
    ];
    for (at, (table, part)) in parts.into_iter().enumerate() {
        let path = home.path().join(format!("damaged {at}"));
        let untouched = PulseDB::open(&sound, config()).unwrap();
        untouched.backup(&path).unwrap();
        let before = answers(&untouched, cid);
        untouched.close().unwrap();
        flip(&path, table, part);
        let what = format!("{table} {part:?}");
        let db = PulseDB::open(&path, config()).unwrap();
        assert_eq!(answers(&db, cid), before, "{what}");
        assert!(!db.check().unwrap().is_clean(), "{what}");
        change(&db, &ids);
        let found = answers(&db, cid);
        db.close().unwrap();
        let again = PulseDB::open(&path, config()).unwrap();
        assert_eq!(answers(&again, cid), found, "{what}: another process answers in the same way");
        again.close().unwrap();
        let report = PulseDB::repair(&path, config()).unwrap();
        assert_eq!(report.records_lost, 0, "{what}");
        let db = PulseDB::open(&path, config()).unwrap();
        let report = db.check().unwrap();
        assert!(report.is_clean(), "{what}: {report:?}");
        assert_eq!(answers(&db, cid), found, "{what}: the repaired index answers as the records did");
        db.close().unwrap();
    }
}
