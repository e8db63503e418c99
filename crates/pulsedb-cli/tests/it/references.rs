//! References between records in exports, and records that keep their ids.

use serde_json::{Value, json};

use crate::shell::{Shell, failure, text_of};

/// A database with a problem, its solution, and a solution of a problem that came later.
fn filled() -> (Shell, [String; 4]) {
    let shell = Shell::new();
    let record = |arguments: &[&str]| shell.ok(["record"].iter().chain(arguments)).trim().to_owned();
    let solution = ["--type", "solution", "--with", "approach=a", "--with", "worked=true"];
    let problem = record(&["the build is slow"]);
    let solved =
        record(&[&["cache it", "--with", &format!("problem_ref={problem}")][..], &solution].concat());
    let early = record(&[&["turn it off and on"][..], &solution].concat());
    let late = record(&["the printer hangs"]);
    shell.ok(["update", &early, "--with", &format!("problem_ref={late}")]);
    (shell, [problem, solved, early, late])
}

/// The contents of the records that refer to others, with the contents that they refer to.
fn links(shell: &Shell, collective: &str) -> Vec<(String, String)> {
    let records = shell.export(collective);
    let text = |record: &Value| record["content"].as_str().unwrap().to_owned();
    let linked = |record: &Value| {
        let target = record["type"]["problem_ref"].as_str()?;
        let target = records.iter().find(|it| it["id"] == target);
        Some((text(record), target.map_or_else(|| "nothing".to_owned(), text)))
    };
    records.iter().filter_map(linked).collect()
}

fn expected() -> Vec<(String, String)> {
    [("cache it", "the build is slow"), ("turn it off and on", "the printer hangs")]
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .to_vec()
}

fn import(shell: &Shell, arguments: &[&str], lines: &str) -> Value {
    let arguments = [&["import", "-", "--json"], arguments].concat();
    serde_json::from_str(&text_of(&shell.run_with(arguments, lines))).unwrap()
}

#[test]
fn references_lead_to_the_same_records_in_another_database() {
    let (shell, _) = filled();
    let lines = shell.ok(["export"]);
    let other = Shell::new();
    assert_eq!(import(&other, &[], &lines)["unknown_references"], 0);
    assert_eq!(links(&other, "default"), expected());
    let before = other.export("default");
    let again = import(&other, &[], &lines);
    assert_eq!((&again["records"]["added"], &again["unknown_references"]), (&json!(0), &json!(0)));
    assert_eq!(other.export("default"), before, "again changes nothing");
}

#[test]
fn references_lead_to_the_copies_in_another_collective_of_the_same_database() {
    let (shell, _) = filled();
    let before = shell.export("default");
    import(&shell, &["-c", "copy"], &shell.ok(["export"]));
    assert_eq!(links(&shell, "copy"), expected());
    import(&shell, &[], &shell.ok(["export"]));
    assert_eq!(shell.export("default"), before);
}

#[test]
fn references_are_mended_by_the_import_after_one_that_was_cut_short() {
    let (shell, _) = filled();
    let lines = shell.ok(["export"]);
    let other = Shell::new();
    // What a killed import leaves: records whose references still have the ids of the source.
    let first: String = lines.lines().take(3).map(|line| format!("{line}\n")).collect();
    let cut = import(&other, &[], &first);
    assert_eq!(cut["unknown_references"], 1, "the printer is not there yet");
    assert_eq!(links(&other, "default")[1].1, "nothing");
    import(&other, &[], &lines);
    assert_eq!(links(&other, "default"), expected());
}

#[test]
fn reference_to_nothing_stays_and_is_counted() {
    let shell = Shell::new();
    let line = r#"{"content":"x","type":{"kind":"solution","problem_ref":"01890000-0000-7000-8000-000000000000","approach":"a","worked":true}}"#;
    assert_eq!(import(&shell, &[], line)["unknown_references"], 1);
    assert_eq!(shell.export("default")[0]["type"]["problem_ref"], "01890000-0000-7000-8000-000000000000");
    let said = text_of(&shell.run_with(["import", "-"], line));
    assert!(said.contains("1 reference to records that are neither"), "{said}");
}

#[test]
fn kept_ids_restore_every_field() {
    let (shell, [problem, solved, ..]) = filled();
    shell.ok(["reinforce", &problem]);
    shell.ok(["forget", &solved]);
    shell.ok(["record", "no known word: \u{1f980}"]);
    for flags in [&["export"][..], &["export", "--embeddings"]] {
        let lines = shell.ok(flags);
        let other = Shell::new();
        let done = import(&other, &["--keep-ids"], &lines);
        assert_eq!((&done["records"]["added"], &done["unknown_references"]), (&json!(5), &json!(0)));
        let plain = |shell: &Shell| {
            let mut records: Vec<Value> = shell
                .ok(["export", "--embeddings"])
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            for record in &mut records {
                record.as_object_mut().unwrap().remove("sequence");
            }
            records
        };
        assert_eq!(plain(&other), plain(&shell));
        let again = import(&other, &["--keep-ids"], &lines);
        assert_eq!((&again["records"]["added"], &again["records"]["unchanged"]), (&json!(0), &json!(5)));
        assert_eq!(
            import(&other, &[], &lines)["records"]["unchanged"],
            5,
            "they are known without the flag too"
        );
        assert_eq!(other.json(["check", "--json"])["clean"], true);
    }
}

#[test]
fn taken_id_is_refused_by_name_and_the_others_come_in() {
    let (shell, [problem, solved, ..]) = filled();
    let lines = shell.ok(["export"]);
    shell.ok(["update", &problem, "the build is quick now"]);
    shell.ok(["forget", "--delete", &solved]);
    let output = shell.run_with(["import", "-", "--keep-ids"], &lines);
    let message = failure(&output, 1);
    assert!(message.contains(&format!("stdin:1: the id {problem} is taken")), "{message}");
    assert!(message.contains("collective `default`") && !message.contains(&solved), "{message}");
    assert_eq!(shell.contents().len(), 4);
    assert!(shell.contents().contains(&"cache it".to_owned()));
    let elsewhere = failure(&shell.run_with(["import", "-", "--keep-ids", "-c", "copy"], &lines), 1);
    assert_eq!(
        elsewhere.matches("is taken by another record, in collective `default`").count(),
        4,
        "{elsewhere}"
    );
    assert!(shell.export("copy").is_empty());
}

#[test]
fn line_that_is_here_under_another_id_or_has_the_id_of_another_line_is_refused() {
    let (shell, _) = filled();
    let lines = shell.ok(["export"]);
    let other = Shell::new();
    import(&other, &[], &lines);
    let message = failure(&other.run_with(["import", "-", "--keep-ids"], &lines), 1);
    assert_eq!(message.matches("is here already under the id").count(), 4, "{message}");
    assert_eq!(other.contents().len(), 4);
    let twice = "{\"id\":\"01890000-0000-7000-8000-000000000000\",\"content\":\"a\"}\n";
    let third = Shell::new();
    let input =
        [twice, twice, &twice.replace("\"a\"", "\"b\""), "{\"content\":\"without an id\"}\n"].concat();
    let message = failure(&third.run_with(["import", "-", "--keep-ids"], input), 1);
    assert!(message.contains("stdin:3: ") && message.contains("given twice"), "{message}");
    assert_eq!(third.contents(), ["a", "without an id"]);
}

#[test]
fn kept_ids_need_vectors_where_callers_supply_them() {
    let shell = Shell::new();
    let line =
        |rest: &str| format!("{{\"id\":\"01890000-0000-7000-8000-000000000000\",\"content\":\"a\"{rest}}}\n");
    let run = |line: &str| shell.run_with(["import", "-", "--keep-ids", "--dimension", "2"], line);
    assert!(failure(&run(&line("")), 1).contains("`embedding` is required"));
    text_of(&run(&line(",\"embedding\":[1,0]")));
    assert_eq!(shell.contents(), ["a"]);
}
