//! What is recorded, changed and related, from keywords and dataclasses.

use std::collections::BTreeMap;

use pulsedb::{
    AgentId, Change, CollectiveId, DuplicatePolicy, ExperienceId, ExperienceUpdate, NewExperience,
    NewExperienceRelation, RelationType, SearchFilter, TaskId, TermsUpdate,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods};

use crate::arguments::{Id, Moment, Number, Text, texts, vector};
use crate::classes::Class;
use crate::kinds::{self, Named};

static NEW_EXPERIENCE: Class = Class::of_records("NewExperience");
static RECORD: Class = Class::of_records("Record");
static UPDATE: Class = Class::of_records("Update");
static ARCHIVE: Class = Class::of_records("Archive");
static DELETE: Class = Class::of_records("Delete");
static RELATE: Class = Class::of_records("Relate");
static FILTER: Class = Class::of_records("SearchFilter");

/// An attribute, if it is not `None`.
pub(crate) fn given<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let value = object.getattr(name)?;
    Ok(if value.is_none() { None } else { Some(value) })
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(value.extract::<Text>()?.0)
}

fn number(value: &Bound<'_, PyAny>) -> PyResult<f32> {
    Ok(value.extract::<Number>()?.0)
}

/// Tags: a `dict` of texts.
pub(crate) fn tags(object: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, String>> {
    let Ok(pairs) = object.cast::<PyDict>() else {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("tags: a dict of str is wanted, not {kind}")));
    };
    pairs.iter().map(|(tag, value)| Ok((text(&tag)?, text(&value)?))).collect()
}

/// What is recorded, from a `NewExperience` or a text alone.
pub(crate) fn experience(object: &Bound<'_, PyAny>) -> PyResult<NewExperience> {
    if !NEW_EXPERIENCE.has(object)? {
        if object.is_instance_of::<pyo3::types::PyString>() {
            return Ok(NewExperience { content: text(object)?, ..NewExperience::default() });
        }
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.NewExperience or a str is wanted, not {kind}")));
    }
    let given = |name: &str| given(object, name);
    let collective = given("collective")?.map(|id| id.extract::<Id<CollectiveId>>()).transpose()?;
    Ok(NewExperience {
        collective_id: collective.map_or(CollectiveId::nil(), |id| id.0),
        content: text(&object.getattr("content")?)?,
        embedding: given("embedding")?.map(|array| vector("embedding", &array)).transpose()?,
        experience_type: given("type")?.map(|kind| kinds::read(&kind)).transpose()?.unwrap_or_default(),
        importance: number(&object.getattr("importance")?)?,
        confidence: number(&object.getattr("confidence")?)?,
        domain: texts(&object.getattr("domain")?)?,
        tags: given("tags")?.map(|pairs| tags(&pairs)).transpose()?.unwrap_or_default(),
        related_files: texts(&object.getattr("files")?)?,
        source_agent: AgentId::new(text(&object.getattr("agent")?)?),
        source_task: given("task")?.map(|task| text(&task)).transpose()?.map(TaskId::new),
        timestamp: moment(given("timestamp")?)?,
        duplicate: DuplicatePolicy::read(&object.getattr("duplicate")?)?,
        key: given("key")?.map(|key| text(&key)).transpose()?,
        expires_at: moment(given("expires_at")?)?,
    })
}

fn moment(object: Option<Bound<'_, PyAny>>) -> PyResult<Option<pulsedb::Timestamp>> {
    Ok(object.map(|object| object.extract::<Moment>()).transpose()?.map(|moment| moment.0))
}

/// What an update changes, from keywords: those that are there. `key` and `expires_at` may be `None`, which takes them
/// away.
pub(crate) fn update(changes: Option<&Bound<'_, PyDict>>) -> PyResult<(ExperienceUpdate, TermsUpdate)> {
    let (mut update, mut terms) = (ExperienceUpdate::default(), TermsUpdate::default());
    for (name, value) in changes.into_iter().flat_map(PyDictMethods::iter) {
        let name = text(&name)?;
        match name.as_str() {
            "content" => update.content = Some(text(&value)?),
            "embedding" => update.embedding = Some(vector("embedding", &value)?),
            "importance" => update.importance = Some(number(&value)?),
            "confidence" => update.confidence = Some(number(&value)?),
            "domain" => update.domain = Some(texts(&value)?),
            "tags" => update.tags = Some(tags(&value)?),
            "files" => update.related_files = Some(texts(&value)?),
            "type" => update.experience_type = Some(kinds::read(&value)?),
            "key" => terms.key = Some(value.extract::<Option<Text>>()?.map(|key| key.0)),
            "expires_at" => {
                terms.expires_at = Some(value.extract::<Option<Moment>>()?.map(|moment| moment.0));
            }
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

/// An update among several: the keywords of `pulsedb.Update`, without a key or an end.
pub(crate) fn one_of_updates(object: &Bound<'_, PyAny>) -> PyResult<(ExperienceId, ExperienceUpdate)> {
    if !UPDATE.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.Update is wanted, not {kind}")));
    }
    let given = |name: &str| given(object, name);
    let update = ExperienceUpdate {
        content: given("content")?.map(|value| text(&value)).transpose()?,
        embedding: given("embedding")?.map(|value| vector("embedding", &value)).transpose()?,
        importance: given("importance")?.map(|value| number(&value)).transpose()?,
        confidence: given("confidence")?.map(|value| number(&value)).transpose()?,
        domain: given("domain")?.map(|value| texts(&value)).transpose()?,
        tags: given("tags")?.map(|value| tags(&value)).transpose()?,
        related_files: given("files")?.map(|value| texts(&value)).transpose()?,
        experience_type: given("type")?.map(|value| kinds::read(&value)).transpose()?,
    };
    Ok((object.getattr("id")?.extract::<Id<ExperienceId>>()?.0, update))
}

/// One of the changes of `Database.apply`.
pub(crate) fn change(object: &Bound<'_, PyAny>) -> PyResult<Change> {
    let id = || Ok::<_, PyErr>(object.getattr("id")?.extract::<Id<ExperienceId>>()?.0);
    if RECORD.has(object)? {
        return Ok(Change::Record(experience(&object.getattr("new")?)?));
    }
    if UPDATE.has(object)? {
        let (id, update) = one_of_updates(object)?;
        return Ok(Change::Update(id, update));
    }
    if ARCHIVE.has(object)? {
        return Ok(Change::Archive(id()?));
    }
    if DELETE.has(object)? {
        return Ok(Change::Delete(id()?));
    }
    if RELATE.has(object)? {
        return Ok(Change::Relate(NewExperienceRelation {
            source_id: object.getattr("source")?.extract::<Id<ExperienceId>>()?.0,
            target_id: object.getattr("target")?.extract::<Id<ExperienceId>>()?.0,
            relation_type: RelationType::read(&object.getattr("type")?)?,
            strength: number(&object.getattr("strength")?)?,
            metadata: given(object, "metadata")?.map(|value| text(&value)).transpose()?,
        }));
    }
    let kind = object.get_type().name()?;
    let wanted = "a pulsedb.Record, Update, Archive, Delete or Relate is wanted";
    Err(PyTypeError::new_err(format!("{wanted}, not {kind}")))
}

/// Which experiences may be found.
pub(crate) fn filter(object: Option<&Bound<'_, PyAny>>) -> PyResult<SearchFilter> {
    let Some(object) = object else { return Ok(SearchFilter::default()) };
    if !FILTER.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.SearchFilter is wanted, not {kind}")));
    }
    let given = |name: &str| given(object, name);
    let several = |name: &str| given(name)?.map(|value| texts(&value)).transpose();
    let types = several("types")?.map(|names| kinds::filtered(&names, object.py())).transpose()?;
    Ok(SearchFilter {
        domains: several("domains")?,
        tags_all: given("tags")?.map(|value| tags(&value)).transpose()?,
        experience_types: types,
        source_agents: several("agents")?.map(|names| names.into_iter().map(AgentId::new).collect()),
        source_tasks: several("tasks")?.map(|names| names.into_iter().map(TaskId::new).collect()),
        key_prefix: given("key_prefix")?.map(|value| text(&value)).transpose()?,
        min_importance: given("min_importance")?.map(|value| number(&value)).transpose()?,
        min_confidence: given("min_confidence")?.map(|value| number(&value)).transpose()?,
        since: moment(given("since")?)?,
        until: moment(given("until")?)?,
        exclude_archived: !object.getattr("include_archived")?.is_truthy()?,
        include_superseded: object.getattr("include_superseded")?.is_truthy()?,
    })
}
