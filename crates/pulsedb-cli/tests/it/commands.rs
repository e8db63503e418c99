//! Each command once, with the documents that it prints for programs.

use std::fs;

use crate::shell::{Shell, failure, keys, text_of};

/// The keys of an experience, as `docs/pulsedb-cli.md` lists them.
const EXPERIENCE_KEYS: [&str; 19] = [
    "agent",
    "applications",
    "archived",
    "collective",
    "confidence",
    "content",
    "domain",
    "expires_at",
    "id",
    "importance",
    "key",
    "last_reinforced",
    "related_files",
    "sequence",
    "tags",
    "task",
    "timestamp",
    "type",
    "updated_at",
];

fn record(shell: &Shell, arguments: &[&str]) -> String {
    shell.ok(["record"].iter().chain(arguments)).trim().to_owned()
}

#[test]
fn recorded_experience_is_shown_with_every_field() {
    let shell = Shell::new();
    let id = record(
        &shell,
        &[
            "clear the cache before the build",
            "--type",
            "solution",
            "--with",
            "approach=clear it",
            "--with",
            "worked=true",
            "--importance",
            "0.9",
            "--confidence",
            "0.25",
            "--domain",
            "build",
            "--tag",
            "os=linux",
            "--file",
            "src/lib.rs",
            "--agent",
            "ada",
            "--task",
            "t1",
            "--timestamp",
            "2025-01-31T12:00:00.5Z",
        ],
    );
    let shown = shell.json(["get", &id, "--json"]);
    let mut of_record = shown.clone();
    for of_others in ["history", "relations"] {
        assert!(of_record.as_object_mut().unwrap().remove(of_others).is_some());
    }
    assert_eq!(keys(&of_record), EXPERIENCE_KEYS);
    assert_eq!(shown["id"], id);
    assert_eq!(shown["collective"], "default");
    assert_eq!(shown["content"], "clear the cache before the build");
    assert_eq!(shown["type"]["kind"], "solution");
    assert_eq!(shown["type"]["worked"], true);
    assert_eq!((shown["importance"].as_f64(), shown["confidence"].as_f64()), (Some(0.9), Some(0.25)));
    assert_eq!(shown["domain"][0], "build");
    assert_eq!(shown["tags"]["os"], "linux");
    assert_eq!(shown["related_files"][0], "src/lib.rs");
    assert_eq!((shown["agent"].as_str(), shown["task"].as_str()), (Some("ada"), Some("t1")));
    assert_eq!(shown["timestamp"], "2025-01-31T12:00:00.5Z");
    assert_eq!(shown["archived"], false);
    assert_eq!(shell.json(["get", &id, "--json", "--embedding"])["embedding"].as_array().unwrap().len(), 256);
    let page = shell.ok(["get", &id]);
    for part in
        [&id, "os=linux", "src/lib.rs", "2025-01-31 12:00:00", "clear the cache", "ada", "256 dimensions"]
    {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn text_comes_from_standard_input_too() {
    let shell = Shell::new();
    for arguments in [&["record", "-"][..], &["record"]] {
        text_of(&shell.run_with(arguments, "from a pipe\nof two lines\n"));
    }
    assert_eq!(shell.contents(), ["from a pipe\nof two lines"; 2]);
    let document: serde_json::Value =
        serde_json::from_str(&text_of(&shell.run_with(["record", "--json"], "x"))).unwrap();
    assert_eq!(keys(&document), ["collective", "id"]);
    failure(&shell.run_with(["record"], "\n"), 2);
    failure(&shell.run_with(["record"], "x".repeat(102_401)), 2);
    failure(&shell.run_with(["record"], b"\xff\xfe"), 1);
}

#[test]
fn search_ranks_and_filters() {
    let shell = Shell::new();
    record(
        &shell,
        &["the database reclaims pages of deleted collectives", "--domain", "storage", "--agent", "ada"],
    );
    record(&shell, &["tomatoes need sun and water", "--domain", "garden", "--importance", "0.9"]);
    record(
        &shell,
        &[
            "roses like water in the morning",
            "--domain",
            "garden",
            "--type",
            "fact",
            "--with",
            "statement=s",
            "--with",
            "source=s",
        ],
    );
    let found = shell.json(["search", "watering", "plants", "--json", "-k", "2"]);
    assert_eq!(keys(&found), ["collective", "count", "hits", "query"]);
    assert_eq!((found["query"].as_str(), found["count"].as_u64()), (Some("watering plants"), Some(2)));
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(
        keys(&hits[0]),
        ["experience", "folds_into", "heading", "line", "passage", "rank", "score", "source"]
    );
    assert_eq!(keys(&hits[0]["experience"]), EXPERIENCE_KEYS);
    assert_eq!(hits[0]["rank"], 1);
    assert!(
        hits.iter().any(|hit| hit["experience"]["importance"].as_f64() == Some(0.9)),
        "numbers are short"
    );
    assert!(hits[0]["score"].as_f64() >= hits[1]["score"].as_f64());
    assert!(hits.iter().all(|hit| hit["experience"]["domain"][0] == "garden"));
    let count = |filter: &[&str]| {
        // Each has a word of it.
        let arguments = ["search", "water pages", "--json"].iter().chain(filter);
        shell.json(arguments)["count"].as_u64().unwrap()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--domain", "storage"]), 1);
    assert_eq!(count(&["--domain", "storage", "--domain", "garden"]), 3);
    assert_eq!(count(&["--agent", "ada"]), 1);
    assert_eq!(count(&["--type", "fact"]), 1);
    assert_eq!(count(&["--min-importance", "0.8"]), 1);
    assert_eq!(count(&["--min-confidence", "0.8"]), 0);
    assert_eq!(count(&["--tag", "a=b"]), 0);
    assert_eq!(count(&["--since", "1h"]), 3);
    assert_eq!(count(&["--until", "1h"]), 0);
    assert_eq!(count(&["--since", "2001-01-01", "--until", "2999-01-01T00:00:00Z"]), 3);
    assert_eq!(count(&["--since", "99999999999y", "--until", "99999-12-31"]), 3);
}

#[test]
fn hits_for_people_have_place_score_and_matching_words() {
    let shell = Shell::new();
    shell.write("notes.md", "# Garden\n\nintro\n\n## Roses\n\nRoses like water in the morning.\n");
    shell.ok(["import", "notes.md"]);
    let plain = shell.ok(["search", "roses water"]);
    assert!(plain.contains("notes.md:7") && plain.contains("Garden > Roses"), "{plain}");
    assert!(plain.contains("    Roses like water in the morning."), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(plain.matches("Garden > Roses").count(), 1, "the heading is shown once");
    let coloured = shell.ok(["search", "roses water", "--color", "always"]);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[33mwater\u{1b}[0m"), "{coloured:?}");
    let refused = shell.command(["search", "roses"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!text_of(&refused).contains('\u{1b}'));
}

#[test]
fn contents_cannot_steer_the_terminal() {
    let shell = Shell::new();
    let id = record(&shell, &["evil \u{1b}]0;title\u{7} text \u{1b}[2J", "--tag", "k=\u{1b}[31mred"]);
    for arguments in [
        &["search", "evil"][..],
        &["recent"],
        &["list"],
        &["get", &id],
        &["search", "evil", "--color", "always"],
    ] {
        let text = shell.ok(arguments);
        assert!(
            !text.contains("\u{1b}]") && !text.contains("\u{1b}[2J") && !text.contains("\u{1b}[31m"),
            "{text:?}"
        );
    }
    assert_eq!(shell.export("default")[0]["content"], "evil \u{1b}]0;title\u{7} text \u{1b}[2J");
}

#[test]
fn recent_and_list_have_their_orders() {
    let shell = Shell::new();
    record(&shell, &["second by time", "--timestamp", "2025-01-02"]);
    record(&shell, &["third by time", "--timestamp", "2025-01-03"]);
    record(&shell, &["first by time", "--timestamp", "2025-01-01"]);
    let recent = shell.json(["recent", "--json", "-n", "2"]);
    assert_eq!(keys(&recent), ["collective", "count", "experiences"]);
    let contents: Vec<_> =
        recent["experiences"].as_array().unwrap().iter().map(|it| &it["content"]).collect();
    assert_eq!(contents, ["third by time", "second by time"]);
    let list = shell.ok(["list", "--json", "-n", "2", "--offset", "1"]);
    let contents: Vec<serde_json::Value> =
        list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        contents.iter().map(|it| &it["content"]).collect::<Vec<_>>(),
        ["third by time", "first by time"]
    );
    assert!(shell.ok(["recent"]).contains("third by time"));
    let table = shell.ok(["list"]);
    let id = contents[0]["id"].as_str().unwrap();
    assert!(table.lines().any(|line| line.starts_with(id)), "an id stays on one line: {table}");
}

#[test]
fn forgotten_experiences_are_archived_brought_back_and_deleted() {
    let shell = Shell::new();
    let id = record(&shell, &["remember me"]);
    let other = record(&shell, &["remember me too"]);
    let count = |archived: &[&str]| {
        shell.json(["search", "remember", "--json"].iter().chain(archived))["count"].as_u64().unwrap()
    };
    let done = shell.json(["forget", &id, "--json"]);
    assert_eq!((done["action"].as_str(), done["ids"][0].as_str()), (Some("archived"), Some(id.as_str())));
    assert_eq!((count(&[]), count(&["--archived"])), (1, 2));
    assert!(shell.ok(["get", &id]).contains("archived"));
    shell.ok(["forget", "--undo", &id]);
    assert_eq!(count(&[]), 2);
    shell.ok(["forget", "--delete", &id, &other]);
    assert_eq!(count(&["--archived"]), 0);
    failure(&shell.run(["forget", &id]), 3);
    failure(&shell.run(["get", &id]), 3);
}

#[test]
fn missing_id_among_several_changes_nothing() {
    let shell = Shell::new();
    let id = record(&shell, &["stay"]);
    let missing = "01890000-0000-7000-8000-000000000000";
    failure(&shell.run(["forget", "--delete", &id, missing]), 3);
    assert_eq!(shell.contents(), ["stay"]);
}

#[test]
fn collectives_are_listed_created_counted_and_deleted() {
    let shell = Shell::new();
    shell.ok(["collectives", "create", "notes", "--owner", "ada"]);
    shell.ok(["record", "x", "-c", "notes"]);
    let list = shell.json(["collectives", "--json"]);
    assert_eq!(keys(&list), ["collectives", "count"]);
    let row = &list["collectives"][0];
    assert_eq!(
        keys(row),
        ["bytes", "created_at", "dimension", "experiences", "id", "name", "newest", "oldest", "owner"]
    );
    assert_eq!((row["name"].as_str(), row["owner"].as_str()), (Some("notes"), Some("ada")));
    assert_eq!(shell.json(["collectives", "stats", "notes", "--json"])["experiences"], 1);
    assert!(shell.ok(["collectives", "list"]).contains("notes"));
    let message = failure(&shell.run(["collectives", "delete", "notes"]), 2);
    assert!(message.contains("--yes"), "{message}");
    failure(&shell.run(["collectives", "create", "notes"]), 2);
    assert!(shell.ok(["collectives", "delete", "notes", "--yes"]).contains("with 1 experience"));
    failure(&shell.run(["collectives", "delete", "notes", "--yes"]), 3);
    assert_eq!(shell.json(["collectives", "--json"])["count"], 0);
}

#[test]
fn stats_check_backup_and_repair_say_what_they_saw() {
    let shell = Shell::new();
    record(&shell, &["one"]);
    let stats = shell.json(["stats", "--json"]);
    assert_eq!(
        keys(&stats),
        [
            "collectives",
            "collectives_reclaiming",
            "database",
            "embedder",
            "file_bytes",
            "map_bytes",
            "old_vectors_reclaiming",
            "oldest_change",
            "readers",
            "reclaimable_bytes",
            "reembedding",
            "sequence",
            "tables",
            "writers"
        ]
    );
    assert_eq!(stats["collectives"][0]["experiences"], 1);
    assert!(shell.ok(["stats"]).contains("1 in 1 collective\n"));
    let report = shell.json(["check", "--json"]);
    assert_eq!((report["clean"].as_bool(), report["experiences"].as_u64()), (Some(true), Some(1)));
    assert!(shell.ok(["check"]).contains("no fault found"));
    let copy = shell.work().join("copy");
    let backup = shell.json(["backup".as_ref(), copy.as_os_str(), "--json".as_ref()]);
    assert_eq!(keys(&backup), ["bytes", "path", "sequence"]);
    let inside = shell.command(["export"]).env("PULSEDB_DB", &copy).output().unwrap();
    assert_eq!(text_of(&inside), shell.ok(["export"]));
    assert_eq!(shell.json(["repair", "--json"])["records_lost"], 0);
    assert_eq!(shell.contents(), ["one"]);
}

#[test]
fn completions_and_manual_pages_are_made_for_every_command() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.ok(["completions", name]);
        for word in ["import", "update", "reinforce", "compact", "rename", "map-size", "keep-ids"] {
            assert!(script.contains(word), "{word} is not among the completions of {name}");
        }
    }
    assert!(shell.ok(["man"]).contains(".TH pulsedb 1"));
    shell.ok(["man", "--out", "pages"]);
    let mut pages: Vec<_> = fs::read_dir(shell.work().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for page in [
        "pulsedb.1",
        "pulsedb-import.1",
        "pulsedb-search.1",
        "pulsedb-collectives-delete.1",
        "pulsedb-update.1",
        "pulsedb-reinforce.1",
        "pulsedb-compact.1",
        "pulsedb-collectives-rename.1",
    ] {
        assert!(pages.iter().any(|name| name == page), "{page} is not among {pages:?}");
    }
    assert!(!shell.database().exists());
}

#[test]
fn text_that_begins_with_a_hyphen_is_text_and_a_wrong_option_is_refused() {
    let shell = Shell::new();
    record(&shell, &["- buy milk", "--tag", "list=shop"]);
    record(&shell, &["-5 degrees at night"]);
    record(&shell, &["--", "--force"]);
    assert_eq!(shell.contents(), ["- buy milk", "-5 degrees at night", "--force"]);
    let found = shell.json(["search", "-rf", "milk", "--json", "-k", "1"]);
    assert_eq!((found["query"].as_str(), found["count"].as_u64()), (Some("-rf milk"), Some(1)));
    for wrong in [
        &["record", "--tga", "a=b"][..],
        &["record", "text", "--tga", "a=b"],
        &["record", "- text", "--tga", "a=b"],
        &["search", "milk", "--limti", "5"],
        &["search", "milk", "-n", "5"],
    ] {
        assert!(failure(&shell.run(wrong), 2).contains("unexpected argument"), "{wrong:?}");
    }
    assert_eq!(shell.contents().len(), 3);
}

#[test]
fn day_that_ends_a_range_is_in_it() {
    let shell = Shell::new();
    record(&shell, &["evening", "--timestamp", "2025-01-31T22:00:00Z"]);
    record(&shell, &["next day", "--timestamp", "2025-02-01"]);
    let until = |end: &str| shell.json(["recent", "--json", "--until", end])["count"].as_u64();
    assert_eq!(
        (until("2025-01-31"), until("2025-01-30"), until("2025-01-31T21:00:00Z")),
        (Some(1), Some(0), Some(0))
    );
    let message = failure(&shell.run(["record", "x", "--timestamp", "99999-01-01"]), 2);
    assert!(message.contains("after the last time"), "{message}");
}
