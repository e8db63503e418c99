//! Where each agent keeps its configuration, and in what form it names its MCP servers.

use std::path::{Path, PathBuf};

use anyhow::Context;
use etcetera::BaseStrategy;

use crate::args::Agent;
use crate::exit::CliError;

/// How a file names servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON with the servers under this key.
    Json { key: &'static str },
    /// TOML with a table for each server.
    Toml,
    /// The hooks of Claude Code, and those of Codex.
    Hooks,
}

/// A file that is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) form: Form,
}

const SERVERS: Form = Form::Json { key: "mcpServers" };
const VSCODE_SERVERS: Form = Form::Json { key: "servers" };

/// The files of an agent, of the user or of a project.
pub(crate) fn of(agent: Agent, project: Option<&Path>) -> anyhow::Result<Vec<Place>> {
    let place = |path: PathBuf, form: Form| Place { path, form };
    if let Some(project) = project {
        return Ok(match agent {
            Agent::ClaudeCode => vec![
                place(project.join(".mcp.json"), SERVERS),
                place(project.join(".claude/settings.json"), Form::Hooks),
            ],
            Agent::Codex => vec![
                place(project.join(".codex/config.toml"), Form::Toml),
                place(project.join(".codex/hooks.json"), Form::Hooks),
            ],
            Agent::Cursor => vec![place(project.join(".cursor/mcp.json"), SERVERS)],
            Agent::Gemini => vec![place(project.join(".gemini/settings.json"), SERVERS)],
            Agent::Vscode => vec![place(project.join(".vscode/mcp.json"), VSCODE_SERVERS)],
            Agent::Windsurf => {
                let message = "Windsurf knows no servers of a project; call without --project".to_owned();
                return Err(CliError::Usage(message).into());
            }
        });
    }
    let home = etcetera::home_dir().context("the home directory is unknown; use --project in a project")?;
    Ok(match agent {
        Agent::ClaudeCode => vec![
            place(home.join(".claude.json"), SERVERS),
            place(home.join(".claude/settings.json"), Form::Hooks),
        ],
        Agent::Codex => vec![
            place(codex_home(&home).join("config.toml"), Form::Toml),
            place(codex_home(&home).join("hooks.json"), Form::Hooks),
        ],
        Agent::Cursor => vec![place(home.join(".cursor/mcp.json"), SERVERS)],
        Agent::Gemini => vec![place(home.join(".gemini/settings.json"), SERVERS)],
        Agent::Vscode => {
            let strategy = etcetera::base_strategy::choose_native_strategy()
                .context("the home directory is unknown; use --project in a project")?;
            vec![place(strategy.config_dir().join("Code/User/mcp.json"), VSCODE_SERVERS)]
        }
        Agent::Windsurf => vec![place(home.join(".codeium/windsurf/mcp_config.json"), SERVERS)],
    })
}

fn codex_home(home: &Path) -> PathBuf {
    match std::env::var_os("CODEX_HOME").filter(|it| !it.is_empty()) {
        Some(directory) => PathBuf::from(directory),
        None => home.join(".codex"),
    }
}
