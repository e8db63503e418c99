//! An import that is killed at any point goes on where it was.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use crate::shell::{Shell, text_of};

/// Kills an import of a stream after so many of its lines were handed over, and once its process has read them.
fn kill_after(shell: &Shell, lines: &[String], count: usize) {
    let mut child = spawn(shell);
    let mut stdin = child.stdin.take().unwrap();
    // The pipe holds 64 KiB, so all but the last lines have been read when this returns.
    for line in &lines[..count] {
        stdin.write_all(line.as_bytes()).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn spawn(shell: &Shell) -> Child {
    let mut command = shell.command(["import", "-", "--format", "jsonl", "-q"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn stream_killed_at_many_points_is_imported_once() {
    let shell = Shell::new();
    let text = "words of some length ".repeat(20);
    let lines: Vec<String> =
        (0..4000).map(|number| format!("{{\"content\":\"{number} {text}\"}}\n")).collect();
    for count in [1, 40, 300, 700, 1100, 1500, 1900, 2600, 3300, 4000] {
        kill_after(&shell, &lines, count);
    }
    text_of(&shell.run_with(["import", "-", "--format", "jsonl"], lines.concat()));
    let contents = shell.contents();
    assert_eq!(contents.len(), lines.len());
    assert_eq!(contents.iter().collect::<BTreeSet<_>>().len(), lines.len());
    assert_eq!(shell.json(["check", "--json"])["clean"], true);
}

#[test]
fn changed_tree_killed_at_many_points_ends_as_it_is() {
    let shell = Shell::new();
    let write = |version: usize| {
        for file in 0..60 {
            // Each version moves every passage, drops some and adds some.
            let sections = (version..version + 20).map(|n| format!("# S{n}\n\nfile {file} section {n}\n\n"));
            shell.write(
                &format!("{file}.md"),
                format!("# Version {version}\n\n{}", sections.collect::<String>()),
            );
        }
    };
    for version in 0..8 {
        write(version);
        let mut child = shell.command(["import", ".", "-q"]).spawn().unwrap();
        wait_for_sequence(&shell, child.id(), 200 * (version as u64 + 1));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    shell.ok(["import", ".", "-q"]);
    let contents = shell.contents();
    assert_eq!(contents.len(), 60 * 20 + 60, "the version lines and 20 sections a file");
    assert_eq!(contents.iter().filter(|content| content.contains("section 6")).count(), 0);
    assert!(contents.iter().any(|content| content.contains("file 59 section 26")));
    assert_eq!(shell.json(["import", ".", "--json"])["records"]["unchanged"], 60 * 20 + 60);
    assert_eq!(shell.json(["check", "--json"])["clean"], true);
}

/// Returns when the database has come to a change of this number, or its writer has ended.
fn wait_for_sequence(shell: &Shell, pid: u32, sequence: u64) {
    for _ in 0..10_000 {
        let output = shell.run(["stats", "--json"]);
        let Ok(stats) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else { continue };
        let writes = stats["writers"].as_array().unwrap().iter().any(|writer| writer["pid"] == pid);
        if stats["sequence"].as_u64() >= Some(sequence) || (stats["sequence"].as_u64() > Some(0) && !writes) {
            return;
        }
    }
    panic!("the import made no progress");
}

#[test]
fn waiting_import_goes_on_when_the_first_is_killed() {
    let shell = Shell::new();
    let mut first = spawn(&shell);
    // It has the lock when its first full batch is in the database.
    let lines: String = (0..600).map(|number| format!("{{\"content\":\"line {number}\"}}\n")).collect();
    first.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    wait_for_sequence(&shell, first.id(), 500);
    shell.write("a.md", "second");
    let mut second = shell.command(["import", "a.md"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut message = String::new();
    BufReader::new(second.stderr.take().unwrap()).read_line(&mut message).unwrap();
    assert!(message.contains("waiting"), "{message}");
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(second.wait().unwrap().success());
    assert!(shell.contents().contains(&"second".to_owned()));
}
