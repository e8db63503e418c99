//! Four searches for each record, on one thread and on four.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use pulsedb::{PulseDB, Query, SearchOptions};

use crate::data::Data;
use crate::database::{Database, collective, config};
use crate::report::{Report, seconds};

/// Calls of each thread.
const CALLS: usize = 1000;
/// One call in so many records, the others search.
const RECORDS_ONE_IN: usize = 5;

pub(crate) fn measure(database: &Database, data: &Data, report: &mut Report) {
    let (db, _) = database.open(data);
    let home = tempfile::tempdir_in(database.path.parent().expect("it has a home")).expect("a directory");
    let copy = home.path().join("copy");
    db.backup(&copy).expect("a backup succeeds");
    db.close().expect("it closes");
    let db = PulseDB::open(&copy, config(data)).expect("the copy opens");
    let next = AtomicUsize::new(database.rows);
    for (threads, name) in [
        (1, "80% nearest 10, 20% records, 1 thread: calls a second, search p50 / p99, record p50 / p99"),
        (4, "80% nearest 10, 20% records, 4 threads: calls a second, search p50 / p99, record p50 / p99"),
    ] {
        let start = Instant::now();
        let times: Vec<(bool, f64)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|thread| {
                    scope.spawn({
                        let (db, next) = (&db, &next);
                        move || work(db, data, thread, next)
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("no call fails")).collect()
        });
        let rate = times.len() as f64 / start.elapsed().as_secs_f64();
        let spread = |records: bool| {
            let mut times: Vec<f64> =
                times.iter().filter(|(record, _)| *record == records).map(|(_, time)| *time).collect();
            times.sort_by(f64::total_cmp);
            format!("{} / {}", seconds(times[times.len() / 2]), seconds(times[times.len() * 99 / 100]))
        };
        report.add(
            name,
            "stated",
            database.rows,
            format!("{rate:.0}/s, {}, {}", spread(false), spread(true)),
        );
    }
}

/// Calls one after the other; of each whether it recorded, and its time.
fn work(db: &PulseDB, data: &Data, thread: usize, next: &AtomicUsize) -> Vec<(bool, f64)> {
    let collective = collective(db);
    (0..CALLS)
        .map(|call| {
            let records = call % RECORDS_ONE_IN == 0;
            let number = next.fetch_add(usize::from(records), Ordering::Relaxed);
            let record = records.then(|| data.record(number, collective));
            let query = data.query(thread * CALLS + call);
            let start = Instant::now();
            if let Some(record) = record {
                db.record_experience(record).expect("a record is recorded");
            } else {
                let options = SearchOptions { k: 10, ..Default::default() };
                let hits = db.search(collective, Query::Vector(&query), options).expect("a search succeeds");
                assert_eq!(hits.len(), 10);
            }
            (records, start.elapsed().as_secs_f64())
        })
        .collect()
}
