//! A server of `mcp` on standard input and output, driven message by message.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::shell::Shell;

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
        Self::of(shell.command(["mcp"].iter().chain(more)), version)
    }

    /// The same with a command of one's own.
    pub(crate) fn of(mut command: Command, version: &'static str) -> Self {
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

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let asked = self.begin(method, params);
        self.until(method, |message| message["id"] == asked)
    }

    /// Asks, and waits for no answer: the number of the request.
    pub(crate) fn begin(&mut self, method: &str, mut params: Value) -> u64 {
        self.asked += 1;
        if self.version != ERAS[0] {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version,
                "io.modelcontextprotocol/clientInfo": { "name": "tester", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.send(&json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }));
        self.asked
    }

    /// The next message that is meant.
    pub(crate) fn until(&mut self, what: &str, is_meant: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..OTHERS_MAX {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if is_meant(&message) {
                return message;
            }
        }
        panic!("no message for {what}");
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].clone()
    }

    /// Ends as a client does: it closes standard input.
    pub(crate) fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}
