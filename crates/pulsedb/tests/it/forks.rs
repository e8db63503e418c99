//! A child made by `fork`: its copies of the handles are closed, and its end harms nobody.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // `fork` itself.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use pulsedb::{ExperienceId, ExperienceUpdate, PulseDB, PulseDBError, Query, Result, SearchOptions};

use crate::samples::{all, directory, labelled, open};
use crate::worker::{Worker, say};

/// Seconds after which a child that waits for ever is ended by the system.
const PATIENCE: u32 = 60;

/// The exit code of a child that panicked.
const PANICKED: i32 = 99;

/// Runs something in a forked child and returns its exit code; `None` if a signal killed it.
fn in_child(role: impl FnOnce() -> i32) -> Option<i32> {
    // SAFETY: the threads of this process that could hold locks are those of the database, which is what is tested.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "no child can be forked: {}", std::io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: sets a timer of this process.
        unsafe { libc::alarm(PATIENCE) };
        // A panic must not unwind into the copy of the test harness.
        let code = std::panic::catch_unwind(AssertUnwindSafe(role)).unwrap_or(PANICKED);
        // SAFETY: ends the child at once, without running anything of the test harness.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was just made, and writes to a number that outlives the call.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

fn is_closed<T>(outcome: Result<T>) -> bool {
    matches!(outcome, Err(PulseDBError::Closed))
}

/// How many calls do anything but say that the handle is closed.
fn calls_that_answer(db: &PulseDB, cid: pulsedb::CollectiveId, id: ExperienceId) -> i32 {
    let vector = [1.0; crate::samples::DIMENSION];
    let update = ExperienceUpdate { importance: Some(0.1), ..Default::default() };
    let closed = [
        is_closed(db.get_experience(id)),
        is_closed(db.record_experience(labelled("child", cid))),
        is_closed(db.record_experiences(vec![labelled("child", cid)])),
        is_closed(db.update_experience(id, update)),
        is_closed(db.archive_experience(id)),
        is_closed(db.unarchive_experience(id)),
        is_closed(db.delete_experience(id)),
        is_closed(db.reinforce_experience(id)),
        is_closed(db.energy(id)),
        is_closed(db.list_experiences(cid, 10, 0)),
        is_closed(db.list_cold_experiences(cid, 0.5, 10)),
        is_closed(db.get_recent_experiences(cid, 10)),
        is_closed(db.search(cid, Query::Vector(&vector), SearchOptions::default())),
        is_closed(db.poll_changes(cid, 0)),
        is_closed(db.create_collective("child")),
        is_closed(db.get_or_create_collective("child")),
        is_closed(db.get_or_create_collective("c")),
        is_closed(db.get_collective(cid)),
        is_closed(db.list_collectives()),
        is_closed(db.get_collective_stats(cid)),
        is_closed(db.delete_collective(cid)),
        is_closed(db.check()),
        is_closed(db.stats()),
        is_closed(db.backup(db.path().with_extension("backup"))),
    ];
    closed.iter().map(|closed| i32::from(!closed)).sum()
}

/// The role of a process that forks: a separate one, so that no other test's threads are forked with it.
pub(crate) fn fork(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    let cid = db.create_collective("c").unwrap();
    let id = db.record_experience(labelled("parent", cid)).unwrap();
    let code = in_child(|| calls_that_answer(&db, cid, id));
    say(&format!("answered {code:?}"));
    let clone = db.clone();
    let code = in_child(move || i32::from(clone.close().is_err()));
    say(&format!("closed {code:?}"));
    // Each child drops what the parent goes on using.
    for number in 0..20 {
        let code = in_child(|| {
            // SAFETY: the child's copy of the only handle; nothing in the child uses it again.
            drop(unsafe { std::ptr::read(&raw const db) });
            0
        });
        assert_eq!(code, Some(0));
        db.record_experience(labelled(&format!("parent:{number}"), cid)).unwrap();
    }
    assert_eq!(all(&db, cid).len(), 21);
    assert!(db.check().unwrap().is_clean());
    // A child that opens the database itself gets its own handle or an error, and nothing else happens.
    let code = in_child(|| {
        match PulseDB::open(&arguments[0], crate::samples::external(crate::samples::DIMENSION)) {
            Ok(db) => i32::from(db.get_experience(id).is_err()),
            Err(error) => 10 + i32::from(error.is_storage()),
        }
    });
    say(&format!("opened {code:?}"));
    say("whole");
}

#[test]
fn forked_child_gets_closed_from_every_call_and_does_not_harm_its_parent() {
    let directory = directory();
    let path = directory.path().join("db");
    let mut worker = Worker::start("fork", &[path.to_str().unwrap()]);
    assert_eq!(worker.expect_line(), "answered Some(0)");
    assert_eq!(worker.expect_line(), "closed Some(0)");
    let opened = worker.expect_line();
    assert!(["opened Some(0)", "opened Some(11)"].contains(&opened.as_str()), "{opened}");
    println!("{opened}");
    assert_eq!(worker.expect_line(), "whole");
    assert!(worker.finish().success());
    assert_eq!(open(&path).list_collectives().unwrap().len(), 1);
}
