//! What needs a second process: a cold start, and the commits of somebody else.
//!
//! A child is this program again, told its part by the environment. It answers on its standard output.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, PulseDB};

use crate::data::Source;
use crate::database::{Database, config};
use crate::report::{Report, median, seconds};

/// The part of a child: `cold` or `writer`.
const PART: &str = "PULSEDB_BENCH_PART";
/// The directory of its database.
const PATH: &str = "PULSEDB_BENCH_PATH";
/// The collective to use.
const COLLECTIVE: &str = "PULSEDB_BENCH_COLLECTIVE";
/// Cold starts.
const STARTS: usize = 15;
/// The seed of the query that a cold start asks.
const QUERY: u64 = 5;

/// Does the part of a child, if this process is one.
pub(crate) fn run_if_child() -> bool {
    let Ok(part) = env::var(PART) else { return false };
    let path = env::var(PATH).expect("a child is told its database");
    let collective = env::var(COLLECTIVE).expect("a child is told its collective");
    let collective = collective.parse().expect("the parent writes an id");
    match part.as_str() {
        "cold" => start_cold(Path::new(&path), collective),
        "writer" => write_when_told(Path::new(&path), collective),
        part => panic!("{part} is no part of a child"),
    }
    true
}

pub(crate) fn measure(database: &Database, report: &mut Report) {
    cold_starts(database, report);
    news(database, report);
}

/// Opens, searches once, and says: seconds to open, seconds for both, the first hit, bytes of anonymous memory.
fn start_cold(path: &Path, collective: CollectiveId) {
    let query = Source::new(QUERY).vector();
    let start = Instant::now();
    let db = PulseDB::open(path, config()).expect("the database opens");
    let opened = start.elapsed();
    let hits = db.search_similar(collective, &query, 10).expect("a search succeeds");
    let both = start.elapsed();
    let memory = anonymous_bytes();
    println!("{} {} {} {memory}", opened.as_secs_f64(), both.as_secs_f64(), hits[0].experience.id);
}

/// Anonymous memory of this process: what is its own, not the page cache that the map shows.
fn anonymous_bytes() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux tells the memory of a process");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).expect("a line for it");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kibibytes * 1024
}

fn cold_starts(database: &Database, report: &mut Report) {
    let size = database.size;
    let db = database.open();
    let query = Source::new(QUERY).vector();
    let best =
        db.search_similar(database.collective, &query, 10).expect("a search succeeds")[0].experience.id;
    db.close().expect("the database closes");
    let (mut opens, mut both, mut whole, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let start = Instant::now();
        let (mut child, _, mut answers) = spawn("cold", database);
        let mut answer = String::new();
        answers.read_to_string(&mut answer).expect("a child can be read");
        whole.push(start.elapsed().as_secs_f64());
        assert!(child.wait().expect("a child ends").success());
        let words: Vec<&str> = answer.split_whitespace().collect();
        assert_eq!(words[2], best.to_string());
        opens.push(number(words[0]));
        both.push(number(words[1]));
        memory.push(number(words[3]));
    }
    report.add("open, cold process", "<= 5 ms", size, seconds(median(opens)));
    report.add("open and first search, cold process", "<= 50 ms", size, seconds(median(both)));
    report.add("the same from start to end of the process", "", size, seconds(median(whole)));
    let mebibytes = median(memory) / f64::from(1 << 20);
    report.add("anonymous memory after the search", "stated", size, format!("{mebibytes:.1} MiB"));
}

fn number(word: &str) -> f64 {
    word.parse().expect("a child writes numbers")
}

/// Records once for each byte that it reads, and answers with a byte.
fn write_when_told(path: &Path, collective: CollectiveId) {
    let db = PulseDB::open(path, config()).expect("the database opens");
    let mut source = Source::new(7);
    let mut told = [0];
    while std::io::stdin().read(&mut told).expect("a child can read") == 1 {
        db.record_experience(source.record(collective)).expect("a record is recorded");
        println!();
    }
}

/// How long it takes to see that something is new, right after another process, or this one, has committed.
fn news(database: &Database, report: &mut Report) {
    let db = database.open();
    let (mut child, mut orders, answers) = spawn("writer", database);
    let mut answers = BufReader::new(answers);
    let other = || {
        orders.write_all(&[1]).expect("a child can be told");
        let mut line = String::new();
        assert_eq!(answers.read_line(&mut line).expect("a child answers"), 1);
    };
    report.time_parts(
        "get_current_sequence, news of another process",
        "<= 10 us",
        database.size,
        1,
        notice(&db, other),
    );
    drop(orders);
    assert!(child.wait().expect("a child ends").success());
    let mut source = Source::new(8);
    let own = || {
        db.record_experience(source.record(database.collective)).expect("a record is recorded");
    };
    report.time_parts(
        "get_current_sequence, news of this process",
        "<= 1 us",
        database.size,
        1,
        notice(&db, own),
    );
}

/// Lets somebody commit and times the call that sees it, so many times.
fn notice(db: &PulseDB, mut commit: impl FnMut()) -> impl FnMut(u64) -> Duration {
    move |times| {
        let mut elapsed = Duration::ZERO;
        let mut last = db.get_current_sequence();
        for _ in 0..times {
            commit();
            let start = Instant::now();
            let current = db.get_current_sequence();
            elapsed += start.elapsed();
            assert_eq!(current, last + 1);
            last = current;
        }
        elapsed
    }
}

fn spawn(part: &str, database: &Database) -> (Child, ChildStdin, ChildStdout) {
    let mut child = Command::new(env::current_exe().expect("a running program has a path"))
        .env(PART, part)
        .env(PATH, database.path())
        .env(COLLECTIVE, database.collective.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again");
    let orders = child.stdin.take().expect("it was asked for");
    let answers = child.stdout.take().expect("it was asked for");
    (child, orders, answers)
}
