//! The command line: commands, flags, and what each says about itself.

mod agents;
mod engram;
mod memory;
mod model;
mod reading;
mod server;
mod serving;
mod values;
mod watching;
mod writing;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::agents::{AgentsArgs, AgentsCommand};
pub(crate) use self::engram::{MountArgs, RestoreArgs, SnapshotArgs};
pub(crate) use self::memory::{
    ContextArgs, HistoryArgs, InsightAddArgs, InsightArgs, InsightCommand, InsightSearchArgs, RelateArgs,
    SupersedeArgs, UnrelateArgs,
};
pub(crate) use self::model::{ModelArgs, ModelCommand, ReembedArgs};
pub(crate) use self::reading::{EvalArgs, ExportArgs, FilterArgs, GetArgs, ListArgs, RecentArgs, SearchArgs};
pub(crate) use self::server::MoveArgs;
pub(crate) use self::serving::{Agent, HookArgs, HookEvent, InstallArgs, McpArgs};
pub(crate) use self::values::JsonArgs;
pub(crate) use self::watching::{BenchArgs, WatchArgs};
pub(crate) use self::writing::{
    CreationArgs, FieldArgs, ForgetArgs, ImportArgs, RecordArgs, ReinforceArgs, UpdateArgs,
};

const EXIT_CODES: &str = "\
Exit codes:
  0  done (a search without hits too)
  1  failed, or only partly done; standard error says what
  2  wrong arguments, or a value was refused
  3  no such database, collective or experience
  4  busy: another process is using the database in a way that excludes this; try again
  5  damaged: run `pulsedb repair`, or restore a backup";

const EVAL_FILES: &str = "\
Both files are lines of JSON. A turn: conversation, id, session, date, speaker, text, and perhaps caption. A question:
conversation, question, category, and evidence, the ids of the turns that answer it. A temporary database is used.";

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
    #[arg(
        long,
        value_name = "GIB",
        global = true,
        help = "Largest size of the database in GiB, when it is made or grown [env: PULSEDB_MAP_SIZE] [default: 64]"
    )]
    pub(crate) map_size: Option<usize>,
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
    /// Find experiences by words and meaning, best first
    Search(SearchArgs),
    /// Show the newest experiences
    Recent(RecentArgs),
    /// Show one experience in full
    Get(GetArgs),
    /// List experiences in the order they were recorded
    List(ListArgs),
    /// Show changes as they are committed, by any process, until interrupted
    Watch(WatchArgs),
    /// Change an experience: only what is named changes
    Update(UpdateArgs),
    /// Show what an agent may need to know, as Markdown for a prompt
    Context(ContextArgs),
    /// Say what one experience has to do with another, and print the id of the relation
    Relate(RelateArgs),
    /// Delete relations
    Unrelate(UnrelateArgs),
    /// Record an experience in the place of another one, which is kept but no longer found, and print its id
    Supersede(SupersedeArgs),
    /// Show an experience with all that it supersedes and that supersede it, oldest first
    History(HistoryArgs),
    /// Store, list, find and delete what follows from several experiences
    Insight(InsightArgs),
    /// Say that an experience was useful again, which keeps its energy up
    Reinforce(ReinforceArgs),
    /// Archive experiences, restore them, or delete them
    Forget(ForgetArgs),
    /// Show who is at work in a collective, and tell others that you are
    Agents(AgentsArgs),
    /// List, create, rename and delete collectives
    Collectives(CollectivesArgs),
    /// Show sizes, readers and writers
    Stats(JsonArgs),
    /// Verify records, indexes and the change log; exit code 5 if they disagree
    Check(JsonArgs),
    /// Rebuild everything that can be derived from the records
    Repair(JsonArgs),
    /// Give every record a vector of another embedder, beside the ones that others go on using until the end; run it
    /// again to go on after an interruption
    Reembed(ReembedArgs),
    /// Note where models of your own are, and list them
    Model(ModelArgs),
    /// Return the room of what was deleted or changed to the disk, while no other process has the database open
    Compact(JsonArgs),
    /// Copy the database while others use it
    Backup(BackupArgs),
    /// Write a snapshot of all collectives, or of one, as files in an engram; run it again to add the next snapshot
    Snapshot(SnapshotArgs),
    /// Restore a snapshot into a database that is new or empty, with ids, times and vectors as they were
    Restore(RestoreArgs),
    /// Copy all collectives, or one, to a PostgreSQL server, with ids, times and vectors as they are; run it again to go on
    /// after an interruption, or to bring what is new
    Push(MoveArgs),
    /// Copy all collectives, or one, from a PostgreSQL server, as `push` does the other way
    Pull(MoveArgs),
    /// Show a collective as a read-only directory of Markdown files, until it is unmounted or interrupted
    Mount(MountArgs),
    /// Measure how long records, searches and changes take on this machine
    Bench(BenchArgs),
    /// Write every experience, relation and insight as a line of JSON, which `import` reads
    Export(ExportArgs),
    /// Measure how much of the evidence of questions about conversations a search finds
    #[command(after_help = EVAL_FILES)]
    Eval(EvalArgs),
    /// Serve the memory to an agent, by the Model Context Protocol
    Mcp(McpArgs),
    /// Answer an event of an agent's session, which stands on standard input as JSON; never fails the session
    Hook(HookArgs),
    /// Give an agent this memory: show the change of its configuration, and make it once confirmed
    Install(InstallArgs),
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
    /// Give one another name; its id and everything in it stay
    Rename {
        /// Its name
        #[arg(value_name = "OLD")]
        name: String,
        /// The name that it gets
        #[arg(value_name = "NEW")]
        to: String,
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
