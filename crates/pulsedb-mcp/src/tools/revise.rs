//! `revise`: what is true now of a memory: updated, superseded, reinforced, related to another one.

use std::collections::BTreeMap;

use pulsedb::{Experience, ExperienceId, ExperienceUpdate, NewExperience, NewExperienceRelation};
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{experience_type, fault, id, read, relation_type};
use crate::error::ToolError;
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{adds, described, strings};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    id: String,
    action: Action,
    content: Option<String>,
    importance: Option<f32>,
    confidence: Option<f32>,
    domain: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    related_files: Option<Vec<String>>,
    #[serde(rename = "type")]
    kind: Option<String>,
    details: Option<Map<String, Value>>,
    to: Option<String>,
    relation: Option<String>,
    strength: Option<f32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Update,
    Supersede,
    Reinforce,
    Relate,
}

pub(crate) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "action": { "enum": ["update", "supersede", "reinforce", "relate"] },
            "content": { "type": "string" },
            "importance": { "type": "number" },
            "confidence": { "type": "number" },
            "domain": strings(),
            "tags": { "type": "object", "additionalProperties": { "type": "string" } },
            "related_files": strings(),
            "type": { "type": "string" },
            "details": { "type": "object" },
            "to": { "type": "string", "description": "relate: id of the other memory" },
            "relation": { "enum": ["supports", "contradicts", "elaborates", "supersedes", "implies", "related_to"] },
            "strength": { "type": "number" },
        },
        "required": ["id", "action"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {
            "action": { "type": "string" },
            "id": { "type": "string", "description": "the memory as it is now; the new one of supersede" },
            "supersedes": { "type": "string" },
            "relation": { "type": "string" },
            "applications": { "type": "integer" },
        },
        "required": ["action", "id"],
    });
    described(
        Name::Revise,
        "Keep a memory true. supersede: something changed; give the new content, the old one is kept as history. update: \
         mend fields in place. reinforce: it helped. relate: what it has to do with another.",
        input,
        output,
        adds("Revise"),
    )
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments: Arguments = read("revise", arguments)?;
    let id = id(&arguments.id)?;
    match arguments.action {
        Action::Update => update(call, id, arguments),
        Action::Supersede => supersede(call, id, arguments),
        Action::Reinforce => {
            only("reinforce", "nothing but `id`", &arguments, &[])?;
            let applications = call.db.reinforce_experience(id)?;
            let structured = json!({ "action": "reinforce", "id": id, "applications": applications });
            Ok(Answer { structured, text: format!("reinforced {id}, {applications} times so far") })
        }
        Action::Relate => relate(call, id, arguments),
    }
}

/// Refuses what the action does not take, so that it is not lost in silence.
fn only(action: &str, what: &str, arguments: &Arguments, taken: &[&str]) -> Result<(), ToolError> {
    let given = [
        ("content", arguments.content.is_some()),
        ("importance", arguments.importance.is_some()),
        ("confidence", arguments.confidence.is_some()),
        ("domain", arguments.domain.is_some()),
        ("tags", arguments.tags.is_some()),
        ("related_files", arguments.related_files.is_some()),
        ("type", arguments.kind.is_some()),
        ("details", arguments.details.is_some()),
        ("to", arguments.to.is_some()),
        ("relation", arguments.relation.is_some()),
        ("strength", arguments.strength.is_some()),
    ];
    match given.iter().find(|(name, is_given)| *is_given && !taken.contains(name)) {
        Some((name, _)) => Err(fault(format!("`{action}` takes {what}, not `{name}`"))),
        None => Ok(()),
    }
}

const FIELDS: &[&str] =
    &["content", "importance", "confidence", "domain", "tags", "related_files", "type", "details"];
const FIELDS_SAID: &str = "the fields of a memory";

fn update(call: &Call<'_>, id: ExperienceId, arguments: Arguments) -> Result<Answer, ToolError> {
    only("update", FIELDS_SAID, &arguments, FIELDS)?;
    let experience_type = match (arguments.kind, arguments.details) {
        (Some(kind), details) => Some(experience_type(&kind, details)?),
        (None, Some(_)) => return Err(fault("`details` are parts of a `type`; name the type too")),
        (None, None) => None,
    };
    let change = ExperienceUpdate {
        content: arguments.content,
        embedding: None,
        importance: arguments.importance,
        confidence: arguments.confidence,
        domain: arguments.domain,
        tags: arguments.tags,
        related_files: arguments.related_files,
        experience_type,
    };
    if change == ExperienceUpdate::default() {
        return Err(fault("`update` changes nothing: give the fields that are to change"));
    }
    call.db.update_experience(id, change)?;
    Ok(Answer { structured: json!({ "action": "update", "id": id }), text: format!("updated {id}") })
}

/// What is not given stays as the old memory has it.
fn supersede(call: &Call<'_>, id: ExperienceId, arguments: Arguments) -> Result<Answer, ToolError> {
    only("supersede", FIELDS_SAID, &arguments, FIELDS)?;
    let Some(content) = arguments.content else {
        return Err(fault("`supersede` needs `content`: what is true now"));
    };
    let old: Experience = call
        .db
        .get_experience(id)?
        .ok_or_else(|| pulsedb::PulseDBError::from(pulsedb::NotFoundError::Experience(id)))?;
    let experience_type = match (arguments.kind, arguments.details) {
        (Some(kind), details) => experience_type(&kind, details)?,
        (None, Some(_)) => return Err(fault("`details` are parts of a `type`; name the type too")),
        (None, None) => old.experience_type.kind().into(),
    };
    let new = NewExperience {
        collective_id: old.collective_id,
        content,
        experience_type,
        importance: arguments.importance.unwrap_or(old.importance),
        confidence: arguments.confidence.unwrap_or(old.confidence),
        domain: arguments.domain.unwrap_or(old.domain),
        tags: arguments.tags.unwrap_or(old.tags),
        related_files: arguments.related_files.unwrap_or(old.related_files),
        source_agent: call.caller.agent.as_str().into(),
        source_task: Some(call.caller.session.as_str().into()),
        ..NewExperience::default()
    };
    let new = call.db.supersede_experience(id, new)?;
    let structured = json!({ "action": "supersede", "id": new, "supersedes": id });
    Ok(Answer { structured, text: format!("stored {new} in the place of {id}, which is kept as history") })
}

fn relate(call: &Call<'_>, source_id: ExperienceId, arguments: Arguments) -> Result<Answer, ToolError> {
    only("relate", "`to`, `relation` and `strength`", &arguments, &["to", "relation", "strength"])?;
    let (Some(to), Some(relation)) = (&arguments.to, &arguments.relation) else {
        return Err(fault("`relate` needs `to`, the id of the other memory, and `relation`"));
    };
    let (target_id, relation_type) = (id(to)?, relation_type(relation)?);
    let strength = arguments.strength.unwrap_or(1.0);
    let relation_id = call.db.store_relation(NewExperienceRelation {
        source_id,
        target_id,
        relation_type,
        strength,
        metadata: None,
    })?;
    let structured = json!({ "action": "relate", "id": source_id, "relation": relation_id });
    Ok(Answer { structured, text: format!("stored that {source_id} {relation} {target_id}") })
}
