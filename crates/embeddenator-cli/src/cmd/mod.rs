//! The commands, one file each.

mod bundle_hier;
mod cat;
mod completions;
mod diff;
mod extract;
mod forget;
mod info;
mod ingest;
mod log;
mod ls;
mod mount;
mod query;
mod similar;
mod update;
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
        Command::Update { command } => update::run(&command, &mut out),
        Command::Log(args) => log::run(&args, &mut out),
        Command::Diff(args) => diff::run(&args, &mut out),
        Command::Forget(args) => forget::run(&args, &mut out),
        Command::Similar(args) => similar::run(&args, &mut out),
        Command::Query(args) => query::run(&args, &mut out),
        Command::BundleHier(args) => bundle_hier::run(&args, &mut out),
        Command::Mount(args) => mount::mount(&args, &mut out),
        Command::Umount(args) => mount::umount(&args),
        Command::Completions { shell } => completions::completions(shell, &mut out),
        Command::Man { out: directory } => completions::man(directory.as_deref(), &mut out),
    }?;
    out.finish()?;
    Ok(exit)
}
