//! Compaction: what it gives back, who may be there, and that it can end at any point.

use std::fs;

use super::processes::Other;
use super::*;
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::compact::Step;

const STEPS: u32 = 7;

/// A database with a good deal of free pages, and how many rows its first table has.
fn sparse(path: &Path) -> (EnvHandle, u64) {
    let environment = open(path).unwrap();
    for batch in 0..8_u32 {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        guard.reserve(1 << 20, Space::Growth).unwrap();
        for row in 0..300_u32 {
            let key = (batch * 300 + row).to_be_bytes();
            environment.table(0).put(guard.txn(), &key, &value(batch * 300 + row)).unwrap();
            environment.table(1).put(guard.txn(), &key, b"small").unwrap();
        }
        guard.commit().unwrap();
    }
    let mut turn = environment.turn().unwrap();
    let mut guard = turn.begin().unwrap();
    for row in (0..2400_u32).filter(|row| row % 8 != 0) {
        environment.table(0).delete(guard.txn(), &row.to_be_bytes()).unwrap();
    }
    guard.commit().unwrap();
    drop(turn);
    (environment, 300)
}

fn value(row: u32) -> Vec<u8> {
    vec![row as u8; 100 + (row as usize * 7919) % 6000]
}

fn assert_whole(environment: &Environment, rows: u64) {
    environment.check_pages().unwrap();
    let txn = environment.read().unwrap();
    assert_eq!(environment.table(0).len(&txn).unwrap(), rows);
    assert_eq!(environment.table(1).len(&txn).unwrap(), 2400);
    for row in (0..2400_u32).step_by(8) {
        assert_eq!(environment.table(0).get(&txn, &row.to_be_bytes()).unwrap(), Some(value(row).as_slice()));
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path.join("data.mdb")).unwrap().len()
}

fn holder(error: &PulseDBError) -> &str {
    let PulseDBError::Storage(StorageError::DatabaseLocked { holder }) = error else { panic!("{error}") };
    holder
}

#[test]
fn compaction_gives_room_back_and_every_handle_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    let reader = Environment::open(&read_only(home.path()), TABLES).unwrap();
    let txn_id = environment.last_txn_id().unwrap();
    let (before, after) = environment.compact().unwrap();
    assert!(after * 2 < before, "{before} bytes before, {after} after");
    assert_eq!(length(home.path()), after);
    assert_eq!(environment.last_txn_id().unwrap(), txn_id, "no number is given twice, and no cache is wrong");
    assert_whole(&environment, rows);
    assert_whole(&reader, rows);
    assert!(!home.path().join("compact").exists());
    put(&environment, b"key", b"value");
    assert_eq!(environment.last_txn_id().unwrap(), txn_id + 1);
    assert_eq!(get(&reader, b"key").unwrap(), b"value");
    let behind = length(home.path()) - (environment.engine().unwrap().last_page() + 1) * 4096;
    assert!(behind >= limits::RESERVE_BYTES / 2, "{behind}");
    // What is dense stays as it is.
    let (before, after) = environment.compact().unwrap();
    assert!(before - after < 1 << 20, "{before} bytes before, {after} after");
    drop((environment, reader));
    let environment = open(home.path()).unwrap();
    assert_eq!(environment.map_bytes().unwrap(), 1 << 30);
    assert_whole(&environment, rows + 1);
}

#[test]
fn compaction_is_refused_while_another_process_has_the_database_open() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    for role in ["hold a handle", "hold a snapshot"] {
        let mut other = Other::ready(role, home.path());
        let error = environment.compact().unwrap_err();
        let names = holder(&error).contains(&other.child.id().to_string());
        let own = holder(&error).contains(&format!("process {} ", std::process::id()));
        assert!(!own && (names || role == "hold a snapshot"), "{error}");
        put(&environment, b"key", b"value");
        other.kill();
    }
    environment.compact().unwrap();
    assert_whole(&environment, rows + 1);
}

#[test]
fn compaction_is_refused_while_a_call_goes_on_reading() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    let before = length(home.path());
    std::thread::scope(|scope| {
        let (said, hears) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let shared = &environment;
        scope.spawn(move || {
            let txn = shared.read().unwrap();
            said.send(()).unwrap();
            ended.recv().unwrap();
            drop(txn);
        });
        hears.recv().unwrap();
        let error = environment.compact().unwrap_err();
        assert!(holder(&error).contains("this process"), "{error}");
        end.send(()).unwrap();
    });
    assert_eq!(length(home.path()), before);
    assert!(!home.path().join("compact").exists());
    put(&environment, b"key", b"value");
    environment.compact().unwrap();
    assert_whole(&environment, rows + 1);
}

#[test]
fn process_that_opens_meanwhile_waits_and_finds_the_new_file() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    let mut other = None;
    environment
        .compact_in_steps(&mut |step| {
            if step == Step::Stamped {
                other = Some(Other::start("read when told", home.path(), 0));
            }
            Ok(())
        })
        .unwrap();
    let mut other = other.unwrap();
    other.answer("ready");
    other.tell("count");
    assert_eq!(other.answer("rows"), rows.to_string());
}

#[test]
fn readers_of_this_process_read_on_during_a_compaction() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    let done = std::sync::atomic::AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0_u64;
            while !done.load(std::sync::atomic::Ordering::Relaxed) && reads < 1 << 30 {
                let txn = environment.read().unwrap();
                let table = *txn.engine().table(0);
                assert_eq!(table.len(&txn).unwrap(), rows);
                reads += 1;
            }
            reads
        });
        for round in 0..3 {
            environment.compact().unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(reads > 0);
    assert_whole(&environment, rows);
}

#[test]
fn damaged_file_is_not_compacted() {
    use std::io::{Seek, SeekFrom, Write};
    let home = tempfile::tempdir().unwrap();
    let (environment, _) = sparse(home.path());
    let root = {
        let txn = environment.read().unwrap();
        let file = fs::File::open(home.path().join("data.mdb")).unwrap();
        state::read_for(&file, home.path(), txn.id() as u64).unwrap().main.root
    };
    let mut file = fs::File::options().write(true).open(home.path().join("data.mdb")).unwrap();
    file.seek(SeekFrom::Start(root * 4096 + 8)).unwrap();
    file.write_all(&[0xff; 2]).unwrap();
    let before = length(home.path());
    let error = environment.compact().unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Corrupted { .. })), "{error}");
    assert_eq!(length(home.path()), before);
}

/// Role: stops in the middle of a compaction as a killed process does.
pub(super) fn compact_and_die(path: &Path, number: u32) {
    let environment = open(path).unwrap();
    let mut step = 0;
    let _ = environment.compact_in_steps(&mut |_| {
        step += 1;
        if step == number { std::process::abort() } else { Ok(()) }
    });
}

#[test]
fn process_killed_at_any_step_leaves_every_row() {
    let home = tempfile::tempdir().unwrap();
    let (environment, rows) = sparse(home.path());
    drop(environment);
    let sparse_file = fs::read(home.path().join("data.mdb")).unwrap();
    let mut lengths = Vec::new();
    for step in 1..=STEPS + 1 {
        fs::write(home.path().join("data.mdb"), &sparse_file).unwrap();
        let _ = fs::remove_file(home.path().join("lock"));
        let mut other = Other::start("compact and die", home.path(), step);
        assert_eq!(other.end(), step > STEPS, "step {step}");
        let environment = open(home.path()).unwrap_or_else(|error| panic!("step {step}: {error}"));
        assert_whole(&environment, rows);
        lengths.push(length(home.path()));
        assert!(!home.path().join("compact").exists(), "step {step}");
        put(&environment, b"key", b"value");
        assert_whole(&environment, rows + 1);
    }
    assert!(lengths[0] > 2 * lengths[STEPS as usize], "{lengths:?}");
}

#[test]
fn failure_at_any_step_is_told_and_leaves_every_row() {
    for failing in 1..=STEPS {
        let home = tempfile::tempdir().unwrap();
        let (environment, rows) = sparse(home.path());
        let mut step = 0;
        let error = environment
            .compact_in_steps(&mut |_| {
                step += 1;
                if step == failing { Err(PulseDBError::Closed) } else { Ok(()) }
            })
            .unwrap_err();
        assert!(matches!(error, PulseDBError::Closed), "step {failing}: {error}");
        assert_whole(&environment, rows);
        assert!(!home.path().join("compact").exists(), "step {failing}");
        // Where nobody knows which file a power cut would bring back, nothing is written to either.
        assert_eq!(environment.is_poisoned(), failing == 5, "step {failing}");
        drop(environment);
        let environment = open(home.path()).unwrap();
        put(&environment, b"key", b"value");
        assert_whole(&environment, rows + 1);
    }
}
