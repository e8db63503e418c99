//! The flags of `snapshot`, `restore` and `mount`.

use std::path::PathBuf;

use clap::Args;

use crate::args::values::JsonArgs;

#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    /// The engram: made if it is not there, else given another snapshot
    #[arg(value_name = "OUT.egm")]
    pub(crate) engram: PathBuf,
    /// What to call the snapshot
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) label: String,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The engram
    #[arg(value_name = "IN.egm")]
    pub(crate) engram: PathBuf,
    /// Number of the snapshot [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) at: Option<u32>,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MountArgs {
    /// An empty directory
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Let other users in (needs `user_allow_other` in /etc/fuse.conf)
    #[arg(long)]
    pub(crate) allow_other: bool,
}
