//! From the return of a commit to the event in another thread, in a task, and in another process.
//!
//! The other process is this program again, told its part by the environment. Moments are those of the system's clock,
//! which the processes share.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use pulsedb::{CollectiveId, PulseDB, WatchStream};

use crate::table::{Table, note, open};

/// The directory that a child watches, and how many events it waits for.
const PATH: &str = "PULSEDB_BENCH_WATCH";
const COUNT: &str = "PULSEDB_BENCH_COUNT";

/// Watches, if this process is a child.
pub(crate) fn run_if_child() -> bool {
    let Ok(path) = env::var(PATH) else { return false };
    let count: usize = env::var(COUNT).expect("a count").parse().expect("a number");
    let db = open(path.as_ref());
    let cid = db.get_or_create_collective("c").expect("a collective");
    let stream = db.watch_experiences(cid);
    println!("watching");
    let moments: Vec<Duration> = (0..count).map(|_| moment_of_next(&stream)).collect();
    for moment in moments {
        println!("{}", moment.as_nanos());
    }
    true
}

pub(crate) fn measure(rounds: usize, table: &mut Table) {
    let home = tempfile::tempdir().expect("a directory");
    let db = open(home.path());
    let cid = db.get_or_create_collective("c").expect("a collective");

    let stream = db.watch_experiences(cid);
    let times = std::thread::scope(|scope| {
        let reader = scope.spawn(|| (0..rounds).map(|_| moment_of_next(&stream)).collect::<Vec<_>>());
        let committed = commits(&db, cid, rounds);
        spans(&committed, &reader.join().expect("the reader ends"))
    });
    table.times("commit to event, a thread of this process", "<= 15 us", times);

    let mut stream = db.watch_experiences(cid);
    let times = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            futures_executor::block_on(async {
                let mut moments = Vec::new();
                while moments.len() < rounds && stream.next().await.is_some() {
                    moments.push(now());
                }
                moments
            })
        });
        let committed = commits(&db, cid, rounds);
        spans(&committed, &reader.join().expect("the reader ends"))
    });
    table.times("commit to event, a task of this process", "<= 15 us", times);

    let mut child = Command::new(env::current_exe().expect("this program"))
        .env(PATH, home.path())
        .env(COUNT, rounds.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "watching");
    let committed = commits(&db, cid, rounds);
    let moments: Vec<Duration> =
        lines.map(|line| Duration::from_nanos(line.expect("text").parse().expect("a number"))).collect();
    assert!(child.wait().expect("the child ends").success());
    table.times("commit to event, another process", "<= 60 us", spans(&committed, &moments));
}

/// Records one after the other, with a pause in which readers fall asleep; when each call returned.
fn commits(db: &PulseDB, cid: CollectiveId, rounds: usize) -> Vec<Duration> {
    let record = |number| {
        std::thread::sleep(Duration::from_micros(300));
        db.record_experience(note(cid, number)).expect("it is recorded");
        now()
    };
    (0..rounds).map(record).collect()
}

fn moment_of_next(stream: &WatchStream) -> Duration {
    stream.recv().expect("the database is open");
    now()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970")
}

/// From each commit to its event; nothing where the event was there before the call had returned.
fn spans(committed: &[Duration], seen: &[Duration]) -> Vec<Duration> {
    assert_eq!(committed.len(), seen.len());
    committed.iter().zip(seen).map(|(from, to)| to.saturating_sub(*from)).collect()
}
