//! Engrams as directories, served by one process and read by others.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::shell::{Shell, failure, lines};

/// Whether engrams can be mounted here; says so if not, unless it has to be possible.
fn can_mount() -> bool {
    let Err(error) = fs::File::options().read(true).write(true).open("/dev/fuse") else { return true };
    let needed = std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "fuse"));
    assert!(!needed, "/dev/fuse cannot be opened: {error}");
    println!("skipped: /dev/fuse cannot be opened: {error}");
    false
}

/// Starts a process that serves the engram at `at`, and waits until it does.
fn serve(shell: &Shell) -> Child {
    let mut child = shell.command(["mount", "tree.egm", "at"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "snapshot 1 is at at\n");
    child
}

#[test]
fn mounted_engram_is_taken_down_by_umount_and_by_signals() {
    if !can_mount() {
        return;
    }
    let shell = Shell::with_engram();
    fs::create_dir(shell.path("at")).unwrap();
    failure(&shell.run(["umount", "at"]), 1);
    for signal in [None, Some("-INT"), Some("-TERM")] {
        let mut child = serve(&shell);
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

#[test]
fn eight_readers_see_the_right_bytes_while_another_process_adds_a_snapshot() {
    if !can_mount() {
        return;
    }
    let shell = Shell::with_engram();
    fs::create_dir(shell.path("at")).unwrap();
    let mut child = serve(&shell);
    let (long, copy) = (lines(2000), lines(2000) + "one line more\n");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(shell.read("at/docs/long.txt") == long);
                    assert!(shell.read("at/.snapshots/1/docs/copy.txt") == copy);
                    assert_eq!(shell.read("at/note"), "vectors index, bytes store");
                }
            });
        }
        shell.write("tree/note", "something else");
        shell.ok(["update", "modify", "tree.egm", "tree", "--label", "second"]);
    });
    // What is mounted is what was there at that moment; the new snapshot is in the file.
    assert_eq!(shell.read("at/note"), "vectors index, bytes store");
    assert_eq!(shell.ok(["cat", "tree.egm", "note"]), "something else");
    shell.ok(["umount", "at"]);
    assert!(child.wait().unwrap().success());
}
