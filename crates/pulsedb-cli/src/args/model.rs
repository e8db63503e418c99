//! The flags of `model` and of `reembed`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::values::JsonArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ModelCommand>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List those that were added (what `model` alone does)
    List(JsonArgs),
    /// Check the model in a directory and note where it is, so that databases with its vectors find it
    Add {
        /// Directory of a sentence-transformer: config.json, tokenizer.json and model.safetensors
        #[arg(value_name = "PATH")]
        path: PathBuf,
        #[command(flatten)]
        output: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReembedArgs {
    #[command(flatten)]
    pub(crate) to: Destination,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is to make the vectors.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Destination {
    /// Use the bundled table, which needs no model
    #[arg(long)]
    pub(crate) builtin: bool,
    /// Use the model in this directory, and note where it is, as `model add` does
    #[arg(long, value_name = "PATH")]
    pub(crate) model: Option<PathBuf>,
}
