//! Commands that change what is there: one experience, a collective's name, the data file.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::shell::{Shell, failure, keys, text_of};

fn recorded(shell: &Shell, arguments: &[&str]) -> String {
    shell.ok(["record"].iter().chain(arguments)).trim().to_owned()
}

#[test]
fn update_changes_what_is_named_and_nothing_else() {
    let shell = Shell::new();
    let id = recorded(
        &shell,
        &[
            "the old text",
            "--type",
            "solution",
            "--with",
            "approach=restart",
            "--with",
            "worked=false",
            "--tag",
            "a=1",
            "--tag",
            "b=1",
            "--domain",
            "d",
            "--file",
            "f",
        ],
    );
    let before = shell.json(["get", &id, "--json"]);
    let after =
        shell.json(["update", &id, "--with", "worked=true", "--tag", "a=2", "--tag", "c=3", "--json"]);
    assert_eq!(
        after["type"],
        json!({ "kind": "solution", "problem_ref": null, "approach": "restart", "worked": true })
    );
    assert_eq!(after["tags"], json!({ "a": "2", "b": "1", "c": "3" }));
    for key in ["id", "content", "domain", "related_files", "importance", "confidence", "timestamp", "agent"]
    {
        assert_eq!(after[key], before[key], "{key}");
    }
    let mut shown = shell.json(["get", &id, "--json"]);
    for of_others in ["history", "relations"] {
        assert!(shown.as_object_mut().unwrap().remove(of_others).is_some());
    }
    assert_eq!(shown, after);
    let flags = ["--no-tag", "b", "--no-tag", "c", "--no-domain", "--file", "g", "--file", "h"];
    let line = shell.ok(["update", &id, "- the new text", "--importance", "0.9", "--confidence", "0.25"]
        .iter()
        .chain(&flags));
    assert_eq!(line, format!("updated {id}\n"));
    let after = shell.json(["get", &id, "--json"]);
    assert_eq!(after["content"], "- the new text");
    assert_eq!((&after["importance"], &after["confidence"]), (&json!(0.9), &json!(0.25)));
    assert_eq!((&after["tags"], &after["domain"]), (&json!({ "a": "2" }), &json!([])));
    assert_eq!(after["related_files"], json!(["g", "h"]));
    let fact = shell.json([
        "update",
        &id,
        "--type",
        "fact",
        "--with",
        "statement=s",
        "--with",
        "source=t",
        "--json",
    ]);
    assert_eq!(fact["type"], json!({ "kind": "fact", "statement": "s", "source": "t" }));
    text_of(&shell.run_with(["update", &id, "-"], "from a pipe\n"));
    assert_eq!(shell.contents(), ["from a pipe"]);
}

#[test]
fn update_that_is_refused_changes_nothing() {
    let shell = Shell::new();
    let id = recorded(&shell, &["x", "--tag", "a=1"]);
    let before = shell.export("default");
    assert!(failure(&shell.run(["update", &id]), 2).contains("nothing to change"));
    for flags in [
        &["--importance", "2"][..],
        &["--with", "worked=true"],
        &["--type", "fact"],
        &["--domain", "d", "--no-domain"],
        &["--tag", "a=1", "--tag", "a=2"],
        &["--tag", "a"],
        &[""],
        &["--tga", "a=b"],
    ] {
        failure(&shell.run(["update", &id].iter().chain(flags)), 2);
    }
    failure(&shell.run(["update", "01890000-0000-7000-8000-000000000000", "text"]), 3);
    assert_eq!(shell.export("default"), before);
}

#[test]
fn reinforced_experience_counts_its_uses() {
    let shell = Shell::new();
    let id = recorded(&shell, &["x"]);
    assert!(shell.ok(["reinforce", &id]).contains("1 time so far"));
    let document = shell.json(["reinforce", &id, "--json"]);
    assert_eq!(keys(&document), ["applications", "energy", "id"]);
    assert_eq!((document["applications"].as_u64(), document["id"].as_str()), (Some(2), Some(id.as_str())));
    assert!(document["energy"].as_f64() > Some(0.5));
    assert_eq!(shell.json(["get", &id, "--json"])["applications"], 2);
    failure(&shell.run(["reinforce", "01890000-0000-7000-8000-000000000000"]), 3);
}

#[test]
fn collective_is_renamed_with_all_that_is_in_it() {
    let shell = Shell::new();
    shell.ok(["record", "x", "-c", "old"]);
    shell.ok(["collectives", "create", "taken"]);
    let id = shell.json(["collectives", "stats", "old", "--json"])["id"].clone();
    let document = shell.json(["collectives", "rename", "old", "new", "--json"]);
    assert_eq!(document, json!({ "id": id, "old_name": "old", "name": "new" }));
    assert_eq!(shell.export("new")[0]["content"], "x");
    failure(&shell.run(["collectives", "rename", "old", "other"]), 3);
    for name in ["taken", "", " padded"] {
        failure(&shell.run(["collectives", "rename", "new", name]), 2);
    }
    assert_eq!(shell.ok(["collectives", "rename", "new", "third"]), "renamed `new` to `third`\n");
}

#[test]
fn collective_is_found_under_every_spelling_of_its_name() {
    let shell = Shell::new();
    shell.ok(["record", "x", "-c", "cafe\u{301}"]);
    shell.ok(["record", "y", "-c", "caf\u{e9}"]);
    for name in ["cafe\u{301}", "caf\u{e9}"] {
        assert_eq!(shell.json(["recent", "--json", "-c", name])["count"], 2);
        assert_eq!(shell.json(["collectives", "stats", name, "--json"])["experiences"], 2);
    }
    let renamed = shell.json(["collectives", "rename", "cafe\u{301}", "the\u{301}", "--json"]);
    assert_eq!(renamed["name"], "th\u{e9}");
}

#[test]
fn compaction_returns_the_room_of_what_was_deleted() {
    let shell = Shell::new();
    let lines: String =
        (0..3000).map(|n| format!("{{\"content\":\"{n} {}\"}}\n", "words ".repeat(50))).collect();
    text_of(&shell.run_with(["import", "-", "-c", "going", "-q"], lines));
    shell.ok(["record", "staying"]);
    shell.ok(["collectives", "delete", "going", "--yes"]);
    let document = shell.json(["compact", "--json"]);
    assert_eq!(keys(&document), ["bytes_after", "bytes_before"]);
    let bytes = |key: &str| document[key].as_u64().unwrap();
    assert!(bytes("bytes_after") < bytes("bytes_before"), "{document}");
    assert_eq!(shell.database().join("data.mdb").metadata().unwrap().len(), bytes("bytes_after"));
    assert!(shell.ok(["compact"]).contains(" after"));
    assert_eq!(shell.contents(), ["staying"]);
    assert_eq!(shell.json(["check", "--json"])["clean"], true);
}

#[test]
fn compaction_beside_another_process_is_busy_and_says_what_to_do() {
    let shell = Shell::new();
    shell.ok(["record", "x"]);
    let mut command = shell.command(["import", "-", "--format", "jsonl"]);
    let mut other = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    other.stdin.as_mut().unwrap().write_all(&b"{\"content\":\"y\"}\n".repeat(600)).unwrap();
    wait_for_rows(&shell);
    let message = failure(&shell.run(["compact"]), 4);
    assert!(
        message.contains("another process has the database open") && message.contains("run this again"),
        "{message}"
    );
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    shell.ok(["compact"]);
}

/// Waits until an import has committed; each look is a run of `stats`.
fn wait_for_rows(shell: &Shell) {
    for _ in 0..10_000 {
        if shell.json(["stats", "--json"])["sequence"].as_u64() >= Some(500) {
            return;
        }
    }
    panic!("the import made no progress");
}
