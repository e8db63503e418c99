//! The command line: commands, flags, and what each says about itself.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand};
use clap_complete::Shell;
use embeddenator_fs::{Index, Profile, Subset};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, or only partly done; standard error says what
  2  wrong arguments
  3  no such file, path or snapshot
  4  busy: another process is writing to the engram; try again
  5  damaged: `embeddenator verify` says where, `extract --keep-going` brings out the rest

SOURCE_DATE_EPOCH, in seconds since 1970, is the time of a new snapshot where it is set.";

/// File trees in one file that is deduplicated, compressed and verified.
#[derive(Debug, Parser)]
#[command(name = "embeddenator", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an engram of directories
    Ingest(IngestArgs),
    /// Bring files out of an engram
    Extract(ExtractArgs),
    /// List what a snapshot holds
    Ls(LsArgs),
    /// Write what files hold to standard output
    Cat(CatArgs),
    /// Show what an engram is made of, and its snapshots
    Info(InfoArgs),
    /// Compare everything with its hashes; exit code 5 if something is damaged
    Verify(VerifyArgs),
    /// Change an engram: each change but `compact` is a new snapshot
    Update {
        #[command(subcommand)]
        command: UpdateCommand,
    },
    /// List the snapshots, or the versions of one path over them
    Log(LogArgs),
    /// List what differs between two snapshots
    Diff(DiffArgs),
    /// Take snapshots off the list; `update compact` frees their bytes
    Forget(ForgetArgs),
    /// Find near-duplicates: of a file, or all pairs
    Similar(SimilarArgs),
    /// Find the files that have a fragment, or that are about a text
    Query(QueryArgs),
    /// Bundle the signatures of a snapshot hierarchically, and show what that makes
    BundleHier(BundleArgs),
    /// Show an engram as a directory, read-only, until it is unmounted or a signal ends the command
    Mount(MountArgs),
    /// Take a mounted engram from its directory
    Umount(UmountArgs),
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
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which engram, and which of its snapshots.
#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Snapshot to look at, by number or label [default: the newest]
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) at: Option<String>,
}

/// How files are taken in.
#[derive(Debug, Args)]
pub(crate) struct TakingArgs {
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    /// Leave out what matches, by name, or by path if there is a slash in it; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Leave out what lies on other file systems
    #[arg(long)]
    pub(crate) one_file_system: bool,
    /// Make user and group 0 the owner of everything
    #[arg(long)]
    pub(crate) all_root: bool,
    #[command(flatten)]
    pub(crate) label: LabelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// What to call the snapshot
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) label: String,
}

/// How much work goes into small files.
#[derive(Debug, Args)]
pub(crate) struct EffortArgs {
    /// The choice between speed and size
    #[arg(long, default_value = "balanced", value_parser = profile())]
    pub(crate) profile: Profile,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
}

/// By what files can be found.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// By what files can be found: `file` for near-duplicates, `fragment` for parts of files too; without it as
    /// before, or `file`
    #[arg(long, value_name = "none|file|fragment", value_parser = index)]
    pub(crate) index: Option<Index>,
}

#[derive(Debug, Args)]
pub(crate) struct ThreadsArgs {
    /// Threads; 0 for as many as the machine runs at once
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Directories; the contents of one are the root, several go under their own names
    #[arg(required = true, value_name = "DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// The sources are tar archives; `-` is standard input
    #[arg(long, conflicts_with = "one_file_system")]
    pub(crate) tar: bool,
    /// Engram to make
    #[arg(short, long, value_name = "FILE.egm")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) taking: TakingArgs,
    /// Replace an engram that is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags of a command, each of its own")]
pub(crate) struct ExtractArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Directory to extract to; it is made if it is missing
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Write a tar archive to OUT instead; `-` is standard output
    #[arg(long, conflicts_with_all = ["no_owners", "keep_going"])]
    pub(crate) tar: bool,
    /// Paths to bring out, with all below them [default: everything]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
    /// Replace files that are in the way
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Make the current user the owner of everything, even as root
    #[arg(long)]
    pub(crate) no_owners: bool,
    /// Bring out all that is not damaged, and list what is missing
    #[arg(long)]
    pub(crate) keep_going: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Paths to list, with all below them [default: everything]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    /// List only what matches, by name, or by path if there is a slash in it; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(crate) find: Vec<String>,
    /// Show kind, mode, owner, size and time
    #[arg(short, long)]
    pub(crate) long: bool,
    /// Print a line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Files to write
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Read only the Nth of M parts of the data, such as 1/7; tables and manifests are read all the same
    #[arg(long, value_name = "N/M", value_parser = subset)]
    pub(crate) subset: Option<Subset>,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UpdateCommand {
    /// Add files and directories under their own names, in place of what stands there
    Add(AddArgs),
    /// Leave paths out; older snapshots keep them
    Remove(RemoveArgs),
    /// Bring the engram to the state of directories
    Modify(ModifyArgs),
    /// Rewrite the engram without what no snapshot needs
    Compact(CompactArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Files and directories to add
    #[arg(required = true, value_name = "PATH")]
    pub(crate) sources: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) taking: TakingArgs,
    /// Read files even if size and time say that they are unchanged
    #[arg(long)]
    pub(crate) reread: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ModifyArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Directories; the contents of one are the root, several go under their own names
    #[arg(required = true, value_name = "DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// The sources are tar archives; `-` is standard input
    #[arg(long, conflicts_with = "one_file_system")]
    pub(crate) tar: bool,
    #[command(flatten)]
    pub(crate) taking: TakingArgs,
    /// Read files even if size and time say that they are unchanged
    #[arg(long)]
    pub(crate) reread: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Paths to leave out, with all below them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    #[command(flatten)]
    pub(crate) label: LabelArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompactArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    #[command(flatten)]
    pub(crate) index: IndexArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Path whose versions to list [default: list the snapshots]
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<OsString>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// The older snapshot, by number or label
    pub(crate) before: String,
    /// The newer one [default: the newest]
    pub(crate) after: Option<String>,
    /// Print a line of JSON for each path
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(override_usage = "embeddenator forget [OPTIONS] <FILE.egm> <NUMBER|--keep-...>...")]
#[command(group = ArgGroup::new("which").required(true).multiple(true))]
pub(crate) struct ForgetArgs {
    /// The engram
    #[arg(value_name = "FILE.egm")]
    pub(crate) engram: PathBuf,
    /// Numbers of snapshots to forget
    #[arg(value_name = "NUMBER", group = "which")]
    pub(crate) snapshots: Vec<u32>,
    /// Keep so many of the newest
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_last: u32,
    /// Keep the newest of each of so many hours
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_hourly: u32,
    /// Keep the newest of each of so many days
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_daily: u32,
    /// Keep the newest of each of so many weeks
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_weekly: u32,
    /// Keep the newest of each of so many months
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_monthly: u32,
    /// Keep the newest of each of so many years
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, group = "which")]
    pub(crate) keep_yearly: u32,
    /// Keep all with this label; may be repeated
    #[arg(long, value_name = "LABEL", group = "which")]
    pub(crate) keep_label: Vec<String>,
    /// Change nothing, and say what would be forgotten
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SimilarArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// File of the engram to find the like of [default: list all pairs]
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<OsString>,
    /// File outside of the engram to find the like of
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    pub(crate) file: Option<PathBuf>,
    /// The least similarity, from 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.5, value_parser = share)]
    pub(crate) min: f32,
    /// Lines at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: usize,
    /// Print a line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// The fragment is what this file holds
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) file: Option<PathBuf>,
    /// The fragment comes from standard input
    #[arg(long, group = "what")]
    pub(crate) stdin: bool,
    /// Look for passages that are about this text, in all files that are UTF-8
    #[arg(long, value_name = "TEXT", group = "what")]
    pub(crate) text: Option<String>,
    /// Lines at most
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
    /// Print a line of JSON for each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MountArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Directory to mount it at
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Let other users in, as far as modes and owners do
    #[arg(long)]
    pub(crate) allow_other: bool,
    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UmountArgs {
    /// Directory that it is mounted at
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Even if it is in use: it is out of sight at once, and ends when nobody uses it any more
    #[arg(long)]
    pub(crate) lazy: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

fn share(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

fn subset(text: &str) -> Result<Subset, String> {
    let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    match numbers {
        Some((part, of)) if (1..=of).contains(&part) => Ok(Subset { part, of }),
        _ => Err("give two numbers, the first from 1 to the second, such as 1/7".to_owned()),
    }
}

fn index(text: &str) -> Result<Index, String> {
    match text {
        "none" => Ok(Index::None),
        "file" => Ok(Index::File),
        "fragment" => Ok(Index::Fragment),
        _ => Err("give none, file or fragment".to_owned()),
    }
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).map(|name| {
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == name);
        found.unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
