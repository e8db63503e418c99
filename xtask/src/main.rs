//! The commands of this repository: `cargo xtask <command>` runs what continuous integration runs.

mod adapters;
mod baseline;
mod bench_compare;
mod bench_table;
mod command;
mod coverage;
mod examples;
mod instructions;
mod mcp_conformance;
mod postgres;
mod python;
mod release;
mod toolchain;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use command::{Failure, cargo, cargo_with};

/// A command: its name, what it does, the function that does it with the arguments after the name.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
    /// Whether `ci` runs it.
    in_ci: bool,
}

const STEPS: &[Step] = &[
    Step { name: "msrv", about: "the toolchain is new enough", run: msrv, in_ci: true },
    Step { name: "test", about: "all tests, or those of `--package <name>`", run: test, in_ci: true },
    Step { name: "fmt", about: "the code is formatted", run: fmt, in_ci: true },
    Step { name: "lint", about: "clippy has no warning", run: lint, in_ci: true },
    Step {
        name: "features",
        about: "crates with features have no warning without them either",
        run: features,
        in_ci: true,
    },
    Step { name: "doc", about: "the documents build without a warning", run: doc, in_ci: true },
    Step { name: "doctest", about: "the examples in the documents run", run: doctest, in_ci: true },
    Step { name: "examples", about: "each example builds and runs", run: examples::run, in_ci: true },
    Step { name: "deny", about: "cargo-deny; arguments say which checks", run: deny, in_ci: false },
    Step {
        name: "package",
        about: "packs each crate and builds it from its package, as publishing would",
        run: package,
        in_ci: false,
    },
    Step { name: "bench", about: "all benchmarks, or those of `--package <name>`", run: bench, in_ci: false },
    Step {
        name: "bench-compare",
        about: "two baselines of criterion, `OLD NEW`; fails above 10 % slower",
        run: bench_compare::run,
        in_ci: false,
    },
    Step {
        name: "bench-table",
        about: "the medians of bench/ as a table beside the peers' and the targets",
        run: bench_table::run,
        in_ci: false,
    },
    Step {
        name: "recall",
        about: "what vector searches find of the exact answers; `10000x384 text` chooses, `--full` adds 10^6",
        run: recall,
        in_ci: false,
    },
    Step {
        name: "instructions",
        about: "counts of the calls in tools/instructions against its baseline or `--against DIRECTORY`",
        run: instructions::run,
        in_ci: false,
    },
    Step {
        name: "coverage",
        about: "lines that tests reach, by cargo-llvm-cov; fails below 85 %",
        run: coverage::run,
        in_ci: false,
    },
    Step {
        name: "adapters",
        about: "the stores for Python frameworks against these, which it fetches; a name runs one",
        run: adapters::run,
        in_ci: false,
    },
    Step {
        name: "mcp-conformance",
        about: "the server of `pulsedb mcp` against the suites of the protocol; fetches Node and them",
        run: mcp_conformance::run,
        in_ci: false,
    },
    Step {
        name: "postgres",
        about: "`test` or `bench`: those of pulsedb-postgres against a server, which it fetches and starts",
        run: postgres::run,
        in_ci: false,
    },
    Step {
        name: "release",
        about: "`check TAG`, `notes TAG` or `publish TAG`: the steps of docs/release.md",
        run: release::run,
        in_ci: false,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print_usage();
        return ExitCode::from(2);
    };
    // Every command works on the whole repository, wherever in it the caller stands.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Err(error) = env::set_current_dir(&root) {
        eprintln!("cannot enter {}: {error}", root.display());
        return ExitCode::FAILURE;
    }
    let outcome = match STEPS.iter().find(|step| step.name == name) {
        Some(step) => (step.run)(rest),
        None if name == "ci" => ci(),
        None => {
            print_usage();
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask {name}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn print_usage() {
    eprintln!("usage: cargo xtask <command> [arguments]\n");
    eprintln!("  {:<15} everything marked *, in this order", "ci");
    for step in STEPS {
        eprintln!("  {:<15} {}{}", step.name, step.about, if step.in_ci { " *" } else { "" });
    }
}

fn ci() -> Result<(), Failure> {
    for step in STEPS.iter().filter(|step| step.in_ci) {
        let start = Instant::now();
        (step.run)(&[])?;
        println!("ci: {} took {} s", step.name, start.elapsed().as_secs());
    }
    Ok(())
}

fn msrv(_: &[String]) -> Result<(), Failure> {
    toolchain::check()
}

fn test(arguments: &[String]) -> Result<(), Failure> {
    cargo(&scoped(&["test"], arguments), arguments)
}

fn fmt(arguments: &[String]) -> Result<(), Failure> {
    cargo(&["fmt", "--all", "--check"], arguments)
}

fn lint(arguments: &[String]) -> Result<(), Failure> {
    let mut words = scoped(&["clippy", "--all-targets"], arguments);
    words.extend(arguments.iter().map(String::as_str));
    words.extend(["--", "-D", "warnings"]);
    cargo(&words, &[])
}

/// The crates that have features, which `lint` sees with all of their defaults: without these, and with what is off by default.
fn features(arguments: &[String]) -> Result<(), Failure> {
    let mut words = vec!["clippy", "--no-default-features", "--all-targets"];
    words.extend(["-p", "embeddenator-io", "-p", "embeddenator-obs"]);
    words.extend(arguments.iter().map(String::as_str));
    words.extend(["--", "-D", "warnings"]);
    cargo(&words, &[])?;
    // In the workspace other crates ask for features of it, so that what only they use is used.
    for features in [&["--no-default-features"][..], &[]] {
        let library = ["clippy", "-p", "pulsedb", "--lib"];
        cargo(&[&library, features, &["--", "-D", "warnings"]].concat(), &[])?;
    }
    let mut words = vec!["clippy", "-p", "pulsedb-cli", "--features", "postgres", "--all-targets"];
    words.extend(arguments.iter().map(String::as_str));
    words.extend(["--", "-D", "warnings"]);
    cargo(&words, &[])
}

fn doc(arguments: &[String]) -> Result<(), Failure> {
    cargo_with(&[("RUSTDOCFLAGS", "-D warnings")], &scoped(&["doc", "--no-deps"], arguments), arguments)
}

fn doctest(arguments: &[String]) -> Result<(), Failure> {
    cargo(&scoped(&["test", "--doc"], arguments), arguments)
}

/// Without arguments all checks, of which `advisories` needs the network.
fn deny(arguments: &[String]) -> Result<(), Failure> {
    cargo(&["deny", "check"], arguments)
}

fn package(arguments: &[String]) -> Result<(), Failure> {
    cargo(&["publish", "--workspace", "--dry-run"], arguments)
}

/// The shapes that `recall` runs by itself: records and dimensions.
const RECALL: &[&str] =
    &["10000x256", "10000x384", "10000x768", "10000x1536", "100000x256", "100000x384", "text"];

fn recall(arguments: &[String]) -> Result<(), Failure> {
    let mut shapes: Vec<String> = arguments.iter().filter(|word| *word != "--full").cloned().collect();
    if shapes.is_empty() {
        shapes.extend(RECALL.iter().map(|shape| (*shape).to_owned()));
    }
    if arguments.iter().any(|word| word == "--full") {
        shapes.push("1000000x384".to_owned());
    }
    cargo(&["bench", "--package", "pulsedb", "--bench", "recall", "--"], &shapes)
}

fn bench(arguments: &[String]) -> Result<(), Failure> {
    cargo(&scoped(&["bench", "--bench", "*"], arguments), arguments)
}

/// The words and `--workspace`, unless the caller's arguments name packages.
fn scoped<'a>(words: &[&'a str], arguments: &[String]) -> Vec<&'a str> {
    let named = arguments.iter().any(|argument| matches!(argument.as_str(), "-p" | "--package"));
    let mut all = words.to_vec();
    if !named {
        all.push("--workspace");
    }
    all
}
