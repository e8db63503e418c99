//! What the commands do with snapshots, and with files that are like each other.

use std::fs;

use serde_json::Value;

use crate::shell::{Shell, failure, lines, text_of};

/// An engram of three snapshots: as it was made, with a line more in the long text, and without the note.
fn with_three_snapshots() -> Shell {
    let shell = Shell::with_engram();
    shell.write("tree/docs/long.txt", lines(2000) + "changed\n");
    let modify = ["update", "modify", "tree.egm", "tree", "--label", "edited"];
    text_of(&shell.command(modify).env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap());
    let remove = ["update", "remove", "tree.egm", "note"];
    text_of(&shell.command(remove).env("SOURCE_DATE_EPOCH", "1700086400").output().unwrap());
    shell
}

#[test]
fn older_state_can_be_brought_back() {
    let shell = with_three_snapshots();
    assert_eq!(shell.ok(["cat", "tree.egm", "docs/long.txt", "--at", "1"]), lines(2000));
    assert_eq!(shell.ok(["cat", "tree.egm", "docs/long.txt"]), lines(2000) + "changed\n");
    shell.ok(["extract", "tree.egm", "note", "-o", "copy", "--at", "edited"]);
    assert_eq!(shell.read("copy/note"), "vectors index, bytes store");
    failure(&shell.run(["cat", "tree.egm", "note"]), 3);
}

#[test]
fn added_files_stand_beside_what_is_there() {
    let shell = Shell::with_engram();
    shell.write("more/x", "1");
    shell.write("note", "another");
    shell.ok(["update", "add", "tree.egm", "more", "note"]);
    let listed = shell.ok(["ls", "tree.egm"]);
    assert_eq!(listed, "docs\ndocs/copy.txt\ndocs/long.txt\nmore\nmore/x\nnote\n");
    assert_eq!(shell.ok(["cat", "tree.egm", "note"]), "another");
}

#[test]
fn log_lists_snapshots_and_the_versions_of_a_path() {
    let shell = with_three_snapshots();
    let snapshots = shell.json(["log", "tree.egm", "--json"]);
    assert_eq!(snapshots.as_array().unwrap().len(), 3);
    assert_eq!(snapshots[1]["time"], "2023-11-14T22:13:20Z");
    assert_eq!(shell.ok(["log", "tree.egm"]).lines().count(), 3);
    let versions = shell.json(["log", "tree.egm", "docs/long.txt", "--json"]);
    let changes = |versions: &Value| -> Vec<String> {
        let versions = versions.as_array().unwrap();
        versions.iter().map(|version| version["change"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(changes(&versions), ["added", "content"]);
    assert!(versions[1]["similarity"].as_f64().unwrap() > 0.9);
    assert_eq!(changes(&shell.json(["log", "tree.egm", "note", "--json"])), ["added", "removed"]);
    assert!(shell.ok(["log", "tree.egm", "note"]).ends_with("removed\n"));
    failure(&shell.run(["log", "tree.egm", "missing"]), 3);
}

#[test]
fn diff_names_what_changed() {
    let shell = with_three_snapshots();
    assert_eq!(shell.ok(["diff", "tree.egm", "edited", "3"]).lines().last(), Some("removed   note"));
    let text = shell.ok(["diff", "tree.egm", "1", "edited"]);
    assert!(text.contains("content   docs/long.txt") && !text.contains("copy"), "{text}");
    let first: Value =
        serde_json::from_str(shell.ok(["diff", "tree.egm", "1", "--json"]).lines().last().unwrap()).unwrap();
    assert_eq!((&first["path"], &first["change"]), (&"note".into(), &"removed".into()));
    failure(&shell.run(["diff", "tree.egm", "9"]), 3);
}

#[test]
fn forgetting_needs_a_rule_or_a_number_and_can_be_tried_first() {
    let shell = with_three_snapshots();
    failure(&shell.run(["forget", "tree.egm"]), 2);
    failure(&shell.run(["forget", "tree.egm", "8"]), 3);
    let report = shell.json(["forget", "tree.egm", "--keep-last", "1", "--dry-run", "--json"]);
    assert_eq!(report["forgotten"].as_array().unwrap().len(), 2);
    assert_eq!(shell.ok(["log", "tree.egm"]).lines().count(), 3);
    shell.ok(["forget", "tree.egm", "--keep-last", "1", "--keep-label", "first"]);
    let left = shell.json(["log", "tree.egm", "--json"]);
    assert_eq!((&left[0]["number"], &left[1]["number"]), (&1.into(), &3.into()));
    shell.ok(["forget", "tree.egm", "1"]);
    assert_eq!(shell.ok(["log", "tree.egm"]).lines().count(), 1);
}

#[test]
fn compacting_frees_what_no_snapshot_needs() {
    let shell = with_three_snapshots();
    shell.ok(["forget", "tree.egm", "--keep-last", "1"]);
    let report = shell.json(["update", "compact", "tree.egm", "--json"]);
    assert!(report["bytes_after"].as_u64() < report["bytes_before"].as_u64(), "{report}");
    assert_eq!(report["bytes_after"], fs::metadata(shell.path("tree.egm")).unwrap().len());
    assert_eq!(shell.ok(["cat", "tree.egm", "docs/long.txt"]), lines(2000) + "changed\n");
    assert_eq!(shell.json(["verify", "tree.egm", "--json"])["sound"], true);
}

#[test]
fn edited_copies_are_found() {
    let shell = Shell::with_engram();
    assert!(shell.ok(["similar", "tree.egm", "docs/long.txt"]).ends_with("  docs/copy.txt\n"));
    assert!(shell.ok(["similar", "tree.egm"]).ends_with("  docs/copy.txt  docs/long.txt\n"));
    let found = shell.ok(["similar", "tree.egm", "--file", "tree/docs/copy.txt", "--limit", "1", "--json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["path"], "docs/copy.txt");
    failure(&shell.run(["similar", "tree.egm", "missing"]), 3);
    let bundles = shell.json(["bundle-hier", "tree.egm", "--json"]);
    assert_eq!(bundles["items"], 2);
}

#[test]
fn writer_that_comes_second_is_told() {
    let shell = Shell::with_engram();
    let file = fs::File::options().read(true).write(true).open(shell.path("tree.egm")).unwrap();
    file.lock().unwrap();
    for arguments in [
        &["update", "modify", "tree.egm", "tree"][..],
        &["update", "remove", "tree.egm", "note"],
        &["update", "compact", "tree.egm"],
        &["forget", "tree.egm", "--keep-last", "1"],
    ] {
        failure(&shell.run(arguments), 4);
    }
    shell.ok(["ls", "tree.egm"]);
}

#[test]
fn fragment_finds_its_file() {
    let shell = Shell::with_engram();
    shell.write("fragment", &lines(2000).as_bytes()[20_000..21_100]);
    let output = shell.run(["query", "tree.egm", "--file", "fragment"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--index fragment"));
    assert!(output.status.success());
    shell.ok(["update", "compact", "tree.egm", "--index", "fragment"]);
    let found = shell.ok(["query", "tree.egm", "--file", "fragment"]);
    assert_eq!(found, "1.00       20000  docs/copy.txt\n1.00       20000  docs/long.txt\n");
    let found = shell.ok(["query", "tree.egm", "--text", "which vectors?", "--limit", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap()["path"], "note");
    shell.write("other", [7; 2000]);
    failure(&shell.run(["query", "tree.egm", "--file", "other"]), 3);
    failure(&shell.run(["query", "tree.egm", "--file", "missing"]), 3);
    failure(&shell.run(["query", "tree.egm"]), 2);
    shell.write("empty", "");
    failure(&shell.run(["query", "tree.egm", "--file", "empty"]), 2);
}
