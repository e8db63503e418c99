//! The same records and questions at a PostgreSQL server and in the embedded database beside it.
//!
//! `PULSEDB_POSTGRES_URL` names the server (`cargo xtask postgres bench` starts one), an argument the number of records.
#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, and says where")]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use pulsedb::{
    CollectiveId, Config, ContextRequest, ExperienceId, NewExperience, OwnedQuery, PulseDB, PulseDBSubstrate,
    SearchFilter, SearchOptions, SubstrateProvider,
};
use pulsedb_postgres::{MoveOptions, PostgresConfig, PostgresSubstrate, push};
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

const RECORDS: usize = 10_000;
/// Calls of each kind.
const CALLS: usize = 200;
/// Records of a batch, and of each client.
const BATCH: usize = 500;
const CLIENTS: usize = 4;
/// One in so many is in the rare domain.
const RARE: usize = 25;

const WORDS: &[&str] = &[
    "deploy",
    "cache",
    "index",
    "timeout",
    "retry",
    "certificate",
    "renewal",
    "database",
    "token",
    "python",
    "error",
    "user",
    "release",
    "memory",
    "agent",
    "build",
    "breaks",
    "network",
    "storage",
    "queue",
    "worker",
    "schema",
    "query",
    "planner",
    "latency",
    "backup",
    "restore",
    "key",
    "secret",
    "rotation",
    "cluster",
    "node",
    "replica",
    "leader",
];

/// The numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// About 300 bytes with some 45 words, most of them distinct.
fn new(collective_id: CollectiveId, number: usize) -> NewExperience {
    let mut random = Random(number as u64 + 1);
    let words: Vec<String> = (0..40)
        .map(|_| match random.below(3) {
            0 => WORDS[random.below(WORDS.len())].to_owned(),
            _ => format!("w{}", random.below(20_000)),
        })
        .collect();
    NewExperience {
        collective_id,
        content: format!("Note {number} on service {}: {}.", number % 97, words.join(" ")),
        domain: vec![if number.is_multiple_of(RARE) { "rare" } else { "usual" }.to_owned()],
        source_task: Some(format!("task {}", number / 20).into()),
        ..Default::default()
    }
}

/// The median and the 99th of a hundred.
fn measured(mut call: impl FnMut(usize)) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|number| {
            let start = Instant::now();
            call(number);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[CALLS / 2], times[CALLS * 99 / 100])
}

fn row(what: &str, [embedded, server]: [(Duration, Duration); 2]) {
    let ratio = server.0.as_secs_f64() / embedded.0.as_secs_f64();
    println!(
        "| {what} | {:.2?} | {:.2?} | {:.2?} | {:.2?} | {ratio:.1} |",
        embedded.0, embedded.1, server.0, server.1
    );
}

fn rates(what: &str, [embedded, server]: [f64; 2]) {
    println!("| {what} | {embedded:.0} | {server:.0} |");
}

struct Bench {
    runtime: Runtime,
    db: PulseDB,
    stores: [Box<dyn SubstrateProvider>; 2],
    server: PostgresSubstrate,
    team: CollectiveId,
    url: String,
    tenant: String,
}

fn main() {
    let Some(url) = std::env::var("PULSEDB_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else {
        println!("skipped: PULSEDB_POSTGRES_URL names no server; `cargo xtask postgres bench` starts one");
        return;
    };
    let records = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(RECORDS);
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let db = PulseDB::open(home.path().join("db"), Config::default()).unwrap();
    let team = db.get_or_create_collective("team").unwrap();
    let tenant = format!("bench-{}", std::process::id());
    let config = PostgresConfig { tenant: tenant.clone(), ..Default::default() };
    let server = runtime.block_on(PostgresSubstrate::connect(&url, config)).unwrap();
    let stores: [Box<dyn SubstrateProvider>; 2] =
        [Box::new(PulseDBSubstrate::new(db.clone())), Box::new(server.clone())];
    let bench = Bench { runtime, db, stores, server, team, url, tenant };
    println!("{records} records of some 300 bytes and 256 dimensions, {CALLS} calls a row\n");
    bench.load(records);
    bench.calls(records);
    bench.watch(records);
    bench.clients(records);
}

impl Bench {
    /// The same records in both, by batches here and by a push there.
    fn load(&self, records: usize) {
        let start = Instant::now();
        for first in (0..records).step_by(BATCH) {
            let batch = first..records.min(first + BATCH);
            self.db.record_experiences(batch.map(|number| new(self.team, number)).collect()).unwrap();
        }
        let here = records as f64 / start.elapsed().as_secs_f64();
        let start = Instant::now();
        let moved = push(&self.db, &self.server, MoveOptions::default(), |_| {}).unwrap();
        let there = records as f64 / start.elapsed().as_secs_f64();
        assert_eq!(moved[0].copied, records as u64);
        let start = Instant::now();
        assert_eq!(push(&self.db, &self.server, MoveOptions::default(), |_| {}).unwrap()[0].copied, 0);
        let compared = records as f64 / start.elapsed().as_secs_f64();
        let batch: Vec<NewExperience> =
            (0..BATCH).map(|number| new(self.team, records + 100_000 + number)).collect();
        let ids = self.db.record_experiences(batch.clone()).unwrap();
        let start = Instant::now();
        let theirs = self.runtime.block_on(self.server.record_experiences(batch)).unwrap();
        let batched = BATCH as f64 / start.elapsed().as_secs_f64();
        self.db.delete_experiences(&ids).unwrap();
        self.runtime.block_on(self.server.delete_experiences(theirs)).unwrap();
        println!("| records a second | embedded | server |\n|---|---|---|");
        rates(&format!("batches of {BATCH}"), [here, batched]);
        println!(
            "| `push`, compared before and after | - | {there:.0} |\n| compared only | - | {compared:.0} |\n"
        );
        let analyse = async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("ANALYZE").await.unwrap();
        };
        self.runtime.block_on(analyse);
    }

    fn both(&self, what: &str, mut call: impl FnMut(&dyn SubstrateProvider, usize)) {
        row(what, [0, 1].map(|side| measured(|number| call(&*self.stores[side], number))));
    }

    fn calls(&self, records: usize) {
        println!(
            "| call | embedded, median | p99 | server, median | p99 | ratio |\n|---|---|---|---|---|---|"
        );
        let (runtime, team) = (&self.runtime, self.team);
        let (client, connection) = runtime.block_on(tokio_postgres::connect(&self.url, NoTls)).unwrap();
        runtime.spawn(connection);
        let (middle, slowest) =
            measured(|_| drop(runtime.block_on(client.simple_query("SELECT 1")).unwrap()));
        println!("| one round trip (`SELECT 1`) | - | - | {middle:.2?} | {slowest:.2?} | - |");
        let ids: Vec<ExperienceId> =
            self.db.list_experiences(team, CALLS, 0).unwrap().into_iter().map(|one| one.id).collect();
        self.both("get", |store, number| {
            assert!(runtime.block_on(store.get_experience(ids[number % ids.len()])).unwrap().is_some());
        });
        self.both("record", |store, number| {
            runtime.block_on(store.store_experience(new(team, records + number))).unwrap();
        });
        let vectors: Vec<Vec<f32>> =
            (0..CALLS).map(|number| self.db.embed(&new(team, records + number).content).unwrap()).collect();
        let find = |store: &dyn SubstrateProvider, query: OwnedQuery, filter: SearchFilter| {
            let options = SearchOptions { k: 10, filter, ..Default::default() };
            let hits = runtime.block_on(store.search(team, query, options)).unwrap();
            assert_eq!(hits.len(), 10);
            hits
        };
        let rare = SearchFilter { domains: Some(vec!["rare".into()]), ..Default::default() };
        self.both("search by vector", |store, number| {
            find(store, OwnedQuery::Vector(vectors[number].clone()), SearchFilter::default());
        });
        self.both("the same, one record in 25 matches", |store, number| {
            find(store, OwnedQuery::Vector(vectors[number].clone()), rare.clone());
        });
        let word = |number: usize| WORDS[number % WORDS.len()];
        self.both("search by words (two, frequent)", |store, number| {
            let words = format!("{} {}", word(number), word(number * 7 + 3));
            find(store, OwnedQuery::Lexical(words), SearchFilter::default());
        });
        let question = |number: usize| {
            format!(
                "why does the {} of service {} need the {}?",
                word(number),
                number % 97,
                word(number * 5 + 1)
            )
        };
        self.both("search by text", |store, number| {
            find(store, OwnedQuery::Text(question(number)), SearchFilter::default());
        });
        self.both("context", |store, number| {
            let request = ContextRequest {
                collective_id: team,
                query_text: Some(question(number)),
                ..Default::default()
            };
            let found = runtime.block_on(store.get_context_candidates(request)).unwrap();
            assert!(!found.similar_experiences.is_empty());
        });
        // The answers are those of the same records.
        let [here, there] = [0, 1].map(|side| {
            let hits = find(&*self.stores[side], OwnedQuery::Text(question(1)), SearchFilter::default());
            hits.into_iter().map(|hit| hit.experience.content).collect::<Vec<_>>()
        });
        assert_eq!(here, there);
    }

    /// From the acknowledgement of a record to its event at another store.
    fn watch(&self, records: usize) {
        let other = PostgresConfig { tenant: self.tenant.clone(), ..Default::default() };
        let other = self.runtime.block_on(PostgresSubstrate::connect(&self.url, other)).unwrap();
        let watchers: [&dyn SubstrateProvider; 2] = [&*self.stores[0], &other];
        let latencies = [0, 1].map(|side| {
            let mut stream = watchers[side].watch(self.team);
            let mut times: Vec<Duration> = (0..CALLS)
                .map(|number| {
                    self.runtime.block_on(async {
                        let one = new(self.team, records + 1000 + number);
                        let id = self.stores[side].store_experience(one).await.unwrap();
                        let start = Instant::now();
                        while stream.next().await.unwrap().experience_id != id {}
                        start.elapsed()
                    })
                })
                .collect();
            times.sort_unstable();
            (times[CALLS / 2], times[CALLS * 99 / 100])
        });
        row("news of a record, from its acknowledgement (server: another connection)", latencies);
    }

    /// One client and four, each recording by itself; and four in tenants of their own.
    fn clients(&self, records: usize) {
        println!("\n| records a second | embedded | server |\n|---|---|---|");
        for clients in [1, CLIENTS] {
            let rates_of = [0, 1].map(|side| {
                let write = |client: usize| async move {
                    for number in 0..BATCH / 2 {
                        let one = new(self.team, records + 10_000 * (client + 1) + number);
                        self.stores[side].store_experience(one).await.unwrap();
                    }
                };
                let start = Instant::now();
                self.runtime.block_on(join_all((0..clients).map(write)));
                (clients * (BATCH / 2)) as f64 / start.elapsed().as_secs_f64()
            });
            rates(&format!("{clients} client(s), one collective"), rates_of);
        }
        let apart = self.runtime.block_on(async {
            let connect = |client: usize| {
                let tenant = format!("{}-{client}", self.tenant);
                PostgresSubstrate::connect(&self.url, PostgresConfig { tenant, ..Default::default() })
            };
            let stores = join_all((0..CLIENTS).map(connect)).await;
            let start = Instant::now();
            let write = |store: pulsedb::Result<PostgresSubstrate>| async move {
                let store = store.unwrap();
                let team = store.get_or_create_collective("team").await.unwrap();
                for number in 0..BATCH / 2 {
                    store.store_experience(new(team, number)).await.unwrap();
                }
            };
            join_all(stores.into_iter().map(write)).await;
            (CLIENTS * (BATCH / 2)) as f64 / start.elapsed().as_secs_f64()
        });
        println!("| {CLIENTS} clients, a tenant each | - | {apart:.0} |");
    }
}
