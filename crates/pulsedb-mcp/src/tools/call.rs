//! A call of a tool: which one, by whom, on what, and what it answers.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use crate::error::ToolError;
use crate::form::defused;
use crate::memory::Memory;
use crate::store::Store;

/// A tool, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Remember,
    Recall,
    Context,
    Revise,
    Forget,
    Changes,
    Agents,
}

impl Name {
    pub(crate) const ALL: [Self; 7] = [
        Self::Remember,
        Self::Recall,
        Self::Context,
        Self::Revise,
        Self::Forget,
        Self::Changes,
        Self::Agents,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Remember => "remember",
            Self::Recall => "recall",
            Self::Context => "context",
            Self::Revise => "revise",
            Self::Forget => "forget",
            Self::Changes => "changes",
            Self::Agents => "agents",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// Who calls: what records say of where they come from.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The client's name.
    pub(crate) agent: String,
    /// The session of the client, or that of the process.
    pub(crate) session: String,
}

/// What a call works with.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) db: &'a Arc<dyn Store>,
    pub(crate) caller: &'a Caller,
}

/// What a tool answers: JSON for programs, and the same for a model to read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) structured: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn into_result(self) -> CallToolResult {
        let mut result = CallToolResult::structured(self.structured);
        result.content = vec![ContentBlock::text(self.text)];
        result
    }
}

/// What a model reads of a failure: what was wrong, and what it can do next.
pub(crate) fn failed(error: &ToolError) -> CallToolResult {
    let (message, advice) = (defused(&error.to_string()), error.advice());
    let end = if advice.is_empty() { String::new() } else { format!(". {advice}") };
    CallToolResult::error(vec![ContentBlock::text(format!("{message}{end}"))])
}
