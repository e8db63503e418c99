//! Exit codes, and the messages that come with them.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::shell::{Shell, failure, text_of};

#[test]
fn reading_a_missing_database_creates_nothing_and_says_how_to() {
    let shell = Shell::new();
    let id = "01890000-0000-7000-8000-000000000000";
    for arguments in [
        &["search", "x"][..],
        &["recent"],
        &["list"],
        &["watch"],
        &["get", id],
        &["forget", id],
        &["update", id, "x"],
        &["reinforce", id],
        &["compact"],
        &["reembed", "--builtin"],
        &["collectives", "rename", "x", "y"],
        &["collectives"],
        &["collectives", "delete", "x", "--yes"],
        &["stats"],
        &["check"],
        &["backup", "copy"],
        &["export"],
    ] {
        let message = failure(&shell.run(arguments), 3);
        assert!(
            message.starts_with("error: no database at ")
                && message.contains("pulsedb import")
                && !message.contains("caused by"),
            "{message}"
        );
        assert!(!shell.database().exists(), "{arguments:?} created something");
    }
}

#[test]
fn missing_collective_is_not_found_and_the_others_are_named() {
    let shell = Shell::new();
    shell.ok(["record", "x", "-c", "notes"]);
    let message = failure(&shell.run(["search", "x"]), 3);
    assert!(message.contains("`default`") && message.contains("`notes`"), "{message}");
}

#[test]
fn wrong_arguments_and_refused_values_are_usage() {
    let shell = Shell::new();
    shell.ok(["record", "x"]);
    for arguments in [
        &["unknown"][..],
        &[],
        &["search"],
        &["search", "x", "-k", "0"],
        &["search", "x", "-k", "1001"],
        &["search", "x", "--since", "yesterday"],
        &["search", "x", "--tag", "novalue"],
        &["search", "x", "--min-importance", "NaN"],
        &["get", "not-an-id"],
        &["record", "x", "--importance", "2"],
        &["record", "x", "--type", "fact"],
        &["record", "x", "--tag", "a=1", "--tag", "a=2"],
        &["record", "x", "--timestamp", "soon"],
        &["collectives", "create", " "],
        &["collectives", "create", "default"],
        &["recent", "-n", "0"],
        &["watch", "--min-importance", "NaN"],
        &["bench", "--records", "1"],
        &["import"],
    ] {
        failure(&shell.run(arguments), 2);
    }
    assert_eq!(shell.contents(), ["x"]);
}

#[test]
fn search_without_hits_succeeds() {
    let shell = Shell::new();
    shell.ok(["collectives", "create", "default"]);
    assert!(shell.ok(["search", "x"]).starts_with("nothing found"));
    assert_eq!(shell.json(["search", "x", "--json"])["count"], 0);
}

#[test]
fn damaged_file_is_damaged() {
    let shell = Shell::new();
    for number in 0..200 {
        shell.write(&format!("{number}.txt"), format!("text of file {number}"));
    }
    shell.ok(["import", "."]);
    let data = shell.database().join("data.mdb");
    let whole = fs::read(&data).unwrap();
    fs::write(&data, &whole[..whole.len() / 3]).unwrap();
    let message = failure(&shell.run(["search", "text"]), 5);
    assert!(message.contains("repair") || message.contains("backup"), "{message}");
    // Bytes of values in the middle of the file.
    let mut broken = whole.clone();
    for (at, _) in whole.windows(12).enumerate().filter(|(_, window)| window == b"text of file") {
        broken[at] ^= 1;
    }
    fs::write(&data, broken).unwrap();
    failure(&shell.run(["check"]), 5);
    failure(&shell.run(["list"]), 5);
}

#[test]
fn database_that_another_process_writes_cannot_be_repaired() {
    let shell = Shell::new();
    shell.ok(["record", "x"]);
    let mut command = shell.command(["import", "-", "--format", "jsonl"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    wait_for_writer(&shell);
    let message = failure(&shell.run(["repair"]), 4);
    assert!(message.contains("in use by"), "{message}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    shell.ok(["repair"]);
}

/// Waits until a process has the database open for writing; each look is a run of `stats`.
fn wait_for_writer(shell: &Shell) {
    for _ in 0..10_000 {
        if !shell.json(["stats", "--json"])["writers"].as_array().unwrap().is_empty() {
            return;
        }
    }
    panic!("no writer came");
}

#[test]
fn reader_that_goes_away_ends_the_command_quietly() {
    let shell = Shell::new();
    let line = format!("{{\"content\":\"{}\"}}\n", "long text ".repeat(100));
    text_of(&shell.run_with(["import", "-"], line.repeat(500)));
    for arguments in [&["export"][..], &["list", "--json", "-n", "1000"], &["recent", "-n", "1000"]] {
        let mut child =
            shell.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 16]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn full_output_is_a_failure() {
    let shell = Shell::new();
    shell.ok(["record", "x"]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = shell.command(["export"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert!(failure(&output, 1).starts_with("error: "));
}

#[test]
fn default_place_is_the_data_directory_of_the_platform() {
    let shell = Shell::new();
    let home = shell.work().join("home");
    let mut command = shell.command(["record", "x"]);
    command.env_remove("PULSEDB_DB").env("HOME", &home).env_remove("XDG_DATA_HOME").env("APPDATA", &home);
    text_of(&command.output().unwrap());
    if cfg!(target_os = "linux") {
        assert!(home.join(".local/share/pulsedb").is_dir());
    }
}

#[cfg(unix)]
#[test]
fn path_that_is_no_unicode_is_written_as_json() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let shell = Shell::new();
    let database = shell.work().join(OsStr::from_bytes(b"odd\xff"));
    let copy = shell.work().join(OsStr::from_bytes(b"copy\xff"));
    let run = |arguments: &[&OsStr]| {
        text_of(&shell.run([&["--db".as_ref(), database.as_os_str()], arguments].concat()))
    };
    run(&["record".as_ref(), "x".as_ref()]);
    assert!(run(&["stats".as_ref(), "--json".as_ref()]).contains("odd\u{fffd}"));
    assert!(run(&["backup".as_ref(), "--json".as_ref(), copy.as_os_str()]).contains("copy\u{fffd}"));
}

#[test]
fn home_directory_is_expanded_and_empty_variables_are_not_set() {
    let shell = Shell::new();
    let home = shell.work().join("home");
    fs::create_dir(&home).unwrap();
    let run = |arguments: &[&str], database: &str| {
        let mut command = shell.command(arguments);
        command.env("PULSEDB_DB", database).env("PULSEDB_COLLECTIVE", "").env("HOME", &home);
        command.env_remove("XDG_DATA_HOME").env("APPDATA", &home).output().unwrap()
    };
    if cfg!(unix) {
        text_of(&run(&["record", "x"], "~/notes/db"));
        assert!(home.join("notes/db/data.mdb").is_file());
        text_of(&run(&["record", "x", "--db=~/flag"], "elsewhere"));
        assert!(home.join("flag/data.mdb").is_file());
        failure(&run(&["record", "x"], "~ada/db"), 2);
    }
    text_of(&run(&["record", "x"], ""));
    if cfg!(target_os = "linux") {
        assert!(home.join(".local/share/pulsedb").is_dir());
    }
    let listed = text_of(&run(&["collectives", "--json"], ""));
    assert!(listed.contains("\"default\""), "{listed}");
}
