//! The stores for Python frameworks against the real packages of these, each in an environment of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, must};
use crate::python::{self, install};

/// Where the environments are kept, below the build directory.
const DIRECTORY: &str = "target/adapters";
const CRATE: &str = "crates/pulsedb-python";
/// What every suite needs.
const TOOLS: [&str; 3] = ["pytest>=8", "mypy>=1.10", "hypothesis>=6.100"];

/// A store: the extra of the package that brings its framework, and its module.
struct Adapter {
    extra: &'static str,
    module: &'static str,
}

const ADAPTERS: [Adapter; 7] = [
    Adapter { extra: "langgraph", module: "langgraph" },
    Adapter { extra: "anthropic", module: "anthropic" },
    Adapter { extra: "openai-agents", module: "openai_agents" },
    Adapter { extra: "claude-agent", module: "claude_agent" },
    Adapter { extra: "crewai", module: "crewai" },
    Adapter { extra: "google-adk", module: "google_adk" },
    Adapter { extra: "llama-index", module: "llama_index" },
];

/// Runs the suites of all stores, or of those that are named.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.iter().find(|name| ADAPTERS.iter().all(|it| it.extra != **name)) {
        let known: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.extra).collect();
        return Err(Failure::Unmet(format!("{unknown} is none of {}", known.join(", "))));
    }
    let wheel = built()?;
    let mut failed = Vec::new();
    for adapter in &ADAPTERS {
        if !arguments.is_empty() && !arguments.iter().any(|name| name == adapter.extra) {
            continue;
        }
        println!("$ {}", adapter.extra);
        if let Err(failure) = tested(adapter, &wheel) {
            failed.push(format!("{}: {failure}", adapter.extra));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Unmet(failed.join("; "))) }
}

/// Builds the wheel, with the profile and directory of the other steps.
fn built() -> Result<PathBuf, Failure> {
    let python = environment("build")?;
    install(&python, &["maturin>=1.9,<2"])?;
    let wheels = Path::new(DIRECTORY).join("wheels");
    let _ = fs::remove_dir_all(&wheels);
    let manifest = format!("{CRATE}/Cargo.toml");
    let mut command = Command::new(&python);
    command.args(["-m", "maturin", "build", "--quiet", "--locked", "--profile", "dev"]);
    must(command.args(["--manifest-path", &manifest, "--out"]).arg(&wheels))?;
    let found = fs::read_dir(&wheels)
        .map_err(|error| Failure::Start { line: wheels.display().to_string(), error })?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    found.ok_or_else(|| Failure::Unmet(format!("maturin has left no wheel in {}", wheels.display())))
}

/// Installs a store with its framework, runs its suite and compares its types.
fn tested(adapter: &Adapter, wheel: &Path) -> Result<(), Failure> {
    let python = environment(adapter.extra)?;
    let package = format!("{}[{}]", wheel.display(), adapter.extra);
    let wanted: Vec<&str> = TOOLS.into_iter().chain([package.as_str()]).collect();
    install(&python, &wanted)?;
    // Its version does not change when it is built again.
    install(&python, &["--force-reinstall", "--no-deps", &wheel.display().to_string()])?;
    let suite = format!("adapters/test_{}.py", adapter.module);
    let module = format!("python/pulsedb/{}.py", adapter.module);
    let python = env::current_dir().map(|root| root.join(&python)).unwrap_or(python);
    let inside = |words: &[&str]| {
        let mut command = Command::new(&python);
        command.current_dir(CRATE).env("PYTHONDONTWRITEBYTECODE", "1").args(["-m"]).args(words);
        must(&mut command)
    };
    inside(&["pytest", "--quiet", "-p", "no:cacheprovider", &suite])?;
    // What a framework imports takes minutes to read, once.
    let cache = format!("--cache-dir={}", python.with_file_name("mypy-cache").display());
    inside(&["mypy", "--strict", &cache, &suite, &module])
}

fn environment(name: &str) -> Result<PathBuf, Failure> {
    python::environment(&Path::new(DIRECTORY).join(name))
}
