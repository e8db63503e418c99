//! Exit codes, and the messages that come with them.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::shell::{Shell, failure};

#[test]
fn what_is_missing_is_not_found() {
    let shell = Shell::with_engram();
    for arguments in [
        &["ls", "missing.egm"][..],
        &["info", "missing.egm"],
        &["verify", "missing.egm"],
        &["ls", "tree.egm", "missing"],
        &["cat", "tree.egm", "missing"],
        &["cat", "tree.egm", "note", "--at", "7"],
        &["extract", "tree.egm", "missing", "-o", "copy"],
        &["ingest", "missing", "-o", "new.egm"],
    ] {
        assert!(failure(&shell.run(arguments), 3).starts_with("error: "), "{arguments:?}");
    }
    assert!(!shell.path("copy").exists() && !shell.path("new.egm").exists());
}

#[test]
fn wrong_arguments_are_usage() {
    let shell = Shell::with_engram();
    for arguments in [
        &[][..],
        &["unknown"],
        &["ingest", "tree"],
        &["ingest", "-o", "new.egm"],
        &["ingest", "tree", "-o", "new.egm", "--profile", "tiny"],
        &["ingest", "tree", "-o", "new.egm", "--exclude", "[a"],
        &["cat", "tree.egm", "../note"],
        &["update", "remove", "tree.egm", "."],
        &["similar", "tree.egm", "--min", "NaN"],
        &["similar", "tree.egm", "docs"],
        &["similar", "tree.egm", "--file", "tree"],
        &["cat", "tree.egm", "docs"],
        &["verify", "tree.egm", "--subset", "3/2"],
        &["verify", "tree.egm", "--subset", "half"],
        &["similar", "tree.egm", "note", "--file", "tree/note"],
    ] {
        failure(&shell.run(arguments), 2);
    }
    let mut command = shell.command(["ingest", "tree", "-o", "new.egm"]);
    let message = failure(&command.env("SOURCE_DATE_EPOCH", "soon").output().unwrap(), 2);
    assert!(message.contains("SOURCE_DATE_EPOCH is soon"), "{message}");
    assert!(!shell.path("new.egm").exists());
}

#[test]
fn what_is_in_the_way_stays_unless_it_may_be_replaced() {
    let shell = Shell::with_engram();
    failure(&shell.run(["ingest", "tree", "-o", "tree.egm"]), 1);
    shell.ok(["ingest", "tree", "-o", "tree.egm", "--overwrite"]);
    shell.write("copy/note", "mine");
    failure(&shell.run(["extract", "tree.egm", "-o", "copy"]), 1);
    assert_eq!(shell.read("copy/note"), "mine");
    shell.ok(["extract", "tree.egm", "-o", "copy", "--overwrite"]);
    assert_ne!(shell.read("copy/note"), "mine");
}

#[test]
fn engram_that_another_process_writes_is_busy() {
    let shell = Shell::with_engram();
    let file = fs::File::options().read(true).write(true).open(shell.path("tree.egm")).unwrap();
    file.lock().unwrap();
    let output = shell.run(["ingest", "tree", "-o", "tree.egm", "--overwrite"]);
    assert!(failure(&output, 4).contains("another process"));
}

#[test]
fn engram_that_another_process_makes_is_busy() {
    let shell = Shell::with_engram();
    let file = fs::File::create(shell.path(".new.egm.partial")).unwrap();
    file.lock().unwrap();
    failure(&shell.run(["ingest", "tree", "-o", "new.egm"]), 4);
    assert!(!shell.path("new.egm").exists());
}

#[test]
fn file_that_is_no_engram_is_called_so() {
    let shell = Shell::new();
    for content in [&b""[..], b"no", &[7; 9000], b"\x89EMBEGx and more"] {
        shell.write("file", content);
        for command in ["info", "verify", "ls"] {
            let message = failure(&shell.run([command, "file"]), 1);
            assert!(message.contains("not a valid engram"), "{message}");
        }
    }
    // What begins like one was one.
    shell.write("file", b"\x89EMBEGM\n\x01");
    failure(&shell.run(["verify", "file"]), 5);
}

#[test]
fn full_disk_is_a_failure_that_leaves_what_was_there() {
    let shell = Shell::with_engram();
    let before = fs::read(shell.path("tree.egm")).unwrap();
    shell.write(
        "tree/more",
        (0..400_000_u32).flat_map(|it| it.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<u8>>(),
    );
    // Files of more than so many blocks of 512 bytes cannot be written, which is an error as on a full disk.
    for arguments in
        ["ingest tree -o new.egm", "update modify tree.egm tree", "extract tree.egm -o copy --tar"]
    {
        let script = format!("trap '' XFSZ; ulimit -f 16; exec \"$0\" {arguments}");
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &script, env!("CARGO_BIN_EXE_embeddenator")]).current_dir(shell.path("."));
        assert!(failure(&limited.output().unwrap(), 1).starts_with("error: "), "{arguments}");
    }
    assert!(!shell.path("new.egm").exists() && !shell.path(".new.egm.partial").exists());
    assert_eq!(shell.ok(["log", "tree.egm"]).lines().count(), 1);
    assert!(fs::read(shell.path("tree.egm")).unwrap().starts_with(&before));
    shell.ok(["update", "modify", "tree.egm", "tree"]);
    assert_eq!(shell.json(["verify", "tree.egm", "--json"])["sound"], true);
}

#[test]
fn damage_is_told_and_costs_only_what_needs_it() {
    let shell = Shell::with_engram();
    let mut bytes = fs::read(shell.path("tree.egm")).unwrap();
    // The segments come first, behind the superblocks.
    bytes[9000] ^= 1;
    fs::write(shell.path("tree.egm"), bytes).unwrap();
    let output = shell.run(["verify", "tree.egm"]);
    failure(&output, 5);
    assert!(String::from_utf8_lossy(&output.stdout).contains("damaged: "));
    failure(&shell.run(["cat", "tree.egm", "docs/long.txt"]), 5);
    let output = shell.run(["extract", "tree.egm", "-o", "copy", "--keep-going"]);
    failure(&output, 5);
    assert!(String::from_utf8_lossy(&output.stdout).contains("missing: docs/long.txt"));
    assert_eq!(shell.read("copy/note"), "vectors index, bytes store");
}

#[test]
fn reader_that_goes_away_ends_the_command_quietly() {
    let shell = Shell::new();
    shell.write("tree/large", vec![7; 4 << 20]);
    shell.ok(["ingest", "tree", "-o", "tree.egm"]);
    let mut command = shell.command(["cat", "tree.egm", "large"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 16]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(failure(&output, 0), "");
}

#[test]
fn full_output_is_a_failure() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let shell = Shell::with_engram();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = shell.command(["ls", "tree.egm"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert!(failure(&output, 1).starts_with("error: "));
}
