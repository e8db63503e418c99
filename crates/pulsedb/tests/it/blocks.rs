//! Search by vectors through blocks and their codes: what is found equals an exact comparison.

use std::collections::BTreeSet;

use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, ExperienceId, NewExperience, PulseDB, Query, SearchFilter,
    SearchOptions, SearchResult, VectorConfig,
};

use crate::random::Random;
use crate::samples::directory;

const DIMENSION: usize = 64;
const CLUSTERS: usize = 40;
const ROWS: usize = 3000;

fn config() -> Config {
    Config {
        vector: VectorConfig { rescore: 1, seal_rows: 64 },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION))
    }
}

fn component(random: &mut Random) -> f32 {
    // About normal.
    (0..4).map(|_| random.fraction()).sum::<f32>() - 2.0
}

/// A vector near the middle of one of the clusters.
fn near(random: &mut Random, cluster: usize) -> Vec<f32> {
    let mut middle = Random::new(1000 + cluster as u64);
    (0..DIMENSION).map(|_| component(&mut middle) + 0.6 * component(random)).collect()
}

fn filled(db: &PulseDB, random: &mut Random) -> CollectiveId {
    let cid = db.create_collective("c").unwrap();
    for batch in 0..ROWS / 100 {
        let mut note = |at: usize| {
            let number = batch * 100 + at;
            let every = |share: usize| (number.is_multiple_of(share)).then(|| format!("every {share}"));
            NewExperience {
                collective_id: cid,
                content: format!("note {number}"),
                embedding: Some(near(random, number % CLUSTERS)),
                domain: [2, 10, 100].into_iter().filter_map(every).collect(),
                ..Default::default()
            }
        };
        db.record_experiences((0..100).map(&mut note).collect()).unwrap();
    }
    cid
}

fn search(
    db: &PulseDB,
    cid: CollectiveId,
    query: &[f32],
    k: usize,
    filter: &SearchFilter,
    exact: bool,
) -> Vec<SearchResult> {
    let options = SearchOptions { k, filter: filter.clone(), exact, ..Default::default() };
    db.search(cid, Query::Vector(query), options).unwrap()
}

/// The share of the exact answer that is found, over many queries; each answer has as many rows.
fn recall(db: &PulseDB, cid: CollectiveId, random: &mut Random, k: usize, filter: &SearchFilter) -> f64 {
    let (mut found, mut all) = (0, 0);
    for _ in 0..20 {
        let cluster = random.below(CLUSTERS + 1);
        let query = near(random, cluster);
        let ids = |hits: Vec<SearchResult>| hits.iter().map(|hit| hit.experience.id).collect::<Vec<_>>();
        let exact = ids(search(db, cid, &query, k, filter, true));
        let fast = ids(search(db, cid, &query, k, filter, false));
        assert_eq!(fast.len(), exact.len(), "rows are missing");
        let exact: BTreeSet<ExperienceId> = exact.into_iter().collect();
        found += fast.iter().filter(|id| exact.contains(*id)).count();
        all += exact.len();
    }
    if all == 0 { 1.0 } else { found as f64 / all as f64 }
}

fn assert_recall(db: &PulseDB, cid: CollectiveId, random: &mut Random) {
    let domain = |name: &str| SearchFilter { domains: Some(vec![name.to_owned()]), ..Default::default() };
    let filters =
        [SearchFilter::default(), domain("every 2"), domain("every 10"), domain("every 100"), domain("none")];
    for filter in &filters {
        for k in [1, 10, 100] {
            let recall = recall(db, cid, random, k, filter);
            assert!(recall >= 0.995, "recall@{k} is {recall} under {:?}", filter.domains);
        }
    }
}

#[test]
fn codes_find_what_an_exact_comparison_finds_through_all_changes() {
    let mut random = Random::from_environment(5);
    let home = directory();
    let db = PulseDB::open(home.path(), config()).unwrap();
    let cid = filled(&db, &mut random);
    assert_recall(&db, cid, &mut random);
    // The nearest are archived.
    let query = near(&mut random, 3);
    let nearest = search(&db, cid, &query, 200, &SearchFilter::default(), true);
    let ids: Vec<ExperienceId> = nearest.iter().map(|hit| hit.experience.id).collect();
    db.archive_experiences(&ids).unwrap();
    assert_recall(&db, cid, &mut random);
    // Nine in ten are deleted.
    let mut left = db.list_experiences(cid, 1000, 0).unwrap();
    while left.len() > 300 {
        let some: Vec<ExperienceId> = left.iter().map(|one| one.id).take(700).collect();
        db.delete_experiences(&some).unwrap();
        left = db.list_experiences(cid, 1000, 0).unwrap();
    }
    assert_recall(&db, cid, &mut random);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    drop(db);
    assert_recall(&PulseDB::open(home.path(), config()).unwrap(), cid, &mut random);
}
