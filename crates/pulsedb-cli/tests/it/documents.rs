//! Importing documents again: nothing twice, and a changed document is what it says now.

use std::collections::BTreeMap;
use std::fs;

use crate::shell::{Shell, keys, text_of};

fn counts(shell: &Shell, arguments: &[&str]) -> [u64; 4] {
    let summary = shell.json(["import", "--json"].iter().chain(arguments));
    ["added", "unchanged", "moved", "removed"].map(|key| summary["records"][key].as_u64().unwrap())
}

#[test]
fn summary_is_the_documented_one() {
    let shell = Shell::new();
    shell.write("a.md", "# A\n\nbody\n");
    let summary = shell.json(["import", ".", "--json"]);
    assert_eq!(
        keys(&summary),
        [
            "collective",
            "encodings",
            "failure_count",
            "failures",
            "files",
            "insights",
            "left_out",
            "records",
            "relations",
            "seconds",
            "skipped",
            "unknown_references"
        ]
    );
    assert_eq!(keys(&summary["records"]), ["added", "moved", "reinforced", "removed", "unchanged"]);
    assert_eq!(
        keys(&summary["skipped"]),
        ["binary", "data", "empty", "hidden", "ignored", "special", "too_large"]
    );
    assert_eq!(summary["files"], 1);
    let record = &shell.export("default")[0];
    assert_eq!(record["content"], "A\n\nbody");
    assert_eq!(record["tags"]["source"], "a.md");
    assert_eq!(record["tags"]["line"], "3");
    assert_eq!(record["tags"]["heading"], "A");
    assert_eq!(record["task"], "a.md");
    assert_eq!(record["type"]["category"], "document");
    assert!(record["related_files"][0].as_str().unwrap().ends_with("/work/a.md"));
}

#[test]
fn import_again_adds_nothing() {
    let shell = Shell::new();
    shell.write("a.md", "# A\n\nsame\n\n# A\n\nsame\n");
    shell.write("b/c.txt", "one\n\ntwo\n");
    shell.write("chat.json", r#"[{"role":"user","content":"hi"},{"role":"user","content":"hi"}]"#);
    shell.write("lines.jsonl", "{\"content\":\"x\"}\n{\"content\":\"x\"}\n");
    assert_eq!(counts(&shell, &["."]), [7, 0, 0, 0]);
    let before = shell.export("default");
    assert_eq!(counts(&shell, &["."]), [0, 7, 0, 0]);
    assert_eq!(counts(&shell, &["b", "a.md", "./a.md", "lines.jsonl"]), [0, 5, 0, 0]);
    assert_eq!(shell.export("default"), before);
}

#[test]
fn changed_document_is_replaced_and_what_stayed_keeps_its_id() {
    let shell = Shell::new();
    let section = |title: &str, body: &str| format!("# {title}\n\n{body}\n\n");
    shell.write("a.md", section("One", "first") + &section("Two", "second") + &section("Three", "third"));
    shell.write("b.md", "other\n");
    assert_eq!(counts(&shell, &["."]), [4, 0, 0, 0]);
    let ids = |shell: &Shell| -> BTreeMap<String, (String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        shell
            .export("default")
            .iter()
            .map(|it| (text(&it["content"]), (text(&it["id"]), text(&it["tags"]["line"]))))
            .collect()
    };
    let before = ids(&shell);
    shell.write("a.md", section("New", "inserted") + &section("One", "first") + &section("Three", "changed"));
    assert_eq!(counts(&shell, &["."]), [2, 1, 1, 2]);
    let after = ids(&shell);
    let contents: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(contents, ["New\n\ninserted", "One\n\nfirst", "Three\n\nchanged", "other"]);
    let (id, line) = &after["One\n\nfirst"];
    assert_eq!((id, line.as_str()), (&before["One\n\nfirst"].0, "7"));
    shell.write("a.md", "");
    assert_eq!(counts(&shell, &["."]), [0, 1, 0, 3]);
    assert_eq!(shell.contents(), ["other"]);
}

#[test]
fn forgotten_passage_stays_forgotten_until_it_changes() {
    let shell = Shell::new();
    shell.write("a.md", "# A\n\nsecret\n");
    shell.ok(["import", "a.md"]);
    let id = shell.export("default")[0]["id"].as_str().unwrap().to_owned();
    shell.ok(["forget", &id]);
    assert_eq!(counts(&shell, &["a.md"]), [0, 1, 0, 0]);
    assert_eq!(shell.json(["search", "secret", "--json"])["count"], 0);
}

#[test]
fn document_of_thousands_of_passages_is_brought_up_to_date() {
    let shell = Shell::new();
    let document = |from: usize, to: usize| -> String {
        (from..to).map(|n| format!("# H{n}\n\nbody {n}\n\n")).collect()
    };
    shell.write("big.md", document(0, 2500));
    shell.write("small.md", "small\n");
    assert_eq!(counts(&shell, &["."]), [2501, 0, 0, 0]);
    assert_eq!(counts(&shell, &["."]), [0, 2501, 0, 0]);
    shell.write("big.md", document(2000, 2600));
    assert_eq!(counts(&shell, &["."]), [100, 1, 500, 2000]);
    assert_eq!(counts(&shell, &["."]), [0, 601, 0, 0]);
}

#[test]
fn missing_documents_go_only_with_prune() {
    let shell = Shell::new();
    shell.write("tree/a.md", "a\n");
    shell.write("tree/b.md", "b\n");
    shell.write("outside.md", "o\n");
    shell.ok(["import", "."]);
    fs::remove_file(shell.work().join("tree/a.md")).unwrap();
    fs::remove_file(shell.work().join("outside.md")).unwrap();
    assert_eq!(counts(&shell, &["tree"]), [0, 1, 0, 0]);
    assert_eq!(counts(&shell, &["tree", "--prune"])[3], 1);
    let mut contents = shell.contents();
    contents.sort();
    assert_eq!(contents, ["b", "o"]);
}

#[test]
fn settings_of_the_command_line_are_on_every_record() {
    let shell = Shell::new();
    shell.write("a.md", "text\n");
    let flags =
        ["--importance", "0.75", "--confidence", "1", "--domain", "d", "--tag", "k=v", "--agent", "ada"];
    counts(&shell, &[&["a.md"], &flags[..]].concat());
    let record = &shell.export("default")[0];
    assert_eq!((record["importance"].as_f64(), record["confidence"].as_f64()), (Some(0.75), Some(1.0)));
    assert_eq!((record["domain"][0].as_str(), record["tags"]["k"].as_str()), (Some("d"), Some("v")));
    assert_eq!(record["agent"], "ada");
}

#[test]
fn standard_input_with_a_name_is_replaced_and_without_one_added_to() {
    let shell = Shell::new();
    for text in ["first", "second", "second"] {
        text_of(&shell.run_with(["import", "-", "--name", "notes"], text));
    }
    assert_eq!(shell.contents(), ["second"]);
    for text in ["third", "fourth", "third"] {
        text_of(&shell.run_with(["import", "-"], text));
    }
    assert_eq!(shell.contents(), ["second", "third", "fourth"]);
}

#[test]
fn chats_become_a_record_a_turn() {
    let shell = Shell::new();
    shell.write("talk.txt", "[2025-01-31 12:00:00] Ada: hello\nand more\nBob: hi\n");
    assert_eq!(counts(&shell, &["--format", "chat", "talk.txt"]), [2, 0, 0, 0]);
    shell.write("talk.txt", "[2025-01-31 12:00:00] Ada: hello\nand more\nBob: hi\nAda: bye\n");
    assert_eq!(counts(&shell, &["--format", "chat", "talk.txt"]), [1, 2, 0, 0]);
    let records = shell.export("default");
    let said: Vec<_> =
        records.iter().map(|it| (it["agent"].as_str().unwrap(), it["content"].as_str().unwrap())).collect();
    assert_eq!(said, [("Ada", "hello\nand more"), ("Bob", "hi"), ("Ada", "bye")]);
    assert_eq!(records[0]["timestamp"], "2025-01-31T12:00:00Z");
    assert_eq!(
        (records[0]["task"].as_str(), records[0]["tags"]["line"].as_str()),
        (Some("talk.txt"), Some("1"))
    );
    let output = shell.run(["import", "--format", "chat", "missing.txt"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn two_imports_of_a_tree_at_once_add_each_passage_once() {
    let shell = Shell::new();
    for number in 0..300 {
        shell.write(&format!("{number}.md"), format!("# T{number}\n\nbody {number}\n\nmore\n"));
    }
    let children: Vec<_> = (0..4).map(|_| shell.command(["import", ".", "-q"]).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(shell.contents().len(), 300);
}

#[test]
fn metadata_is_read_at_the_top_and_dashes_elsewhere_are_rules() {
    let shell = Shell::new();
    shell.write("a.md", "Opening.\n\n---\n# Barn\nThe door: stuck.\n\n---\n# Shed\nThe roof leaks.\n");
    shell.ok(["import", "a.md"]);
    assert_eq!(shell.contents(), ["Opening.", "Barn\n\nThe door: stuck.", "Shed\n\nThe roof leaks."]);
    assert_eq!(shell.export("default")[1]["tags"]["heading"], "Barn");
}

#[test]
fn pictures_in_texts_and_outputs_of_notebooks_never_become_records() {
    let shell = Shell::new();
    let data = "iVBORw0KGgo".repeat(2000);
    shell.write("a.md", format!("before ![plan](data:image/png;base64,{data}) after\n"));
    shell.write("b.html", format!("<img src=\"data:image/jpeg;base64,{data}\">words\n"));
    let notebook = serde_json::json!({"nbformat": 4, "cells": [
        {"cell_type": "markdown", "source": ["# Yield\n", "\n", "Per tree."]},
        {"cell_type": "code", "source": ["plot(1)"], "outputs": [{"data": {"image/png": data}}]}]});
    shell.write("c.ipynb", notebook.to_string());
    shell.write(
        "d.json",
        serde_json::json!([{"role": "user", "content": format!("see data:image/png;base64,{data}")}])
            .to_string(),
    );
    let summary = shell.json(["import", ".", "--json"]);
    assert_eq!(summary["left_out"]["output"], 1);
    assert_eq!(
        shell.contents(),
        [
            "before ![plan](data:image/png) after",
            "<img src=\"data:image/jpeg\">words",
            "Yield\n\nPer tree.",
            "Yield\n\nplot(1)",
            "see data:image/png"
        ]
    );
    assert_eq!(shell.export("default")[3]["tags"]["cell"], "2");
    assert!(shell.ok(["search", "plot"]).contains("c.ipynb cell 2"));
}

#[test]
fn each_input_is_told_when_asked_for() {
    let shell = Shell::new();
    shell.write("a.md", "words\n");
    shell.write("b.md", "");
    shell.write("c.bin", b"\x00\x01");
    shell.write("d.json", "[{\"x\":1}]");
    let output = shell.run(["import", ".", "--verbose"]);
    crate::shell::failure(&output, 1);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["a.md: 1 added", "b.md: skipped (empty)", "c.bin: skipped (binary)", "d.json: 1 failed"] {
        assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
    }
    let output = shell.run(["import", ".", "--verbose", "--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["inputs"][0]["unchanged"], 1);
    assert_eq!(summary["inputs"][1]["skipped"], "empty");
}
