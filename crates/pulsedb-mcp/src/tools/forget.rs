//! `forget`: memories archived, restored or deleted; the only tool that can lose something.

use pulsedb::ExperienceId;
use rmcp::model::{Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{fault, id, read};
use crate::error::ToolError;
use crate::limits::FORGOTTEN_MAX;
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{described, strings, whole};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ids: Vec<String>,
    action: Option<Action>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Archive,
    Restore,
    Delete,
}

pub(crate) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "ids": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": FORGOTTEN_MAX },
            "action": { "enum": ["archive", "restore", "delete"], "description": "default archive" },
        },
        "required": ["ids"],
        "additionalProperties": false,
    });
    let output = whole(json!({ "action": { "type": "string" }, "ids": strings() }));
    let annotations =
        ToolAnnotations::with_title("Forget").read_only(false).destructive(true).idempotent(true);
    described(
        Name::Forget,
        "archive: out of searches, can be restored. delete: gone for good; only for what must not be kept, or if the user \
         asks. For what changed, `revise` with supersede.",
        input,
        output,
        annotations,
    )
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let Arguments { ids, action } = read("forget", arguments)?;
    if ids.is_empty() || ids.len() > FORGOTTEN_MAX {
        return Err(fault(format!("`ids` holds {}; name 1 to {FORGOTTEN_MAX} at a time", ids.len())));
    }
    let mut parsed: Vec<ExperienceId> = ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?;
    parsed.sort_unstable();
    parsed.dedup();
    let action = match action.unwrap_or(Action::Archive) {
        Action::Archive => {
            call.db.archive_experiences(&parsed)?;
            "archive"
        }
        Action::Restore => {
            parsed.iter().try_for_each(|id| call.db.unarchive_experience(*id))?;
            "restore"
        }
        Action::Delete => {
            call.db.delete_experiences(&parsed)?;
            "delete"
        }
    };
    let said = match action {
        "archive" => "archived",
        "restore" => "restored",
        _ => "deleted",
    };
    let listed: Vec<String> = parsed.iter().map(ToString::to_string).collect();
    let text = format!("{said} {}", listed.join(", "));
    Ok(Answer { structured: json!({ "action": action, "ids": listed }), text })
}
