//! A new process that opens a database and searches once, with the file in the page cache and without.
//!
//! A child is this program again, told its part by the environment. It answers on its standard output.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use pulsedb::{PulseDB, Query, SearchOptions};

use crate::data::Data;
use crate::database::{Database, collective, config};
use crate::report::{Report, median, seconds};

/// The directory of a child's database, and the number of its query.
const PATH: &str = "PULSEDB_BENCH_COLD_PATH";
const QUERY: &str = "PULSEDB_BENCH_COLD_QUERY";
/// Cold starts.
const STARTS: usize = 11;

/// Does the part of a child, if this process is one: opens, searches once, and says the seconds to open, those for both
/// and the bytes of anonymous memory.
pub(crate) fn run_if_child() -> bool {
    let Ok(path) = env::var(PATH) else { return false };
    let query = env::var(QUERY).expect("a child is told its query").parse().expect("it is a number");
    let data = Data::new(crate::DIMENSION);
    let query = data.query(query);
    let config = config(&data);
    let before = anonymous_bytes();
    let start = Instant::now();
    let db = PulseDB::open(Path::new(&path), config).expect("the database opens");
    let collective = collective(&db);
    let opened = start.elapsed();
    let options = SearchOptions { k: 10, ..Default::default() };
    let hits = db.search(collective, Query::Vector(&query), options).expect("a search succeeds");
    let both = start.elapsed();
    assert_eq!(hits.len(), 10);
    let memory = anonymous_bytes().saturating_sub(before);
    println!("{} {} {memory}", opened.as_secs_f64(), both.as_secs_f64());
    true
}

/// Anonymous memory of this process: what is its own, not the page cache that the map shows.
fn anonymous_bytes() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB") * 1024
}

pub(crate) fn measure(database: &Database, data: &Data, report: &mut Report) {
    // The pages are in the cache from here on.
    drop(database.open(data));
    let size = database.rows;
    let warm = starts(database, || ());
    report.add("open, cold process", "", size, seconds(warm[0]));
    report.add("open and first search, cold process", "<= 10 / 45 ms at 100K / 10^6", size, seconds(warm[1]));
    let mebibytes = warm[2] / f64::from(1 << 20);
    report.add("anonymous memory of that", "<= 8 MiB at 10^6", size, format!("{mebibytes:.1} MiB"));
    let file = database.path.join("data.mdb");
    if forget(&file) {
        let cold = starts(database, || assert!(forget(&file), "it was forgotten before"));
        report.add("the same, file not in the page cache", "<= 0.3 s at 10^6", size, seconds(cold[1]));
    }
}

/// Drops a file from the page cache by the tool `dd`; false where that cannot be done.
fn forget(file: &Path) -> bool {
    let file = format!("if={}", file.display());
    let done = Command::new("dd").args([&file, "iflag=nocache", "count=0", "status=none"]).status();
    done.is_ok_and(|status| status.success())
}

/// The medians of what children say.
fn starts(database: &Database, before: impl Fn()) -> [f64; 3] {
    let mut said: [Vec<f64>; 3] = Default::default();
    for start in 0..STARTS {
        before();
        let child = Command::new(env::current_exe().expect("this program has a path"))
            .env(PATH, &database.path)
            .env(QUERY, start.to_string())
            .output()
            .expect("a child starts");
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        let answer = String::from_utf8_lossy(&child.stdout);
        for (said, word) in said.iter_mut().zip(answer.split_whitespace()) {
            said.push(word.parse().expect("a child says numbers"));
        }
    }
    said.map(median)
}
