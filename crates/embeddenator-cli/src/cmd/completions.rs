//! `completions` and `man`: what a shell and a manual want to know of the command.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::Exit;
use crate::render::Out;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell, out: &mut Out) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "embeddenator", &mut script);
    print(&script, out)
}

/// Prints the page of the command, or writes a page of each command into a directory.
pub(crate) fn man(directory: Option<&Path>, out: &mut Out) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = directory else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        return print(&page, out);
    };
    std::fs::create_dir_all(directory)
        .and_then(|()| write_pages(&command, directory))
        .with_context(|| format!("cannot write manual pages to {}", directory.display()))?;
    Ok(Exit::Ok)
}

fn write_pages(command: &Command, directory: &Path) -> std::io::Result<()> {
    Man::new(command.clone()).generate_to(directory)?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        write_pages(subcommand, directory)?;
    }
    Ok(())
}

fn print(bytes: &[u8], out: &mut Out) -> anyhow::Result<Exit> {
    out.write_all(bytes)?;
    Ok(Exit::Ok)
}
