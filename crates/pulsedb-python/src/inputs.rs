//! What is recorded, changed and related, from keywords and dataclasses.

use std::collections::BTreeMap;

use pulsedb::{
    AgentId, Change, CollectiveId, DuplicatePolicy, ExperienceId, ExperienceUpdate, NewExperience,
    NewExperienceRelation, RelationType, SearchFilter, TaskId, TermsUpdate,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods, PyMapping, PyMappingMethods};

use crate::arguments::{id, moment, number, text, texts};
use crate::classes::Class;
use crate::kinds::{self, Named};
use crate::parts::Parts;
use crate::vectors;

static NEW_EXPERIENCE: Class = Class::of_records("NewExperience");
static RECORD: Class = Class::of_records("Record");
static UPDATE: Class = Class::of_records("Update");
static ARCHIVE: Class = Class::of_records("Archive");
static DELETE: Class = Class::of_records("Delete");
static RELATE: Class = Class::of_records("Relate");
static FILTER: Class = Class::of_records("SearchFilter");

/// Tags: a mapping of texts.
pub(crate) fn tags(field: &str, object: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, String>> {
    if let Ok(pairs) = object.cast::<PyDict>() {
        return pairs.iter().map(|(tag, value)| pair(field, &tag, &value)).collect();
    }
    let Ok(pairs) = object.cast::<PyMapping>() else {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{field}: a mapping of str is wanted, not {kind}")));
    };
    let pairs = pairs.items()?;
    pairs.iter().map(|both| both.extract().and_then(|(tag, value)| pair(field, &tag, &value))).collect()
}

fn pair(field: &str, tag: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<(String, String)> {
    Ok((text(field, tag)?, text(field, value)?))
}

/// What is recorded, from a `NewExperience` or a text alone.
pub(crate) fn experience(field: &str, object: &Bound<'_, PyAny>) -> PyResult<NewExperience> {
    if !NEW_EXPERIENCE.has(object)? {
        if object.is_instance_of::<pyo3::types::PyString>() {
            return Ok(NewExperience { content: text(field, object)?, ..NewExperience::default() });
        }
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{field}: a pulsedb.NewExperience or a str is wanted, not {kind}"
        )));
    }
    let parts = Parts(object);
    Ok(NewExperience {
        collective_id: parts.given("collective", id)?.unwrap_or(CollectiveId::nil()),
        content: parts.read("content", text)?,
        embedding: parts.given("embedding", vectors::read)?,
        experience_type: parts.given("type", kinds::read)?.unwrap_or_default(),
        importance: parts.read("importance", number)?,
        confidence: parts.read("confidence", number)?,
        domain: parts.read("domain", texts)?,
        tags: parts.given("tags", tags)?.unwrap_or_default(),
        related_files: parts.read("files", texts)?,
        source_agent: AgentId::new(parts.read("agent", text)?),
        source_task: parts.given("task", text)?.map(TaskId::new),
        timestamp: parts.given("timestamp", moment)?,
        duplicate: parts.read("duplicate", DuplicatePolicy::read)?,
        key: parts.given("key", text)?,
        expires_at: parts.given("expires_at", moment)?,
    })
}

/// What an update changes, from keywords: those that are there. `key` and `expires_at` may be `None`, which takes them
/// away.
pub(crate) fn update(changes: Option<&Bound<'_, PyDict>>) -> PyResult<(ExperienceUpdate, TermsUpdate)> {
    let (mut update, mut terms) = (ExperienceUpdate::default(), TermsUpdate::default());
    for (name, value) in changes.into_iter().flat_map(PyDictMethods::iter) {
        let name = text("name", &name)?;
        match name.as_str() {
            "content" => update.content = Some(text(&name, &value)?),
            "embedding" => update.embedding = Some(vectors::read(&name, &value)?),
            "importance" => update.importance = Some(number(&name, &value)?),
            "confidence" => update.confidence = Some(number(&name, &value)?),
            "domain" => update.domain = Some(texts(&name, &value)?),
            "tags" => update.tags = Some(tags(&name, &value)?),
            "files" => update.related_files = Some(texts(&name, &value)?),
            "type" => update.experience_type = Some(kinds::read(&name, &value)?),
            "key" => terms.key = Some(unless_none(&value, |value| text(&name, value))?),
            "expires_at" => terms.expires_at = Some(unless_none(&value, |value| moment(&name, value))?),
            _ => {
                return Err(PyTypeError::new_err(format!(
                    "`{name}` cannot be updated; use content, embedding, importance, confidence, domain, tags, files, \
                     type, key or expires_at"
                )));
            }
        }
    }
    Ok((update, terms))
}

fn unless_none<T>(
    value: &Bound<'_, PyAny>,
    read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Option<T>> {
    if value.is_none() { Ok(None) } else { read(value).map(Some) }
}

/// An update among several: the keywords of `pulsedb.Update`, without a key or an end.
pub(crate) fn one_of_updates(
    field: &str,
    object: &Bound<'_, PyAny>,
) -> PyResult<(ExperienceId, ExperienceUpdate)> {
    if !UPDATE.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{field}: a pulsedb.Update is wanted, not {kind}")));
    }
    let parts = Parts(object);
    let update = ExperienceUpdate {
        content: parts.given("content", text)?,
        embedding: parts.given("embedding", vectors::read)?,
        importance: parts.given("importance", number)?,
        confidence: parts.given("confidence", number)?,
        domain: parts.given("domain", texts)?,
        tags: parts.given("tags", tags)?,
        related_files: parts.given("files", texts)?,
        experience_type: parts.given("type", kinds::read)?,
    };
    Ok((parts.read("id", id)?, update))
}

/// One of the changes of `Database.apply`.
pub(crate) fn change(object: &Bound<'_, PyAny>) -> PyResult<Change> {
    let parts = Parts(object);
    if RECORD.has(object)? {
        return Ok(Change::Record(parts.read("new", experience)?));
    }
    if UPDATE.has(object)? {
        let (id, update) = one_of_updates("changes", object)?;
        return Ok(Change::Update(id, update));
    }
    if ARCHIVE.has(object)? {
        return Ok(Change::Archive(parts.read("id", id)?));
    }
    if DELETE.has(object)? {
        return Ok(Change::Delete(parts.read("id", id)?));
    }
    if RELATE.has(object)? {
        return Ok(Change::Relate(NewExperienceRelation {
            source_id: parts.read("source", id)?,
            target_id: parts.read("target", id)?,
            relation_type: parts.read("type", RelationType::read)?,
            strength: parts.read("strength", number)?,
            metadata: parts.given("metadata", text)?,
        }));
    }
    let kind = object.get_type().name()?;
    let wanted = "changes: a pulsedb.Record, Update, Archive, Delete or Relate is wanted";
    Err(PyTypeError::new_err(format!("{wanted}, not {kind}")))
}

/// Which experiences may be found.
pub(crate) fn filter(object: Option<&Bound<'_, PyAny>>) -> PyResult<SearchFilter> {
    let Some(object) = object else { return Ok(SearchFilter::default()) };
    if !FILTER.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.SearchFilter is wanted, not {kind}")));
    }
    let parts = Parts(object);
    let types = parts.given("types", texts)?;
    Ok(SearchFilter {
        domains: parts.given("domains", texts)?,
        tags_all: parts.given("tags", tags)?,
        experience_types: types.map(|names| kinds::filtered(&names, object.py())).transpose()?,
        source_agents: parts
            .given("agents", texts)?
            .map(|names| names.into_iter().map(AgentId::new).collect()),
        source_tasks: parts.given("tasks", texts)?.map(|names| names.into_iter().map(TaskId::new).collect()),
        key_prefix: parts.given("key_prefix", text)?,
        min_importance: parts.given("min_importance", number)?,
        min_confidence: parts.given("min_confidence", number)?,
        since: parts.given("since", moment)?,
        until: parts.given("until", moment)?,
        exclude_archived: !parts.is("include_archived")?,
        include_superseded: parts.is("include_superseded")?,
    })
}
