//! A stopped process that holds a snapshot: writers go on, and it can be found.
#![cfg(target_os = "linux")]

use std::path::Path;

use pulsedb::{PulseDB, ReaderInfo};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::samples::{directory, labelled, open};
use crate::worker::{Worker, say};

/// Rows that a check has to read, so that most of its process's time is inside a snapshot.
const ROWS: usize = 400;

/// Checks after which the process of the test must have ended: it kills the reader long before.
const CHECKS_MAX: u32 = 1_000_000;

/// The role of a reader that is inside a snapshot nearly always.
pub(crate) fn check_for_ever(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    say("ready");
    for _ in 0..CHECKS_MAX {
        assert!(db.check().unwrap().is_clean());
    }
    panic!("nobody killed this reader");
}

/// Stops the worker and waits until all of its threads have stopped.
fn stop(worker: &Worker) {
    let pid = Pid::from_raw(worker.pid() as i32).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped());
}

fn go_on(worker: &Worker) {
    kill_process(Pid::from_raw(worker.pid() as i32).unwrap(), Signal::CONT).unwrap();
}

fn reader_of(db: &PulseDB, worker: &Worker) -> Option<ReaderInfo> {
    db.stats().unwrap().readers.into_iter().find(|reader| reader.pid == worker.pid())
}

/// Stops the worker inside a snapshot. One that is not behind after some commits was between two snapshots.
fn stop_inside_snapshot(db: &PulseDB, worker: &Worker, cid: pulsedb::CollectiveId) -> ReaderInfo {
    for attempt in 0..1000 {
        stop(worker);
        for step in 0..20 {
            db.record_experience(labelled(&format!("{attempt}:{step}"), cid)).unwrap();
        }
        if let Some(reader) = reader_of(db, worker).filter(|reader| reader.transactions_behind >= 20) {
            return reader;
        }
        go_on(worker);
    }
    panic!("the reader was never inside a snapshot");
}

#[test]
fn stopped_reader_does_not_stop_writers_and_statistics_show_it() {
    let directory = directory();
    let path = directory.path().join("db");
    let db = open(&path);
    let cid = db.create_collective("c").unwrap();
    db.record_experiences((0..ROWS).map(|row| labelled(&format!("row:{row}"), cid)).collect()).unwrap();
    let mut worker = Worker::start("reader", &[path.to_str().unwrap()]);
    assert_eq!(worker.expect_line(), "ready");
    let first = stop_inside_snapshot(&db, &worker, cid);
    for number in 0..300 {
        db.record_experience(labelled(&format!("more:{number}"), cid)).unwrap();
    }
    let later = reader_of(&db, &worker).expect("a stopped reader is shown");
    assert_eq!(later.transactions_behind, first.transactions_behind + 300);
    assert!(later.age >= first.age);
    let oldest = &db.stats().unwrap().readers[0];
    assert_eq!(oldest.pid, worker.pid(), "the oldest is the first");
    // What it pins is free again when it dies.
    let pid = worker.pid();
    worker.kill();
    assert!(db.stats().unwrap().readers.iter().all(|reader| reader.pid != pid));
    let before = db.stats().unwrap().file_bytes;
    for number in 0..300 {
        db.record_experience(labelled(&format!("again:{number}"), cid)).unwrap();
        db.delete_experience(db.get_recent_experiences(cid, 1).unwrap()[0].id).unwrap();
    }
    assert_eq!(db.stats().unwrap().file_bytes, before);
    assert!(db.check().unwrap().is_clean());
}
