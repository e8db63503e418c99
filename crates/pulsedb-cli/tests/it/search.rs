//! What a search compares: words, meanings, vectors.

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
    assert_eq!((plain.len(), plain[0].as_str()), (3, "tomatoes "));
    assert_eq!(found(&shell, &["--semantic", "growing vegetables"]), plain);
    assert_eq!(found(&shell, &["--exact", "growing vegetables"]), plain);
    for flags in [&["--lexical", "--semantic", "x"][..], &["--lexical", "--vector", "v.json"], &["--lexical"]]
    {
        failure(&shell.run(["search"].iter().chain(flags)), 2);
    }
}

#[test]
fn tasks_filter_what_is_found_and_shown() {
    let shell = filled();
    assert_eq!(found(&shell, &["water", "--task", "compiler"]), ["error E04"]);
    assert_eq!(found(&shell, &["water", "--task", "compiler", "--task", "garden"]).len(), 3);
    assert_eq!(found(&shell, &["--lexical", "borrow", "--task", "garden"]), ["the borro"]);
    assert_eq!(shell.json(["recent", "--json", "--task", "garden"])["count"], 2);
}
