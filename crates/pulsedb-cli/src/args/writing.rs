//! The flags of commands that record and change experiences.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use pulsedb::{DuplicatePolicy, ExperienceId};

use crate::args::values::{JsonArgs, experience_id, pair};
use crate::import::content::Format;
use crate::kind::Kind;

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The text; `-` or no text reads standard input
    pub(crate) text: Option<String>,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    /// Kind of experience; see --with for its parts
    #[arg(long = "type", value_name = "KIND", default_value = "generic")]
    pub(crate) kind: Kind,
    /// Part of the kind, such as `approach=...` or `worked=true`; may be repeated
    #[arg(long = "with", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) parts: Vec<(String, String)>,
    /// A file that it is about; may be repeated
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) related_files: Vec<String>,
    /// Task, session or conversation that it belongs to
    #[arg(long)]
    pub(crate) task: Option<String>,
    /// When it happened: 2025-01-31T12:00:00Z, 2025-01-31, or an age such as 2d; UTC unless it names a zone [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) timestamp: Option<String>,
    /// Name to find it by; if another one in the collective has it, that one is replaced and keeps its id
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) key: Option<String>,
    /// When it is to be gone: a time as for --timestamp, or a span from now such as 90min, 12h, 30d
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// File with its vector as a JSON array, in a database whose vectors you supply
    #[arg(long, value_name = "FILE")]
    pub(crate) embedding: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) creation: CreationArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// How to make a database that does not exist.
#[derive(Debug, Args)]
pub(crate) struct CreationArgs {
    /// When this creates the database: you supply the vectors, with this many dimensions
    #[arg(long, value_name = "N")]
    pub(crate) dimension: Option<usize>,
}

/// What a command says about the records that it makes.
#[derive(Debug, Clone, Args)]
pub(crate) struct FieldArgs {
    /// How much it matters, from 0 to 1 [default: 0.5]
    #[arg(long, value_name = "0..1")]
    pub(crate) importance: Option<f32>,
    /// How certain it is, from 0 to 1 [default: 0.5]
    #[arg(long, value_name = "0..1")]
    pub(crate) confidence: Option<f32>,
    /// Domain that it belongs to; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Tag to attach; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// Who records it [default: anonymous]
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// What to do with a text that the collective holds already
    #[arg(long, value_name = "POLICY", default_value = "keep")]
    pub(crate) duplicates: Duplicates,
}

/// What becomes of a text that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Duplicates {
    /// Record it beside the other
    Keep,
    /// Count it as another use of the other, which gets its tags and domains too
    Reinforce,
    /// Refuse it
    Refuse,
}

impl From<Duplicates> for DuplicatePolicy {
    fn from(duplicates: Duplicates) -> Self {
        match duplicates {
            Duplicates::Keep => Self::Keep,
            Duplicates::Reinforce => Self::Reinforce,
            Duplicates::Refuse => Self::Refuse,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its id
    #[arg(value_parser = experience_id)]
    pub(crate) id: ExperienceId,
    /// The new text; `-` reads standard input
    pub(crate) text: Option<String>,
    /// How much it matters, from 0 to 1
    #[arg(long, value_name = "0..1")]
    pub(crate) importance: Option<f32>,
    /// How certain it is, from 0 to 1
    #[arg(long, value_name = "0..1")]
    pub(crate) confidence: Option<f32>,
    /// Domain that it belongs to, instead of the present ones; may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: Vec<String>,
    /// Remove it from every domain
    #[arg(long, conflicts_with = "domain")]
    pub(crate) no_domain: bool,
    /// Tag to set; the others stay; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// Tag to remove; may be repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) no_tag: Vec<String>,
    /// A file that it is about, instead of the present ones; may be repeated
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) related_files: Vec<String>,
    /// Remove every file that it is about
    #[arg(long, conflicts_with = "related_files")]
    pub(crate) no_file: bool,
    /// New kind of experience; see --with for its parts
    #[arg(long = "type", value_name = "KIND")]
    pub(crate) kind: Option<Kind>,
    /// Part of the kind, such as `worked=true`; without --type the other parts stay; may be repeated
    #[arg(long = "with", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) parts: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) terms: TermsArgs,
    /// File with its new vector as a JSON array, in a database whose vectors you supply
    #[arg(long, value_name = "FILE")]
    pub(crate) embedding: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// What changes of a key and an end.
#[derive(Debug, Args)]
pub(crate) struct TermsArgs {
    /// New name to find it by, which no other one may have
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) key: Option<String>,
    /// Take its name away
    #[arg(long, conflicts_with = "key")]
    pub(crate) no_key: bool,
    /// When it is to be gone from now on: a time as for `record --timestamp`, or a span from now such as 90min, 12h, 30d
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Keep it for good
    #[arg(long, conflicts_with = "expires")]
    pub(crate) no_expiry: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReinforceArgs {
    /// Its id
    #[arg(value_parser = experience_id)]
    pub(crate) id: ExperienceId,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// Their ids
    #[arg(required = true, value_name = "ID", value_parser = experience_id)]
    pub(crate) ids: Vec<ExperienceId>,
    /// Delete for good instead of archiving
    #[arg(long, conflicts_with = "undo")]
    pub(crate) delete: bool,
    /// Restore archived ones
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files and directories; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How to read the files
    #[arg(long, default_value = "auto")]
    pub(crate) format: Format,
    /// Take only the files in directories that match, or leave out those that match `!GLOB`; may be repeated
    #[arg(short, long, value_name = "GLOB")]
    pub(crate) glob: Vec<String>,
    /// Skip larger files in directories, except JSON and notebooks
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    pub(crate) max_bytes: u64,
    /// Name for standard input: importing under the same name again replaces what was imported
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// Restore JSON lines under the ids that they have, with their times and counts, instead of giving them new ids
    #[arg(long)]
    pub(crate) keep_ids: bool,
    #[command(flatten)]
    pub(crate) pruning: PruningArgs,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) creation: CreationArgs,
    /// Report on each file, and name every failure
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Show no progress and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// What an import removes.
#[derive(Debug, Args)]
pub(crate) struct PruningArgs {
    /// Remove the records of documents that no longer exist in the given directories
    #[arg(long)]
    pub(crate) prune: bool,
    /// With --prune: also remove the records of directories that are empty or missing
    #[arg(short, long, requires = "prune")]
    pub(crate) yes: bool,
}
