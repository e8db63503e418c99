//! Models of one's own: noted, found by the database that is stamped with one, and refused by name.

use std::process::Output;

use crate::shell::{Shell, failure};

/// Runs a command whose notes of models lie beside its database.
fn run(shell: &Shell, arguments: &[&str]) -> Output {
    let home = shell.work();
    let mut command = shell.command(arguments);
    command.env("XDG_DATA_HOME", &home).env("HOME", &home).env("APPDATA", &home).output().unwrap()
}

#[cfg(not(feature = "neural"))]
#[test]
fn command_without_models_says_so() {
    let shell = Shell::new();
    shell.ok(["record", "the parser skips comments"]);
    for arguments in
        [&["model"][..], &["model", "list"], &["model", "add", "."], &["reembed", "--model", "."]]
    {
        let said = failure(&run(&shell, arguments), 2);
        assert!(said.contains("built without models"), "{said}");
    }
    // A model is asked for only where a database is made.
    let mut command = shell.command(["record", "another"]);
    assert!(command.env("PULSEDB_MODEL", "nowhere").output().unwrap().status.success());
    let new = Shell::new();
    let mut command = new.command(["record", "another"]);
    let said = failure(&command.env("PULSEDB_MODEL", "nowhere").output().unwrap(), 2);
    assert!(said.contains("built without models"), "{said}");
}

#[cfg(feature = "neural")]
#[test]
fn directory_that_is_no_model_is_refused_and_not_noted() {
    let shell = Shell::new();
    shell.write("model/config.json", "{}");
    for arguments in [&["model", "add", "model"][..], &["model", "add", "nowhere"]] {
        let said = failure(&run(&shell, arguments), 2);
        assert!(said.contains("config.json"), "{said}");
    }
    let listed = run(&shell, &["model", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["count"], 0);
}

/// With a model in `PULSEDB_TEST_MODEL`, as the tests of the library take it.
#[cfg(feature = "neural")]
#[test]
fn database_finds_the_model_that_it_is_stamped_with() {
    let Some(model) = std::env::var("PULSEDB_TEST_MODEL").ok().filter(|path| !path.is_empty()) else {
        println!("skipped: PULSEDB_TEST_MODEL names no directory of a model");
        return;
    };
    let shell = Shell::new();
    let ok = |arguments: &[&str]| {
        let output = run(&shell, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    ok(&["record", "the parser skips comments"]);
    ok(&["record", "rain is expected tomorrow"]);
    ok(&["reembed", "--model", &model, "--quiet"]);
    let digest = ok(&["model", "add", &model]).trim().to_owned();
    assert!(ok(&["model"]).contains(&digest) && ok(&["stats"]).contains(&digest));
    ok(&["record", "wet weather is coming"]);
    let found = ok(&["search", "--semantic", "will it pour"]);
    let place = |word: &str| found.find(word).unwrap_or(found.len());
    assert!(place("rain") < place("parser") && place("weather") < place("parser"), "{found}");
    ok(&["check"]);
    // Where nobody knows the model, what embeds nothing goes on.
    let mut without = shell.command(["search", "--semantic", "rain"]);
    let said = failure(&without.env("XDG_DATA_HOME", shell.work().join("empty")).output().unwrap(), 1);
    assert!(said.contains("pulsedb model add"), "{said}");
    let mut without = shell.command(["list"]);
    assert!(without.env("XDG_DATA_HOME", shell.work().join("empty")).output().unwrap().status.success());
}
