//! `install`: the configuration of an agent, changed once the change was shown and confirmed.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::args::{Agent, InstallArgs};
use crate::exit::{CliError, Exit};
use crate::install::file::Change;
use crate::install::places;
use crate::install::servers::Command;
use crate::output::Out;
use crate::text::printable_line;

/// The name under which the command is found if it is on the path.
const PROGRAM: &str = "pulsedb";

pub(crate) fn run(args: &InstallArgs, db: Option<&Path>, out: &mut Out) -> anyhow::Result<Exit> {
    let here = std::env::current_dir().context("the current directory is gone")?;
    let command = command(db, &here)?;
    let changes = places::of(args.agent, args.project.then_some(here.as_path()))?
        .iter()
        .map(|place| Change::of(place, &command, args.undo))
        .filter(|change| !change.as_ref().is_ok_and(Change::is_none))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if changes.is_empty() {
        writeln!(out, "nothing to change: {}", if args.undo { "it is not there" } else { "it is there" })?;
        return Ok(Exit::Ok);
    }
    for change in &changes {
        writeln!(out, "{}", change.path.display())?;
        for (mark, line) in change.lines() {
            let line = if line.trim().is_empty() { String::new() } else { indented(line) };
            writeln!(out, "  {mark} {line}")?;
        }
    }
    out.flush()?;
    if !args.yes {
        confirm()?;
    }
    changes.iter().try_for_each(Change::write)?;
    let word = if args.undo { "taken out" } else { "installed" };
    writeln!(out, "{word}; {} reads it when it starts the next time", name(args.agent))?;
    if args.agent == Agent::Codex && !args.undo {
        writeln!(out, "it runs the hooks once you have looked at them: it asks, or type /hooks")?;
    }
    Ok(Exit::Ok)
}

/// A line without what could steer a terminal, with its indentation.
fn indented(line: &str) -> String {
    let spaces = line.len() - line.trim_start().len();
    format!("{}{}", " ".repeat(spaces), printable_line(line))
}

fn confirm() -> anyhow::Result<()> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "nothing was changed; pass --yes to make this change".to_owned();
        return Err(CliError::Usage(message).into());
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "Make this change? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    anyhow::ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "nothing was changed");
    Ok(())
}

/// How agents call this program: by its name where that leads here, else by its whole path.
fn command(db: Option<&Path>, here: &Path) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    let program = if is_on_path(&program) { PROGRAM.to_owned() } else { text_of(&program)? };
    let options = match db {
        Some(path) => vec!["--db".to_owned(), text_of(&here.join(path))?],
        None => Vec::new(),
    };
    Ok(Command { program, options })
}

fn is_on_path(program: &Path) -> bool {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&directories)
        .map(|directory| directory.join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|path| path.is_file());
    let real = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
    found.is_some_and(|found| real(found) == real(program.to_path_buf()))
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not Unicode", path.display()))
}

const fn name(agent: Agent) -> &'static str {
    match agent {
        Agent::ClaudeCode => "Claude Code",
        Agent::Codex => "Codex",
        Agent::Cursor => "Cursor",
        Agent::Gemini => "Gemini CLI",
        Agent::Vscode => "VS Code",
        Agent::Windsurf => "Windsurf",
    }
}
