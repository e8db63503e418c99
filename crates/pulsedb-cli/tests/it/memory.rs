//! Relations, superseding, insights and contexts from the shell, and their way into another database.

use serde_json::{Value, json};

use crate::shell::{Shell, failure, text_of};

/// A database of four notes, of which the second supersedes the first, with relations and insights.
fn filled() -> (Shell, Vec<String>) {
    let shell = Shell::new();
    let id = |arguments: &[&str]| shell.ok(arguments).trim().to_owned();
    let old = id(&["record", "the port is 8080", "--domain", "net", "--importance", "0.9"]);
    let new = id(&["supersede", &old, "the port is 9090", "--agent", "ada"]);
    let cause = id(&["record", "the proxy was moved", "--agent", "bob"]);
    let effect = id(&["record", "the health check fails"]);
    id(&["relate", &cause, &effect, "--type", "implies", "--strength", "0.75", "--metadata", "seen twice"]);
    id(&["relate", &cause, &new]);
    id(&["insight", "add", "moving the proxy breaks checks", "--from", &cause, "--from", &effect]);
    (shell, vec![old, new, cause, effect])
}

/// What joins records, by their contents.
fn joined(shell: &Shell, collective: &str) -> Vec<Value> {
    let lines = shell.export(collective);
    let content = |id: &Value| {
        let record = lines.iter().find(|line| line["id"] == *id && line["relation"].is_null());
        record.map_or_else(|| json!("nothing"), |record| record["content"].clone())
    };
    let describe = |line: &Value| {
        if !line["relation"].is_null() {
            let ends = [content(&line["source"]), content(&line["target"])];
            return Some(json!([
                line["relation"],
                ends,
                line["strength"],
                line["metadata"],
                line["created_at"]
            ]));
        }
        let sources: Vec<Value> = line.get("sources")?.as_array()?.iter().map(content).collect();
        Some(json!([line["insight"], line["content"], sources, line["created_at"]]))
    };
    lines.iter().filter_map(describe).collect()
}

#[test]
fn superseded_record_is_not_found_and_its_history_is_shown() {
    let (shell, ids) = filled();
    let found = shell.json(["search", "--lexical", "port", "--json"]);
    assert_eq!((&found["count"], &found["hits"][0]["experience"]["id"]), (&json!(1), &json!(ids[1])));
    let found = shell.json(["search", "--lexical", "port", "--superseded", "--json"]);
    assert_eq!(found["count"], 2);
    let new = shell.json(["get", &ids[1], "--json"]);
    // What was not said is that of the old one, but for the agent.
    assert_eq!(
        (&new["domain"], &new["importance"], &new["agent"]),
        (&json!(["net"]), &json!(0.9), &json!("ada"))
    );
    assert_eq!(new["history"], json!([ids[0], ids[1]]));
    assert!(new["superseded"].is_null());
    assert_eq!(shell.json(["get", &ids[0], "--json"])["superseded"], true);
    let history = shell.json(["history", &ids[0], "--json"]);
    let contents: Vec<&Value> =
        history["history"].as_array().unwrap().iter().map(|one| &one["content"]).collect();
    assert_eq!(contents, ["the port is 8080", "the port is 9090"]);
    let page = shell.ok(["history", &ids[1]]);
    assert!(page.contains("8080") && page.contains("superseded"), "{page}");
    let page = shell.ok(["get", &ids[0]]);
    assert!(page.contains("superseded") && page.contains("history"), "{page}");
}

#[test]
fn relations_are_shown_from_both_ends_and_bad_ones_are_refused() {
    let (shell, ids) = filled();
    let cause = shell.json(["get", &ids[2], "--json"]);
    let relations = cause["relations"].as_array().unwrap();
    assert_eq!(relations.len(), 2);
    assert_eq!(
        (&relations[0]["relation"], &relations[0]["target"], &relations[0]["metadata"]),
        (&json!("implies"), &json!(ids[3]), &json!("seen twice"))
    );
    let page = shell.ok(["get", &ids[3]]);
    assert!(page.contains("implies      <- ") && page.contains("the proxy was moved"), "{page}");
    failure(&shell.run(["relate", &ids[2], &ids[2]]), 2);
    let message = failure(&shell.run(["relate", &ids[2], &ids[3], "--type", "implies"]), 2);
    assert!(message.contains("already"), "{message}");
    let message = failure(&shell.run(["relate", &ids[0], &ids[1], "--type", "supersedes"]), 2);
    assert!(message.contains("supersedes"), "{message}");
    let missing = "00000000-0000-7000-8000-000000000000";
    for arguments in [
        ["relate", &ids[0], missing].as_slice(),
        &["supersede", missing, "x"],
        &["history", missing],
        &["insight", "add", "x", "--from", missing],
    ] {
        failure(&shell.run(arguments), 3);
    }
    failure(&shell.run(["relate", &ids[0], &ids[1], "--type", "hates"]), 2);
}

#[test]
fn insights_are_listed_and_found() {
    let (shell, ids) = filled();
    let found = shell.json(["insight", "search", "proxy", "--lexical", "--json"]);
    assert_eq!(found["count"], 1);
    let insight = &found["hits"][0]["insight"];
    assert_eq!((&insight["insight"], &insight["sources"]), (&json!("pattern"), &json!([ids[2], ids[3]])));
    assert_eq!(shell.json(["insight", "search", "proxy", "--type", "synthesis", "--json"])["count"], 0);
    shell.ok(["forget", &ids[3], "--delete"]);
    let listed: Value = serde_json::from_str(shell.ok(["insight", "list", "--json"]).trim()).unwrap();
    assert_eq!(listed["missing_sources"], json!([ids[3]]));
    assert!(shell.ok(["insight", "list"]).contains("2 sources (1 deleted)"));
    assert!(shell.ok(["insight", "search", "proxy"]).contains("moving the proxy"));
}

#[test]
fn context_is_markdown_for_a_prompt_within_its_tokens() {
    let (shell, ids) = filled();
    shell.ok(["agents", "register", "ada", "--task", "mend the proxy"]);
    let markdown = shell.ok(["context", "why", "does", "the", "check", "fail?"]);
    for part in [&ids[2], "`bob`", "moving the proxy", "implies", "`ada`", "mend the proxy"] {
        assert!(markdown.contains(part), "{part} is not in {markdown}");
    }
    assert!(!markdown.contains("8080"), "a superseded record is in the context");
    let short = shell.ok(["context", "proxy", "--tokens", "100"]);
    assert!(!short.is_empty() && short.len() <= 400, "{short}");
    let document = shell.json(["context", "proxy", "--tokens", "100", "--json"]);
    assert!(document["omitted"].as_u64().unwrap() > 0);
    let all = shell.json(["context", "proxy", "--json"]);
    assert_eq!(all["omitted"], 0);
    assert_eq!(all["relations"].as_array().unwrap().len(), 3);
    let nothing = shell.json([
        "context",
        "proxy",
        "--no-relations",
        "--no-insights",
        "--no-agents",
        "--recent",
        "0",
        "--json",
    ]);
    assert_eq!(
        (&nothing["recent"], &nothing["insights"], &nothing["agents"]),
        (&json!([]), &json!([]), &json!([]))
    );
}

#[test]
fn relations_and_insights_come_back_in_another_database_and_again_change_nothing() {
    let (shell, _) = filled();
    let lines = shell.ok(["export"]);
    let expected = joined(&shell, "default");
    assert_eq!(expected.len(), 4);
    for flags in [&[][..], &["--keep-ids"]] {
        let other = Shell::new();
        let import = |flags: &[&str]| -> Value {
            let arguments = [&["import", "-", "--json"], flags].concat();
            serde_json::from_str(&text_of(&other.run_with(arguments, &lines))).unwrap()
        };
        let first = import(flags);
        assert_eq!((&first["relations"], &first["insights"]), (&json!(3), &json!(1)), "{flags:?}");
        assert_eq!(joined(&other, "default"), expected, "{flags:?}");
        assert_eq!(other.json(["search", "--lexical", "port", "--json"])["count"], 1);
        let before = other.export("default");
        let again = import(flags);
        assert_eq!((&again["relations"], &again["insights"]), (&json!(0), &json!(0)), "{flags:?}");
        assert_eq!(other.export("default"), before, "{flags:?}");
        other.ok(["check"]);
        if !flags.is_empty() {
            let ids = |shell: &Shell| -> Vec<Value> {
                shell.export("default").iter().map(|line| line["id"].clone()).collect()
            };
            assert_eq!(ids(&other), ids(&shell));
        }
    }
}

#[test]
fn lines_that_join_what_is_missing_are_named() {
    let shell = Shell::new();
    let id = shell.ok(["record", "one"]).trim().to_owned();
    let missing = "00000000-0000-7000-8000-000000000000";
    let lines = format!(
        "{{\"relation\":\"supports\",\"source\":\"{id}\",\"target\":\"{missing}\"}}\n\
         {{\"relation\":\"hates\",\"source\":\"{id}\",\"target\":\"{missing}\"}}\n\
         {{\"insight\":\"pattern\",\"content\":\"x\",\"sources\":[\"{id}\"]}}\n"
    );
    let output = shell.run_with(["import", "-", "--format", "jsonl", "--json"], lines);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failures = document["failures"].as_array().unwrap();
    let of: Vec<&Value> = failures.iter().map(|failure| &failure["line"]).collect();
    assert_eq!(of, [2, 1], "{document}");
    assert_eq!(document["insights"], 1);
}

#[test]
fn relations_and_insights_can_be_deleted() {
    let (shell, ids) = filled();
    let relations = shell.json(["get", &ids[2], "--json"])["relations"].clone();
    let id = relations[0]["id"].as_str().unwrap().to_owned();
    let missing = "00000000-0000-7000-8000-000000000000";
    failure(&shell.run(["unrelate", &id, missing]), 3);
    assert!(shell.ok(["unrelate", &id]).contains(&id));
    assert_eq!(shell.json(["get", &ids[2], "--json"])["relations"].as_array().unwrap().len(), 1);
    failure(&shell.run(["unrelate", &id]), 3);
    let insight: Value = serde_json::from_str(shell.ok(["insight", "list", "--json"]).trim()).unwrap();
    let id = insight["id"].as_str().unwrap();
    failure(&shell.run(["insight", "delete", missing]), 3);
    assert!(shell.ok(["insight", "delete", id]).contains(id));
    assert_eq!(shell.ok(["insight", "list", "--json"]), "");
    shell.ok(["check"]);
}

#[test]
fn what_a_context_leaves_out_is_said() {
    let (shell, _) = filled();
    shell.ok(["record", &format!("the proxy {}", "and more ".repeat(400))]);
    let short = shell.ok(["context", "proxy", "--tokens", "200"]);
    assert!(short.len() <= 800 && short.trim_end().ends_with("rows were left out."), "{short}");
    assert!(!shell.ok(["context", "proxy"]).contains("left out"));
    let nothing = shell.run(["context", "proxy", "--tokens", "1"]);
    assert!(nothing.status.success() && nothing.stdout.is_empty());
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("raise --tokens"));
}

#[test]
fn import_with_ids_after_one_without_doubles_no_insight() {
    let (shell, _) = filled();
    let lines = shell.ok(["export"]);
    let other = Shell::new();
    text_of(&other.run_with(["import", "-"], &lines));
    let before = other.export("default");
    let output = other.run_with(["import", "-", "--keep-ids", "--json"], &lines);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(other.export("default"), before);
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["relations"], &done["insights"]), (&json!(0), &json!(0)), "{done}");
}

#[test]
fn history_tells_a_fork_from_a_chain_and_lists_mark_what_is_superseded() {
    let (shell, ids) = filled();
    let fork = shell.ok(["supersede", &ids[0], "the port is 7070"]);
    let page = shell.ok(["history", &ids[0]]);
    assert_eq!(page.matches("in the place of 1.").count(), 2, "{page}");
    let history = shell.json(["history", fork.trim(), "--json"]);
    let ends = history["relations"].as_array().unwrap().iter().map(|one| (&one["source"], &one["target"]));
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [(&json!(ids[1]), &json!(ids[0])), (&json!(fork.trim()), &json!(ids[0]))]
    );
    let list = shell.ok(["list"]);
    assert!(list.contains("(superseded) the port is 8080"), "{list}");
    let help = shell.ok(["supersede", "--help"]);
    assert!(!help.contains("[default: 0.5]") && help.contains("[default: that of the old one]"), "{help}");
}
