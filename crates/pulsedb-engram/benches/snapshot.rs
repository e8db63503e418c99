//! A snapshot of a large collective, the next one after a few changes, its restoring, and `grep -r` over a mounted one.
//!
//! `cargo bench -p pulsedb-engram`; with `-- --test` a fiftieth of the records, only to see that it works.
#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, and says where")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, Config, NewExperience, PulseDB};
use pulsedb_engram::{Mount, MountOptions, SnapshotOptions, StoredSnapshot, snapshot};

/// Records of the snapshot, and of the mount.
const STORED: usize = 100_000;
const MOUNTED: usize = 10_000;
/// Each experience is in `by-type`, in `by-agent` and in two domains.
const NAMES: usize = 4;
const COMMIT_ROWS: usize = 1000;
const RUNS: usize = 5;
const MIB: f64 = (1 << 20) as f64;

fn main() {
    let is_test = std::env::args().any(|it| it == "--test");
    let of = |count: usize| if is_test { count / 50 } else { count };
    let directory = tempfile::tempdir().unwrap();
    println!("| what | elapsed | |\n|---|---|---|");
    snapshots(directory.path(), of(STORED));
    mounts(directory.path(), of(MOUNTED));
}

fn snapshots(place: &Path, count: usize) {
    let (db, collective) = made(&place.join("stored"), count);
    let engram = place.join("it.egm");
    let taken = |what: &str| {
        let begun = Instant::now();
        let report = snapshot(&db, &engram, &SnapshotOptions::default()).unwrap();
        let added = format!("{:.1} MiB are added", report.added_bytes as f64 / MIB);
        row(&format!("snapshot of {} experiences, {what}", report.experiences), begun.elapsed(), &added);
    };
    taken("a new engram");
    record(&db, collective, count..count + count / 100);
    taken("the next one after 1 % more");
    drop(db);
    let begun = Instant::now();
    let restored = PulseDB::open(place.join("restored"), config()).unwrap();
    let report = StoredSnapshot::open(&engram, None).unwrap().restore(&restored).unwrap();
    assert_eq!(report.experiences as usize, count + count / 100);
    row(&format!("restore of {} experiences", report.experiences), begun.elapsed(), "");
}

fn mounts(place: &Path, count: usize) {
    if let Err(error) = File::options().read(true).write(true).open("/dev/fuse") {
        println!("\nskipped: /dev/fuse cannot be opened: {error}");
        return;
    }
    let (db, collective) = made(&place.join("mounted"), count);
    let at = place.join("at");
    fs::create_dir(&at).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mount = Mount::new(&db, collective, &at, MountOptions::default()).unwrap();
        let serving = thread::spawn(|| mount.run());
        for taken in [&mut first, &mut second] {
            let begun = Instant::now();
            let found = Command::new("grep").args(["-rl", "record 77 says"]).arg(&at).output().unwrap();
            taken.push(begun.elapsed());
            assert_eq!(String::from_utf8(found.stdout).unwrap().lines().count(), NAMES);
        }
        Mount::take_down(&at).unwrap();
        serving.join().unwrap().unwrap();
    }
    let what = format!("`grep -rl` over a mount of {count} experiences");
    row(&format!("{what}, just mounted"), median(first), "median of 5");
    row(&format!("{what}, again"), median(second), "median of 5");
}

fn config() -> Config {
    Config { map_size_gb: 8, ..Config::default() }
}

fn made(path: &Path, count: usize) -> (PulseDB, CollectiveId) {
    let db = PulseDB::open(path, config()).unwrap();
    let collective = db.create_collective("all").unwrap();
    record(&db, collective, 0..count);
    (db, collective)
}

fn record(db: &PulseDB, collective_id: CollectiveId, numbers: std::ops::Range<usize>) {
    let new = |number: usize| NewExperience {
        collective_id,
        content: format!(
            "The record {number} says that service {} of part {} has to be restarted after each change of its settings in \
             region {}, because the worker {} keeps what it has read of them until it ends; the alarm {} tells of it, and \
             the rule in the handbook says who does so",
            number * 7919 % 1000,
            number % 97,
            number % 13,
            number * 31 % 577,
            number * 17 % 311
        ),
        domain: vec![format!("part {}", number % 97), "all".to_owned()],
        source_agent: ["ada", "grace", "edsger"][number % 3].into(),
        ..NewExperience::default()
    };
    let numbers: Vec<usize> = numbers.collect();
    for part in numbers.chunks(COMMIT_ROWS) {
        db.record_experiences(part.iter().map(|number| new(*number)).collect()).unwrap();
    }
}

fn median(mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    taken[taken.len() / 2]
}

fn row(what: &str, elapsed: Duration, more: &str) {
    println!("| {what} | {elapsed:.2?} | {more} |");
}
