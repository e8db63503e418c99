//! Searches by vector, under filters and by words, on one thread, with ten whole records returned.

use std::time::Instant;

use pulsedb::{CollectiveId, PulseDB, Query, SearchFilter, SearchOptions, SearchResult};

use crate::data::{Data, SHARES, domain};
use crate::database::Database;
use crate::oracle::Oracle;
use crate::report::{Report, median, seconds};

/// Nearest records of each query.
const K: usize = 10;
/// Different queries. Each is asked several times in turn with the others.
const QUERIES: usize = 100;
const ROUNDS: usize = 5;

/// Times and prints the middle and the worst of a hundred, what the processor has worked for the middle one, and the share
/// of the exact answer that is found.
fn measure(
    name: &'static str,
    target: &'static str,
    size: usize,
    report: &mut Report,
    mut ask: impl FnMut(usize) -> Vec<SearchResult>,
    found: impl Fn(usize, &[SearchResult]) -> (usize, usize),
) {
    let (mut hits, mut all) = (0, 0);
    let mut times = Vec::with_capacity(QUERIES * ROUNDS);
    let mut worked = Vec::with_capacity(QUERIES * ROUNDS);
    for round in 0..=ROUNDS {
        for query in 0..QUERIES {
            let (start, begun) = (Instant::now(), processor_seconds());
            let answer = ask(query);
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
                worked.push(processor_seconds() - begun);
                continue;
            }
            let (right, wanted) = found(query, &answer);
            hits += right;
            all += wanted;
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| seconds(times[((times.len() - 1) as f64 * part) as usize]);
    let recall = if all == 0 { String::new() } else { format!(", recall {:.4}", hits as f64 / all as f64) };
    let worked =
        if worked[0] > 0.0 { format!(", worked {}", seconds(median(worked))) } else { String::new() };
    report.add(name, target, size, format!("{} / {}{worked}{recall}", at(0.5), at(0.99)));
}

/// Seconds of the processor that this thread has taken: on a busy machine they say more than the clock does. Zero where
/// the system cannot be asked.
fn processor_seconds() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(target_os = "linux"))]
    0.0
}

fn number_of(hit: &SearchResult) -> usize {
    Data::number_at(hit.experience.timestamp)
}

fn nearest(
    db: &PulseDB,
    collective: CollectiveId,
    query: &[f32],
    filter: &SearchFilter,
) -> Vec<SearchResult> {
    let options = SearchOptions { k: K, filter: filter.clone(), ..Default::default() };
    db.search(collective, Query::Vector(query), options).expect("a search succeeds")
}

/// Without a filter.
pub(crate) fn vectors(database: &Database, data: &Data, report: &mut Report) {
    let oracle = Oracle::new(data, database.rows, QUERIES, K);
    let (db, collective) = database.open(data);
    let filter = SearchFilter::default();
    let ask = |query: usize| nearest(&db, collective, &oracle.queries[query], &filter);
    let (name, target) = ("nearest 10, p50 / p99", "<= 0.15 / 0.45 / 8 ms at 10K / 100K / 10^6");
    measure(name, target, database.rows, report, ask, |query, hits| right(&oracle, query, 0, hits));
    let mut next = (0..QUERIES).cycle();
    report.time("nearest 10", "as above", database.rows, || {
        assert_eq!(ask(next.next().expect("a cycle has no end")).len(), K);
    });
}

fn right(oracle: &Oracle, query: usize, group: usize, hits: &[SearchResult]) -> (usize, usize) {
    let nearest = oracle.nearest(query, group);
    assert_eq!(hits.len(), nearest.len(), "as many rows as match");
    (hits.iter().filter(|hit| nearest.contains(&number_of(hit))).count(), nearest.len())
}

/// Under filters that match known shares.
pub(crate) fn filters(database: &Database, data: &Data, report: &mut Report) {
    let oracle = Oracle::new(data, database.rows, QUERIES, K);
    let (db, collective) = database.open(data);
    let names = [
        ("nearest 10 of 50%", ""),
        ("nearest 10 of 10%", "<= 0.4 ms at 100K"),
        ("nearest 10 of 1%", "<= 0.2 ms at 100K"),
        ("nearest 10 of 0.1%", "<= 0.1 ms at 100K"),
        ("nearest 10 of 0.01%", ""),
    ];
    for (at, ((_, share), (name, target))) in SHARES.iter().zip(names).enumerate() {
        let filter = domain(share);
        let ask = |query: usize| nearest(&db, collective, &oracle.queries[query], &filter);
        let found = |query: usize, hits: &[SearchResult]| right(&oracle, query, at + 1, hits);
        measure(name, target, database.rows, report, ask, found);
    }
    let important = SearchFilter { min_importance: Some(0.9), ..Default::default() };
    let ask = |query: usize| nearest(&db, collective, &oracle.queries[query], &important);
    let found = |query: usize, hits: &[SearchResult]| right(&oracle, query, 2, hits);
    measure("nearest 10 of 10%, by importance", "", database.rows, report, ask, found);
}

/// By BM25.
pub(crate) fn words(database: &Database, data: &Data, report: &mut Report) {
    let (db, collective) = database.open(data);
    for (terms, name, target) in [
        (3, "lexical, 3 terms", ""),
        (6, "lexical, 6 terms", "<= 0.1 / 0.4 / 1.2 ms at 10K / 100K / 10^6"),
        (10, "lexical, 10 terms", ""),
    ] {
        let texts: Vec<String> = (0..QUERIES).map(|number| data.terms(number, terms)).collect();
        let ask = |query: usize| {
            let options = SearchOptions { k: K, ..Default::default() };
            db.search(collective, Query::Lexical(&texts[query]), options).expect("a search succeeds")
        };
        measure(name, target, database.rows, report, ask, |_, hits| {
            assert!(hits.is_sorted_by(|one, next| one.similarity >= next.similarity));
            (0, 0)
        });
    }
}
