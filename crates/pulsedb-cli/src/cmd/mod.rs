//! The commands, one file each.

mod agents;
mod backup;
mod bench;
mod check;
mod collectives;
mod compact;
mod completions;
mod context;
mod engram;
mod eval;
mod export;
mod fields;
mod filter;
mod fold;
mod forget;
mod get;
mod history;
mod hook;
mod import;
mod insight;
mod install;
mod list;
mod mcp;
mod model;
mod recent;
mod record;
mod reembed;
mod reinforce;
mod relate;
mod search;
mod server;
mod stats;
mod update;
mod watch;

use crate::args::{Cli, Command};
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

/// Runs the command and says how it ended.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Completions { shell } => return completions::completions(*shell),
        Command::Man { out } => return completions::man(out.as_deref()),
        Command::Eval(args) => return finished(|out| eval::run(args, out)),
        Command::Install(args) => return finished(|out| install::run(args, cli.global.db.as_deref(), out)),
        Command::Hook(args) => return Ok(hook::run(args.event, cli.global)),
        Command::Model(args) => return finished(|out| model::run(args, out)),
        _ => {}
    }
    let target = Target::new(cli.global.db, cli.global.collective, cli.global.map_size)?;
    if let Command::Mcp(args) = &cli.command {
        return mcp::run(target, args);
    }
    let mut out = Out::new();
    let exit = match cli.command {
        Command::Record(args) => record::run(&target, args, &mut out),
        Command::Import(args) => import::run(&target, &args, &mut out),
        Command::Search(args) => search::run(&target, args, &mut out),
        Command::Recent(args) => recent::run(&target, args, &mut out),
        Command::Get(args) => get::run(&target, &args, &mut out),
        Command::List(args) => list::run(&target, &args, &mut out),
        Command::Watch(args) => watch::run(&target, args, &mut out),
        Command::Bench(args) => bench::run(&target, &args, &mut out),
        Command::Update(args) => update::run(&target, &args, &mut out),
        Command::Context(args) => context::run(&target, args, &mut out),
        Command::Relate(args) => relate::run(&target, args, &mut out),
        Command::Unrelate(args) => relate::unrelate(&target, &args, &mut out),
        Command::Supersede(args) => history::supersede(&target, args, &mut out),
        Command::History(args) => history::history(&target, &args, &mut out),
        Command::Insight(args) => insight::run(&target, args, &mut out),
        Command::Reinforce(args) => reinforce::run(&target, &args, &mut out),
        Command::Forget(args) => forget::run(&target, &args, &mut out),
        Command::Agents(args) => agents::run(&target, args, &mut out),
        Command::Collectives(args) => collectives::run(&target, args, &mut out),
        Command::Stats(args) => stats::run(&target, &args, &mut out),
        Command::Check(args) => check::check(&target, &args, &mut out),
        Command::Repair(args) => check::repair(&target, &args, &mut out),
        Command::Reembed(args) => reembed::run(&target, &args, &mut out),
        Command::Compact(args) => compact::run(&target, &args, &mut out),
        Command::Backup(args) => backup::run(&target, &args, &mut out),
        Command::Snapshot(args) => engram::snapshot(&target, &args, &mut out),
        Command::Restore(args) => engram::restore(&target, &args, &mut out),
        Command::Mount(args) => engram::mount(&target, &args, &mut out),
        Command::Push(args) => server::push(&target, &args, &mut out),
        Command::Pull(args) => server::pull(&target, &args, &mut out),
        Command::Export(args) => export::run(&target, &args, &mut out),
        Command::Completions { .. }
        | Command::Man { .. }
        | Command::Eval(_)
        | Command::Install(_)
        | Command::Hook(_)
        | Command::Mcp(_)
        | Command::Model(_) => Ok(Exit::Ok),
    }?;
    out.finish()?;
    Ok(exit)
}

/// Runs a command, and hands all that it has printed to the system.
fn finished(command: impl FnOnce(&mut Out) -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let mut out = Out::new();
    let exit = command(&mut out)?;
    out.finish()?;
    Ok(exit)
}
