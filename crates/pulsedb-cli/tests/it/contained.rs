//! `mcp` and `hook` keep to their database: the system calls of whole sessions, as strace sees them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::served::{ERAS, Served};
use crate::shell::{PULSEDB, Shell};

/// The calls with the name of a file that change nothing, whatever their arguments.
const READING: &[&str] = &[
    "access",
    "chdir",
    "execve",
    "faccessat",
    "faccessat2",
    "fstat",
    "fstatfs",
    "getcwd",
    "getxattr",
    "inotify_add_watch",
    "lgetxattr",
    "lstat",
    "newfstatat",
    "readlink",
    "readlinkat",
    "stat",
    "statfs",
    "statx",
];
/// The calls without which nothing is sent to anyone and nothing comes from there.
const NETWORK: &[&str] =
    &["accept", "accept4", "bind", "connect", "listen", "sendmmsg", "sendmsg", "sendto", "socket"];
/// The flags with which opening a file may change it or make it.
const WRITING: &[&str] = &["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"];

/// Whether system calls can be traced here; says so if not, unless it has to be possible.
fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if tried.as_ref().is_ok_and(std::process::ExitStatus::success) {
        return true;
    }
    let needed = std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "strace"));
    assert!(!needed, "strace does not work: {tried:?}");
    println!("skipped: strace does not work: {tried:?}");
    false
}

/// A shell, the file that its traces are written to, and a home that nothing may be written to.
struct Traced {
    shell: Shell,
    home: PathBuf,
}

impl Traced {
    fn new() -> Self {
        let shell = Shell::new();
        let home = shell.work().join("home");
        fs::create_dir(&home).unwrap();
        Self { shell, home }
    }

    fn trace(&self) -> PathBuf {
        self.shell.work().join("trace")
    }

    /// The command, with every call noted that has to do with the network or with the name of a file.
    fn command(&self, arguments: &[&str]) -> Command {
        let plain = self.shell.command(arguments);
        let mut command = Command::new("strace");
        command.args([
            "-f",
            "-qq",
            "-y",
            "-s",
            "4096",
            "-e",
            "signal=none",
            "-e",
            "trace=%network,%file",
            "-o",
        ]);
        command.arg(self.trace()).arg(PULSEDB).args(arguments).current_dir(self.shell.work());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("HOME", &self.home).env("TMPDIR", &self.home).env_remove("XDG_DATA_HOME");
        command
    }

    /// Holds if the last command asked for no socket, and changed nothing but its database. Says how many files of that
    /// it opened to write.
    fn assert_contained(&self, what: &str) -> usize {
        let trace = fs::read_to_string(self.trace()).unwrap();
        assert!(trace.contains("execve("), "{what}: nothing was traced");
        let mut written = 0;
        for line in trace.lines() {
            let Some(call) = Call::of(line) else { continue };
            assert!(!NETWORK.contains(&call.name), "{what}: {line}");
            if !call.may_write() {
                continue;
            }
            for path in call.paths() {
                // A stream that the server was given, opened once more by its number.
                if path.starts_with("/proc/self/fd") {
                    continue;
                }
                assert!(path.starts_with(self.shell.database()), "{what}: {line}");
                written += 1;
            }
        }
        assert_eq!(fs::read_dir(&self.home).unwrap().count(), 0, "{what}");
        written
    }
}

/// A line of a trace: a process, a call with its arguments, and what that returned.
struct Call<'t> {
    name: &'t str,
    arguments: &'t str,
}

impl<'t> Call<'t> {
    /// `None` for a line that is not a call, such as the rest of one that another thread interrupted.
    fn of(line: &'t str) -> Option<Self> {
        let (_process, call) = line.split_once(char::is_whitespace)?;
        let (name, arguments) = call.trim_start().split_once('(')?;
        name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_').then_some(Self { name, arguments })
    }

    fn may_write(&self) -> bool {
        match self.name {
            "open" | "openat" | "openat2" => WRITING.iter().any(|flag| self.arguments.contains(flag)),
            // The directory around the database is there.
            "mkdir" | "mkdirat" => !self.arguments.contains("EEXIST"),
            name => !READING.contains(&name),
        }
    }

    /// The paths among the arguments, whole: a relative one begins at the directory whose handle stands before it.
    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        let mut rest = self.arguments;
        while let Some((before, after)) = rest.split_once('"') {
            let Some((path, after)) = after.split_once('"') else { break };
            let directory =
                before.rsplit_once('<').and_then(|(_, it)| it.split_once('>')).map_or("", |it| it.0);
            paths.push(Path::new(directory).join(path));
            rest = after;
        }
        paths
    }
}

#[test]
fn server_opens_no_connection_and_writes_nothing_but_its_database() {
    if !can_trace() {
        return;
    }
    for version in ERAS {
        let traced = Traced::new();
        let mut served = Served::of(traced.command(&["mcp"]), version);
        served.ask("tools/list", json!({}));
        assert!(!traced.shell.database().exists(), "nothing was asked of the memory, so there is none");
        let stored = served.call(
            "remember",
            json!({ "memories": [{ "content": "The door is blue" }, { "content": "The roof is red" }] }),
        );
        let id = stored["memories"][0]["id"].clone();
        let calls = [
            ("recall", json!({ "query": "what colour is the door?", "explain": true })),
            ("context", json!({ "task": "paint the door" })),
            ("revise", json!({ "id": id, "action": "supersede", "content": "The door is green" })),
            ("changes", json!({ "since": 0, "timeout": 1 })),
            ("agents", json!({ "action": "register", "agent": "painter", "task": "the door" })),
            ("forget", json!({ "ids": [id], "action": "delete" })),
        ];
        for (tool, arguments) in calls {
            served.call(tool, arguments);
        }
        let resources = served.ask("resources/list", json!({}));
        let uri = resources["result"]["resources"][0]["uri"].clone();
        served.ask("resources/read", json!({ "uri": uri }));
        served.end();
        assert!(traced.assert_contained(version) > 0);
    }
}

#[test]
fn hooks_open_no_connection_and_write_nothing_but_their_database() {
    if !can_trace() {
        return;
    }
    let traced = Traced::new();
    let turn = json!({
        "type": "user", "uuid": "turn-1", "sessionId": "s", "timestamp": "2026-01-02T03:04:05.000Z",
        "message": { "role": "user", "content": "The door is blue" },
    });
    let transcript = traced.shell.write("session.jsonl", format!("{turn}\n"));
    let hook = |name: &str, session: &str| -> (String, usize) {
        let event = json!({
            "session_id": session, "transcript_path": transcript, "cwd": traced.shell.work(),
            "prompt": "what colour is the door?",
        });
        let input = traced.shell.write("event.json", event.to_string());
        let mut command = traced.command(&["hook", name]);
        let output = command.stdin(fs::File::open(input).unwrap()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        (String::from_utf8(output.stdout).unwrap(), traced.assert_contained(name))
    };
    assert_eq!(hook("session-start", "s"), (String::new(), 0), "there is no database");
    assert_eq!(hook("prompt", "s"), (String::new(), 0), "there is no database");
    for name in ["pre-compact", "stop", "session-end"] {
        assert!(hook(name, "s").1 > 0, "{name}");
    }
    traced.shell.ok(["record", "The roof is red"]);
    for name in ["session-start", "prompt"] {
        let answer: Value = serde_json::from_str(&hook(name, "another").0).unwrap();
        assert!(answer["hookSpecificOutput"]["additionalContext"].is_string(), "{name}");
    }
}
