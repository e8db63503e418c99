//! JSON lines: what `export` writes comes back, and bad lines are named.

use serde_json::{Value, json};

use crate::shell::{Shell, failure, text_of};

/// A record without what each database makes itself, and without the tag that the import adds.
fn portable(record: &Value) -> Value {
    let mut record = record.clone();
    let object = record.as_object_mut().unwrap();
    for key in ["id", "collective", "updated_at", "last_reinforced", "applications", "sequence"] {
        object.remove(key);
    }
    object["tags"].as_object_mut().unwrap().remove("import");
    record
}

fn portables(records: &[Value]) -> Vec<Value> {
    records.iter().map(portable).collect()
}

fn filled() -> Shell {
    let shell = Shell::new();
    shell.write("notes.md", "# A\n\nimported passage\n");
    shell.ok(["import", "notes.md"]);
    shell.ok(["record", "plain"]);
    shell.ok(["record", "unknown words: \u{1f980}", "--importance", "0.1", "--confidence", "0.7"]);
    shell.ok([
        "record",
        "all fields",
        "--type",
        "success_pattern",
        "--with",
        "task_type=t",
        "--with",
        "approach=a",
        "--with",
        "quality=0.3",
        "--domain",
        "d",
        "--tag",
        "k=v",
        "--file",
        "f",
        "--agent",
        "ada",
        "--task",
        "t",
        "--timestamp",
        "1969-12-31T23:59:59.999Z",
    ]);
    let archived = shell.ok(["record", "put aside"]);
    shell.ok(["forget", archived.trim()]);
    shell
}

#[test]
fn export_comes_back_whole_in_another_database() {
    let shell = filled();
    for flags in [&["export", "--out", "all.jsonl"][..], &["export", "--embeddings", "--out", "all.jsonl"]] {
        shell.ok(flags);
        let other = Shell::new();
        let file = shell.work().join("all.jsonl");
        let import = ["import".as_ref(), file.as_os_str(), "-q".as_ref()];
        other.ok(import);
        assert_eq!(portables(&other.export("default")), portables(&shell.export("default")));
        let before = other.export("default");
        other.ok(import);
        assert_eq!(other.export("default"), before, "again adds nothing");
    }
}

#[test]
fn export_into_its_own_collective_adds_nothing_and_into_another_everything() {
    let shell = filled();
    let before = shell.export("default");
    let lines = shell.ok(["export"]);
    text_of(&shell.run_with(["import", "-"], &lines));
    assert_eq!(shell.export("default"), before);
    text_of(&shell.run_with(["import", "-", "-c", "copy"], &lines));
    assert_eq!(portables(&shell.export("copy")), portables(&before));
}

#[test]
fn restored_document_is_still_known_to_its_import() {
    let shell = filled();
    let lines = shell.ok(["export"]);
    text_of(&shell.run_with(["import", "-", "-c", "copy"], lines));
    let summary = shell.json(["import", "notes.md", "-c", "copy", "--json"]);
    assert_eq!(
        (summary["records"]["added"].as_u64(), summary["records"]["removed"].as_u64()),
        (Some(0), Some(0))
    );
}

#[test]
fn bad_lines_are_named_and_the_others_come_in() {
    let shell = Shell::new();
    let lines = [
        r#"{"content":"good"}"#.to_owned(),
        r#"{"content":"misspelt","importence":1}"#.to_owned(),
        "not json".to_owned(),
        r#"{"content":"too important","importance":1.5}"#.to_owned(),
        json!({ "content": "x".repeat(102_401) }).to_string(),
        r#"{"content":""}"#.to_owned(),
        r#"{"content":"also good","timestamp":1735689600000}"#.to_owned(),
    ];
    shell.write("a.jsonl", lines.join("\n"));
    let output = shell.run(["import", "a.jsonl"]);
    let message = failure(&output, 1);
    for (line, part) in [(2, "importence"), (3, "expected"), (4, "importance"), (5, "102400"), (6, "content")]
    {
        let named =
            message.lines().any(|it| it.starts_with(&format!("a.jsonl:{line}: ")) && it.contains(part));
        assert!(named, "line {line} with {part} is not in {message}");
    }
    assert_eq!(shell.contents(), ["good", "also good"]);
    assert_eq!(shell.export("default")[1]["timestamp"], "2025-01-01T00:00:00Z");
    let summary: Value = serde_json::from_slice(&shell.run(["import", "a.jsonl", "--json"]).stdout).unwrap();
    assert_eq!(
        (summary["failure_count"].as_u64(), summary["records"]["unchanged"].as_u64()),
        (Some(5), Some(2))
    );
}

#[test]
fn long_stream_is_imported_line_by_line() {
    let shell = Shell::new();
    let lines: String = (0..3000).map(|number| format!("{{\"content\":\"line {number}\"}}\n")).collect();
    text_of(&shell.run_with(["import", "-"], &lines));
    text_of(&shell.run_with(["import", "-"], lines + "{\"content\":\"one more\"}\n"));
    assert_eq!(shell.contents().len(), 3001);
}
