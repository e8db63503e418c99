//! Texts that nobody would ask, and answers all the same.

use pulsedb::{Config, NewExperience, PulseDB, Query, SearchFilter, SearchOptions, VectorConfig};

use super::{grow, note};
use crate::random::Random;
use crate::samples::directory;

/// A few letters of many scripts.
const SCRIPTS: &str = "\u{391}\u{3b8}\u{3ae}\u{3bd}\u{3b1} \u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430} \
    \u{05e9}\u{05dc}\u{05d5}\u{05dd} \u{0645}\u{0631}\u{062d}\u{0628}\u{0627} \u{0928}\u{092e}\u{0938}\u{094d}\u{0924}\u{0947} \
    \u{0e2a}\u{0e27}\u{0e31}\u{0e2a}\u{0e14}\u{0e35} \u{4f60}\u{597d} \u{3053}\u{3093}\u{306b}\u{3061}\u{306f} \
    \u{c548}\u{b155} \u{10d2}\u{10d0}\u{10db} \u{1320}\u{1293} \u{1f980}\u{200d}\u{1f980}";

#[test]
fn texts_of_any_kind_are_answered() {
    let mut random = Random::from_environment(2320);
    let home = directory();
    let config = Config { vector: VectorConfig { seal_rows: 32, ..Default::default() }, ..Config::default() };
    let db = PulseDB::open(home.path(), config).unwrap();
    let cid = db.create_collective("c").unwrap();
    grow(&db, cid, &mut random, 400, 9);
    let long = NewExperience { content: "bread money ".repeat(8000), ..note(&mut random, cid, 3) };
    db.record_experiences(vec![long]).unwrap();
    let distinct = (0..16_000).map(|at| format!("w{at} ")).collect::<Vec<_>>().concat();
    let texts = [
        "bread ".repeat(17_000),
        "x".repeat(102_400),
        distinct[..102_400.min(distinct.len())].to_owned(),
        "what is the of to".to_owned(),
        "?!... --- \"\" * -".to_owned(),
        "\"bread -money begin*".to_owned(),
        SCRIPTS.to_owned(),
        "\u{0}\u{1}\u{2}bread\u{3}\u{7f}\u{200b}\u{feff}".to_owned(),
        "'".repeat(5000),
        "a'".repeat(5000),
    ];
    for text in &texts {
        for context in [None, Some(pulsedb::ContextWeights::NONE)] {
            let options = SearchOptions { k: 20, context, explain: true, ..Default::default() };
            let hits = db.search(cid, Query::Text(text), options).unwrap();
            let beginning: String = text.chars().take(20).collect();
            assert!(hits.iter().all(|hit| hit.similarity > 0.0 && hit.similarity <= 1.000_01), "{beginning}");
            assert!(hits.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity), "{beginning}");
        }
    }
    let too_long = "bread ".repeat(17_100);
    assert!(db.search(cid, Query::Text(&too_long), SearchOptions::default()).unwrap_err().is_validation());
}

#[test]
fn signs_mean_nothing_in_a_text() {
    let home = directory();
    let db = PulseDB::open(home.path(), Config::default()).unwrap();
    let cid = db.create_collective("c").unwrap();
    for content in ["the cat sleeps on the sofa", "a dog barks"] {
        let new = NewExperience { collective_id: cid, content: content.into(), ..Default::default() };
        db.record_experience(new).unwrap();
    }
    for text in ["\"sofa cat\"", "-cat", "cat -sleeps"] {
        let hits = db.search(cid, Query::Text(text), SearchOptions::default()).unwrap();
        assert!(hits[0].experience.content.contains("cat"), "{text}");
    }
}

#[test]
fn every_match_that_a_signal_scores_is_found_if_so_many_are_asked_for() {
    let mut random = Random::from_environment(2321);
    let home = directory();
    let db = PulseDB::open(home.path(), Config::default()).unwrap();
    let cid = db.create_collective("c").unwrap();
    grow(&db, cid, &mut random, 700, 9);
    let rare = SearchFilter { min_importance: Some(0.97), ..Default::default() };
    for filter in [SearchFilter::default(), rare] {
        let options = SearchOptions { k: 1000, filter: filter.clone(), ..Default::default() };
        let all = db.search(cid, "river".into(), options).unwrap();
        let some = SearchOptions { k: all.len().min(10), filter, ..Default::default() };
        assert_eq!(db.search(cid, "river".into(), some).unwrap().len(), all.len().min(10));
    }
}
