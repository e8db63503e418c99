//! Snapshots in engrams, and collectives as directories.

use std::fs;
use std::path::Path;

use crate::shell::{Shell, failure, keys};

fn filled() -> Shell {
    let shell = Shell::new();
    for text in [
        "the build breaks without the vendored library",
        "tests need one thread",
        "the key rotates on Mondays",
    ] {
        shell.ok(["record", text, "--domain", "build", "--agent", "alice", "--type", "generic"]);
    }
    shell.ok(["record", "a note", "-c", "notes"]);
    shell
}

/// What the command prints with a database in another place.
fn in_database(shell: &Shell, database: &str, arguments: &[&str]) -> String {
    let place = shell.work().join(database);
    let all = [&["--db", place.to_str().unwrap()], arguments].concat();
    shell.ok(all)
}

/// The lines of `export` without the numbers of changes.
fn exported(shell: &Shell, database: &Path, collective: &str) -> Vec<String> {
    let database = database.to_str().unwrap();
    let lines = shell.ok(["--db", database, "-c", collective, "export", "--embeddings"]);
    let without = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("sequence");
        value.to_string()
    };
    lines.lines().map(without).collect()
}

#[test]
fn snapshots_are_added_and_restored() {
    let shell = filled();
    let first = shell.json(["snapshot", "it.egm", "--json", "--label", "first"]);
    let all = [
        "added_bytes",
        "bytes",
        "collectives",
        "experiences",
        "insights",
        "path",
        "relations",
        "sequence",
        "snapshot",
    ];
    assert_eq!(keys(&first), all);
    assert_eq!(
        (&first["snapshot"], &first["experiences"], &first["collectives"]),
        (&1.into(), &4.into(), &2.into())
    );
    shell.ok(["record", "something new", "-c", "notes"]);
    let second = shell.ok(["snapshot", "it.egm"]);
    assert!(
        second.starts_with("snapshot 2 of 5 experiences, 0 relations and 0 insights in 2 collectives: "),
        "{second}"
    );
    let notes = shell.json(["snapshot", "notes.egm", "-c", "notes", "--json"]);
    assert_eq!((&notes["experiences"], &notes["collectives"]), (&2.into(), &1.into()));

    let restored = in_database(&shell, "copy", &["restore", "it.egm", "--json"]);
    let restored: serde_json::Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(keys(&restored), ["collectives", "experiences", "insights", "path", "relations", "snapshot"]);
    for collective in ["default", "notes"] {
        let copy = exported(&shell, &shell.work().join("copy"), collective);
        assert_eq!(copy, exported(&shell, &shell.database(), collective));
    }
    let old = in_database(&shell, "old", &["restore", "it.egm", "--at", "1"]);
    assert!(
        old.starts_with("4 experiences, 0 relations and 0 insights in 2 collectives of snapshot 1 are at "),
        "{old}"
    );
    // The restored one gives the same file.
    in_database(&shell, "old", &["snapshot", "old.egm", "--label", "first"]);
    shell.ok(["--db", shell.work().join("old").to_str().unwrap(), "record", "it goes on"]);
    let names: Vec<_> = fs::read_dir(shell.work()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
}

#[test]
fn missing_database_is_said_and_leaves_nothing() {
    let shell = Shell::new();
    for arguments in [&["snapshot", "it.egm"][..], &["mount", "."]] {
        assert!(failure(&shell.run(arguments), 3).starts_with("error: no database at "));
    }
    assert!(!shell.database().exists());
    assert_eq!(fs::read_dir(shell.work()).unwrap().count(), 0);
}

#[test]
fn vectors_from_outside_come_back_into_a_database_for_them() {
    let shell = Shell::new();
    shell.write("vector", "[0.5, -0.25, 1e-40]");
    shell.ok(["record", "x", "--dimension", "3", "--embedding", "vector"]);
    shell.ok(["snapshot", "it.egm"]);
    in_database(&shell, "copy", &["restore", "it.egm"]);
    let copy = exported(&shell, &shell.work().join("copy"), "default");
    assert_eq!(copy, exported(&shell, &shell.database(), "default"));
}

#[test]
fn what_cannot_be_restored_or_replaced_is_refused_by_its_code() {
    let shell = filled();
    shell.ok(["snapshot", "it.egm"]);
    let restore = |database: &str, engram: &str| {
        let place = shell.work().join(database);
        shell.run(["--db", place.to_str().unwrap(), "restore", engram])
    };
    failure(&shell.run(["restore", "it.egm"]), 2);
    failure(&restore("copy", "missing.egm"), 3);
    failure(&shell.run(["snapshot", "it.egm", "-c", "missing"]), 3);
    let at = ["--db", "copy", "restore", "it.egm", "--at", "7"];
    failure(&shell.run(at), 3);
    shell.write("text.egm", "no engram");
    failure(&restore("copy", "text.egm"), 1);
    failure(&shell.run(["snapshot", "text.egm"]), 1);
    let mut bytes = fs::read(shell.work().join("it.egm")).unwrap();
    // Behind the two superblocks lies the first segment.
    bytes[8400..8600].fill(0xa5);
    shell.write("damaged.egm", bytes);
    failure(&restore("copy", "damaged.egm"), 5);
    assert!(!shell.work().join("copy").exists());
    assert_eq!(fs::read_to_string(shell.work().join("text.egm")).unwrap(), "no engram");
}

#[cfg(target_os = "linux")]
mod mounts {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    /// Whether a collective can be mounted here; says so if not, unless it has to be possible.
    fn can_mount() -> bool {
        let Err(error) = fs::File::options().read(true).write(true).open("/dev/fuse") else { return true };
        let needed =
            std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "fuse"));
        assert!(!needed, "/dev/fuse cannot be opened: {error}");
        println!("skipped: /dev/fuse cannot be opened: {error}");
        false
    }

    #[test]
    fn mounted_collective_is_taken_down_by_umount_and_by_signals() {
        if !can_mount() {
            return;
        }
        let shell = filled();
        let at = shell.work().join("at");
        fs::create_dir(&at).unwrap();
        for signal in [None, Some("-INT"), Some("-TERM"), Some("-HUP")] {
            let mut child = shell.command(["mount", "at"]).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "`default` is at at\n");
            assert_eq!(fs::read_dir(at.join("by-domain/build")).unwrap().count(), 3);
            let found =
                Command::new("grep").args(["-rl", "Mondays", "by-agent/alice"]).current_dir(&at).output();
            assert_eq!(String::from_utf8(found.unwrap().stdout).unwrap().lines().count(), 1);
            let sent = match signal {
                None => Command::new("umount").arg(&at).status(),
                Some(signal) => Command::new("kill").arg(signal).arg(child.id().to_string()).status(),
            };
            assert!(sent.unwrap().success());
            assert!(child.wait().unwrap().success());
            assert_eq!(fs::read_dir(&at).unwrap().count(), 0);
        }
        failure(&shell.run(["mount", "not-there"]), 1);
        failure(&shell.run(["mount", "at", "-c", "missing"]), 3);
    }
}
