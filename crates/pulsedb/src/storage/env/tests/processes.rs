//! Several processes on one database: this test binary starts itself again in the role of another process.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::clock;
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::lock_file::LockFile;
use crate::storage::env::{engine_error, lock_exclusive, writers};

const ROLE: &str = "PULSEDB_TEST_ROLE";
const DIRECTORY: &str = "PULSEDB_TEST_DIRECTORY";
const NUMBER: &str = "PULSEDB_TEST_NUMBER";
/// Commits of each process in the race; more of them for a measurement.
const COMMITS: &str = "PULSEDB_TEST_COMMITS";

/// Lines of the harness that may stand before an answer, and rows of a writer that nobody ends.
const LINES_MAX: u32 = 10_000;
const ROWS_MAX: u32 = 100_000_000;

/// Another process, ended when dropped.
pub(super) struct Other {
    pub(super) child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Other {
    pub(super) fn start(role: &str, path: &Path, number: u32) -> Self {
        Self::of(Self::command(role, path, number).spawn().unwrap())
    }

    pub(super) fn command(role: &str, path: &Path, number: u32) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "storage::env::tests::processes::other_process_plays_its_role", "--nocapture"])
            .env(ROLE, role)
            .env(DIRECTORY, path)
            .env(NUMBER, number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    pub(super) fn of(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Starts it and waits until it says that it is ready.
    pub(super) fn ready(role: &str, path: &Path) -> Self {
        let mut other = Self::start(role, path, 0);
        assert_eq!(other.answer("ready"), "");
        other
    }

    /// What stands behind a word at the start of one of its lines.
    pub(super) fn answer(&mut self, word: &str) -> String {
        let mut line = String::new();
        for _ in 0..LINES_MAX {
            let bytes = self.lines.read_line(&mut line).unwrap();
            assert!(bytes > 0, "the other process ended without saying {word}");
            // The test harness writes the name of the test before the first line.
            if let Some((_, answer)) = line.trim_end().split_once(&format!("@{word}")) {
                return answer.trim().to_owned();
            }
            line.clear();
        }
        panic!("the other process printed {LINES_MAX} lines without saying {word}");
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // What it started, if it was started through something else, ends a moment later.
        self.lines.read_to_end(&mut Vec::new()).unwrap();
    }

    /// Waits until it has ended by itself; whether it did so with success.
    pub(super) fn end(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Sends it a line.
    pub(super) fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn other_process_plays_its_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let path = std::env::var_os(DIRECTORY).unwrap();
    let path = Path::new(&path);
    let number: u32 = std::env::var(NUMBER).unwrap().parse().unwrap();
    match role.as_str() {
        "race" => race(path, number),
        "try to open" => {
            let told =
                |opened: Result<_>| opened.map_or_else(|error| format!("{error:?}"), |_| "open".to_owned());
            say(&format!("writer {}", told(open(path))));
            say(&format!("reader {}", told(Environment::open(&read_only(path), TABLES))));
        }
        "read damage" => read_damage(path, number),
        "write on" => write_on(path, number),
        "create" => {
            let environment = open(path).unwrap();
            say(&format!("created {}", environment.was_created()));
            wait_for_end();
        }
        "hold a handle" => {
            let _environment = open(path).unwrap();
            say("ready");
            wait_for_end();
        }
        "hold a snapshot" => {
            let environment = Environment::open(&read_only(path), TABLES).unwrap();
            let _txn = environment.read().unwrap();
            say("ready");
            wait_for_end();
        }
        "hold a write" => {
            let environment = open(path).unwrap();
            let mut turn = environment.turn().unwrap();
            let mut guard = turn.begin().unwrap();
            environment.table(0).put(guard.txn(), b"half", b"done").unwrap();
            say("ready");
            wait_for_end();
        }
        "hold the turn" => {
            let lock_file = LockFile::create(path).unwrap();
            lock_file.wait_for_turn().unwrap();
            say("ready");
            wait_for_end();
        }
        "compact and die" => compacting::compact_and_die(path, number),
        "ask for a map" => {
            let asked = EnvOptions { map_size_gb: number as usize, ..options(path) };
            let environment = Environment::open(&asked, TABLES).unwrap();
            say(&format!("map {}", environment.map_bytes().unwrap()));
        }
        "read when told" => {
            let environment = Environment::open(&read_only(path), TABLES).unwrap();
            say(&format!("ready {}", environment.map_bytes().unwrap()));
            let mut lines = std::io::stdin().lines();
            while let Some(Ok(_)) = lines.next() {
                let txn = environment.read().unwrap();
                say(&format!("rows {}", environment.table(0).len(&txn).unwrap()));
            }
        }
        other => panic!("unknown role {other}"),
    }
}

/// Writes and deletes rows for ever; says the number of each row that is acknowledged.
fn write_on(path: &Path, first: u32) {
    let environment = open(path).unwrap();
    for key in first..ROWS_MAX {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        let value = row(key);
        guard.reserve(value.len() + 20, Space::Growth).unwrap();
        environment.table(0).put(guard.txn(), &key.to_be_bytes(), &value).unwrap();
        environment.table(1).put(guard.txn(), &key.to_le_bytes(), &value).unwrap();
        if key % 3 == 2 {
            environment.table(1).delete(guard.txn(), &(key - 1).to_le_bytes()).unwrap();
        }
        guard.commit().unwrap();
        drop(turn);
        say(&format!("row {key}"));
    }
    panic!("nobody killed this writer");
}

/// Reads a database again and again, each time with other bytes changed; says how often it met an error.
fn read_damage(path: &Path, rounds: u32) {
    let bytes = std::fs::read(path.join("data.mdb")).unwrap();
    let end = bytes.len() - limits::RESERVE_BYTES as usize;
    let (mut noise, mut errors) = (29_u64, 0);
    let mut random = |below: usize| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize % below
    };
    for round in 0..rounds {
        let mut damaged = bytes.clone();
        let page = 2 + random(end / 4096 - 2);
        for _ in 0..=random(3) {
            // Half of the changes hit the header of a page and the places of its nodes.
            let place = page * 4096 + random(if round % 2 == 0 { 64 } else { 4096 });
            damaged[place] ^= 1 << random(8);
        }
        std::fs::write(path.join("data.mdb"), &damaged).unwrap();
        errors += u32::from(read_everything(path).is_err());
    }
    say(&format!("errors {errors}"));
}

/// Reads all rows forwards and by key, as far as their values can be true.
fn read_everything(path: &Path) -> Result<u64> {
    let environment = Environment::open(&read_only(path), TABLES)?;
    environment.check_pages()?;
    let txn = environment.read()?;
    let told = |error| engine_error("reading", error);
    let mut sum = 0;
    for index in 0..TABLES.len() {
        let table = environment.table(index);
        for row in table.iter(&txn).map_err(told)? {
            let (key, value) = row.map_err(told)?;
            if value.len() <= limits::VALUE_BYTES_MAX {
                sum += value.iter().map(|byte| u64::from(*byte)).sum::<u64>() + key.len() as u64;
            }
        }
        for key in 0..400_u32 {
            let value = table.get(&txn, &key.to_be_bytes()).map_err(told)?.unwrap_or_default();
            if value.len() <= limits::VALUE_BYTES_MAX {
                sum += value.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            }
        }
    }
    Ok(sum)
}

/// The value of a row: its bytes and its length follow from its key.
fn row(key: u32) -> Vec<u8> {
    vec![key as u8; (key as usize * 7919) % 20_000]
}

/// Tells the first process something.
fn say(what: &str) {
    println!("@{what}");
    std::io::stdout().flush().unwrap();
}

/// Waits until the first process ends this one, or ends itself.
fn wait_for_end() {
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
}

/// Commits in a tight loop as soon as all processes are there; says the longest wait for a turn.
fn race(path: &Path, number: u32) {
    let environment = open(path).unwrap();
    say("ready");
    let mut start = String::new();
    std::io::stdin().read_line(&mut start).unwrap();
    let commits: u32 = start.trim().parse().unwrap();
    let began = clock::monotonic();
    let mut longest = Duration::ZERO;
    for count in 0..commits {
        let asked = clock::monotonic();
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        longest = longest.max(asked.elapsed());
        let key = [number.to_be_bytes(), count.to_be_bytes()].concat();
        guard.reserve(200, Space::Growth).unwrap();
        environment.table(0).put(guard.txn(), &key, &[1; 100]).unwrap();
        guard.commit().unwrap();
        drop(turn);
    }
    say(&format!("longest {} of {} us", longest.as_micros(), began.elapsed().as_micros()));
}

#[test]
fn eight_processes_commit_in_turn_and_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let commits: u32 = std::env::var(COMMITS).map_or(40, |commits| commits.parse().unwrap());
    let environment = open(home.path()).unwrap();
    let mut others: Vec<Other> = (0..8).map(|number| Other::start("race", home.path(), number)).collect();
    for other in &mut others {
        other.answer("ready");
    }
    for other in &mut others {
        let mut input = other.child.stdin.take().unwrap();
        writeln!(input, "{commits}").unwrap();
    }
    for (number, other) in others.iter_mut().enumerate() {
        println!("process {number}: longest wait {}", other.answer("longest"));
        assert!(other.child.wait().unwrap().success());
    }
    let txn = environment.read().unwrap();
    assert_eq!(environment.table(0).len(&txn).unwrap(), 8 * u64::from(commits));
}

#[test]
fn processes_that_create_one_database_at_once_make_it_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("new");
    let mut others: Vec<Other> = (0..6).map(|number| Other::start("create", &path, number)).collect();
    let created =
        others.iter_mut().filter_map(|other| (other.answer("created") == "true").then_some(())).count();
    assert_eq!(created, 1);
    assert_eq!(writers(&path).unwrap().len(), 6);
}

#[test]
fn killed_writer_leaves_no_lock_and_half_of_nothing() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let mut other = Other::ready("hold a write", home.path());
    assert_eq!(writers(home.path()).unwrap().len(), 2);
    other.kill();
    assert_eq!(writers(home.path()).unwrap().len(), 1);
    put(&environment, b"other", b"value");
    assert_eq!(get(&environment, b"half"), None);
    assert_eq!(get(&environment, b"key").unwrap(), b"value");
}

#[test]
fn killed_process_loses_its_turn() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    Other::ready("hold the turn", home.path()).kill();
    put(&environment, b"key", b"value");
}

#[test]
fn map_grows_only_when_nobody_else_has_the_database_open() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()).unwrap());
    let mut other = Other::ready("hold a handle", home.path());
    let larger = EnvOptions { map_size_gb: 2, ..options(home.path()) };
    assert_eq!(Environment::open(&larger, TABLES).unwrap().map_bytes().unwrap(), 1 << 30);
    let error = lock_exclusive(home.path()).unwrap_err();
    let PulseDBError::Storage(StorageError::DatabaseLocked { holder }) = &error else { panic!("{error}") };
    assert!(holder.contains(&other.child.id().to_string()), "{holder}");
    other.kill();
    assert!(lock_exclusive(home.path()).is_ok());
    assert_eq!(Environment::open(&larger, TABLES).unwrap().map_bytes().unwrap(), 2 << 30);
}

#[test]
fn snapshot_of_another_process_is_listed_until_it_dies() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    let mut other = Other::ready("hold a snapshot", home.path());
    let txn_id = environment.last_txn_id().unwrap();
    put(&environment, b"key", b"value");
    assert_eq!(environment.readers().unwrap(), [RawReader { pid: other.child.id(), txn_id }]);
    other.kill();
    assert_eq!(environment.readers().unwrap(), []);
}

#[test]
fn acknowledged_rows_survive_kills_at_any_point() {
    let home = tempfile::tempdir().unwrap();
    let (mut noise, mut next) = (17_u32, 0);
    for round in 0..25 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut other = Other::start("write on", home.path(), next);
        for _ in 0..=(noise >> 24) % 12 {
            next = other.answer("row").parse::<u32>().unwrap() + 1;
        }
        other.kill();
        let environment = open(home.path()).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let txn = environment.read().unwrap();
        let rows = environment.table(0).len(&txn).unwrap() as u32;
        // One more may have been committed than it had time to say, and some more that it said nobody heard.
        assert!(rows >= next, "round {round}: {rows} rows, {next} acknowledged");
        for key in 0..rows {
            let value = environment.table(0).get(&txn, &key.to_be_bytes()).unwrap();
            assert_eq!(value, Some(row(key).as_slice()), "round {round}: row {key}");
        }
        next = rows;
    }
}

#[test]
fn damaged_pages_never_end_a_reading_process_by_a_signal() {
    let home = home_in_memory();
    let environment = open(home.path()).unwrap();
    for batch in 0..20_u32 {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        for key in (0..2000).filter(|key| key % 20 == batch) {
            let value = vec![7; (key as usize * 7919) % 300];
            environment.table(1).put(guard.txn(), &key.to_be_bytes(), &value).unwrap();
        }
        environment.table(0).put(guard.txn(), &batch.to_be_bytes(), &row(batch)).unwrap();
        guard.commit().unwrap();
        drop(turn);
    }
    drop(environment);
    let mut other = Other::start("read damage", home.path(), 1000);
    let errors: u32 = other.answer("errors").parse().unwrap();
    println!("{errors} errors");
    assert!(errors > 20, "{errors}");
}

#[cfg(target_os = "linux")]
#[test]
fn files_of_another_user_are_a_typed_error() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    put(&open(&path).unwrap(), b"key", b"value");
    for (mode, what) in [(0o755, "the files"), (0o700, "the directory")] {
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = Other::command("try to open", &path, 0);
        let Ok(child) = command.uid(65_534).gid(65_534).current_dir("/").spawn() else {
            super::skips::skip("users", "this user cannot start a process as another one");
            return;
        };
        let mut other = Other::of(child);
        for handle in ["writer", "reader"] {
            let answer = other.answer(handle);
            assert!(
                answer.starts_with("Io {") && answer.contains("PermissionDenied"),
                "{what}: {handle}: {answer}"
            );
        }
    }
}
