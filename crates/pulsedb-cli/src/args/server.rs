//! The flags of `push` and `pull`, and how a tenant of a server is named.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::args::values::JsonArgs;

#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// The server, as `postgres://user:password@host:port/database`; in the variable, others cannot read the password from
    /// the list of processes
    #[arg(env = "PULSEDB_POSTGRES_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// Replace and remove what only the destination has or has changed since; without it that is refused
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) output: JsonArgs,
}

/// Whose memory at the server is meant.
#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    /// Whose memory at the server: 1 to 48 letters, digits, `-` and `_`
    #[arg(
        id = "tenant",
        long = "tenant",
        value_name = "NAME",
        default_value = "default",
        requires = "url",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) name: String,
}
