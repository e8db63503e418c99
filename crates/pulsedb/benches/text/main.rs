//! The time of a text query by the public call, and the share of each of its steps.
//!
//! `cargo bench -p pulsedb --bench text` prints criterion's estimates. `PULSEDB_BENCH_SIZES=10000,100000` chooses the
//! sizes. Contents are stretches of the documents of this repository with some words of their own; thirty follow one
//! another in a session of two agents. Each query takes ten whole rows, its embedding included, on one thread. A step is
//! what a query takes more than one without it. Answers are asserted, times are not; on Linux they are those of the
//! thread, so that a busy machine disturbs them little.

#[cfg_attr(target_os = "linux", path = "clock_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "clock_portable.rs")]
mod clock;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::Criterion;
use pulsedb::{
    CollectiveId, Config, ContextWeights, NewExperience, PulseDB, Query, SearchOptions, SignalWeights,
    SyncMode, TaskId,
};

use self::clock::spent;

const SIZES: &[usize] = &[10_000, 100_000];
/// Different queries that are asked in turn.
const QUERIES: usize = 256;
/// Records of a session.
const SESSION: usize = 30;
/// Records of one commit.
const BATCH: usize = 5_000;

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
        .configure_from_args();
    let words = words();
    for size in sizes() {
        measure(&mut criterion, &words, size);
    }
    criterion.final_summary();
}

fn sizes() -> Vec<usize> {
    let Ok(chosen) = std::env::var("PULSEDB_BENCH_SIZES") else { return SIZES.to_vec() };
    chosen.split(',').map(|size| size.trim().parse().expect("sizes are numbers between commas")).collect()
}

/// The words of the documents, in their order.
fn words() -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut files: Vec<_> = std::fs::read_dir(docs)
        .expect("the documents are in the repository")
        .map(|entry| entry.expect("a name in the directory").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    let texts = files.iter().map(|path| std::fs::read_to_string(path).expect("a document is text"));
    let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
    texts
        .flat_map(|text| text.split_whitespace().filter(is_word).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014).
struct Source(u64);

impl Source {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ (mixed >> 31)) * bound as u128) >> 64) as usize
    }

    /// So many words that follow one another, and a few from anywhere.
    fn text(&mut self, words: &[String], following: usize, others: usize) -> String {
        let start = self.below(words.len() - following);
        let mut text: Vec<&str> = words[start..start + following].iter().map(String::as_str).collect();
        text.extend((0..others).map(|_| words[self.below(words.len())].as_str()));
        text.join(" ")
    }
}

fn filled(db: &PulseDB, words: &[String], size: usize) -> CollectiveId {
    let collective_id = db.create_collective("bench").expect("a new collective");
    let mut source = Source(1);
    for batch in 0..size.div_ceil(BATCH) {
        let rows = (batch * BATCH..size.min((batch + 1) * BATCH)).map(|number| {
            let (following, others) = (15 + source.below(20), 5);
            NewExperience {
                collective_id,
                content: source.text(words, following, others),
                source_agent: ["Caroline", "Melanie"][number % 2].into(),
                source_task: Some(TaskId::new(format!("session-{}", number / SESSION))),
                ..NewExperience::default()
            }
        });
        db.record_experiences(rows.collect()).expect("records are stored");
    }
    collective_id
}

fn measure(criterion: &mut Criterion, words: &[String], size: usize) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let config = Config { sync_mode: SyncMode::Fast, ..Config::default() };
    let db = PulseDB::open(home.path(), config).expect("a new database");
    let collective = filled(&db, words, size);
    let mut source = Source(2);
    let queries: Vec<String> =
        (0..QUERIES).map(|_| format!("what did Melanie say of {}?", source.text(words, 3, 3))).collect();
    let vectors: Vec<Vec<f32>> =
        queries.iter().map(|text| db.embed(text).expect("the embedder answers")).collect();
    let mut group = criterion.benchmark_group(format!("text query, {size} records"));
    let mut time = |name: &str, ask: &dyn Fn(usize) -> usize| {
        let mut at = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let start = spent();
                for _ in 0..times {
                    at = (at + 1) % QUERIES;
                    assert_eq!(ask(at), 10, "ten whole rows");
                }
                spent().saturating_sub(start)
            });
        });
    };
    let search = |query: Query<'_>, options: SearchOptions| {
        black_box(db.search(collective, query, options).expect("a search succeeds")).len()
    };
    // Fewer than ten records may hold any of the words.
    let words_alone = |text: &str| match search(Query::Lexical(text), SearchOptions::default()) {
        1..=10 => 10,
        found => found,
    };
    let without_late = Some(SignalWeights { late: 0.0, ..SignalWeights::default() });
    let no_context = Some(ContextWeights::NONE);
    time("embedding alone", &|at| {
        black_box(db.embed(&queries[at]).expect("the embedder answers"));
        10
    });
    time("words alone", &|at| words_alone(&queries[at]));
    time("vectors alone", &|at| search(Query::Vector(&vectors[at]), SearchOptions::default()));
    time("words and vectors", &|at| {
        let options = SearchOptions { signals: without_late, context: no_context, ..Default::default() };
        search(Query::Text(&queries[at]), options)
    });
    time("and late interaction", &|at| {
        search(Query::Text(&queries[at]), SearchOptions { context: no_context, ..Default::default() })
    });
    time("and context: all of it", &|at| search(Query::Text(&queries[at]), SearchOptions::default()));
    group.finish();
    hostile(criterion, size, &search);
}

/// Texts that nobody would ask: each within 50 ms at 10 000 records.
fn hostile(criterion: &mut Criterion, size: usize, search: &dyn Fn(Query<'_>, SearchOptions) -> usize) {
    let distinct = (0..17_000).map(|at| format!("w{at} ")).collect::<Vec<_>>().concat();
    let texts = [
        ("100 KB of one word", "index ".repeat(17_000)),
        ("100 KB of different words", distinct[..100_000.min(distinct.len())].to_owned()),
        ("100 KB of one letter", "x".repeat(100_000)),
        ("stop words alone", "what is the of to".to_owned()),
        ("signs alone", "?!... --- * \"".to_owned()),
    ];
    let mut group = criterion.benchmark_group(format!("hostile text, {size} records"));
    for (name, text) in &texts {
        group.bench_function(*name, |bencher| {
            bencher.iter_custom(|times| {
                let start = spent();
                for _ in 0..times {
                    black_box(search(Query::Text(text), SearchOptions::default()));
                }
                spent().saturating_sub(start)
            });
        });
    }
    group.finish();
}
