//! The flags of commands that follow changes and measure.

use clap::Args;

use crate::args::values::JsonArgs;
use crate::kind::Kind;

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Begin with the changes after this number, which every line shows; 0 is the beginning of the log
    #[arg(long, value_name = "NUMBER")]
    pub(crate) since: Option<u64>,
    /// End after so many changes
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
    /// Only in this domain; if repeated, in any of them
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Only of this kind; if repeated, of any of them
    #[arg(long = "type", value_name = "KIND")]
    pub(crate) kinds: Vec<Kind>,
    /// Only at least this important
    #[arg(long, value_name = "0..1")]
    pub(crate) min_importance: Option<f32>,
    /// Run this by the shell for each change, one after the other, with the line of JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// Print one line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Records to measure with, from 100 to 100000
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) records: u32,
    /// Be the process that watches: print when each change of the database came
    #[arg(long, hide = true, value_name = "COUNT")]
    pub(crate) watch: Option<usize>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}
