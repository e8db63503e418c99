//! The command `pulsedb`: a database of experiences from the shell.

mod args;
mod arguments;
mod cmd;
mod database;
mod eval;
mod exit;
mod hook;
mod import;
mod install;
mod json;
mod kind;
mod links;
mod models;
mod output;
mod places;
mod provenance;
mod report;
mod secret;
mod stamped;
mod text;
mod time;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::args::{Cli, Color};

fn main() -> ExitCode {
    let arguments = arguments::with_words_last(&Cli::command(), std::env::args_os());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        // An agent takes some exit codes of a hook as a reason to stop.
        Err(error) if error.use_stderr() && arguments::names_hook(&Cli::command(), &arguments) => {
            eprintln!("{error}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let said = error.to_string();
            let shown = secret::hidden(&said);
            // Help is not an error, and the only address in it is the example.
            if !error.use_stderr() || shown == said {
                error.exit();
            }
            eprint!("{shown}");
            return exit::Exit::Usage.into();
        }
    };
    match cli.global.color {
        // `auto` looks at the terminal and at NO_COLOR by itself.
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let exit = cmd::run(cli).unwrap_or_else(|error| exit::report(&error));
    exit.into()
}
