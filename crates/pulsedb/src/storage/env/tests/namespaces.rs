//! Processes in PID namespaces of their own, as two containers on one volume have them.

use std::process::Command;

use super::processes::Other;
use super::*;
use crate::storage::env::writers;

/// A role in a PID namespace of its own: as its first process, or as the child of a shell.
fn command(role: &str, path: &Path, first: bool) -> Command {
    let inner = Other::command(role, path, 0);
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child"]);
    if !first {
        command.args(["sh", "-c", "\"$0\" \"$@\"; exit $?"]);
    }
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    command
}

fn namespaces_are_allowed() -> bool {
    let tried = Command::new("unshare").args(["--pid", "--fork", "--kill-child", "true"]).output();
    let allowed = tried.is_ok_and(|output| output.status.success());
    if !allowed {
        println!("skipped: no PID namespace can be made here");
    }
    allowed
}

fn ready(role: &str, path: &Path, first: bool) -> Other {
    let mut other = Other::of(command(role, path, first).spawn().unwrap());
    other.answer("ready");
    other
}

#[test]
fn readers_and_writers_of_another_namespace_are_seen_and_kept() {
    if !namespaces_are_allowed() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let mut reader = ready("hold a snapshot", home.path(), false);
    let txn_id = environment.last_txn_id().unwrap();
    for _ in 0..3 {
        put(&environment, b"key", b"other");
        environment.clear_stale_readers().unwrap();
    }
    let readers = environment.readers().unwrap();
    assert_eq!(readers.iter().map(|reader| reader.txn_id).collect::<Vec<_>>(), [txn_id]);
    let mut writer = ready("hold a write", home.path(), true);
    assert_eq!(writers(home.path()).unwrap().len(), 2);
    writer.kill();
    put(&environment, b"key", b"last");
    reader.kill();
    assert_eq!(environment.readers().unwrap(), []);
    assert_eq!(writers(home.path()).unwrap().len(), 1);
}

#[test]
fn slot_of_a_dead_process_is_freed_by_the_next_one_of_its_number() {
    if !namespaces_are_allowed() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    ready("hold a snapshot", home.path(), true).kill();
    // The number lives again before anyone has looked for the dead.
    let _next = ready("hold a handle", home.path(), true);
    assert_eq!(environment.readers().unwrap(), []);
}

#[test]
fn process_of_the_same_number_is_refused_with_cause_and_remedy() {
    if !namespaces_are_allowed() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    put(&open(home.path()).unwrap(), b"key", b"value");
    let mut first = ready("hold a handle", home.path(), true);
    let mut second = Other::of(command("try to open", home.path(), true).spawn().unwrap());
    for handle in ["writer", "reader"] {
        let answer = second.answer(handle);
        let told = answer.contains("DatabaseLocked") && answer.contains("PID namespace");
        assert!(told && answer.contains("process id, 1,"), "{handle}: {answer}");
    }
    let mut other = Other::of(command("try to open", home.path(), false).spawn().unwrap());
    assert_eq!(other.answer("writer"), "open");
    first.kill();
    let mut second = Other::of(command("try to open", home.path(), true).spawn().unwrap());
    assert_eq!(second.answer("writer"), "open");
}
