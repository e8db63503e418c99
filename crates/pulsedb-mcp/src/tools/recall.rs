//! `recall`: memories by meaning and words, by filters alone, by id or by key.

use pulsedb::{Experience, SearchOptions};
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{Filter, bounded, fault, id, read};
use crate::error::ToolError;
use crate::form::{fenced, fenced_memories, memory};
use crate::limits::{RECALLED_DEFAULT, RECALLED_MAX};
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{described, memory_schema, reads, strings, whole};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    query: Option<String>,
    id: Option<String>,
    key: Option<String>,
    limit: Option<i64>,
    filter: Option<Filter>,
    #[serde(default)]
    history: bool,
    #[serde(default)]
    explain: bool,
    collective: Option<String>,
}

pub(crate) fn tool() -> Tool {
    let text = || json!({ "type": "string" });
    let input = json!({
        "type": "object",
        "properties": {
            "query": { "type": "string", "description": "a question or words; without it the newest" },
            "id": text(),
            "key": text(),
            "limit": { "type": "integer", "minimum": 1, "maximum": RECALLED_MAX, "description": "default 10" },
            "filter": {
                "type": "object",
                "properties": {
                    "types": strings(),
                    "domains": strings(),
                    "tags": { "type": "object", "additionalProperties": { "type": "string" } },
                    "agents": strings(),
                    "sessions": strings(),
                    "key_prefix": text(),
                    "min_importance": { "type": "number" },
                    "since": { "type": "string", "description": "time or age, as 3d" },
                    "until": text(),
                },
                "additionalProperties": false,
            },
            "history": { "type": "boolean", "description": "also what is superseded or archived; with id, all its versions" },
            "explain": { "type": "boolean", "description": "what each score is made of" },
            "collective": text(),
        },
        "additionalProperties": false,
    });
    let output = whole(json!({
        "memories": { "type": "array", "items": memory_schema() },
        "collective": { "type": "string" },
    }));
    described(
        Name::Recall,
        "Find what was stored, by this or any agent, best first. Ask in a whole sentence, before you decide, repeat work \
         or say that something is unknown.",
        input,
        output,
        reads("Recall"),
    )
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let arguments: Arguments = read("recall", arguments)?;
    let place = arguments.collective.as_deref().unwrap_or(call.memory.own()).to_owned();
    if let Some(text) = &arguments.id {
        if arguments.query.is_some() || arguments.key.is_some() || arguments.filter.is_some() {
            return Err(fault("`id` names one memory; call without `query`, `key` and `filter`"));
        }
        let id = id(text)?;
        let found = if arguments.history {
            call.db.get_history(id)?
        } else {
            call.db.get_experience(id)?.into_iter().collect()
        };
        if found.is_empty() {
            return Err(pulsedb::PulseDBError::from(pulsedb::NotFoundError::Experience(id)).into());
        }
        return Ok(answer(found, &place));
    }
    let Some(collective) = call.memory.existing(&**call.db, arguments.collective.as_deref())? else {
        return Ok(nothing(&place, "Nothing is stored for this project yet."));
    };
    if let Some(key) = &arguments.key {
        if arguments.query.is_some() || arguments.filter.is_some() {
            return Err(fault("`key` names one memory; call without `query` and `filter`"));
        }
        let found = call.db.get_by_key(collective, key)?;
        if found.is_none() {
            return Ok(nothing(
                &place,
                "No memory has this key; a `filter` with `key_prefix` lists those that have one.",
            ));
        }
        return Ok(answer(found.into_iter().collect(), &place));
    }
    let limit = bounded("limit", arguments.limit, RECALLED_DEFAULT, 1..=RECALLED_MAX)?;
    let filter = arguments.filter.unwrap_or_default().resolved(arguments.history)?;
    let Some(query) = arguments.query.as_deref().filter(|query| !query.trim().is_empty()) else {
        let found = call.db.get_recent_experiences(collective, limit, filter)?;
        return Ok(if found.is_empty() { nothing(&place, NONE) } else { answer(found, &place) });
    };
    let options = SearchOptions { k: limit, filter, explain: arguments.explain, ..SearchOptions::default() };
    let hits = call.db.search(collective, query.into(), options)?;
    if hits.is_empty() {
        return Ok(nothing(&place, NONE));
    }
    let memories = hits
        .iter()
        .map(|hit| memory(&hit.experience, Some(hit.similarity), hit.explain.as_ref()))
        .collect::<Vec<_>>();
    let text = fenced(&pulsedb::ContextCandidates {
        similar_experiences: hits,
        ..pulsedb::ContextCandidates::default()
    });
    Ok(Answer { structured: json!({ "memories": memories, "collective": place }), text })
}

const NONE: &str = "Nothing fits. Ask in other words, or with fewer filters; `history` also finds what is superseded or archived.";

fn nothing(place: &str, text: &str) -> Answer {
    Answer { structured: json!({ "memories": [], "collective": place }), text: text.to_owned() }
}

fn answer(found: Vec<Experience>, place: &str) -> Answer {
    let memories: Vec<Value> = found.iter().map(|it| memory(it, None, None)).collect();
    Answer { structured: json!({ "memories": memories, "collective": place }), text: fenced_memories(found) }
}
