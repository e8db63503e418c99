//! What a session is offered: memories that matter for its project, and memories about a prompt.

use std::cmp::Ordering;
use std::collections::HashSet;

use pulsedb::{
    CollectiveId, ContextCandidates, Experience, ExperienceKind, PulseDB, SearchFilter, SearchOptions,
    SearchResult, Timestamp, energy,
};
use pulsedb_mcp::fenced;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::database::Target;
use crate::hook::event::Event;
use crate::hook::gate::{LEAST, about};
use crate::hook::shown::Shown;
use crate::provenance::IMPORT_TAG;
use crate::text::shorten_head;

/// Characters that a session takes from a hook.
const CHARACTERS_MAX: usize = 10_000;
/// Memories at the start of a session.
const AT_START_MAX: usize = 12;
/// The newest memories among which those are chosen.
const NEWEST: usize = 300;
/// Memories about a prompt.
const ABOUT_PROMPT_MAX: usize = 6;
/// Hits that are looked at for them: some have been shown, others are of this session.
const HITS: usize = 40;
/// Bytes of each content: the whole is there for `recall`.
const CONTENT_BYTES_MAX: usize = 1200;
/// Bytes of a prompt that are searched with: what is pasted behind its words is not what it asks.
const PROMPT_BYTES_MAX: usize = 2000;

/// The memories that matter most for a project: what was remembered, not what was merely said.
pub(crate) fn at_start(target: &Target, event: &Event) -> anyhow::Result<Option<Value>> {
    let Some((db, collective)) = opened(target)? else { return Ok(None) };
    let shown = Shown::read(event.transcript())?;
    let (now, decay) = (Timestamp::now(), &db.config().decay);
    let strength = |it: &Experience| energy(it.importance, it.applications, it.last_reinforced, now, decay);
    let mut ranked: Vec<(f32, Experience)> = remembered(&db, collective)?
        .into_iter()
        .filter(|it| !shown.ids.contains(&it.id))
        .map(|it| (strength(&it), it))
        .collect();
    // The newest come first among equals.
    ranked.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap_or(Ordering::Equal));
    ranked.truncate(AT_START_MAX);
    let recent: Vec<Experience> = ranked.into_iter().map(|(_, one)| shortened(one)).collect();
    let context = |count: usize| ContextCandidates {
        recent_experiences: recent[..count].to_vec(),
        ..ContextCandidates::default()
    };
    Ok(said("SessionStart", recent.len(), context))
}

/// The newest of what was remembered: of any type among the newest records, of which turns may be most, and of those
/// types that turns never have.
fn remembered(db: &PulseDB, collective: CollectiveId) -> pulsedb::Result<Vec<Experience>> {
    let kinds = ExperienceKind::ALL.into_iter().filter(|kind| *kind != ExperienceKind::Generic);
    let typed =
        SearchFilter { experience_types: Some(kinds.map(Into::into).collect()), ..SearchFilter::default() };
    let mut found = db.get_recent_experiences(collective, NEWEST)?;
    found.extend(db.get_recent_experiences_filtered(collective, NEWEST, typed)?);
    let mut met = HashSet::new();
    found.retain(|it| met.insert(it.id) && !it.tags.contains_key(IMPORT_TAG));
    Ok(found)
}

/// The memories about a prompt; none if none is.
pub(crate) fn about_prompt(target: &Target, event: &Event) -> anyhow::Result<Option<Value>> {
    let prompt = event.prompt();
    let prompt = &prompt[..prompt.floor_char_boundary(PROMPT_BYTES_MAX)];
    if prompt.is_empty() {
        return Ok(None);
    }
    let Some((db, collective)) = opened(target)? else { return Ok(None) };
    let options =
        SearchOptions { k: HITS, explain: true, filter: SearchFilter::default(), ..SearchOptions::default() };
    let hits = db.search(collective, prompt.into(), options)?;
    let records = db.get_collective_stats(collective)?.experience_count;
    let is_about = |hit: &SearchResult| about(hit, records) >= LEAST;
    if !hits.iter().any(is_about) {
        return Ok(None);
    }
    let shown = Shown::read(event.transcript())?;
    let similar: Vec<SearchResult> = hits
        .into_iter()
        .filter(is_about)
        .filter(|hit| !is_before_the_model(&hit.experience, event, &shown))
        .take(ABOUT_PROMPT_MAX)
        .map(|hit| SearchResult { experience: shortened(hit.experience), ..hit })
        .collect();
    let context = |count: usize| ContextCandidates {
        similar_experiences: similar[..count].to_vec(),
        ..ContextCandidates::default()
    };
    Ok(said("UserPromptSubmit", similar.len(), context))
}

/// The database and the collective, if both are there.
fn opened(target: &Target) -> anyhow::Result<Option<(PulseDB, CollectiveId)>> {
    let Some(db) = target.read_if_there()? else { return Ok(None) };
    // The database keeps names in NFC, whatever a file system gave.
    let name: String = target.collective.nfc().collect();
    let found = db.list_collectives()?.into_iter().find(|it| it.name == name);
    Ok(found.map(|it| (db, it.id)))
}

/// Whether the model has it before itself already: it was shown, or it was said in this session since that was last
/// summarised.
fn is_before_the_model(one: &Experience, event: &Event, shown: &Shown) -> bool {
    let is_of_session = !event.session_id.is_empty()
        && one.source_task.as_ref().is_some_and(|it| it.as_str() == event.session_id);
    let is_since = |moment: Timestamp| one.timestamp >= moment;
    shown.ids.contains(&one.id) || is_of_session && shown.compacted.is_none_or(is_since)
}

fn shortened(one: Experience) -> Experience {
    Experience { content: shorten_head(&one.content, CONTENT_BYTES_MAX), embedding: Vec::new(), ..one }
}

/// The answer with as many memories as have room; `None` if there are none.
fn said(name: &str, count: usize, context: impl Fn(usize) -> ContextCandidates) -> Option<Value> {
    let fits = |text: &String| text.chars().count() <= CHARACTERS_MAX;
    let text = (1..=count).rev().map(|count| fenced(&context(count))).find(fits)?;
    Some(json!({ "hookSpecificOutput": { "hookEventName": name, "additionalContext": text } }))
}
