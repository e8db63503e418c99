//! The commands, one file each.

mod cat;
mod completions;
mod extract;
mod info;
mod ingest;
mod ls;
mod verify;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::render::Out;

/// Runs the command and says how it ended.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    let mut out = Out::new();
    let exit = match cli.command {
        Command::Ingest(args) => ingest::run(&args, &mut out),
        Command::Extract(args) => extract::run(&args, &mut out),
        Command::Ls(args) => ls::run(&args, &mut out),
        Command::Cat(args) => cat::run(&args, &mut out),
        Command::Info(args) => info::run(&args, &mut out),
        Command::Verify(args) => verify::run(&args, &mut out),
        Command::Completions { shell } => completions::completions(shell, &mut out),
        Command::Man { out: directory } => completions::man(directory.as_deref(), &mut out),
    }?;
    out.finish()?;
    Ok(exit)
}
