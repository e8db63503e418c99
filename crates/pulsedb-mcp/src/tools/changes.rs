//! `changes`: what happened since a number, and waiting for what happens next.

use std::time::Duration;

use pulsedb::{CollectiveId, Experience, ExperienceId, WatchEvent, WatchEventType};
use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{bounded, fault, read};
use crate::error::ToolError;
use crate::form::{fenced_memories, memory, moment, shortened};
use crate::limits::{CHANGES_MAX, NEWS_BYTES_MAX, WAIT_SECONDS_MAX};
use crate::store::Store;
use crate::tools::call::{Answer, Call, Name};
use crate::tools::schema::{described, memory_schema, reads, whole};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    since: Option<i64>,
    timeout: Option<i64>,
    collective: Option<String>,
}

/// A call that waits: where, since which number, and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) collective: CollectiveId,
    pub(crate) since: u64,
    pub(crate) timeout: Duration,
}

pub(crate) fn tool() -> Tool {
    let input = json!({
        "type": "object",
        "properties": {
            "since": { "type": "integer", "minimum": 0, "description": "`next` of the last answer; without it, from now on" },
            "timeout": { "type": "integer", "minimum": 0, "maximum": WAIT_SECONDS_MAX, "description": "seconds to wait for news" },
            "collective": { "type": "string" },
        },
        "additionalProperties": false,
    });
    let change = json!({
        "type": "object",
        "properties": {
            "sequence": { "type": "integer" },
            "event": { "enum": ["created", "updated", "archived", "deleted"] },
            "id": { "type": "string" },
            "time": { "type": ["string", "integer"] },
            "memory": memory_schema(),
        },
        "required": ["sequence", "event", "id", "time"],
    });
    let output = whole(json!({
        "changes": { "type": "array", "items": change },
        "next": { "type": "integer" },
        "collective": { "type": "string" },
    }));
    described(
        Name::Changes,
        "What agents stored, changed or removed since a number, oldest first; call again with `next`. With `timeout` it \
         waits for news.",
        input,
        output,
        reads("Changes"),
    )
}

/// What a call has to wait for before [`run`] answers it; `None` if it need not.
pub(crate) fn waiting(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<Option<Waiting>, ToolError> {
    let Arguments { since, timeout, collective } = read("changes", arguments.clone())?;
    let seconds = bounded("timeout", timeout, 0, 0..=WAIT_SECONDS_MAX)?;
    if seconds == 0 {
        return Ok(None);
    }
    let now = call.db.get_current_sequence()?;
    let since = number(since, now)?.unwrap_or(now);
    let collective = call.memory.made(&**call.db, collective.as_deref())?;
    Ok(Some(Waiting { collective, since, timeout: Duration::from_secs(seconds as u64) }))
}

pub(crate) fn run(call: &Call<'_>, arguments: Map<String, Value>) -> Result<Answer, ToolError> {
    let Arguments { since, timeout, collective } = read("changes", arguments)?;
    bounded("timeout", timeout, 0, 0..=WAIT_SECONDS_MAX)?;
    let place = collective.as_deref().unwrap_or(call.memory.own()).to_owned();
    let now = call.db.get_current_sequence()?;
    let since = number(since, now)?;
    let (Some(since), Some(collective)) = (since, call.memory.existing(&**call.db, collective.as_deref())?)
    else {
        return Ok(answer(&**call.db, Vec::new(), since.unwrap_or(now), &place)?);
    };
    let (mut events, mut next) = call.db.poll_changes(collective, since)?;
    if events.len() > CHANGES_MAX {
        events.truncate(CHANGES_MAX);
        next = events.last().map_or(next, |event| event.sequence);
    }
    Ok(answer(&**call.db, events, next, &place)?)
}

/// A sequence number that this database has given out. One of another, or of before a restore, would hide what comes.
fn number(since: Option<i64>, now: u64) -> Result<Option<u64>, ToolError> {
    let refused = |given: i64| match given {
        ..0 => fault(format!("`since` is {given}; take `next` of the last answer")),
        _ => fault(format!(
            "`since` is {given}, but the last change is {now}: the number is of another database; call without `since`"
        )),
    };
    let known = |given: i64| u64::try_from(given).ok().filter(|number| *number <= now);
    since.map(|given| known(given).ok_or_else(|| refused(given))).transpose()
}

fn answer(db: &dyn Store, events: Vec<WatchEvent>, next: u64, place: &str) -> pulsedb::Result<Answer> {
    let mut changes = Vec::with_capacity(events.len());
    let mut lines = Vec::with_capacity(events.len());
    let mut shown: Vec<Experience> = Vec::new();
    for event in events {
        let (what, id) = (name(event.event_type), event.experience_id);
        let mut change =
            json!({ "sequence": event.sequence, "event": what, "id": id, "time": moment(event.timestamp) });
        // It may have been changed again, or be gone, since then.
        if let Some(found) = live(db, id)? {
            change["memory"] = memory(&found, None, None);
            if shown.iter().all(|it| it.id != id) {
                shown.push(found);
            }
        }
        lines.push(format!("{} {what} {id}", event.sequence));
        changes.push(change);
    }
    let text = if lines.is_empty() {
        format!("No changes. Call again with `since` {next}.")
    } else {
        format!("{}\nCall again with `since` {next}.\n\n{}", lines.join("\n"), fenced_memories(shown))
    };
    Ok(Answer { structured: json!({ "changes": changes, "next": next, "collective": place }), text })
}

/// A memory as news: its content shortened, without its vector.
pub(crate) fn live(db: &dyn Store, id: ExperienceId) -> pulsedb::Result<Option<Experience>> {
    Ok(db.get_experience(id)?.map(|it| Experience {
        content: shortened(&it.content, NEWS_BYTES_MAX),
        embedding: Vec::new(),
        ..it
    }))
}

const fn name(event: WatchEventType) -> &'static str {
    match event {
        WatchEventType::Created => "created",
        WatchEventType::Updated => "updated",
        WatchEventType::Archived => "archived",
        WatchEventType::Deleted => "deleted",
    }
}
