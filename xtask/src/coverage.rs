//! The gate on coverage: lines that the tests reach, counted by cargo-llvm-cov.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::command::{Failure, cargo};

/// Lines that the tests must reach, in percent.
const LINES_MIN: &str = "85";

/// Programs of LLVM that read what instrumented tests have counted, with the variables that name them.
const PROGRAMS: [(&str, &str); 2] = [("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata")];

/// Counts for `pulsedb`, or for the packages that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    require_tools()?;
    let named =
        arguments.iter().any(|argument| matches!(argument.as_str(), "-p" | "--package" | "--workspace"));
    let mut words = vec!["llvm-cov"];
    if !named {
        words.extend(["--package", "pulsedb"]);
    }
    // A process that a test kills leaves a profile without an end: a file that cannot be read is left out, and only if
    // none can be read it fails.
    words.extend(["--failure-mode", "all", "--fail-under-lines", LINES_MIN]);
    cargo(&words, arguments)
}

/// Says all that is missing at once, before anything is built.
fn require_tools() -> Result<(), Failure> {
    let found = Command::new("cargo").args(["llvm-cov", "--version"]).output();
    let has_command = found.is_ok_and(|output| output.status.success());
    let (sysroot, llvm) = (rustc(&["--print", "sysroot"])?, llvm_version(&rustc(&["-vV"])?));
    let missing = missing(has_command, &llvm, |variable, program| {
        env::var_os(variable).is_some() || is_component(Path::new(&sysroot), program)
    });
    if missing.is_empty() { Ok(()) } else { Err(Failure::Unmet(missing.join("\n"))) }
}

/// What is missing, each with its remedy.
fn missing(has_command: bool, llvm: &str, has_program: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut missing = Vec::new();
    if !has_command {
        missing.push("cargo-llvm-cov is missing: cargo install --locked cargo-llvm-cov".to_owned());
    }
    let absent: Vec<_> =
        PROGRAMS.iter().filter(|(variable, program)| !has_program(variable, program)).collect();
    if !absent.is_empty() {
        let programs: Vec<&str> = absent.iter().map(|(_, program)| *program).collect();
        let variables: Vec<&str> = absent.iter().map(|(variable, _)| *variable).collect();
        missing.push(format!(
            "{} of LLVM {llvm}, with which this rustc was built, missing: rustup component add llvm-tools, or name \
             such programs by {} (Debian: the package llvm-{llvm})",
            programs.join(" and "),
            variables.join(" and ")
        ));
    }
    missing
}

fn is_component(sysroot: &Path, program: &str) -> bool {
    let Ok(targets) = sysroot.join("lib/rustlib").read_dir() else { return false };
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    targets.flatten().any(|target| target.path().join("bin").join(&name).is_file())
}

/// The major version in the line `LLVM version: 22.1.2`.
fn llvm_version(verbose: &str) -> String {
    let line = verbose.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    line.and_then(|version| version.split('.').next()).unwrap_or("of the same version").to_owned()
}

fn rustc(arguments: &[&str]) -> Result<String, Failure> {
    let line = format!("rustc {}", arguments.join(" "));
    let output =
        Command::new("rustc").args(arguments).output().map_err(|error| Failure::Start { line, error })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{llvm_version, missing};

    #[test]
    fn all_that_is_missing_is_said_with_its_remedy() {
        assert!(missing(true, "22", |_, _| true).is_empty());
        let all = missing(false, "22", |_, _| false).join("\n");
        for words in
            ["cargo install --locked cargo-llvm-cov", "llvm-tools", "LLVM_COV and LLVM_PROFDATA", "llvm-22"]
        {
            assert!(all.contains(words), "{words}: {all}");
        }
        let one = missing(true, "22", |variable, _| variable == "LLVM_COV");
        assert!(one.len() == 1 && one[0].starts_with("llvm-profdata of LLVM 22"), "{one:?}");
    }

    #[test]
    fn version_of_llvm_is_read_from_what_rustc_says() {
        assert_eq!(llvm_version("rustc 1.95.0\nrelease: 1.95.0\nLLVM version: 22.1.2"), "22");
    }
}
