//! What the commands do and print.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use crate::shell::{Shell, failure, lines, text_of};

#[test]
fn tree_comes_back_as_it_was() {
    let shell = Shell::with_engram();
    shell.ok(["extract", "tree.egm", "-o", "copy"]);
    for name in ["docs/long.txt", "docs/copy.txt", "note"] {
        assert_eq!(shell.read(&format!("copy/{name}")), shell.read(&format!("tree/{name}")));
        let mtime = |root: &str| fs::metadata(shell.path(root).join(name)).unwrap().modified().unwrap();
        assert_eq!(mtime("copy"), mtime("tree"));
    }
}

#[test]
fn paths_that_are_named_come_out_alone() {
    let shell = Shell::with_engram();
    let report = shell.json(["extract", "tree.egm", "./note/", "-o", "copy", "--json"]);
    assert_eq!(report["missing"], Value::Array(Vec::new()));
    assert_eq!(shell.read("copy/note"), "vectors index, bytes store");
    assert!(!shell.path("copy/docs").exists());
}

#[test]
fn listing_can_be_narrowed_by_path_and_by_pattern() {
    let shell = Shell::with_engram();
    assert_eq!(shell.ok(["ls", "tree.egm"]), "docs\ndocs/copy.txt\ndocs/long.txt\nnote\n");
    assert_eq!(shell.ok(["ls", "tree.egm", "docs"]), "docs\ndocs/copy.txt\ndocs/long.txt\n");
    assert_eq!(shell.ok(["ls", "tree.egm", "--find", "l*.txt"]), "docs/long.txt\n");
    assert_eq!(shell.ok(["ls", "tree.egm", "--find", "docs/c*"]), "docs/copy.txt\n");
    assert_eq!(shell.ok(["ls", "tree.egm", "--find", "*/nothing"]), "");
    assert!(shell.ok(["ls", "-l", "tree.egm", "note"]).contains("          26 "));
}

#[test]
fn excluded_names_and_paths_are_left_out() {
    let shell = Shell::with_engram();
    shell.ok(["ingest", "tree", "-o", "some.egm", "--exclude", "copy.*", "--exclude", "/note"]);
    assert_eq!(shell.ok(["ls", "some.egm"]), "docs\ndocs/long.txt\n");
    shell.ok(["ingest", "tree", "-o", "few.egm", "--exclude", "docs/*", "--exclude", "note"]);
    assert_eq!(shell.ok(["ls", "few.egm"]), "docs\n");
}

#[test]
fn several_directories_stand_under_their_names() {
    let shell = Shell::new();
    shell.write("a/x", "1");
    shell.write("b/x", "2");
    shell.ok(["ingest", "a", "b", "-o", "both.egm"]);
    assert_eq!(shell.ok(["ls", "both.egm"]), "a\na/x\nb\nb/x\n");
    assert_eq!(shell.ok(["cat", "both.egm", "b/x", "a/x"]), "21");
}

#[test]
fn same_tree_gives_the_same_bytes_and_the_time_can_be_set() {
    let shell = Shell::with_engram();
    let arguments = ["ingest", "tree", "-o", "again.egm", "--label", "first", "--threads", "1"];
    shell.ok(arguments);
    assert_eq!(fs::read(shell.path("tree.egm")).unwrap(), fs::read(shell.path("again.egm")).unwrap());
    let mut command = shell.command(["ingest", "tree", "-o", "dated.egm"]);
    text_of(&command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap());
    let info = shell.json(["info", "dated.egm", "--json"]);
    assert_eq!(info["snapshots"][0]["time"], "2023-11-14T22:13:20Z");
}

#[test]
fn name_that_is_no_unicode_comes_back_and_is_written_as_json() {
    let shell = Shell::new();
    let name = OsStr::from_bytes(b"tree/odd\xff");
    shell.write(name, "odd");
    shell.ok(["ingest", "tree", "-o", "tree.egm"]);
    let listed = shell.json(["ls", "tree.egm", "--json"]);
    assert_eq!(listed["path"], r"odd\xff");
    assert_eq!(listed["path_hex"], "6f6464ff");
    let arguments = [OsStr::new("cat"), OsStr::new("tree.egm"), OsStr::from_bytes(b"odd\xff")];
    assert_eq!(shell.ok(arguments), "odd");
}

#[test]
fn info_and_verify_say_what_is_there() {
    let shell = Shell::with_engram();
    let info = shell.json(["info", "tree.egm", "--json"]);
    assert_eq!(info["snapshots"][0]["label"], "first");
    assert_eq!(info["file_bytes"], fs::metadata(shell.path("tree.egm")).unwrap().len());
    assert!(shell.ok(["info", "tree.egm"]).contains("first"));
    let report = shell.json(["verify", "tree.egm", "--json"]);
    assert_eq!((&report["sound"], &report["entries"]), (&Value::Bool(true), &Value::from(5)));
    assert!(shell.ok(["verify", "tree.egm"]).ends_with("everything is as it was written\n"));
}

#[test]
fn cat_writes_what_a_file_holds() {
    let shell = Shell::with_engram();
    assert_eq!(shell.ok(["cat", "tree.egm", "docs/long.txt", "--at", "first"]), lines(2000));
}

#[test]
fn completions_and_manual_name_every_command() {
    let shell = Shell::new();
    for shell_name in ["bash", "zsh", "fish"] {
        assert!(shell.ok(["completions", shell_name]).contains("ingest"));
    }
    assert!(shell.ok(["man"]).contains("embeddenator"));
    shell.ok(["man", "--out", "pages"]);
    assert!(shell.path("pages/embeddenator-extract.1").is_file());
}

#[test]
fn archives_come_in_by_file_and_by_pipe_and_go_out_by_both() {
    let shell = Shell::with_engram();
    shell.ok(["extract", "tree.egm", "--tar", "-o", "tree.tar"]);
    failure(&shell.run(["extract", "tree.egm", "--tar", "-o", "tree.tar"]), 1);
    shell.ok(["extract", "tree.egm", "--tar", "-o", "tree.tar", "--overwrite"]);
    let piped = shell.run(["extract", "tree.egm", "--tar", "-o", "-"]);
    assert!(piped.status.success() && piped.stdout == fs::read(shell.path("tree.tar")).unwrap());
    shell.ok(["ingest", "--tar", "tree.tar", "-o", "again.egm", "--label", "first"]);
    assert!(fs::read(shell.path("again.egm")).unwrap() == fs::read(shell.path("tree.egm")).unwrap());
    let mut child = shell
        .command(["update", "modify", "again.egm", "--tar", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&piped.stdout).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(shell.ok(["diff", "again.egm", "1"]), "");
    let part = shell.run(["extract", "tree.egm", "docs", "--tar", "-o", "-"]);
    assert!(part.status.success() && part.stdout.len() < piped.stdout.len());
}

#[test]
fn parts_of_the_data_can_be_verified_one_after_the_other() {
    let shell = Shell::with_engram();
    let all = shell.json(["verify", "tree.egm", "--json"]);
    let mut segments = 0;
    for part in 1..=3 {
        let report = shell.json(["verify", "tree.egm", "--json", "--subset", &format!("{part}/3")]);
        assert_eq!(report["sound"], true);
        segments += report["segments"].as_u64().unwrap();
    }
    assert_eq!(all["segments"], segments);
    assert!(shell.ok(["verify", "tree.egm", "--subset", "3/3"]).contains("left out"));
}

#[test]
#[cfg(target_os = "linux")]
fn mounted_engram_is_taken_down_by_umount_and_by_signals() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    if let Err(error) = fs::File::options().read(true).write(true).open("/dev/fuse") {
        let needed =
            std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "fuse"));
        assert!(!needed, "/dev/fuse cannot be opened: {error}");
        println!("skipped: /dev/fuse cannot be opened: {error}");
        return;
    }
    let shell = Shell::with_engram();
    fs::create_dir(shell.path("at")).unwrap();
    failure(&shell.run(["umount", "at"]), 1);
    for signal in [None, Some("-INT"), Some("-TERM")] {
        let mut command = shell.command(["mount", "tree.egm", "at"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "snapshot 1 is at at\n");
        assert_eq!(shell.read("at/note"), "vectors index, bytes store");
        assert_eq!(shell.read("at/.snapshots/first/docs/long.txt"), lines(2000));
        match signal {
            None => drop(shell.ok(["umount", "at"])),
            Some(signal) => {
                let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap();
                assert!(sent.success());
            }
        }
        assert!(child.wait().unwrap().success());
        assert_eq!(fs::read_dir(shell.path("at")).unwrap().count(), 0);
    }
}
