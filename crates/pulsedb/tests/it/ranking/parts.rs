//! What a score is made of, and how energy counts in it.

use pulsedb::{
    Config, ContextWeights, DecayConfig, Experience, NewExperience, PulseDB, Query, RecallWeights,
    SearchConfig, SearchOptions, SearchResult, SignalWeights, Timestamp, VectorConfig, energy,
};

use super::{grow, words};
use crate::random::Random;
use crate::samples::{all, directory};

fn open(path: &std::path::Path, config: Config) -> PulseDB {
    PulseDB::open(path, Config { vector: VectorConfig { rescore: 1, seal_rows: 16 }, ..config }).unwrap()
}

#[test]
fn parts_add_up_to_the_score() {
    let mut random = Random::from_environment(2310);
    let home = directory();
    let db = open(home.path(), Config::default());
    let cid = db.create_collective("c").unwrap();
    grow(&db, cid, &mut random, 260, 12);
    let vector = db.embed("disk full").unwrap();
    let mut context_seen = [false; 4];
    for round in 0..40 {
        let text = words(&mut random, 6);
        let weights =
            [None, Some(RecallWeights::default()), Some(RecallWeights { similarity: 1.0, energy: 0.0 })];
        let queries = [
            Query::Text(&text),
            Query::Hybrid { text: &text, vector: &vector },
            Query::Vector(&vector),
            Query::Lexical(&text),
        ];
        let options =
            SearchOptions { k: 25, weights: weights[round % 3], explain: true, ..Default::default() };
        for hit in db.search(cid, queries[round % 4], options).unwrap() {
            let parts = hit.explain.unwrap();
            let shares =
                [parts.lexical, parts.vector, parts.late].map(|one| one.map_or(0.0, |one| one.share));
            let close = |left: f32, right: f32| (left - right).abs() <= 2e-6 * left.abs().max(1.0);
            assert!(close(shares.iter().sum(), parts.fused), "{parts:?}");
            let context = [parts.session, parts.window, parts.question, parts.agent];
            let sum = parts.fused + context.iter().sum::<f32>() + parts.energy.unwrap_or(0.0);
            assert!(close(sum, hit.similarity), "{} {parts:?}", hit.similarity);
            assert_eq!(parts.energy.is_some(), weights[round % 3].is_some());
            for (seen, part) in context_seen.iter_mut().zip(context) {
                *seen |= part > 0.0;
            }
        }
        let plain = db.search(cid, queries[round % 4], SearchOptions::default()).unwrap();
        assert!(plain.iter().all(|hit| hit.explain.is_none()));
    }
    assert_eq!(context_seen, [true; 4]);
}

#[test]
fn weights_of_a_search_go_before_those_of_the_settings() {
    let mut random = Random::from_environment(2311);
    let home = directory();
    let signals = SignalWeights { lexical: 1.0, vector: 0.0, late: 0.0 };
    let search = SearchConfig { signals, context: ContextWeights::NONE, ..Default::default() };
    let db = open(home.path(), Config { search, ..Config::default() });
    let cid = db.create_collective("c").unwrap();
    grow(&db, cid, &mut random, 100, 5);
    let ask = |options: SearchOptions| {
        db.search(cid, "disk garden".into(), SearchOptions { explain: true, ..options }).unwrap()
    };
    let hits = ask(SearchOptions::default());
    let best = hits[0].explain.unwrap();
    assert!(best.vector.is_none() && best.late.is_none() && best.session == 0.0, "{best:?}");
    assert!((hits[0].similarity - 1.0).abs() < 1e-6, "the best by words alone: {hits:?}");
    let given = SearchOptions {
        signals: Some(SignalWeights::default()),
        context: Some(ContextWeights::default()),
        ..Default::default()
    };
    let best = ask(given)[0].explain.unwrap();
    assert!(best.vector.is_some() && best.late.is_some() && best.session > 0.0, "{best:?}");
}

#[test]
fn weights_out_of_bounds_are_refused_by_name() {
    let home = directory();
    let db = open(home.path(), Config::default());
    let cid = db.create_collective("c").unwrap();
    let refused = |options: SearchOptions, name: &str| {
        let error = db.search(cid, "x".into(), options).unwrap_err();
        assert!(error.is_validation() && error.to_string().contains(name), "{error}");
    };
    for bad in [f32::NAN, f32::INFINITY, -0.1, 1e9] {
        let signals = Some(SignalWeights { late: bad, ..Default::default() });
        refused(SearchOptions { signals, ..Default::default() }, "signals.late");
        let context = Some(ContextWeights { window: bad, ..Default::default() });
        refused(SearchOptions { context, ..Default::default() }, "context.window");
        let weights = Some(RecallWeights { similarity: 0.5, energy: bad });
        refused(SearchOptions { weights, ..Default::default() }, "weights.energy");
    }
    let nothing = Some(SignalWeights { lexical: 0.0, vector: 0.0, late: 0.0 });
    refused(SearchOptions { signals: nothing, ..Default::default() }, "signals");
    let config = Config {
        search: SearchConfig {
            context: ContextWeights { session: -1.0, ..Default::default() },
            ..Default::default()
        },
        ..Config::default()
    };
    let error = PulseDB::open(home.path(), config).unwrap_err();
    assert!(error.to_string().contains("search.context.session"), "{error}");
}

/// What score and energy make of every record, from the plain ranking of all of them.
fn weighed(db: &PulseDB, plain: &[SearchResult], weights: RecallWeights, now: Timestamp) -> Vec<f64> {
    let decay = &db.config().decay;
    let mut scores: Vec<f64> = plain
        .iter()
        .map(|hit| {
            let one = &hit.experience;
            let energy = energy(one.importance, one.applications, one.last_reinforced, now, decay);
            f64::from(weights.similarity * hit.similarity) + f64::from(weights.energy * energy)
        })
        .collect();
    scores.sort_by(|left, right| right.total_cmp(left));
    scores
}

#[test]
fn energy_lifts_records_from_anywhere_in_the_ranking() {
    let mut random = Random::from_environment(2312);
    let home = directory();
    let db = open(home.path(), Config::default());
    let cid = db.create_collective("c").unwrap();
    grow(&db, cid, &mut random, 900, 30);
    // The half-life is a month: while this runs, nothing fades that would show.
    let now = Timestamp::now();
    let vector = db.embed("winter music").unwrap();
    for query in
        [Query::Vector(&vector), Query::Text("winter music"), Query::Lexical("winter music river disk")]
    {
        let plain = db.search(cid, query, SearchOptions { k: 1000, ..Default::default() }).unwrap();
        for weights in
            [RecallWeights { similarity: 0.7, energy: 0.3 }, RecallWeights { similarity: 0.05, energy: 1.0 }]
        {
            let options = SearchOptions { k: 10, weights: Some(weights), ..Default::default() };
            let found = db.search(cid, query, options).unwrap();
            let mut plain = plain.clone();
            if matches!(query, Query::Lexical(_)) {
                let best = plain[0].similarity;
                for hit in &mut plain {
                    hit.similarity /= best;
                }
            }
            let expected = weighed(&db, &plain, weights, now);
            // How many candidates a text has depends on how many hits are looked at, so only these are compared.
            if !matches!(query, Query::Text(_)) {
                for (hit, expected) in found.iter().zip(&expected) {
                    assert!(
                        (f64::from(hit.similarity) - expected).abs() < 1e-4,
                        "{} {expected}",
                        hit.similarity
                    );
                }
            }
            assert_eq!(found.len(), 10);
            assert!(found.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity));
        }
        let as_plain = SearchOptions {
            weights: Some(RecallWeights { similarity: 1.0, energy: 0.0 }),
            ..Default::default()
        };
        let as_plain = db.search(cid, query, as_plain).unwrap();
        let plain = db.search(cid, query, SearchOptions::default()).unwrap();
        assert_eq!(as_plain, plain);
    }
}

#[test]
fn reinforced_record_comes_first_among_equals_if_energy_counts() {
    let home = directory();
    let decay = DecayConfig { default_recall_weights: Some(RecallWeights::default()), ..Default::default() };
    let db = open(home.path(), Config { decay, ..Config::default() });
    let cid = db.create_collective("c").unwrap();
    let notes = (0..20).map(|at| NewExperience {
        collective_id: cid,
        content: "the cat sleeps".into(),
        timestamp: Some(Timestamp::from_millis(at)),
        ..Default::default()
    });
    let ids = db.record_experiences(notes.collect()).unwrap();
    db.reinforce_experience(ids[4]).unwrap();
    let hits = db.search(cid, "cat".into(), SearchOptions::default()).unwrap();
    assert_eq!(hits[0].experience.id, ids[4]);
    let weights = Some(RecallWeights { similarity: 1.0, energy: 0.0 });
    let hits = db.search(cid, "cat".into(), SearchOptions { weights, ..Default::default() }).unwrap();
    assert_eq!(hits[0].experience.id, ids[19], "newest first");
    let left: Vec<Experience> = all(&db, cid);
    assert_eq!(left.len(), 20);
}
