//! `remember`: one memory or many, with where they come from.

use std::collections::BTreeMap;

use pulsedb::{CollectiveId, DuplicatePolicy, ExperienceId, ExperienceType, NewExperience};
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{experience_type, fault, id, moment_to_come, read};
use crate::error::ToolError;
use crate::limits::REMEMBERED_MAX;
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{adds, described, strings, whole};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    memories: Vec<One>,
    duplicates: Option<Duplicates>,
    collective: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Duplicates {
    Reinforce,
    Keep,
    Refuse,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    content: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    details: Option<Map<String, Value>>,
    domain: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    importance: Option<f32>,
    confidence: Option<f32>,
    related_files: Option<Vec<String>>,
    key: Option<String>,
    supersedes: Option<String>,
    expires: Option<String>,
}

pub(crate) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "memories": {
                "type": "array",
                "minItems": 1,
                "maxItems": REMEMBERED_MAX,
                "items": {
                    "type": "object",
                    "properties": {
                        "content": { "type": "string", "description": "one self-contained statement, with names, numbers and reasons" },
                        "type": { "enum": [
                            "fact", "architectural_decision", "solution", "error_pattern", "success_pattern",
                            "difficulty", "user_preference", "tech_insight", "generic",
                        ] },
                        "details": { "type": "object", "description": "parts of the type, as {\"rationale\":\"..\"} of a decision" },
                        "domain": strings(),
                        "tags": { "type": "object", "additionalProperties": { "type": "string" } },
                        "importance": { "type": "number", "description": "0 to 1, default 0.5" },
                        "confidence": { "type": "number", "description": "0 to 1, default 0.5" },
                        "related_files": strings(),
                        "key": { "type": "string", "description": "name of what has one current value; replaces the memory under it" },
                        "supersedes": { "type": "string", "description": "id of the memory that this one makes obsolete" },
                        "expires": { "type": "string", "description": "time or span, as 7d" },
                    },
                    "required": ["content"],
                    "additionalProperties": false,
                },
            },
            "duplicates": { "enum": ["reinforce", "keep", "refuse"], "description": "for equal contents; default reinforce" },
            "collective": { "type": "string", "description": "default: this project" },
        },
        "required": ["memories"],
        "additionalProperties": false,
    });
    let item = whole(json!({
        "id": { "type": "string" },
        "status": { "enum": ["stored", "reinforced", "replaced"] },
    }));
    let output = whole(json!({
        "memories": { "type": "array", "items": item },
        "collective": { "type": "string" },
    }));
    described(
        Name::Remember,
        "Store what will matter after this session or to other agents: decisions with reasons, causes, fixes, \
         preferences, facts. Durable when it returns. Not for what code or its history says, nor secrets.",
        input,
        output,
        adds("Remember"),
    )
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let Arguments { memories, duplicates, collective } = read("remember", arguments)?;
    if memories.is_empty() || memories.len() > REMEMBERED_MAX {
        let count = memories.len();
        return Err(fault(format!("`memories` holds {count}; send 1 to {REMEMBERED_MAX} at a time")));
    }
    let superseded: Vec<Option<ExperienceId>> =
        memories.iter().map(|one| one.supersedes.as_deref().map(id).transpose()).collect::<Result<_, _>>()?;
    let drafts: Vec<NewExperience> =
        memories.into_iter().map(|one| draft(call, one, duplicates)).collect::<Result<_, _>>()?;
    let name = collective.as_deref();
    let into = call.memory.made(&**call.db, name)?;
    let drafts = drafts.into_iter().map(|draft| NewExperience { collective_id: into, ..draft }).collect();
    let stored = store(call, into, drafts, &superseded)?;
    let place = name.unwrap_or(call.memory.own());
    let text: Vec<String> = stored.iter().map(|(id, status)| format!("{status} {id}")).collect();
    let items: Vec<Value> = stored.iter().map(|(id, status)| json!({ "id": id, "status": status })).collect();
    Ok(Answer { structured: json!({ "memories": items, "collective": place }), text: text.join("\n") })
}

fn draft(call: &Call<'_>, one: One, duplicates: Option<Duplicates>) -> Result<NewExperience, ToolError> {
    let plain = NewExperience::default();
    let experience_type = match (one.kind, one.details) {
        (None, None) => ExperienceType::default(),
        (None, Some(_)) => return Err(fault("`details` are parts of a `type`; name the type too")),
        (Some(kind), details) => experience_type(&kind, details)?,
    };
    Ok(NewExperience {
        content: one.content,
        experience_type,
        importance: one.importance.unwrap_or(plain.importance),
        confidence: one.confidence.unwrap_or(plain.confidence),
        domain: one.domain.unwrap_or_default(),
        tags: one.tags.unwrap_or_default(),
        related_files: one.related_files.unwrap_or_default(),
        source_agent: call.caller.agent.as_str().into(),
        source_task: Some(call.caller.session.as_str().into()),
        duplicate: match duplicates {
            None | Some(Duplicates::Reinforce) => DuplicatePolicy::Reinforce,
            Some(Duplicates::Keep) => DuplicatePolicy::Keep,
            Some(Duplicates::Refuse) => DuplicatePolicy::Refuse,
        },
        key: one.key,
        expires_at: one.expires.as_deref().map(moment_to_come).transpose()?,
        ..plain
    })
}

/// Stores them: in one commit, but for those that supersede others, each of which is one with its relation.
fn store(
    call: &Call<'_>,
    into: CollectiveId,
    drafts: Vec<NewExperience>,
    superseded: &[Option<ExperienceId>],
) -> Result<Vec<(ExperienceId, &'static str)>, ToolError> {
    let asked = drafts.len();
    let there = drafts
        .iter()
        .map(|draft| Ok(draft.key.as_deref().map(|key| call.db.get_by_key(into, key)).transpose()?.flatten()))
        .map(|found: Result<_, ToolError>| found.map(|found| found.is_some()))
        .collect::<Result<Vec<bool>, _>>()?;
    let (mut plain, mut others) = (Vec::new(), Vec::new());
    for ((at, draft), target) in drafts.into_iter().enumerate().zip(superseded) {
        match target {
            None => plain.push((at, draft)),
            Some(target) => others.push((at, draft, *target)),
        }
    }
    let (places, plain): (Vec<usize>, Vec<NewExperience>) = plain.into_iter().unzip();
    let mut stored = Vec::with_capacity(asked);
    if !plain.is_empty() {
        let ids = call.db.record_experiences(plain)?;
        stored.extend(places.into_iter().zip(ids));
    }
    for (at, draft, target) in others {
        match call.db.supersede_experience(target, draft) {
            Ok(id) => stored.push((at, id)),
            Err(source) if stored.is_empty() => return Err(source.into()),
            Err(source) => {
                let stored = stored.iter().map(|(at, id)| format!("number {} as {id}", at + 1)).collect();
                return Err(ToolError::Partly { stored, asked, source: Box::new(source.into()) });
            }
        }
    }
    stored.sort_by_key(|(at, _)| *at);
    stored.into_iter().map(|(at, id)| Ok((id, status(call, id, there[at])?))).collect()
}

/// What became of a memory: a new one was never applied, one with equal contents was just now.
fn status(call: &Call<'_>, id: ExperienceId, has_key: bool) -> Result<&'static str, ToolError> {
    if has_key {
        return Ok("replaced");
    }
    let found = call.db.get_experience(id)?;
    Ok(if found.is_some_and(|it| it.applications > 0) { "reinforced" } else { "stored" })
}
