//! The flags of `agents`.

use clap::{Args, Subcommand};

use crate::args::values::JsonArgs;
use crate::args::writing::CreationArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AgentsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<AgentsCommand>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentsCommand {
    /// List those heard of in the last five minutes (what `agents` alone does)
    List(JsonArgs),
    /// Say that an agent begins to work; again, and it replaces what was said
    Register {
        /// Its name
        agent: String,
        /// What it works on
        #[arg(long)]
        task: Option<String>,
        /// What others should know about its work
        #[arg(long)]
        summary: Option<String>,
        #[command(flatten)]
        creation: CreationArgs,
        #[command(flatten)]
        output: JsonArgs,
    },
    /// Say that an agent is still at work
    Heartbeat {
        /// Its name
        agent: String,
        #[command(flatten)]
        output: JsonArgs,
    },
    /// Say that an agent's work is done
    End {
        /// Its name
        agent: String,
        #[command(flatten)]
        output: JsonArgs,
    },
}
