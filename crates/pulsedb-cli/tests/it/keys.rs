//! Keys and the end of what is recorded, from the shell.

use crate::shell::{Shell, failure, text_of};

#[test]
fn record_under_a_key_replaces_the_one_before() {
    let shell = Shell::new();
    let id = shell.ok(["record", "--key", "editor/theme", "dark"]);
    assert_eq!(shell.ok(["record", "--key", "editor/theme", "light"]), id);
    shell.ok(["record", "--key", "editor/font", "mono"]);
    shell.ok(["record", "without a key"]);
    let shown = shell.json(["get", "--key", "editor/theme", "--json"]);
    assert_eq!((shown["content"].as_str(), shown["key"].as_str()), (Some("light"), Some("editor/theme")));
    assert!(shell.ok(["get", "--key", "editor/theme"]).contains("editor/theme"));
    failure(&shell.run(["get", "--key", "editor"]), 3);
    failure(&shell.run(["get"]), 2);
    failure(&shell.run(["get", "--key", " x"]), 2);

    let list = |arguments: &[&str]| -> Vec<String> {
        let lines = shell.ok(["list", "--json"].iter().chain(arguments));
        let content =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["content"].clone();
        lines.lines().map(|line| content(line).as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(&["--key-prefix", "editor/"]), ["mono", "light"]);
    assert_eq!(list(&["--key-prefix", "", "--after", "editor/font"]), ["light"]);
    assert_eq!(list(&["--key-prefix", "x"]), [""; 0]);
    assert_eq!(list(&[]).len(), 3);
    assert!(shell.ok(["list", "--key-prefix", "editor/"]).contains("editor/font"));
    let found = shell.json(["search", "--key-prefix", "editor/t", "light", "--json"]);
    assert_eq!(found["count"], 1, "{found}");
    let recent = shell.json(["recent", "--key-prefix", "editor/", "--json"]);
    assert_eq!(recent["count"], 2, "{recent}");
}

#[test]
fn what_has_expired_is_shown_by_its_id_alone() {
    let shell = Shell::new();
    let lasting = shell.ok(["record", "--expires", "30d", "for a month"]);
    let id = "00000000-0000-7000-8000-000000000001";
    let line = format!(r#"{{"id":"{id}","content":"of the past","expires_at":"2001-01-01T00:00:00Z"}}"#);
    text_of(&shell.run_with(["import", "-", "--keep-ids"], line));
    let gone = format!("{id}\n");
    assert_eq!(shell.contents(), ["for a month"]);
    assert!(shell.ok(["get", gone.trim()]).contains("2001-01-01"));
    assert!(!shell.json(["get", lasting.trim(), "--json"])["expires_at"].is_null());
    failure(&shell.run(["record", "--expires", "soon", "text"]), 2);
    failure(&shell.run(["reinforce", gone.trim()]), 3);
}

#[test]
fn keys_and_ends_survive_an_export_and_an_import() {
    let shell = Shell::new();
    shell.ok(["record", "--key", "a", "--expires", "2999-01-01", "first"]);
    shell.ok(["record", "--key", "b", "second"]);
    let exported = shell.ok(["export"]);
    let other = Shell::new();
    for arguments in [&["copy"][..], &["kept", "--keep-ids"]] {
        text_of(&other.run_with(["import", "-", "-c"].iter().chain(arguments), exported.as_bytes()));
    }
    assert_eq!(
        other.json(["get", "--key", "a", "-c", "kept", "--json"])["id"],
        shell.json(["get", "--key", "a", "--json"])["id"]
    );
    let shown = other.json(["get", "--key", "a", "-c", "copy", "--json"]);
    assert_eq!(
        (shown["content"].as_str(), shown["expires_at"].as_str()),
        (Some("first"), Some("2999-01-01T00:00:00Z"))
    );
    // A line with a key that is taken replaces the record that has it.
    let line = r#"{"content":"third","key":"a"}"#;
    text_of(&other.run_with(["import", "-", "-c", "copy"], line));
    let replaced = other.json(["get", "--key", "a", "-c", "copy", "--json"]);
    assert_eq!((replaced["content"].as_str(), &replaced["id"]), (Some("third"), &shown["id"]));
}

#[test]
fn export_that_is_imported_where_it_came_from_undoes_no_later_change() {
    let shell = Shell::new();
    shell.ok(["record", "--key", "q", "the first version"]);
    let exported = shell.ok(["export"]);
    shell.ok(["record", "--key", "q", "the second version"]);
    for flags in [&[][..], &["--keep-ids"]] {
        text_of(&shell.run_with(["import", "-"].iter().chain(flags), exported.as_bytes()));
        assert_eq!(shell.contents(), ["the second version"]);
    }
    // What was edited since the last change is a change.
    let edited = shell.ok(["export"]).replace("second", "third");
    text_of(&shell.run_with(["import", "-"], edited.as_bytes()));
    assert_eq!(shell.contents(), ["the third version"]);
}

#[test]
fn text_that_is_there_is_kept_twice_reinforced_or_refused() {
    let shell = Shell::new();
    let id = shell.ok(["record", "the same"]);
    assert_ne!(shell.ok(["record", "the same"]), id);
    assert_eq!(shell.ok(["record", "the same", "--duplicates", "reinforce", "--domain", "new"]), id);
    let shown = shell.json(["get", id.trim(), "--json"]);
    assert_eq!((shown["applications"].as_u64(), shown["domain"][0].as_str()), (Some(1), Some("new")));
    failure(&shell.run(["record", "the same", "--duplicates", "refuse"]), 2);
    text_of(&shell.run_with(["import", "-", "--duplicates", "reinforce"], r#"{"content":"the same"}"#));
    assert_eq!(shell.json(["get", id.trim(), "--json"])["applications"], 2);
    failure(
        &shell.run_with(["import", "-", "--duplicates", "refuse"], r#"{"content":"the same","task":"t"}"#),
        1,
    );
    assert_eq!(shell.contents(), ["the same"; 2]);
}

#[test]
fn end_in_the_past_and_an_empty_key_are_refused() {
    let shell = Shell::new();
    let id = shell.ok(["record", "a note"]);
    for arguments in [
        ["record", "gone", "--expires", "2001-01-01"],
        ["update", id.trim(), "--expires", "2001-01-01"],
        ["supersede", id.trim(), "new", "--expires=2001-01-01"],
    ] {
        let message = failure(&shell.run(arguments), 2);
        assert!(message.contains("is in the past"), "{message}");
    }
    for arguments in [["record", "x", "--key", ""], ["update", id.trim(), "--key", ""]] {
        let message = failure(&shell.run(arguments), 2);
        assert!(message.contains("--key <KEY>"), "{message}");
    }
    assert_eq!(shell.contents(), ["a note"]);
}

#[test]
fn key_and_end_follow_what_supersedes_and_can_be_changed() {
    let shell = Shell::new();
    let first = shell.ok(["record", "the port is 8080", "--key", "port", "--expires", "2999-01-01"]);
    let second = shell.ok(["supersede", first.trim(), "the port is 9090"]);
    let holder = || shell.json(["get", "--key", "port", "--json"]);
    assert_eq!(
        (holder()["id"].as_str(), holder()["expires_at"].as_str()),
        (Some(second.trim()), Some("2999-01-01T00:00:00Z"))
    );
    assert_eq!(shell.ok(["record", "the port is 9191", "--key", "port"]), second);
    assert_eq!(
        shell.json(["search", "--lexical", "port", "--json"])["hits"][0]["experience"]["content"],
        "the port is 9191"
    );

    let third = shell.ok(["supersede", second.trim(), "the door is 7", "--key", "door", "--no-expiry"]);
    assert_eq!(holder()["id"].as_str(), Some(second.trim()));
    let door = || shell.json(["get", third.trim(), "--json"]);
    assert_eq!((door()["key"].as_str(), door()["expires_at"].as_str()), (Some("door"), None));
    let other = shell.ok(["record", "another"]);
    let message = failure(&shell.run(["update", other.trim(), "--key", "door"]), 2);
    assert!(message.contains("--key is invalid") && message.contains(third.trim()), "{message}");
    shell.ok(["update", third.trim(), "--no-key", "--expires", "2999-01-01"]);
    assert_eq!((door()["key"].as_str(), door()["expires_at"].as_str()), (None, Some("2999-01-01T00:00:00Z")));
    shell.ok(["update", other.trim(), "--key", "door"]);
    assert_eq!(shell.json(["get", "--key", "door", "--json"])["content"], "another");
}

#[test]
fn lines_with_one_key_end_as_the_last_however_often_they_are_imported() {
    let shell = Shell::new();
    let lines = "{\"content\":\"first\",\"key\":\"k\"}\n{\"content\":\"second\",\"key\":\"k\"}\n";
    let import = |lines: &str| {
        let done: serde_json::Value =
            serde_json::from_str(&text_of(&shell.run_with(["import", "-", "--json"], lines))).unwrap();
        (done["records"]["added"].as_u64().unwrap(), done["records"]["unchanged"].as_u64().unwrap())
    };
    import(lines);
    assert_eq!(shell.contents(), ["second"]);
    let before = shell.export("default");
    for _ in 0..3 {
        assert_eq!(import(lines), (0, 2));
        assert_eq!(shell.export("default"), before);
    }
    // What is new comes after what is there.
    let more = format!("{lines}{{\"content\":\"third\",\"key\":\"k\"}}\n");
    assert_eq!(import(&more), (1, 2));
    assert_eq!(shell.contents(), ["third"]);
    assert_eq!(import(&more), (0, 3));
    assert_eq!(shell.contents(), ["third"]);
}

#[test]
fn text_is_reinforced_once_by_each_import_of_it() {
    let shell = Shell::new();
    shell.ok(["record", "the same"]);
    let lines = "{\"content\":\"the same\"}\n{\"content\":\"the same\"}\n{\"content\":\"new\"}\n";
    let import = || {
        let done = shell.run_with(["import", "-", "--duplicates", "reinforce", "--json"], lines);
        let done: serde_json::Value = serde_json::from_str(&text_of(&done)).unwrap();
        let of = |what: &str| done["records"][what].as_u64().unwrap();
        (of("added"), of("reinforced"), of("unchanged"))
    };
    assert_eq!(import(), (1, 2, 0));
    let before = shell.export("default");
    assert_eq!(before[0]["applications"], 2);
    for _ in 0..2 {
        assert_eq!(import(), (0, 0, 3));
        assert_eq!(shell.export("default"), before);
    }
}
