//! `mcp` on standard input and output: both eras, many servers at once, and some that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::shell::{Shell, text_of};

/// Lines of other messages that may come before an answer.
const OTHERS_MAX: usize = 1000;

/// The versions of both eras.
pub(crate) const ERAS: [&str; 2] = ["2025-11-25", "2026-07-28"];

/// A server that runs.
pub(crate) struct Served {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: &'static str,
    asked: u64,
}

impl Served {
    /// Starts one and begins a session, as clients of that version do.
    pub(crate) fn start(shell: &Shell, version: &'static str, more: &[&str]) -> Self {
        let mut command = shell.command(["mcp"].iter().chain(more));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut served = Self { child, input, output, version, asked: 0 };
        if version == ERAS[0] {
            let hello = served.ask(
                "initialize",
                json!({
                    "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "tester", "version": "1" }
                }),
            );
            assert_eq!(hello["result"]["protocolVersion"], version, "{hello}");
            served.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        } else {
            let found = served.ask("server/discover", json!({}));
            assert!(
                found["result"]["supportedVersions"].as_array().unwrap().contains(&json!(version)),
                "{found}"
            );
        }
        served
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    fn post(&mut self, method: &str, mut params: Value) -> u64 {
        self.asked += 1;
        if self.version != ERAS[0] {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": { "name": "tester", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let asked = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": asked, "method": method, "params": params }));
        asked
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let asked = self.post(method, params);
        for _ in 0..OTHERS_MAX {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server ended");
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == asked {
                return answer;
            }
        }
        panic!("no answer to {method}");
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    fn remember(&mut self, contents: &[String]) -> Vec<String> {
        let memories: Vec<Value> = contents.iter().map(|it| json!({ "content": it })).collect();
        let stored = self.call("remember", json!({ "memories": memories }));
        stored["memories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ends as a client does: it closes standard input.
    pub(crate) fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().unwrap().success());
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn server_speaks_both_eras_and_ends_with_its_client() {
    let shell = Shell::new();
    for version in ERAS {
        let mut served = Served::start(&shell, version, &[]);
        let tools = served.ask("tools/list", json!({}));
        assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 7, "{tools}");
        served.remember(&[format!("The door is blue in {version}")]);
        let found = served.call("recall", json!({ "query": "what colour is the door?" }));
        assert!(found["memories"][0]["content"].as_str().unwrap().contains("blue"));
        assert_eq!(found["memories"][0]["agent"], "tester");
        served.end();
    }
    assert_eq!(shell.contents().len(), 2);
}

#[test]
fn collective_is_named_or_that_of_the_repository() {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.work().join(".git")).unwrap();
    let root = std::fs::canonicalize(shell.work()).unwrap();
    for (more, expected) in [(&[][..], root.to_str().unwrap()), (&["--collective", "named"][..], "named")] {
        let mut served = Served::start(&shell, ERAS[1], more);
        assert_eq!(served.call("recall", json!({}))["collective"], expected);
        served.end();
    }
    let output =
        shell.command(["mcp"]).env("PULSEDB_COLLECTIVE", "chosen").stdin(Stdio::null()).output().unwrap();
    assert_eq!(text_of(&output), "");
}

#[test]
fn what_is_no_client_is_told_so() {
    let shell = Shell::new();
    let output = shell.run_with(["mcp"], "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("began no session"));
    let refused = shell.run(["mcp", "--http", "0.0.0.0:0"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("127.0.0.1"), "{refused:?}");
}

#[test]
fn server_writes_nothing_outside_its_database() {
    let shell = Shell::new();
    let home = shell.work().join("home");
    std::fs::create_dir(&home).unwrap();
    let mut command = shell.command(["mcp"]);
    let mut child = command.env("HOME", &home).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0);
    // Nothing was asked of the memory, so there is none.
    assert!(!shell.database().exists());
}

#[test]
fn nothing_is_lost_between_eight_servers_and_four_command_lines_of_which_two_are_killed() {
    const SERVERS: usize = 8;
    const COMMANDS: usize = 4;
    let records: usize =
        std::env::var("PULSEDB_MCP_RECORDS").ok().and_then(|it| it.parse().ok()).unwrap_or(1200);
    let batch = 20;
    let rounds = records.div_ceil(batch * SERVERS);
    let shell = Shell::new();
    // The database is made before twelve processes come to it.
    shell.ok(["--collective", "default", "record", "first"]);
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    std::thread::scope(|scope| {
        let shell = &shell;
        let servers: Vec<_> = (0..SERVERS)
            .map(|at| {
                scope.spawn(move || {
                    let mut served = Served::start(shell, ERAS[at % 2], &["--collective", "default"]);
                    let mut stored = Vec::new();
                    for round in 0..rounds {
                        let contents: Vec<String> =
                            (0..batch).map(|row| format!("server {at}, round {round}, row {row}")).collect();
                        let ids = served.remember(&contents);
                        stored.extend(ids.into_iter().zip(contents));
                        // Two are killed on the way, one of them while it writes.
                        if round == rounds / 2 && at == 0 {
                            served.kill();
                            return stored;
                        }
                        if round == rounds / 2 && at == 1 {
                            let memories: Vec<Value> = (0..batch)
                                .map(|row| json!({ "content": format!("never answered {row}") }))
                                .collect();
                            let arguments = json!({ "memories": memories });
                            served.post("tools/call", json!({ "name": "remember", "arguments": arguments }));
                            served.kill();
                            return stored;
                        }
                    }
                    served.end();
                    stored
                })
            })
            .collect();
        let commands: Vec<_> = (0..COMMANDS)
            .map(|at| {
                scope.spawn(move || {
                    let content = |row: usize| format!("command {at}, row {row}");
                    let record = |row| shell.ok(["--collective", "default", "record", &content(row)]);
                    (0..5).map(|row| (record(row).trim().to_owned(), content(row))).collect::<Vec<_>>()
                })
            })
            .collect();
        for done in servers.into_iter().chain(commands) {
            acknowledged.extend(done.join().unwrap());
        }
    });
    let stored: BTreeMap<String, String> = shell
        .export("default")
        .iter()
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["content"].as_str().unwrap().to_owned()))
        .collect();
    for (id, content) in &acknowledged {
        assert_eq!(stored.get(id), Some(content), "{id}");
    }
    let unanswered = stored.values().filter(|it| it.starts_with("never answered")).count();
    assert!(unanswered == 0 || unanswered == batch, "{unanswered} of a call that is all or nothing");
    assert_eq!(stored.len(), acknowledged.len() + unanswered + 1);
    every_watcher_sees_each_change_once(&shell, stored.keys().cloned().collect());
    shell.ok(["check"]);
}

/// Two servers that begin at different numbers read the changes page by page.
fn every_watcher_sees_each_change_once(shell: &Shell, wanted: BTreeSet<String>) {
    for version in ERAS {
        let mut served = Served::start(shell, version, &["--collective", "default"]);
        let (mut seen, mut next) = (Vec::new(), 0);
        for _ in 0..wanted.len() {
            let page = served.call("changes", json!({ "since": next }));
            let changes = page["changes"].as_array().unwrap().clone();
            if changes.is_empty() {
                break;
            }
            seen.extend(changes.iter().map(|it| it["id"].as_str().unwrap().to_owned()));
            next = page["next"].as_u64().unwrap();
        }
        assert_eq!(seen.len(), wanted.len());
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), wanted);
        served.end();
    }
}
