//! Running cargo as a child, with the command printed and its failure kept.

use std::env;
use std::fmt;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// Why a command of this program failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A child could not be started.
    Start { line: String, error: io::Error },
    /// A child ended with a failure; it has said why.
    Child { line: String, status: ExitStatus },
    /// A requirement does not hold.
    Unmet(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { line, error } => write!(f, "cannot start `{line}`: {error}"),
            Self::Child { line, status } => write!(f, "`{line}` failed: {status}"),
            Self::Unmet(reason) => f.write_str(reason),
        }
    }
}

/// Runs a command, which must succeed.
pub(crate) fn must(command: &mut Command) -> Result<(), Failure> {
    let line = format!("{command:?}");
    match command.status() {
        Err(error) => Err(Failure::Start { line, error }),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Child { line, status }),
    }
}

/// What a command prints, which must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let line = format!("{command:?}");
    let done = command.output().map_err(|error| Failure::Start { line: line.clone(), error })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(Failure::Child { line, status: done.status })
}

/// Runs cargo with these arguments and then those of the caller.
pub(crate) fn cargo(arguments: &[&str], more: &[String]) -> Result<(), Failure> {
    cargo_with(&[], arguments, more)
}

/// Runs cargo with variables in its environment. It reads nothing from the terminal.
pub(crate) fn cargo_with(
    variables: &[(&str, &str)],
    arguments: &[&str],
    more: &[String],
) -> Result<(), Failure> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).args(more).envs(variables.iter().copied()).stdin(Stdio::null());
    let words: Vec<&str> = arguments.iter().copied().chain(more.iter().map(String::as_str)).collect();
    let line = format!("cargo {}", words.join(" "));
    println!("$ {line}");
    match command.status() {
        Err(error) => Err(Failure::Start { line, error }),
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Child { line, status }),
    }
}
