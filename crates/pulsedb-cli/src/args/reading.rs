//! The flags of commands that find and show experiences.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use pulsedb::ExperienceId;

use crate::args::values::{JsonArgs, experience_id, pair};
use crate::kind::Kind;

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// What to look for; several words need no quotes
    #[arg(required_unless_present = "vector", conflicts_with = "vector")]
    pub(crate) query: Vec<String>,
    /// File with a vector to search by, as a JSON array; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) vector: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) comparison: ComparisonArgs,
    /// Number of hits, from 1 to 1000
    #[arg(short, default_value_t = 10)]
    pub(crate) k: usize,
    /// Say of each hit what its score is made of
    #[arg(long)]
    pub(crate) explain: bool,
    /// Show every hit, also those that are nearly the same as a better one of the same document
    #[arg(long, conflicts_with = "json")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// What a search compares.
#[derive(Debug, Args)]
pub(crate) struct ComparisonArgs {
    /// Compare words only: "a phrase" must be in a hit, -word must not, begin* stands for words that begin so
    #[arg(long, conflicts_with_all = ["semantic", "vector"])]
    pub(crate) lexical: bool,
    /// Compare meanings only: the vector of the text with those of the contents
    #[arg(long, conflicts_with = "vector")]
    pub(crate) semantic: bool,
    /// Compare whole vectors, for the answer that depends on the records alone
    #[arg(long)]
    pub(crate) exact: bool,
}

/// Which experiences to look at.
#[derive(Debug, Args, Default)]
pub(crate) struct FilterArgs {
    /// Only in this domain; if repeated, in any of them
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Only with this tag; if repeated, with all of them
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// Only of this kind; if repeated, of any of them
    #[arg(long = "type", value_name = "KIND")]
    pub(crate) kinds: Vec<Kind>,
    /// Only by this agent; if repeated, by any of them
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// Only of this task, session or conversation; if repeated, of any of them
    #[arg(long, value_name = "TASK")]
    pub(crate) task: Vec<String>,
    /// Only with a key that begins so
    #[arg(long, value_name = "PREFIX")]
    pub(crate) key_prefix: Option<String>,
    /// Only at least this important
    #[arg(long, value_name = "0..1")]
    pub(crate) min_importance: Option<f32>,
    /// Only at least this certain
    #[arg(long, value_name = "0..1")]
    pub(crate) min_confidence: Option<f32>,
    /// Only since this time: 2025-01-31T12:00:00Z, 2025-01-31, or an age such as 3h, 2d, 1w; UTC unless it names a zone
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only up to and including this time or day
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Include archived ones
    #[arg(long)]
    pub(crate) archived: bool,
    /// Include superseded ones
    #[arg(long)]
    pub(crate) superseded: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecentArgs {
    /// Number of experiences, from 1 to 1000
    #[arg(short = 'n', long, default_value_t = 10)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its id
    #[arg(value_parser = experience_id, required_unless_present = "key")]
    pub(crate) id: Option<ExperienceId>,
    /// Its key, in the collective, instead of its id
    #[arg(long, conflicts_with = "id", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) key: Option<String>,
    /// Include its vector
    #[arg(long)]
    pub(crate) embedding: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Number of experiences, from 1 to 1000
    #[arg(short = 'n', long, default_value_t = 50)]
    pub(crate) limit: usize,
    /// Number of experiences to skip
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: usize,
    /// Only those with a key that begins so, in the order of their keys; an empty one means every key
    #[arg(long, value_name = "PREFIX", conflicts_with = "offset")]
    pub(crate) key_prefix: Option<String>,
    /// With --key-prefix: only keys that come after this one
    #[arg(long, value_name = "KEY", requires = "key_prefix")]
    pub(crate) after: Option<String>,
    /// Print one line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// File of the turns of conversations
    #[arg(long, value_name = "FILE")]
    pub(crate) conversations: PathBuf,
    /// File of the questions about them
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: PathBuf,
    /// How many times as much the session, its window and its questions count as by default
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, conflicts_with = "lexical")]
    pub(crate) context: f32,
    /// Compare words only
    #[arg(long)]
    pub(crate) lexical: bool,
    /// Number of hits of a question; those of 2000 tokens should be among them
    #[arg(short, default_value_t = 100)]
    pub(crate) k: usize,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Include the vectors, which are most of the bytes
    #[arg(long)]
    pub(crate) embeddings: bool,
    /// File to write instead of standard output; it appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
