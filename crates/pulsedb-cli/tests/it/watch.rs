//! `watch` and `bench`: changes of any process, in order, also over restarts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::shell::{Shell, failure, keys};

/// A `watch` that runs; ended when dropped.
struct Watch {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Watch {
    fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let mut command = shell.command(["watch", "--json"].iter().chain(arguments));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn record(shell: &Shell, arguments: &[&str]) -> String {
    shell.ok(["record"].iter().chain(arguments)).trim().to_owned()
}

#[test]
fn watch_sees_each_change_of_other_processes_and_goes_on_when_they_end() {
    let shell = Shell::new();
    shell.ok(["collectives", "create", "default"]);
    let mut watch = Watch::start(&shell, &["--since", "0"]);
    let id = record(&shell, &["first", "--type", "fact", "--with", "statement=a", "--with", "source=b"]);
    let created = watch.next();
    assert_eq!(keys(&created), ["collective", "event", "experience", "id", "sequence", "timestamp"]);
    assert_eq!((&created["event"], &created["id"]), (&"created".into(), &id.clone().into()));
    assert_eq!(created["experience"]["content"], "first");
    shell.ok(["reinforce", &id]);
    assert_eq!(watch.next()["event"], "updated");
    shell.ok(["forget", &id]);
    assert_eq!(watch.next()["event"], "archived");
    shell.ok(["forget", &id, "--delete"]);
    let deleted = watch.next();
    assert_eq!((&deleted["event"], &deleted["experience"]), (&"deleted".into(), &Value::Null));
    // A watch that was stopped goes on after the last number.
    drop(watch);
    let second = record(&shell, &["second"]);
    let since = deleted["sequence"].to_string();
    assert_eq!(Watch::start(&shell, &["--since", &since]).next()["id"], second);
}

#[test]
fn watch_filters_and_ends_after_so_many_changes() {
    let shell = Shell::new();
    for (content, domain, importance) in [("a", "ops", "0.9"), ("b", "ops", "0.1"), ("c", "dev", "0.9")] {
        record(&shell, &[content, "--domain", domain, "--importance", importance]);
    }
    let filter = ["--domain", "ops", "--min-importance", "0.5"];
    let lines = shell.ok(["watch", "--since", "0", "-n", "1"].iter().chain(&filter));
    assert!(lines.contains("created") && lines.contains("generic: a"), "{lines}");
    let two = shell.ok(["watch", "--since", "0", "-n", "2", "--json", "--domain", "ops"]);
    let contents: Vec<Value> = two.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(contents.iter().map(|it| &it["experience"]["content"]).collect::<Vec<_>>(), ["a", "b"]);
}

#[cfg(unix)]
#[test]
fn command_runs_for_each_change_in_order_and_its_failure_is_told() {
    let shell = Shell::new();
    for content in ["one", "two", "three"] {
        record(&shell, &[content]);
    }
    let command =
        "read line; echo \"$PULSEDB_EVENT $PULSEDB_SEQUENCE $line\" >> seen; test $PULSEDB_SEQUENCE -ne 3";
    let output = shell.run(["watch", "--since", "0", "-n", "3", "--exec", command]);
    let message = failure(&output, 1);
    assert!(message.contains("change 3"), "{message}");
    let seen = std::fs::read_to_string(shell.work().join("seen")).unwrap();
    let begins: Vec<&str> = seen.lines().map(|line| line.split_once(" {").unwrap().0).collect();
    assert_eq!(begins, ["created 2", "created 3", "created 4"]);
    assert!(seen.lines().nth(1).unwrap().contains("\"content\":\"two\""));
}

#[test]
fn end_of_the_collective_is_told_after_its_deletions() {
    let shell = Shell::new();
    record(&shell, &["one", "-c", "notes"]);
    shell.ok(["collectives", "delete", "notes", "--yes"]);
    failure(&shell.run(["watch", "-c", "notes"]), 3);
    record(&shell, &["one", "-c", "notes"]);
    let mut command = shell.command(["watch", "-c", "notes", "--json", "--since", "0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let created = lines.next().unwrap().unwrap();
    assert!(created.contains("\"created\""), "{created}");
    shell.ok(["collectives", "delete", "notes", "--yes"]);
    let deleted = lines.next().unwrap().unwrap();
    assert!(deleted.contains("\"deleted\""), "{deleted}");
    assert!(lines.next().is_none());
    let message = failure(&child.wait_with_output().unwrap(), 3);
    assert!(message.contains("`notes` was deleted"), "{message}");
}

#[test]
fn bench_measures_and_leaves_nothing_behind() {
    let shell = Shell::new();
    let document = shell.json(["bench", "--records", "200", "--json"]);
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(keys(row), ["p50_us", "p99_us", "runs", "what"]);
        assert!(row["p50_us"].as_f64() <= row["p99_us"].as_f64() && row["runs"].as_u64() > Some(0), "{row}");
    }
    let entries = std::fs::read_dir(shell.database().parent().unwrap()).unwrap();
    assert_eq!(entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["work"]);
}

#[cfg(unix)]
#[test]
fn bench_that_a_signal_ends_leaves_nothing_behind() {
    let shell = Shell::new();
    let mut command = shell.command(["bench", "--records", "100000"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let home = shell.database().parent().unwrap().to_owned();
    let is_there = || std::fs::read_dir(&home).unwrap().count() > 1;
    let begin = std::time::Instant::now();
    while !is_there() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        assert!(begin.elapsed().as_secs() < 60, "it has not begun");
        std::thread::yield_now();
    }
    let signal = format!("kill -TERM {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(!is_there(), "the database stays");
}
