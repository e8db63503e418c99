//! Calls that write: one durable record beside a bare transaction, batches, several threads.

use std::thread;
use std::time::{Duration, Instant};

use pulsedb::{Change, CollectiveId, DuplicatePolicy, ExperienceUpdate, NewActivity, NewExperience, PulseDB};

use crate::bare::Bare;
use crate::data::Source;
use crate::database::Database;
use crate::report::{Report, median, seconds};

/// Records of each kind that are compared with bare transactions.
const PAIRS: usize = 300;
/// Records of a batch.
const BATCH: usize = 100;
/// Threads that record at once.
const THREADS: usize = 4;
/// Rounds of the comparison of one thread with several, and records of each thread in a round.
const ROUNDS: usize = 7;
const RECORDS: usize = 200;

pub(crate) fn measure(database: &Database, report: &mut Report) {
    beside_bare(database, report);
    let db = database.open();
    let mut source = Source::new(6);
    report.time_parts(
        "record_experiences(100), one record",
        "<= 60 us",
        database.size,
        BATCH as u32,
        |times| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..times {
                let records = source.records(database.collective, BATCH);
                let start = Instant::now();
                let ids = db.record_experiences(records).expect("a batch is recorded");
                elapsed += start.elapsed();
                assert!(ids.len() == BATCH && ids.is_sorted());
            }
            elapsed
        },
    );
    together(&db, database, report);
    heartbeats(&db, database, report);
    several_threads(&db, database, report);
}

/// Batches that look for equal contents, and mixed ones.
fn together(db: &PulseDB, database: &Database, report: &mut Report) {
    let (size, collective) = (database.size, database.collective);
    let mut source = Source::new(17);
    let looking = |record: NewExperience| NewExperience { duplicate: DuplicatePolicy::Reinforce, ..record };
    let mut batch = |name, again: bool| {
        let parts = BATCH as u32;
        report.time_parts(name, "<= 60 us", size, parts, |times| {
            let mut elapsed = Duration::ZERO;
            for _ in 0..times {
                let mut records = source.records(collective, BATCH);
                if again {
                    let ids = db.record_experiences(records.clone()).expect("a batch is recorded");
                    assert_eq!(ids.len(), BATCH);
                }
                records = records.into_iter().map(looking).collect();
                let start = Instant::now();
                let ids = db.record_experiences(records).expect("a batch is recorded");
                elapsed += start.elapsed();
                let first = db.get_experience(ids[0]).expect("a get succeeds").expect("the record exists");
                assert_eq!(first.applications, u32::from(again));
            }
            elapsed
        });
    };
    batch("record_experiences(100), Reinforce, new, one record", false);
    batch("record_experiences(100), Reinforce, known, one record", true);
    let mut source = Source::new(18);
    report.time_parts("apply(100), half updates, one change", "<= 60 us", size, BATCH as u32, |times| {
        let mut elapsed = Duration::ZERO;
        for _ in 0..times {
            let update = ExperienceUpdate { importance: Some(0.5), ..Default::default() };
            let updates = database.ids[..BATCH / 2].iter().map(|id| Change::Update(*id, update.clone()));
            let records = source.records(collective, BATCH / 2).into_iter().map(Change::Record);
            let changes: Vec<Change> = records.chain(updates).collect();
            let start = Instant::now();
            let outcomes = db.apply(collective, changes).expect("the changes are made");
            elapsed += start.elapsed();
            assert_eq!(outcomes.len(), BATCH);
        }
        elapsed
    });
}

/// Signs of life, one after the other: one a second waits for the disk.
fn heartbeats(db: &PulseDB, database: &Database, report: &mut Report) {
    let collective_id = database.collective;
    let agent = NewActivity { agent_id: "agent".into(), collective_id, ..Default::default() };
    db.register_activity(agent).expect("an agent registers");
    report.time("update_heartbeat, amortised", "<= 20 us", database.size, || {
        db.update_heartbeat("agent", collective_id).expect("the agent is at work");
    });
    assert_eq!(db.get_active_agents(collective_id).expect("a list").len(), 1);
    db.end_activity("agent", collective_id).expect("the agent is at work");
}

/// Records and bare transactions in turns, so that both meet the same disk.
fn beside_bare(database: &Database, report: &mut Report) {
    let mut source = Source::new(4);
    let before = database.copy("before");
    let db = database.open();
    db.record_experience(source.record(database.collective)).expect("a record is recorded");
    db.close().expect("the database closes");
    let mut bare = Bare::new(&before, &database.copy("after"));

    let db = database.open();
    let count =
        || db.get_collective_stats(database.collective).expect("the collective exists").experience_count;
    let first = count();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let record = source.record(database.collective);
        let start = Instant::now();
        db.record_experience(record).expect("a record is recorded");
        ours.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        bare.put();
        theirs.push(start.elapsed().as_secs_f64());
    }
    assert_eq!(count() - first, PAIRS as u64);
    bare.check(PAIRS);
    let (ours, theirs) = (median(ours), median(theirs));
    report.add("record_experience, durable, p50", "", database.size, seconds(ours));
    report.add("bare LMDB transaction with its rows, p50", "", database.size, seconds(theirs));
    report.add("ratio of the two", "<= 1.5", database.size, format!("{:.2}", ours / theirs));
}

/// One thread and several in turns.
fn several_threads(db: &PulseDB, database: &Database, report: &mut Report) {
    let (mut one, mut several) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        one.push(rate(db, database.collective, 1, round));
        several.push(rate(db, database.collective, THREADS, round));
    }
    let (one, several) = (median(one), median(several));
    report.add("durable records a second, 1 thread", "", database.size, format!("{one:.0}"));
    report.add("durable records a second, 4 threads", "", database.size, format!("{several:.0}"));
    report.add("4 threads against 1", ">= 2.5", database.size, format!("{:.2}", several / one));
}

/// Records a second of so many threads together.
fn rate(db: &PulseDB, collective: CollectiveId, threads: usize, round: usize) -> f64 {
    let mut inputs: Vec<_> = (0..threads)
        .map(|thread| Source::new((100 + round * THREADS + thread) as u64).records(collective, RECORDS))
        .collect();
    let count = || db.get_collective_stats(collective).expect("the collective exists").experience_count;
    let first = count();
    let start = Instant::now();
    thread::scope(|scope| {
        for records in inputs.drain(..) {
            scope.spawn(move || {
                for record in records {
                    db.record_experience(record).expect("a record is recorded");
                }
            });
        }
    });
    let elapsed = start.elapsed().as_secs_f64();
    assert_eq!(count() - first, (threads * RECORDS) as u64);
    (threads * RECORDS) as f64 / elapsed
}
