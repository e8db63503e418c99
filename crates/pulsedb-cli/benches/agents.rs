//! What an agent waits for: the handshake, a hook, a call over stdio beside the plain one, and twenty servers at once.
#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, and says where")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use pulsedb::{Config, NewExperience, PulseDB, SearchOptions};
use serde_json::{Value, json};

const PULSEDB: &str = env!("CARGO_BIN_EXE_pulsedb");
const RECORDS: usize = 10_000;
const CALLS: usize = 500;
const STARTS: usize = 20;
const SERVERS: usize = 20;
const TOGETHER: usize = 50;
const QUESTION: &str = "which token does service 77 need for the deployment?";

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let (recall, remember) = plain(&path);
    println!("{RECORDS} records; medians\n");
    println!("| what | plain call | over stdio | more |\n|---|---|---|---|");
    let mut server = Server::start(&path);
    let over = median(CALLS, || {
        let found = server.call("recall", &json!({ "query": QUESTION }));
        assert_eq!(found["memories"].as_array().unwrap().len(), 10);
    });
    row("recall, 10 of 10 000", recall, over);
    let mut number = 0;
    let over = median(CALLS, || {
        number += 1;
        server.call("remember", &json!({ "memories": [{ "content": format!("note {number} over stdio") }] }));
    });
    row("remember, one", remember, over);
    println!("\n| process | median | slowest |\n|---|---|---|");
    let (middle, slowest) = times(STARTS, || drop(Server::start(&path)));
    println!("| cold handshake, to the answer of `initialize` | {middle:.2?} | {slowest:.2?} |");
    let event = json!({ "session_id": "s", "cwd": "/", "prompt": QUESTION }).to_string();
    let (middle, slowest) = times(STARTS, || hook(&path, &event));
    println!("| cold hook `prompt`, from start to end | {middle:.2?} | {slowest:.2?} |");
    println!("\nanonymous memory of a server after these calls: {} KiB", server.anonymous_kib());
    drop(server);
    many(&path);
    at_the_same_time(&path);
}

/// Fifty servers that each store one thing at the same time: how many of them are there afterwards. Beside them, if its
/// script is named, those of the reference memory server.
fn at_the_same_time(path: &Path) {
    let note = |at: usize| json!({ "memories": [{ "content": format!("entity {at}") }] });
    let start = || Server::start(path);
    let kept = together(start, "remember", note, |server| {
        let filter = json!({ "limit": 100, "filter": { "agents": ["bench"] } });
        let found = server.call("recall", &filter);
        let is_one = |it: &&Value| it["content"].as_str().unwrap().starts_with("entity ");
        found["memories"].as_array().unwrap().iter().filter(is_one).count()
    });
    println!("\n{TOGETHER} servers store one memory each at the same time: {kept} are kept");
    let Some(script) = std::env::var_os("REFERENCE_MEMORY_SERVER") else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("memory.jsonl");
    let start = || {
        let mut command = Command::new("node");
        command.arg(&script).env("MEMORY_FILE_PATH", &file).stderr(Stdio::null());
        Server::of(command)
    };
    let note = |at: usize| json!({ "entities": [{ "name": format!("entity {at}"), "entityType": "x", "observations": ["y"] }] });
    let kept = together(start, "create_entities", note, |server| {
        server.call("read_graph", &json!({}))["entities"].as_array().map_or(0, Vec::len)
    });
    println!("the same with @modelcontextprotocol/server-memory: {kept} are kept");
}

fn together(
    start: impl Fn() -> Server + Sync,
    tool: &str,
    note: impl Fn(usize) -> Value + Sync,
    count: impl Fn(&mut Server) -> usize,
) -> usize {
    let ready = std::sync::Barrier::new(TOGETHER);
    std::thread::scope(|scope| {
        for at in 0..TOGETHER {
            let (start, note, ready) = (&start, &note, &ready);
            scope.spawn(move || {
                let mut server = start();
                ready.wait();
                server.ask("tools/call", &json!({ "name": tool, "arguments": note(at) }));
            });
        }
    });
    count(&mut start())
}

/// The plain calls, in this process.
fn plain(path: &Path) -> (Duration, Duration) {
    let db = PulseDB::open(path, Config { map_size_gb: 4, ..Config::default() }).unwrap();
    let collective_id = db.get_or_create_collective("default").unwrap();
    let new = |content: String| NewExperience { collective_id, content, ..NewExperience::default() };
    for start in (0..RECORDS).step_by(1000) {
        let content = |at: usize| {
            format!(
                "Service {at} needs the token {} for the deployment of part {}",
                at * 7919 % 1000,
                at % 97
            )
        };
        db.record_experiences((start..start + 1000).map(|at| new(content(at))).collect()).unwrap();
    }
    let recall = median(CALLS, || {
        let found = db.search(collective_id, QUESTION.into(), SearchOptions::default()).unwrap();
        assert_eq!(found.len(), 10);
    });
    let mut number = 0;
    let remember = median(CALLS, || {
        number += 1;
        db.record_experience(new(format!("note {number} of the plain call"))).unwrap();
    });
    (recall, remember)
}

fn row(what: &str, plain: Duration, over: Duration) {
    println!("| {what} | {plain:.2?} | {over:.2?} | {:.2?} |", over.saturating_sub(plain));
}

/// Twenty servers that each store and recall, all at once.
fn many(path: &Path) {
    const EACH: usize = 50;
    let start = Instant::now();
    let mut all: Vec<Duration> = std::thread::scope(|scope| {
        let servers: Vec<_> = (0..SERVERS)
            .map(|at| {
                scope.spawn(move || {
                    let mut server = Server::start(path);
                    let mut taken = Vec::new();
                    for number in 0..EACH {
                        let memories =
                            json!({ "memories": [{ "content": format!("server {at} says {number}") }] });
                        for (tool, arguments) in
                            [("remember", &memories), ("recall", &json!({ "query": QUESTION }))]
                        {
                            let start = Instant::now();
                            server.call(tool, arguments);
                            taken.push(start.elapsed());
                        }
                    }
                    taken
                })
            })
            .collect();
        servers.into_iter().flat_map(|server| server.join().unwrap()).collect()
    });
    let rate = all.len() as f64 / start.elapsed().as_secs_f64();
    all.sort_unstable();
    println!(
        "\n{SERVERS} servers at once: {rate:.0} calls a second, half remember, half recall; median {:.2?}, slowest {:.2?}",
        all[all.len() / 2],
        all[all.len() - 1]
    );
}

fn hook(path: &Path, event: &str) {
    let mut command = Command::new(PULSEDB);
    command.args(["hook", "prompt"]).env("PULSEDB_DB", path).env("PULSEDB_COLLECTIVE", "default");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("Service 77 "));
}

fn median(count: usize, call: impl FnMut()) -> Duration {
    times(count, call).0
}

/// The median and the slowest of so many calls.
fn times(count: usize, mut call: impl FnMut()) -> (Duration, Duration) {
    let mut taken: Vec<Duration> = (0..count)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed()
        })
        .collect();
    taken.sort_unstable();
    (taken[count / 2], taken[count - 1])
}

/// A server that has answered its handshake.
struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    fn start(path: &Path) -> Self {
        let mut command = Command::new(PULSEDB);
        command.arg("mcp").env("PULSEDB_DB", path).env("PULSEDB_COLLECTIVE", "default");
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, input, output, asked: 0 };
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" }
        });
        assert!(server.ask("initialize", &hello)["serverInfo"].is_object());
        server
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["result"].take()
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut result = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].take()
    }

    /// What the process holds that no file backs.
    fn anonymous_kib(&self) -> u64 {
        let rollup =
            std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).unwrap_or_default();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its client closes its input.
        self.input = None;
        let _ = self.child.wait();
    }
}
