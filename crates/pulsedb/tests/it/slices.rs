//! Blocks of several slices: made by commits of many rows and by merges, found through, changed and checked.

use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, ExperienceId, NewExperience, PulseDB, Query, SearchFilter,
    SearchOptions, VectorConfig,
};

use crate::random::Random;
use crate::samples::directory;

const DIMENSION: usize = 8;
/// More than a slice, so that a commit makes a block of two.
const BATCH: usize = 9000;

fn config() -> Config {
    Config {
        vector: VectorConfig { rescore: 1, ..VectorConfig::default() },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION))
    }
}

fn record(db: &PulseDB, cid: CollectiveId, random: &mut Random, numbers: std::ops::Range<usize>) {
    let mut note = |number: usize| NewExperience {
        collective_id: cid,
        content: format!("note {number} of {}", number % 1000),
        embedding: Some((0..DIMENSION).map(|_| random.fraction() - 0.5).collect()),
        importance: (number % 100) as f32 / 100.0,
        ..Default::default()
    };
    let notes: Vec<NewExperience> = numbers.map(&mut note).collect();
    db.record_experiences(notes).unwrap();
}

fn ids(db: &PulseDB, cid: CollectiveId, query: Query<'_>, options: SearchOptions) -> Vec<ExperienceId> {
    db.search(cid, query, options).unwrap().into_iter().map(|hit| hit.experience.id).collect()
}

/// What codes and postings find equals what comparing every row finds.
fn assert_finds(db: &PulseDB, cid: CollectiveId, random: &mut Random, rows: usize) {
    let important = SearchFilter { min_importance: Some(0.9), ..Default::default() };
    let (mut found, mut wanted) = (0, 0);
    for filter in [SearchFilter::default(), important] {
        for _ in 0..10 {
            let query: Vec<f32> = (0..DIMENSION).map(|_| random.fraction() - 0.5).collect();
            let options = SearchOptions { k: 20, filter: filter.clone(), ..Default::default() };
            let exact = ids(db, cid, Query::Vector(&query), SearchOptions { exact: true, ..options.clone() });
            let fast = ids(db, cid, Query::Vector(&query), options);
            assert_eq!((fast.len(), exact.len()), (20, 20));
            found += fast.iter().filter(|id| exact.contains(id)).count();
            wanted += exact.len();
        }
    }
    assert!(found as f64 >= 0.995 * wanted as f64, "{found} of {wanted} are found");
    for number in [0, 8191, 8192, 8999, 9000, rows / 2, rows - 1] {
        let options = SearchOptions { k: 1, ..Default::default() };
        let text = format!("\"note {number} of {}\"", number % 1000);
        let hits = db.search(cid, Query::Lexical(&text), options).unwrap();
        let content = hits.first().map(|hit| hit.experience.content.as_str());
        assert_eq!(content, Some(format!("note {number} of {}", number % 1000).as_str()));
    }
}

#[test]
fn blocks_of_several_slices_answer_as_their_records_do() {
    let mut random = Random::from_environment(11);
    let home = directory();
    let db = PulseDB::open(home.path(), config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    let mut rows = 0;
    // Eight blocks of more than a slice become one, once enough is recorded behind them.
    for _ in 0..9 {
        record(&db, cid, &mut random, rows..rows + BATCH);
        rows += BATCH;
    }
    let blocks = |db: &PulseDB| {
        let stats = db.stats().unwrap();
        stats.tables.iter().find(|table| table.name == "block_state").unwrap().rows
    };
    assert!(blocks(&db) < 9, "eight blocks became one");
    assert_finds(&db, cid, &mut random, rows);
    let all: Vec<ExperienceId> = {
        let options = SearchOptions { k: 1000, ..Default::default() };
        ids(&db, cid, Query::Vector(&[0.5; DIMENSION]), options)
    };
    let (archived, deleted) = all.split_at(500);
    db.archive_experiences(archived).unwrap();
    db.delete_experiences(deleted).unwrap();
    let options = SearchOptions { k: 1000, ..Default::default() };
    let left = ids(&db, cid, Query::Vector(&[0.5; DIMENSION]), options);
    assert_eq!(left.len(), 1000);
    assert!(left.iter().all(|id| !all.contains(id)), "what is gone or archived is not found");
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    drop(db);
    let db = PulseDB::open(home.path(), config()).unwrap();
    let options = SearchOptions { k: 1000, ..Default::default() };
    assert_eq!(ids(&db, cid, Query::Vector(&[0.5; DIMENSION]), options), left);
}
