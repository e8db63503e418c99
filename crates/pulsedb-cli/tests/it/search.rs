//! What a search compares, and what it shows: words, meanings, vectors, passages.

use crate::shell::{Shell, failure};

fn filled() -> Shell {
    let shell = Shell::new();
    for (text, task) in [
        ("error E0499: cannot borrow as mutable more than once", "compiler"),
        ("the borrowed ladder stands behind the shed", "garden"),
        ("tomatoes need sun and water", "garden"),
    ] {
        shell.ok(["record", text, "--task", task]);
    }
    shell
}

fn found(shell: &Shell, arguments: &[&str]) -> Vec<String> {
    let document = shell.json(["search", "--json"].iter().chain(arguments));
    let hits = document["hits"].as_array().unwrap().iter();
    hits.map(|hit| hit["experience"]["content"].as_str().unwrap().chars().take(9).collect()).collect()
}

#[test]
fn lexical_search_finds_words_and_nothing_else() {
    let shell = filled();
    assert_eq!(found(&shell, &["--lexical", "E0499"]), ["error E04"]);
    assert_eq!(found(&shell, &["--lexical", "borrowing"]).len(), 2, "one stem");
    assert_eq!(found(&shell, &["--lexical", "borrow", "-ladder"]), ["error E04"]);
    assert_eq!(found(&shell, &["--lexical", "\"sun and water\""]), ["tomatoes "]);
    assert_eq!(found(&shell, &["--lexical", "toma*"]), ["tomatoes "]);
    assert!(found(&shell, &["--lexical", "vegetables"]).is_empty());
    assert!(shell.ok(["search", "--lexical", "vegetables"]).starts_with("nothing found"));
}

#[test]
fn semantic_search_compares_meanings_and_is_exact_if_asked_for() {
    let shell = filled();
    let plain = found(&shell, &["growing vegetables"]);
    assert_eq!(plain[0], "tomatoes ");
    assert_eq!(found(&shell, &["--semantic", "growing vegetables"])[0], "tomatoes ");
    assert_eq!(found(&shell, &["--exact", "growing vegetables"]), plain);
    for flags in [&["--lexical", "--semantic", "x"][..], &["--lexical", "--vector", "v.json"], &["--lexical"]]
    {
        failure(&shell.run(["search"].iter().chain(flags)), 2);
    }
}

#[test]
fn tasks_filter_what_is_found_and_shown() {
    let shell = filled();
    let text = "borrow water";
    assert_eq!(found(&shell, &[text, "--task", "compiler"]), ["error E04"]);
    assert_eq!(found(&shell, &[text, "--task", "compiler", "--task", "garden"]).len(), 3);
    assert_eq!(found(&shell, &["--lexical", "borrow", "--task", "garden"]), ["the borro"]);
    assert_eq!(shell.json(["recent", "--json", "--task", "garden"])["count"], 2);
}

/// A long note whose answer is far from its head.
fn long_note(shell: &Shell) {
    let filler = "Nothing to see here, move along to the next line please.\n".repeat(12);
    shell.ok([
        "record",
        &format!("{filler}When the disk is full, writes fail and nothing is lost.\n{filler}"),
    ]);
}

#[test]
fn hit_shows_the_passage_that_matched_and_not_the_head() {
    let shell = Shell::new();
    long_note(&shell);
    let question = "what happens when the disk is full?";
    let shown = shell.ok(["search", question]);
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert_eq!(lines[1..3], ["...", "When the disk is full, writes fail and nothing is lost."], "{shown}");
    let hit = &shell.json(["search", question, "--json"])["hits"][0];
    let (start, end) = (hit["passage"]["start"].as_u64().unwrap(), hit["passage"]["end"].as_u64().unwrap());
    let content = hit["experience"]["content"].as_str().unwrap();
    assert_eq!(hit["passage"]["text"], content[start as usize..end as usize]);
    assert!(hit["passage"]["text"].as_str().unwrap().starts_with("When the disk"), "{hit}");
    let coloured = shell.ok(["search", question, "--color", "always"]);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[33mdisk\u{1b}[0m"), "{coloured:?}");
    assert!(
        shell.ok(["recent"]).contains("    Nothing to see here"),
        "recent ones begin with their beginning"
    );
}

#[test]
fn hits_of_one_document_that_are_nearly_the_same_fold_into_one() {
    let shell = Shell::new();
    let section = |number: usize| {
        let text = "The nightly backup of the staging database failed with a timeout; the operator started it again. ";
        format!("# Attempt {number}\n\n{}Run {number}.\n\n", text.repeat(4))
    };
    shell.write(
        "log.md",
        (1..=4).map(section).collect::<String>() + "# Roses\n\nRoses like a backup of water.\n",
    );
    shell.write("other.md", section(9));
    shell.ok(["import", "log.md", "other.md"]);
    let found = shell.json(["search", "nightly backup timeout", "--json"]);
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(found["count"], hits.len());
    let folded = |hit: &&serde_json::Value| !hit["folds_into"].is_null();
    assert_eq!(hits.iter().filter(folded).count(), 3, "{hits:#?}");
    for hit in hits.iter().filter(folded) {
        let into = hit["folds_into"].as_u64().unwrap();
        let better = &hits[into as usize - 1];
        assert!(better["folds_into"].is_null() && into < hit["rank"].as_u64().unwrap());
        assert_eq!((&better["source"], hit["source"].as_str()), (&hit["source"], Some("log.md")));
    }
    let blocks = |text: &str| text.lines().filter(|line| line.contains(".md:")).count();
    let shown = shell.ok(["search", "nightly backup timeout"]);
    assert_eq!(blocks(&shown), hits.len() - 3, "{shown}");
    assert!(shown.contains("3 more hits of nearly the same text in this document"), "{shown}");
    let all = shell.ok(["search", "nightly backup timeout", "--all"]);
    assert_eq!(blocks(&all), hits.len(), "{all}");
    assert!(!all.contains("more hit"));
    failure(&shell.run(["search", "x", "--all", "--json"]), 2);
}

#[test]
fn explanation_of_a_score_adds_up_to_it() {
    let shell = filled();
    let document = shell.json(["search", "borrow a ladder", "--json", "--explain"]);
    for hit in document["hits"].as_array().unwrap() {
        let parts = &hit["explain"];
        let part = |name: &str| parts[name].as_f64().unwrap();
        let sum: f64 = ["fused", "session", "window", "question", "agent"].into_iter().map(part).sum();
        assert!((sum - hit["score"].as_f64().unwrap()).abs() < 1e-5, "{hit}");
        assert!(parts["energy"].is_null());
    }
    let shown = shell.ok(["search", "borrow a ladder", "--explain"]);
    assert!(shown.contains("words 0.") && shown.contains("(BM25 ") && shown.contains("cosine "), "{shown}");
    let lexical = shell.ok(["search", "--lexical", "ladder", "--explain"]);
    assert!(lexical.contains("no meaning, no late interaction"), "{lexical}");
}

#[test]
fn evaluation_counts_the_evidence_that_is_found() {
    let shell = Shell::new();
    let turn = |id: &str, session: u32, speaker: &str, text: &str| {
        format!(
            "{{\"conversation\":\"c\",\"id\":\"{id}\",\"session\":{session},\"date\":\"1 May\",\
             \"speaker\":\"{speaker}\",\"text\":\"{text}\"}}\n"
        )
    };
    let turns = [
        turn("a", 1, "Ann", "I planted tomatoes behind the shed."),
        turn("b", 1, "Bob", "Nice, mine were eaten by snails."),
        turn("c", 2, "Ann", "The train to Lyon was late again."),
    ];
    shell.write("turns.jsonl", turns.concat());
    let question = |category: u32, text: &str, evidence: &str| {
        format!(
            "{{\"conversation\":\"c\",\"question\":\"{text}\",\"category\":{category},\"evidence\":[{evidence}]}}\n"
        )
    };
    let questions = [
        question(1, "What did Ann plant?", "\"a\""),
        question(4, "Which train was late?", "\"c\", \"missing\""),
        question(5, "Who ate the snails?", "\"b\""),
        question(2, "Nothing answers this", ""),
    ];
    shell.write("questions.jsonl", questions.concat());
    let eval = ["eval", "--conversations", "turns.jsonl", "--questions", "questions.jsonl"];
    let document = shell.json(eval.iter().chain(&["--json", "--context", "2"]));
    assert_eq!(document["setting"], "text, context 2");
    assert_eq!(document["questions_with_lost_evidence"], 1);
    let told = shell.run(eval);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("1 question of 4") && told.contains("`missing in c`"), "{told}");
    let categories = document["categories"].as_array().unwrap();
    let named: Vec<String> = categories.iter().map(|one| one["category"].to_string()).collect();
    assert_eq!(named, ["1", "4", "5", "\"1-4\""]);
    let last = &categories[3];
    assert_eq!((last["questions"].as_u64(), last["r1"].as_f64()), (Some(2), Some(0.75)), "{last}");
    assert_eq!((last["r10"].as_f64(), last["all10"].as_f64()), (Some(0.75), Some(0.5)), "{last}");
    assert_eq!((last["mrr"].as_f64(), last["tokens1000"].as_f64()), (Some(1.0), Some(0.75)), "{last}");
    let shown = shell.ok(eval.iter().chain(&["--lexical"]));
    assert!(shown.starts_with("words alone") && shown.contains("1 multi-hop"), "{shown}");
    assert!(!shell.database().exists(), "a temporary database is used");
    shell.write("broken.jsonl", "{\"conversation\":1}\n");
    let message =
        failure(&shell.run(["eval", "--conversations", "turns.jsonl", "--questions", "broken.jsonl"]), 2);
    assert!(message.contains("broken.jsonl, line 1"), "{message}");
}
