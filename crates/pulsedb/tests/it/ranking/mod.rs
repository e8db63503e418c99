//! The ranking of texts: what the page says, whatever the index does.

mod hostile;
mod parts;
mod reference;

use pulsedb::{
    CollectiveId, Config, ContextWeights, EmbeddingDimension, ExperienceKind, ExperienceType,
    ExperienceUpdate, NewExperience, PulseDB, Query, SearchFilter, SearchOptions, SearchResult,
    SignalWeights, TaskId, VectorConfig,
};

use self::reference::{Asked, Expected, Reference};
use crate::random::Random;
use crate::samples::{all, directory};
use crate::worker::{Worker, hear, say};

/// Words whose stems differ from each other, names and what a query can do without.
const WORDS: &[&str] = &[
    "disk", "full", "write", "error", "lock", "garden", "tomato", "river", "music", "piano", "doctor",
    "train", "winter", "kitchen", "cat", "dog", "paint", "school", "bread", "money", "paper", "cloud",
    "forest", "stone", "the", "what", "is", "to", "of", "ann", "bob", "cara", "2023", "?",
];
const AGENTS: &[&str] = &["Ann Lee", "bob-stone", "CARA", "helper-1", "helper-2", "xy"];
/// Scores that differ by less may change places: the reference adds up in another order.
const ROUNDING: f64 = 2e-5;

fn words(random: &mut Random, most: usize) -> String {
    let count = 1 + random.below(most);
    // The first words of the list are common.
    let mut word = || {
        let most = 1 + random.below(WORDS.len());
        WORDS[random.below(most)]
    };
    let words: Vec<&str> = (0..count).map(|_| word()).collect();
    words.join(" ")
}

fn note(random: &mut Random, collective_id: CollectiveId, sessions: usize) -> NewExperience {
    // Some are longer than a window of pieces.
    let most = if random.one_in(12) { 150 } else { 14 };
    NewExperience {
        collective_id,
        content: words(random, most),
        importance: random.fraction(),
        domain: if random.one_in(3) { vec!["some".into()] } else { Vec::new() },
        experience_type: if random.one_in(4) {
            ExperienceKind::Fact.into()
        } else {
            ExperienceType::default()
        },
        source_agent: (*random.pick(AGENTS)).into(),
        source_task: (!random.one_in(6)).then(|| TaskId::new(format!("session {}", random.below(sessions)))),
        // Few different times, so that ids decide too.
        timestamp: Some(pulsedb::Timestamp::from_millis(random.below(5) as i64)),
        ..Default::default()
    }
}

/// Records, changes, archives and deletes.
fn grow(db: &PulseDB, cid: CollectiveId, random: &mut Random, rows: usize, sessions: usize) {
    db.record_experiences((0..rows).map(|_| note(random, cid, sessions)).collect()).unwrap();
    let records = all(db, cid);
    for _ in 0..rows / 5 {
        let id = records[random.below(records.len())].id;
        // It may have been deleted a moment ago.
        let outcome = match random.below(4) {
            0 => db.archive_experience(id),
            1 => db.delete_experience(id),
            _ => {
                let content = words(random, 14);
                let update = ExperienceUpdate { content: Some(content), ..Default::default() };
                db.update_experience(id, update)
            }
        };
        assert!(outcome.is_ok() || db.get_experience(id).unwrap().is_none(), "{outcome:?}");
    }
}

fn filter(random: &mut Random) -> SearchFilter {
    match random.below(6) {
        0 => SearchFilter { domains: Some(vec!["some".into()]), ..Default::default() },
        1 => SearchFilter { exclude_archived: false, ..Default::default() },
        2 => SearchFilter { experience_types: Some(vec![ExperienceKind::Fact.into()]), ..Default::default() },
        3 => SearchFilter { source_agents: Some(vec!["CARA".into(), "xy".into()]), ..Default::default() },
        4 => SearchFilter { min_importance: Some(0.5), ..Default::default() },
        _ => SearchFilter::default(),
    }
}

fn weights(random: &mut Random) -> (Option<SignalWeights>, Option<ContextWeights>) {
    let mut weight = || *random.pick(&[0.0, 0.5, 1.0, 2.0]);
    let signals = SignalWeights { lexical: weight(), vector: weight(), late: 0.25 + weight() };
    let context = ContextWeights { session: weight(), window: weight(), question: weight(), agent: weight() };
    match random.below(4) {
        0 => (Some(signals), None),
        1 => (None, Some(context)),
        2 => (None, Some(ContextWeights::NONE)),
        _ => (None, None),
    }
}

/// Asks the database and the reference, and compares hit by hit.
fn assert_equal(db: &PulseDB, cid: CollectiveId, random: &mut Random, shortcut: bool) {
    let reference = Reference::of(all(db, cid));
    let text = words(random, 6);
    let (mut signals, context) = weights(random);
    if shortcut && let Some(signals) = &mut signals {
        // So that candidates are never too few: then the newest rows come in, and callers cannot tell which those are.
        signals.vector += 0.25;
    }
    let options = SearchOptions {
        k: 1 + random.below(30),
        filter: filter(random),
        signals,
        context,
        exact: true,
        ..Default::default()
    };
    let is_external = db.embed("disk").is_err();
    let vector = if is_external { vec![0.5; db.embedding_dimension()] } else { db.embed(&text).unwrap() };
    let by_vector = random.one_in(3) && !vector.is_empty();
    let asked = Asked {
        text: &text,
        vector: (by_vector || !is_external).then_some(&vector),
        options: &options,
        shortcut,
    };
    let query = if by_vector { Query::Hybrid { text: &text, vector: &vector } } else { Query::Text(&text) };
    let found = db.search(cid, query, options.clone()).unwrap();
    compare(&found, &reference.ranked(&asked), options.k, &format!("`{text}` {options:?}"));
}

fn compare(found: &[SearchResult], expected: &[Expected], k: usize, asked: &str) {
    assert_eq!(found.len(), expected.len().min(k), "{asked}");
    for (at, hit) in found.iter().enumerate() {
        let own = expected.iter().find(|one| one.id == hit.experience.id);
        let own = own.unwrap_or_else(|| panic!("hit {at} scores nothing: {asked}"));
        let here = &expected[at];
        let is_right = (f64::from(hit.similarity) - own.score).abs() < ROUNDING
            && (own.id == here.id || (own.score - here.score).abs() < ROUNDING);
        assert!(is_right, "hit {at}: {} for {own:?}, {here:?} stands here: {asked}", hit.similarity);
    }
}

#[test]
fn ranking_of_small_collectives_equals_the_page_hit_by_hit() {
    let mut random = Random::from_environment(2301);
    let home = directory();
    let config = Config { vector: VectorConfig { rescore: 1, seal_rows: 16 }, ..Config::default() };
    let db = PulseDB::open(home.path(), config).unwrap();
    for round in 0..12 {
        let cid = db.create_collective(&format!("c{round}")).unwrap();
        for _ in 0..4 {
            let rows = 1 + random.below(45);
            grow(&db, cid, &mut random, rows, 1 + round);
            for _ in 0..12 {
                assert_equal(&db, cid, &mut random, false);
            }
        }
    }
}

#[test]
fn ranking_with_the_shortcut_equals_the_page_hit_by_hit() {
    let mut random = Random::from_environment(2302);
    let home = directory();
    let config = Config { vector: VectorConfig { rescore: 1, seal_rows: 32 }, ..Config::default() };
    let db = PulseDB::open(home.path(), config).unwrap();
    for sessions in [3, 40] {
        let cid = db.create_collective(&format!("{sessions} sessions")).unwrap();
        for _ in 0..3 {
            grow(&db, cid, &mut random, 300, sessions);
            for _ in 0..12 {
                assert_equal(&db, cid, &mut random, true);
            }
        }
    }
}

#[test]
fn texts_rank_by_words_and_late_interaction_where_callers_supply_the_vectors() {
    let mut random = Random::from_environment(2303);
    let home = directory();
    let config = Config {
        vector: VectorConfig { rescore: 1, seal_rows: 16 },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(4))
    };
    let db = PulseDB::open(home.path(), config).unwrap();
    let cid = db.create_collective("c").unwrap();
    for _ in 0..3 {
        let notes = (0..50).map(|_| {
            let vector = crate::samples::vector(&mut random, 4);
            NewExperience { embedding: Some(vector), ..note(&mut random, cid, 5) }
        });
        let notes: Vec<NewExperience> = notes.collect();
        db.record_experiences(notes).unwrap();
        for _ in 0..25 {
            assert_equal(&db, cid, &mut random, false);
        }
    }
    let options = SearchOptions { explain: true, ..Default::default() };
    let hits = db.search(cid, Query::Text("disk garden"), options).unwrap();
    let explain = hits[0].explain.unwrap();
    assert!(explain.vector.is_none() && explain.lexical.is_some() && explain.late.is_some(), "{explain:?}");
    let only_vectors = SignalWeights { lexical: 0.0, vector: 1.0, late: 0.0 };
    let options = SearchOptions { signals: Some(only_vectors), ..Default::default() };
    let error = db.search(cid, Query::Text("disk garden"), options).unwrap_err();
    assert!(error.to_string().contains("callers supply the vectors"), "{error}");
}

/// What a text finds, as one line: ids and the bits of scores.
fn told(db: &PulseDB, text: &str) -> String {
    let cid = db.list_collectives().unwrap()[0].id;
    let hits = db.search(cid, Query::Text(text), SearchOptions { k: 40, ..Default::default() }).unwrap();
    let told: Vec<String> =
        hits.iter().map(|hit| format!("{}={:08x}", hit.experience.id, hit.similarity.to_bits())).collect();
    told.join(" ")
}

/// The role of a process that answers texts.
pub(crate) fn answer(arguments: &[String]) {
    let db = PulseDB::open(&arguments[0], Config::read_only()).unwrap();
    say("ready");
    while let Some(text) = hear() {
        say(&told(&db, &text));
    }
}

#[test]
fn every_process_gives_the_same_order_and_the_same_bits() {
    let mut random = Random::from_environment(2304);
    let home = directory();
    let config = Config { vector: VectorConfig { rescore: 1, seal_rows: 32 }, ..Config::default() };
    let db = PulseDB::open(home.path(), config.clone()).unwrap();
    let cid = db.create_collective("c").unwrap();
    for _ in 0..3 {
        grow(&db, cid, &mut random, 250, 20);
    }
    let mut workers: Vec<Worker> =
        (0..2).map(|_| Worker::start("answer", &[home.path().to_str().unwrap()])).collect();
    for worker in &mut workers {
        assert_eq!(worker.expect_line(), "ready");
    }
    let texts: Vec<String> = (0..20).map(|_| words(&mut random, 6)).collect();
    let here: Vec<String> = texts.iter().map(|text| told(&db, text)).collect();
    for (text, here) in texts.iter().zip(&here) {
        for worker in &mut workers {
            assert_eq!(&worker.ask(text), here, "{text}");
        }
    }
    drop(db);
    let db = PulseDB::open(home.path(), config).unwrap();
    for (text, here) in texts.iter().zip(&here) {
        assert_eq!(&told(&db, text), here, "{text}, after a restart");
    }
}
