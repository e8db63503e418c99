//! The flags of `mcp`, `hook` and `install`.

use std::net::SocketAddr;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::args::server::TenantArgs;

#[derive(Debug, Args)]
pub(crate) struct McpArgs {
    /// Serve any number of clients over HTTP at /mcp of this address instead of one on standard input; port 0 takes any that is free
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// With --http: answer only clients that send `Authorization: Bearer TOKEN`
    #[arg(
        long,
        value_name = "TOKEN",
        env = "PULSEDB_MCP_TOKEN",
        hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) token: Option<String>,
    /// Serve the memory at a PostgreSQL server in the place of the database; `--url` alone takes the environment's
    /// `PULSEDB_POSTGRES_URL`
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// Send what other agents store to the model while it works (channels of Claude Code)
    #[arg(long, conflicts_with = "http")]
    pub(crate) channel: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// What happened in the session
    pub(crate) event: HookEvent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HookEvent {
    /// Answers with the memories that matter most for this project
    SessionStart,
    /// Answers with memories about the prompt
    Prompt,
    /// Records the turns before they are summarised
    PreCompact,
    /// Records the turns of an answer
    Stop,
    /// Records the turns that are left
    SessionEnd,
}

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// Which agent
    pub(crate) agent: Agent,
    /// Write the files of the current directory's project instead of the user's own
    #[arg(long)]
    pub(crate) project: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Take out what `install` has written
    #[arg(long)]
    pub(crate) undo: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// MCP server and hooks
    ClaudeCode,
    /// MCP server and hooks
    Codex,
    /// MCP server
    Cursor,
    /// MCP server
    Gemini,
    /// MCP server
    Vscode,
    /// MCP server
    Windsurf,
}
