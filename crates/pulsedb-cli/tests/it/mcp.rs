//! `mcp` on standard input and output: both eras, and which memory is served.

use std::process::Stdio;

use serde_json::json;

use crate::served::{ERAS, Served};
use crate::shell::{Shell, text_of};

<<<<<<< HEAD
=======
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

>>>>>>> postgres2
#[test]
fn server_speaks_both_eras_and_ends_with_its_client() {
    let shell = Shell::new();
    for version in ERAS {
        let mut served = Served::start(&shell, version, &[]);
        let tools = served.ask("tools/list", json!({}));
        assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 7, "{tools}");
        served.call(
            "remember",
            json!({ "memories": [{ "content": format!("The door is blue in {version}") }] }),
        );
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
