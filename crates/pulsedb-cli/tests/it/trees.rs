//! Trees as they come: ignored and hidden files, links, pipes, what cannot be read, odd names.

use std::fs;

use crate::shell::Shell;

fn sources(shell: &Shell) -> Vec<String> {
    shell.export("default").iter().map(|it| it["tags"]["source"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn ignored_and_hidden_files_and_the_database_itself_are_left_out() {
    let shell = Shell::new();
    shell.write(".gitignore", "target/\n*.log\n");
    shell.write("target/out.txt", "built");
    shell.write("a.log", "logged");
    shell.write(".env", "secret");
    shell.write("b.md", "kept");
    let inside = shell.work().join("db");
    let import = |arguments: &[&str]| {
        let output = shell.command(arguments).env("PULSEDB_DB", &inside).output().unwrap();
        assert!(output.status.success());
    };
    import(&["import", "."]);
    import(&["import", ".", "-q"]);
    let output = shell.command(["export"]).env("PULSEDB_DB", &inside).output().unwrap();
    let exported = String::from_utf8(output.stdout).unwrap();
    assert_eq!(exported.lines().count(), 1);
    shell.ok(["import", ".", "--glob", "!b.md"]);
    assert!(sources(&shell).is_empty());
    shell.ok(["import", ".env", "a.log"]);
    assert_eq!(sources(&shell), [".env", "a.log"], "what is named is taken");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_pipes_not_opened() {
    use std::os::unix::fs::symlink;
    let shell = Shell::new();
    shell.write("tree/a.md", "a");
    symlink(shell.work().join("tree"), shell.work().join("tree/loop")).unwrap();
    symlink("nowhere", shell.work().join("tree/dangling")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(shell.work().join("tree/pipe")).status().unwrap();
    assert!(made.success());
    shell.ok(["import", "tree"]);
    assert_eq!(sources(&shell), ["tree/a.md"]);
    // A link that is named is what it leads to.
    symlink(shell.work().join("tree"), shell.work().join("link")).unwrap();
    assert_eq!(shell.json(["import", "link", "--json"])["records"]["added"], 0);
    for missing in ["tree/dangling", "missing", "tree/pipe"] {
        assert_eq!(shell.run(["import", missing]).status.code(), Some(1), "{missing}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn unreadable_file_is_named_and_the_others_come_in() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    use crate::shell::{command_in, failure, text_of};

    const NOBODY: u32 = 65534;
    let shell = Shell::new();
    shell.write("a.md", "kept");
    shell.write("closed.md", "closed");
    fs::set_permissions(shell.work().join("closed.md"), fs::Permissions::from_mode(0o000)).unwrap();
    // Permissions do not bind root, so root runs the command as nobody, from a place that nobody can reach.
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    let program = shell.work().parent().unwrap().join("pulsedb");
    // Copied by another process: a descriptor of ours, open for writing while another test forks, would make the
    // copy busy.
    let copied = std::process::Command::new("cp").arg(crate::shell::PULSEDB).arg(&program).status().unwrap();
    assert!(copied.success());
    for path in [shell.work().parent().unwrap(), &shell.work()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&program);
        let like = command_in(&shell.work(), &shell.database(), arguments);
        command.args(like.get_args()).current_dir(shell.work()).env("PULSEDB_DB", shell.database());
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    };
    let message = failure(&run(&["import", "."]), 1);
    assert!(message.contains("closed.md: ") && message.contains("denied"), "{message}");
    assert_eq!(text_of(&run(&["export"])).lines().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_any_bytes_and_lengths_are_imported_once() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let shell = Shell::new();
    for name in [b"odd\xff.md".as_slice(), b"odd\xfe.md"] {
        fs::write(shell.work().join(OsStr::from_bytes(name)), b"odd name").unwrap();
    }
    let deep: String = (0..12).map(|level| format!("{}{level}/", "d\u{e9}".repeat(30))).collect();
    shell.write(&format!("{deep}/one.md"), "deep");
    shell.write(&format!("{deep}/two.md"), "deep");
    shell.write("new\nline \u{1b}[31m.md", "escape");
    assert_eq!(shell.json(["import", ".", "--json"])["records"]["added"], 5);
    let again = shell.json(["import", ".", "--json", "--prune"]);
    assert_eq!(
        (again["records"]["unchanged"].as_u64(), again["records"]["removed"].as_u64()),
        (Some(5), Some(0))
    );
    assert!(!shell.ok(["search", "escape"]).contains('\u{1b}'));
}

#[test]
fn ignore_files_hold_inside_of_what_is_named_only_and_are_counted() {
    let shell = Shell::new();
    let home = shell.work().join("home");
    shell.write("home/.config/git/ignore", "*.md\n");
    shell.write("home/.gitconfig", format!("[core]\n\texcludesFile = {}\n", home.join("ignored").display()));
    shell.write("home/ignored", "*.md\n");
    shell.write(".gitignore", "notes/\n*.md\n");
    shell.write("notes/a.md", "kept");
    shell.write("notes/.gitignore", "drafts/\n*.tmp\n");
    shell.write("notes/drafts/one.md", "ignored");
    shell.write("notes/drafts/deep/two.md", "ignored");
    shell.write("notes/x.tmp", "ignored");
    shell.write("notes/.hidden", "hidden");
    let mut command = shell.command(["import", "notes", "--json"]);
    let output = command.env("HOME", &home).env_remove("XDG_CONFIG_HOME").output().unwrap();
    let summary: serde_json::Value = serde_json::from_str(&crate::shell::text_of(&output)).unwrap();
    assert_eq!(shell.contents(), ["kept"]);
    assert_eq!(
        (summary["skipped"]["ignored"].as_u64(), summary["skipped"]["hidden"].as_u64()),
        (Some(3), Some(2))
    );
}

#[test]
fn root_that_is_empty_or_missing_keeps_its_records_until_that_is_confirmed() {
    use crate::shell::failure;
    let shell = Shell::new();
    for name in ["disk/a.md", "disk/sub/b.md"] {
        shell.write(name, name);
    }
    shell.write("other/c.md", "c");
    shell.ok(["import", "."]);
    fs::remove_dir_all(shell.work().join("disk")).unwrap();
    let message = failure(&shell.run(["import", "disk", "other", "--prune"]), 1);
    assert!(message.contains("2 records stay") && message.contains("--yes"), "{message}");
    fs::create_dir(shell.work().join("disk")).unwrap();
    let message = failure(&shell.run(["import", "disk", "--prune"]), 1);
    assert!(message.contains("disk: no file to import is in this directory"), "{message}");
    assert_eq!(shell.contents().len(), 3);
    assert_eq!(shell.json(["import", "disk", "--prune", "--yes", "--json"])["records"]["removed"], 2);
    assert_eq!(shell.contents(), ["c"]);
    failure(&shell.run(["import", "disk", "--yes"]), 2);
}

#[test]
fn missing_path_is_named_and_the_others_come_in() {
    let shell = Shell::new();
    shell.write("a.md", "a");
    let message = crate::shell::failure(&shell.run(["import", "missing", "a.md"]), 1);
    assert!(message.contains("missing: "), "{message}");
    assert_eq!(shell.contents(), ["a"]);
    let other = Shell::new();
    crate::shell::failure(&other.run(["import", "missing"]), 1);
    assert!(!other.database().exists());
}
