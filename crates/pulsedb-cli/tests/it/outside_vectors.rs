//! Databases whose vectors come from outside.

use crate::shell::{Shell, failure, text_of};

#[test]
fn vectors_from_outside_are_recorded_searched_and_carried_over() {
    let shell = Shell::new();
    let lines =
        "{\"content\":\"east\",\"embedding\":[1,0,0]}\n{\"content\":\"north\",\"embedding\":[0,1,0]}\n";
    text_of(&shell.run_with(["import", "-", "--dimension", "3"], lines));
    shell.write("v.json", "[0.5, 2, 0]");
    let found = shell.json(["search", "--vector", "v.json", "--json"]);
    assert_eq!(found["hits"][0]["experience"]["content"], "north");
    assert!(found["query"].is_null());
    shell.ok(["record", "up", "--embedding", "v.json"]);
    let exported = shell.ok(["export", "--embeddings"]);
    let other = Shell::new();
    text_of(&other.run_with(["import", "-", "--dimension", "3"], &exported));
    let contents = |shell: &Shell| shell.ok(["export", "--embeddings"]).lines().count();
    assert_eq!(contents(&other), 3);
    shell.write("short.json", "[1, 2]");
    failure(&shell.run(["search", "--vector", "short.json"]), 2);
    failure(&shell.run(["record", "no vector"]), 2);
    let by_words = shell.json(["search", "east", "--json", "--explain"]);
    assert_eq!(by_words["hits"][0]["experience"]["content"], "east");
    assert!(by_words["hits"][0]["explain"]["vector"].is_null(), "callers supply the vectors");
    failure(&shell.run(["search", "--semantic", "words"]), 1);
    shell.write("zero.json", "[0, 0, 0]");
    failure(&shell.run(["search", "--vector", "zero.json"]), 2);
    failure(&shell.run(["search", "--vector", "missing.json"]), 1);
    shell.ok(["repair"]);
    assert_eq!(contents(&shell), 3);
}

#[test]
fn database_moves_from_outside_vectors_to_the_bundled_table() {
    let shell = Shell::new();
    let lines = "{\"content\":\"the parser skips comments\",\"embedding\":[1,0,0]}\n";
    text_of(&shell.run_with(["import", "-", "--dimension", "3"], lines));
    failure(&shell.run(["search", "--semantic", "parser comments"]), 1);
    failure(&shell.run(["reembed"]), 2);
    assert!(shell.ok(["stats"]).contains("of external (3 dimensions)"));
    let moved = shell.json(["reembed", "--builtin", "--json"]);
    assert_eq!(
        (moved["experiences"].as_u64(), moved["embedder"]["dimension"].as_u64()),
        (Some(1), Some(256))
    );
    // It has nothing to do the second time.
    assert!(
        shell
            .ok(["reembed", "--builtin"])
            .starts_with("1 experience with vectors of builtin (256 dimensions")
    );
    let found = shell.json(["search", "--semantic", "parser comments", "--json"]);
    assert_eq!(found["hits"][0]["experience"]["content"], "the parser skips comments");
    shell.ok(["record", "another note"]);
    shell.ok(["check"]);
    let stats = shell.json(["stats", "--json"]);
    assert_eq!(
        (stats["embedder"]["provider"].as_str(), stats["reembedding"].is_null()),
        (Some("builtin"), true)
    );
}
