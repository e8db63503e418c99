//! The command line: commands, flags, and what each says about itself.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pulsedb::ExperienceId;

use crate::import::content::Format;

const EXIT_CODES: &str = "\
Exit codes:
  0  done (a search without hits too)
  1  failed, or only partly done; standard error says what
  2  wrong arguments, or a value was refused
  3  no such database, collective or experience
  4  busy: another process is using the database in a way that excludes this; try again
  5  damaged: run `pulsedb repair`, or restore a backup";

/// An embedded database for what agents learn: import documents, code and chats, and ask it questions.
#[derive(Debug, Parser)]
#[command(name = "pulsedb", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        help = "Directory of the database [env: PULSEDB_DB] [default: pulsedb in the platform's data directory]"
    )]
    pub(crate) db: Option<PathBuf>,
    #[arg(
        short,
        long,
        value_name = "NAME",
        global = true,
        value_parser = NonEmptyStringValueParser::new(),
        help = "Collective to work in [env: PULSEDB_COLLECTIVE] [default: default]"
    )]
    pub(crate) collective: Option<String>,
    /// When to write in colour; `NO_COLOR` is respected
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Record one experience and print its id
    Record(RecordArgs),
    /// Import documents, source code, JSON lines and chats; run it again to pick up changes
    Import(ImportArgs),
    /// Find experiences by meaning, best first
    Search(SearchArgs),
    /// Show the newest experiences
    Recent(RecentArgs),
    /// Show one experience in full
    Get(GetArgs),
    /// List experiences in the order they were recorded
    List(ListArgs),
    /// Archive experiences, restore them, or delete them
    Forget(ForgetArgs),
    /// List, create and delete collectives
    Collectives(CollectivesArgs),
    /// Show sizes, readers and writers
    Stats(JsonArgs),
    /// Verify records, indexes and the change log; exit code 5 if they disagree
    Check(JsonArgs),
    /// Rebuild everything that can be derived from the records
    Repair(JsonArgs),
    /// Copy the database while others use it
    Backup(BackupArgs),
    /// Write every experience as a line of JSON, which `import` reads
    Export(ExportArgs),
    /// Print shell completions
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands
    Man {
        /// Directory to write them to, one file for each command
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct JsonArgs {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

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

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// What to look for; several words need no quotes
    #[arg(required_unless_present = "vector", conflicts_with = "vector")]
    pub(crate) query: Vec<String>,
    /// File with a vector to search by, as a JSON array; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) vector: Option<PathBuf>,
    /// Number of hits, from 1 to 1000
    #[arg(short, default_value_t = 10)]
    pub(crate) k: usize,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
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
    #[arg(value_parser = experience_id)]
    pub(crate) id: ExperienceId,
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
    /// Print one line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
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
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CollectivesArgs {
    #[command(subcommand)]
    pub(crate) command: Option<CollectivesCommand>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollectivesCommand {
    /// List them (what `collectives` alone does)
    List(JsonArgs),
    /// Create one and print its id
    Create {
        /// Its name
        name: String,
        /// Who owns it
        #[arg(long)]
        owner: Option<String>,
        #[command(flatten)]
        creation: CreationArgs,
        #[command(flatten)]
        output: JsonArgs,
    },
    /// Delete one with everything in it
    Delete {
        /// Its name
        name: String,
        /// Do not ask for confirmation
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        output: JsonArgs,
    },
    /// Show the exact counts of one
    Stats {
        /// Its name [default: that of --collective]
        name: Option<String>,
        #[command(flatten)]
        output: JsonArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Directory to create; it is a database of its own
    #[arg(value_name = "DEST")]
    pub(crate) to: PathBuf,
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

/// The kinds of experience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// parts: description, severity (low, medium, high, critical)
    Difficulty,
    /// parts: `problem_ref` (an id), approach, worked (true, false)
    Solution,
    /// parts: signature, fix, prevention
    ErrorPattern,
    /// parts: `task_type`, approach, quality (0 to 1)
    SuccessPattern,
    /// parts: category, preference, strength (0 to 1)
    UserPreference,
    /// parts: decision, rationale
    ArchitecturalDecision,
    /// parts: technology, insight
    TechInsight,
    /// parts: statement, source
    Fact,
    /// parts: category
    Generic,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

fn experience_id(text: &str) -> Result<ExperienceId, String> {
    text.parse().map_err(|error: pulsedb::ValidationError| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn pairs_need_a_key_and_an_equals_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("=a").is_err() && pair("a").is_err());
    }
}
