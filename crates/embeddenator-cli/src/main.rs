//! The command `embeddenator`: engrams from the shell.

mod args;
mod cmd;
mod exit;
mod plan;
mod render;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let exit = cmd::run(args::Cli::parse()).unwrap_or_else(|error| exit::report(&error));
    exit.into()
}
