//! `agents`: who is at work, and on what.

use pulsedb::{Activity, ContextCandidates, NewActivity, limits::ACTIVITY_AGENT_BYTES_MAX};
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{fault, read};
use crate::error::ToolError;
use crate::form::{fenced, moment, shortened};
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{adds, described, whole};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    action: Option<Action>,
    agent: Option<String>,
    task: Option<String>,
    summary: Option<String>,
    collective: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    List,
    Register,
    Heartbeat,
    Leave,
}

pub(crate) fn tool() -> Tool {
    let text = || json!({ "type": "string" });
    let input = json!({
        "type": "object",
        "properties": {
            "action": { "enum": ["list", "register", "heartbeat", "leave"], "description": "default list" },
            "agent": { "type": "string", "description": "your name; default: this client and session" },
            "task": text(),
            "summary": text(),
            "collective": text(),
        },
        "additionalProperties": false,
    });
    let agent = json!({
        "type": "object",
        "properties": {
            "agent": text(),
            "task": text(),
            "summary": text(),
            "started_at": { "type": ["string", "integer"] },
            "last_heartbeat": { "type": ["string", "integer"] },
        },
        "required": ["agent", "started_at", "last_heartbeat"],
    });
    let output = whole(json!({
        "agents": { "type": "array", "items": agent },
        "collective": text(),
    }));
    described(
        Name::Agents,
        "Who is at work on this project, and on what. register before long work that others could collide with, heartbeat \
         every few minutes, leave at the end.",
        input,
        output,
        adds("Agents at work"),
    )
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let Arguments { action, agent, task, summary, collective } = read("agents", arguments)?;
    let action = action.unwrap_or(Action::List);
    if action != Action::Register && (task.is_some() || summary.is_some()) {
        return Err(fault("`task` and `summary` are what `register` says; call it again to change them"));
    }
    let agent = agent.unwrap_or_else(|| own_name(call));
    let place = collective.as_deref().unwrap_or(call.memory.own());
    let existing = match action {
        Action::Register => Some(call.memory.made(&**call.db, collective.as_deref())?),
        _ => call.memory.existing(&**call.db, collective.as_deref())?,
    };
    let active = match existing {
        None if action == Action::List => Vec::new(),
        None => {
            return Err(fault("nobody is registered for this project; call with action `register` first"));
        }
        Some(collective_id) => {
            match action {
                Action::List => {}
                Action::Register => call.db.register_activity(NewActivity {
                    agent_id: agent.as_str().into(),
                    collective_id,
                    current_task: task,
                    context_summary: summary,
                })?,
                Action::Heartbeat => call.db.update_heartbeat(&agent, collective_id)?,
                Action::Leave => call.db.end_activity(&agent, collective_id)?,
            }
            call.db.get_active_agents(collective_id)?
        }
    };
    let listed: Vec<Value> = active.iter().map(written).collect();
    let text = if active.is_empty() {
        "Nobody is registered as at work.".to_owned()
    } else {
        fenced(&ContextCandidates { active_agents: active, ..ContextCandidates::default() })
    };
    Ok(Answer { structured: json!({ "agents": listed, "collective": place }), text })
}

/// The client with the end of its session's name, which tells two of the same client apart.
fn own_name(call: &Call<'_>) -> String {
    const MARK_BYTES: usize = 8;
    let session = &call.caller.session;
    let from = session.ceil_char_boundary(session.len().saturating_sub(MARK_BYTES));
    let client = shortened(&call.caller.agent, ACTIVITY_AGENT_BYTES_MAX - 2 * MARK_BYTES);
    format!("{client}/{}", &session[from..])
}

fn written(one: &Activity) -> Value {
    let mut object = json!({
        "agent": one.agent_id,
        "started_at": moment(one.started_at),
        "last_heartbeat": moment(one.last_heartbeat),
    });
    for (name, text) in [("task", &one.current_task), ("summary", &one.context_summary)] {
        if let Some(text) = text {
            object[name] = Value::String(text.clone());
        }
    }
    object
}
