//! What a record costs with everything that the index adds, and the bytes that it takes by table.

use std::time::Instant;

use crate::data::Data;
use crate::database::Database;
use crate::report::{Report, median, seconds};

/// Records one by one: several seals and some steps of merges.
const SINGLES: usize = 2000;
/// Batches, and records of each.
const BATCHES: usize = 40;
const BATCH: usize = 100;

pub(crate) fn measure(database: &Database, data: &Data, report: &mut Report) {
    let rows = database.rows;
    if let Some(longest) = database.longest_fill {
        report.add("longest commit of 500 while filled", "", rows, seconds(longest.as_secs_f64()));
    }
    // The database grows by what is recorded here, so a copy is.
    let (db, _) = database.open(data);
    let copy = tempfile::tempdir_in(database.path.parent().expect("it has a home")).expect("a directory");
    let copy = copy.path().join("copy");
    db.backup(&copy).expect("a backup succeeds");
    db.close().expect("it closes");
    let db = pulsedb::PulseDB::open(&copy, crate::database::config(data)).expect("the copy opens");
    let collective = crate::database::collective(&db);
    let mut numbers = rows..;
    let mut next = || data.record(numbers.next().expect("there are enough numbers"), collective);
    let mut times = Vec::with_capacity(SINGLES);
    for _ in 0..SINGLES {
        let record = next();
        let start = Instant::now();
        db.record_experience(record).expect("a record is recorded");
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let (middle, late) = (times[SINGLES / 2], times[SINGLES * 99 / 100]);
    report.add("record, durable, p50 / p99", "", rows, format!("{} / {}", seconds(middle), seconds(late)));
    report.add("longest commit of one record", "stated", rows, seconds(times[SINGLES - 1]));
    let mut times = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let records = (0..BATCH).map(|_| next()).collect();
        let start = Instant::now();
        db.record_experiences(records).expect("a batch is recorded");
        times.push(start.elapsed().as_secs_f64() / BATCH as f64);
    }
    report.add("record in a batch of 100, p50", "<= 80 us", rows, seconds(median(times)));
}

/// Bytes of each table, divided by the records.
pub(crate) fn disk(database: &Database, data: &Data, report: &mut Report) {
    let (db, _) = database.open(data);
    let stats = db.stats().expect("statistics are to be had");
    let each = |bytes: u64| bytes / database.rows as u64;
    let mut tables: Vec<_> = stats.tables.iter().map(|table| (each(table.bytes), table.name)).collect();
    tables.sort_unstable_by(|left, right| right.cmp(left));
    let used = each(stats.file_bytes - stats.reclaimable_bytes);
    report.add("bytes a record in use", "stated", database.rows, used.to_string());
    report.add("bytes a record of the file", "stated", database.rows, each(stats.file_bytes).to_string());
    let tables = tables.iter().filter(|(bytes, _)| *bytes > 0);
    let tables: Vec<String> = tables.map(|(bytes, name)| format!("{name} {bytes}")).collect();
    report.add("by table", "stated", database.rows, tables.join(", "));
}
