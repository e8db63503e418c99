//! The border: input is brought to NFC and checked once here, and [`Valid`] proves it.

pub(crate) mod context;
pub(crate) mod insight;
mod normal;
pub(crate) mod relation;
mod watch;

use std::collections::BTreeMap;

use crate::config;
use crate::error::ValidationError;
use crate::id::{AgentId, ExperienceId, TaskId};
use crate::limits;
use crate::model::{
    Change, Collective, Experience, ExperienceType, ExperienceUpdate, NewActivity, NewExperience,
    SearchFilter, SearchOptions, TermsUpdate,
};

pub(crate) use normal::nfc;
pub(crate) use watch::watch_filter;

type Result<T> = std::result::Result<T, ValidationError>;

/// A value that passed its checks. Only this module makes one.
#[derive(Debug, Clone)]
pub(crate) struct Valid<T>(T);

impl<T> Valid<T> {
    pub(crate) fn get(&self) -> &T {
        &self.0
    }

    #[cfg(feature = "backend")]
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// What a new experience and a stored one have in common.
struct CommonFields<'e> {
    content: &'e str,
    importance: f32,
    confidence: f32,
    domain: &'e [String],
    tags: &'e BTreeMap<String, String>,
    related_files: &'e [String],
    experience_type: &'e ExperienceType,
    source_agent: &'e AgentId,
    source_task: Option<&'e TaskId>,
    key: Option<&'e str>,
}

impl<'e> From<&'e NewExperience> for CommonFields<'e> {
    fn from(new: &'e NewExperience) -> Self {
        Self {
            content: &new.content,
            importance: new.importance,
            confidence: new.confidence,
            domain: &new.domain,
            tags: &new.tags,
            related_files: &new.related_files,
            experience_type: &new.experience_type,
            source_agent: &new.source_agent,
            source_task: new.source_task.as_ref(),
            key: new.key.as_deref(),
        }
    }
}

impl<'e> From<&'e Experience> for CommonFields<'e> {
    fn from(stored: &'e Experience) -> Self {
        Self {
            content: &stored.content,
            importance: stored.importance,
            confidence: stored.confidence,
            domain: &stored.domain,
            tags: &stored.tags,
            related_files: &stored.related_files,
            experience_type: &stored.experience_type,
            source_agent: &stored.source_agent,
            source_task: stored.source_task.as_ref(),
            key: stored.key.as_deref(),
        }
    }
}

fn fields(given: &CommonFields<'_>) -> Result<()> {
    content("content", given.content)?;
    fraction("importance", given.importance)?;
    fraction("confidence", given.confidence)?;
    domains(given.domain)?;
    tags(given.tags)?;
    related_files(given.related_files)?;
    experience_type(given.experience_type)?;
    name("source_agent", given.source_agent.as_str(), limits::AGENT_BYTES_MAX)?;
    if let Some(task) = given.source_task {
        trimmed("source_task", task.as_str())?;
        text("source_task", task.as_str(), limits::TASK_BYTES_MAX)?;
    }
    given.key.map_or(Ok(()), |key| name("key", key, limits::EXPERIENCE_KEY_BYTES_MAX))
}

/// Checks everything about a new experience, except the length of its vector.
pub(crate) fn new_experience(new: NewExperience) -> Result<Valid<NewExperience>> {
    let new = NewExperience {
        domain: normal::texts(new.domain),
        tags: normal::pairs(new.tags)?,
        source_agent: normal::agent(new.source_agent),
        source_task: new.source_task.map(normal::task),
        key: new.key.map(normal::nfc),
        ..new
    };
    fields(&CommonFields::from(&new))?;
    Ok(Valid(new))
}

/// Checks everything about an experience that is stored as it is, except the length of its vector.
pub(crate) fn restored_experience(experience: Experience) -> Result<Valid<Experience>> {
    restored_id(experience.id)?;
    let experience = Experience {
        domain: normal::texts(experience.domain),
        tags: normal::pairs(experience.tags)?,
        source_agent: normal::agent(experience.source_agent),
        source_task: experience.source_task.map(normal::task),
        key: experience.key.map(normal::nfc),
        ..experience
    };
    fields(&CommonFields::from(&experience))?;
    Ok(Valid(experience))
}

/// Checks everything about a new activity.
pub(crate) fn new_activity(new: NewActivity) -> Result<Valid<NewActivity>> {
    let new = NewActivity { agent_id: normal::agent(new.agent_id), ..new };
    name("agent_id", new.agent_id.as_str(), limits::ACTIVITY_AGENT_BYTES_MAX)?;
    for (field, value) in [("current_task", &new.current_task), ("context_summary", &new.context_summary)] {
        value.as_ref().map_or(Ok(()), |value| text(field, value, limits::ACTIVITY_TEXT_BYTES_MAX))?;
    }
    Ok(Valid(new))
}

/// The name of an agent at work, in NFC.
pub(crate) fn active_agent(agent: &str) -> Result<String> {
    let agent = normal::nfc(agent.to_owned());
    name("agent_id", &agent, limits::ACTIVITY_AGENT_BYTES_MAX)?;
    Ok(agent)
}

/// Checks how many domains and tags an experience has that took over those of another one.
pub(crate) fn merged(experience: &Experience) -> Result<()> {
    at_most("domain", experience.domain.len(), limits::DOMAINS_MAX)?;
    at_most("tags", experience.tags.len(), limits::TAGS_MAX)
}

/// The key of an experience, in NFC.
pub(crate) fn key(key: &str) -> Result<String> {
    let key = normal::nfc(key.to_owned());
    name("key", &key, limits::EXPERIENCE_KEY_BYTES_MAX)?;
    Ok(key)
}

/// What keys are to begin with, or to follow, in NFC.
pub(crate) fn key_part(field: &str, part: &str) -> Result<String> {
    let part = normal::nfc(part.to_owned());
    text(field, &part, limits::EXPERIENCE_KEY_BYTES_MAX)?;
    Ok(part)
}

/// An id that a record may be restored under.
fn restored_id(id: ExperienceId) -> Result<()> {
    restored_id_bytes(id.as_bytes(), &id)
}

/// As [`restored_id`], for an id of any kind.
fn restored_id_bytes(bytes: &[u8; 16], id: &dyn std::fmt::Display) -> Result<()> {
    if *bytes == [0; 16] {
        return Err(ValidationError::required("id"));
    }
    // New ids are above all others, so one at the end of their range would be the last.
    if bytes.starts_with(&[0xff; 6]) {
        let reason = format!("{id} leaves no room for the ids of later records; restore it under another id");
        return Err(ValidationError::invalid("id", reason));
    }
    Ok(())
}

/// Checks everything about an update, except the length of its vector.
pub(crate) fn experience_update(update: ExperienceUpdate) -> Result<Valid<ExperienceUpdate>> {
    let update = ExperienceUpdate {
        domain: update.domain.map(normal::texts),
        tags: update.tags.map(normal::pairs).transpose()?,
        ..update
    };
    update.content.as_deref().map_or(Ok(()), |value| content("content", value))?;
    update.importance.map_or(Ok(()), |value| fraction("importance", value))?;
    update.confidence.map_or(Ok(()), |value| fraction("confidence", value))?;
    update.domain.as_deref().map_or(Ok(()), domains)?;
    update.tags.as_ref().map_or(Ok(()), tags)?;
    update.related_files.as_deref().map_or(Ok(()), related_files)?;
    update.experience_type.as_ref().map_or(Ok(()), experience_type)?;
    Ok(Valid(update))
}

/// Checks a change of key and end.
pub(crate) fn terms_update(terms: TermsUpdate) -> Result<Valid<TermsUpdate>> {
    let key = match terms.key {
        Some(Some(new)) => Some(Some(key(&new)?)),
        key => key,
    };
    Ok(Valid(TermsUpdate { key, ..terms }))
}

/// Checks the size of a batch; its rows are checked one by one.
pub(crate) fn batch(rows: &[NewExperience]) -> Result<()> {
    batch_rows(rows.len())?;
    batch_bytes(rows.iter().map(experience_bytes).sum())
}

/// Checks the size of a batch of changes; each is checked by itself.
pub(crate) fn changes(changes: &[Change]) -> Result<()> {
    at_most("changes", changes.len(), limits::BATCH_ROWS_MAX)?;
    let bytes = changes.iter().map(|change| match change {
        Change::Record(new) => experience_bytes(new),
        Change::Update(_, update) => update_bytes(update),
        Change::Relate(new) => new.metadata.as_ref().map_or(0, String::len),
        Change::Archive(_) | Change::Delete(_) => 0,
    });
    batch_bytes(bytes.sum())
}

/// Checks the size of a batch of stored experiences, and that each id is given once.
pub(crate) fn restored_batch(rows: &[Experience]) -> Result<()> {
    batch_rows(rows.len())?;
    batch_bytes(rows.iter().map(|row| stored_bytes(row) + row.embedding.len() * 4).sum())?;
    let mut ids = std::collections::BTreeSet::new();
    match rows.iter().find(|row| !ids.insert(row.id)) {
        Some(row) => {
            let reason = format!("{} is given twice; nothing was restored", row.id);
            Err(ValidationError::invalid("id", reason))
        }
        None => Ok(()),
    }
}

/// Checks the number of experiences in one call.
pub(crate) fn batch_rows(count: usize) -> Result<()> {
    at_most("experiences", count, limits::BATCH_ROWS_MAX)
}

/// Checks the bytes of the experiences in one call.
pub(crate) fn batch_bytes(bytes: usize) -> Result<()> {
    if bytes <= limits::BATCH_BYTES_MAX {
        return Ok(());
    }
    let reason =
        format!("{bytes} bytes in all exceed the limit of {}; split the batch", limits::BATCH_BYTES_MAX);
    Err(ValidationError::invalid("experiences", reason))
}

/// Bytes of everything that an update sets.
pub(crate) fn update_bytes(update: &ExperienceUpdate) -> usize {
    let content = update.content.as_ref().map_or(0, String::len);
    let vector = update.embedding.as_ref().map_or(0, |vector| vector.len() * 4);
    let lists = update.domain.iter().chain(&update.related_files).map(|list| list_bytes(list));
    let tags = update.tags.as_ref().map_or(0, tag_bytes);
    content + vector + lists.sum::<usize>() + tags + update.experience_type.as_ref().map_or(0, type_bytes)
}

/// Bytes of everything in a new experience.
pub(crate) fn experience_bytes(new: &NewExperience) -> usize {
    field_bytes(&CommonFields::from(new)) + new.embedding.as_ref().map_or(0, |vector| vector.len() * 4)
}

/// Bytes of everything in a stored experience, except its vector.
pub(crate) fn stored_bytes(experience: &Experience) -> usize {
    field_bytes(&CommonFields::from(experience))
}

fn field_bytes(fields: &CommonFields<'_>) -> usize {
    let lists = list_bytes(fields.domain) + list_bytes(fields.related_files);
    let task = fields.source_task.map_or(0, |task| task.as_str().len());
    let names = fields.source_agent.as_str().len() + task + 2 * fields.key.map_or(0, str::len);
    fields.content.len() + lists + tag_bytes(fields.tags) + names + type_bytes(fields.experience_type)
}

fn list_bytes(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}

fn tag_bytes(tags: &BTreeMap<String, String>) -> usize {
    tags.iter().map(|(key, value)| key.len() + value.len()).sum()
}

/// Bytes of the texts of a type.
fn type_bytes(experience_type: &ExperienceType) -> usize {
    type_fields(experience_type).0.iter().map(|(_, text)| text.len()).sum()
}

/// Checks a vector to be stored or searched for.
pub(crate) fn vector(field: &str, vector: &[f32], dimension: usize) -> Result<()> {
    if vector.len() != dimension {
        return Err(ValidationError::DimensionMismatch { expected: dimension, got: vector.len() });
    }
    if let Some((position, component)) = vector.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        let reason = format!("component {position} is {component}; every component must be finite");
        return Err(ValidationError::invalid(field, reason));
    }
    if vector.iter().all(|component| *component == 0.0) {
        return Err(ValidationError::invalid(field, "every component is zero; a vector needs a direction"));
    }
    Ok(())
}

/// The name of a collective, in NFC.
pub(crate) fn collective_name(name: &str) -> Result<String> {
    if name.trim().is_empty() {
        return Err(ValidationError::required("name"));
    }
    let name = normal::nfc(name.to_owned());
    self::name("name", &name, limits::COLLECTIVE_NAME_BYTES_MAX)?;
    Ok(name)
}

/// Checks collectives that are stored as they are, and how many there are.
pub(crate) fn restored_collectives(given: Vec<Collective>) -> Result<Vec<Valid<Collective>>> {
    at_most("collectives", given.len(), limits::BATCH_ROWS_MAX)?;
    let checked = |collective: Collective| {
        restored_id_bytes(collective.id.as_bytes(), &collective.id)?;
        let name = collective_name(&collective.name)?;
        let owner_id = collective.owner_id.as_deref().map(owner).transpose()?;
        Ok(Valid(Collective { name, owner_id, ..collective }))
    };
    given.into_iter().map(checked).collect()
}

/// The owner of a collective, in NFC.
pub(crate) fn owner(owner: &str) -> Result<String> {
    let owner = normal::nfc(owner.to_owned());
    name("owner_id", &owner, limits::OWNER_BYTES_MAX)?;
    Ok(owner)
}

/// Checks a requested number of results.
pub(crate) fn result_count(field: &str, count: usize) -> Result<()> {
    if (1..=limits::RESULTS_MAX).contains(&count) {
        return Ok(());
    }
    let reason = format!("{count} is not within 1..={}", limits::RESULTS_MAX);
    Err(ValidationError::invalid(field, reason))
}

/// Checks a text to be embedded.
pub(crate) fn embedded_text(value: &str) -> Result<()> {
    text("text", value, limits::QUERY_BYTES_MAX)
}

/// Checks a text to be searched for.
pub(crate) fn query_text(query: &str) -> Result<()> {
    if query.trim().is_empty() {
        return Err(ValidationError::required("query"));
    }
    text("query", query, limits::QUERY_BYTES_MAX)
}

/// A checked filter, with its names in NFC.
pub(crate) fn filter(filter: SearchFilter) -> Result<SearchFilter> {
    let filter = normal::filter(filter)?;
    let lists = [
        ("filter.domains", filter.domains.as_ref().map(Vec::len)),
        ("filter.tags_all", filter.tags_all.as_ref().map(BTreeMap::len)),
        ("filter.experience_types", filter.experience_types.as_ref().map(Vec::len)),
        ("filter.source_agents", filter.source_agents.as_ref().map(Vec::len)),
        ("filter.source_tasks", filter.source_tasks.as_ref().map(Vec::len)),
    ];
    for (field, count) in lists {
        at_most(field, count.unwrap_or(0), limits::FILTER_ITEMS_MAX)?;
    }
    for (field, bound) in
        [("filter.min_importance", filter.min_importance), ("filter.min_confidence", filter.min_confidence)]
    {
        bound.map_or(Ok(()), |value| fraction(field, value))?;
    }
    Ok(filter)
}

/// Checks the weights of a search.
pub(crate) fn weights(options: &SearchOptions) -> Result<()> {
    if let Some(signals) = options.signals {
        config::signal_weights("signals", signals)?;
    }
    if let Some(context) = options.context {
        config::context_weights("context", context)?;
    }
    options.weights.map_or(Ok(()), |weights| config::recall_weights("weights", weights))
}

/// Checks a bound for energy.
pub(crate) fn energy_bound(below: f32) -> Result<()> {
    if below.is_finite() {
        return Ok(());
    }
    Err(ValidationError::invalid("below", format!("{below} is not finite")))
}

fn content(field: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(ValidationError::required(field));
    }
    if value.len() > limits::CONTENT_BYTES_MAX {
        return Err(ValidationError::ContentTooLarge { size: value.len(), max: limits::CONTENT_BYTES_MAX });
    }
    Ok(())
}

fn fraction(field: &str, value: f32) -> Result<()> {
    // NaN is in no range.
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(ValidationError::invalid(field, format!("{value} is not within 0..=1")))
}

fn text(field: &str, value: &str, max: usize) -> Result<()> {
    if value.len() <= max {
        return Ok(());
    }
    Err(ValidationError::invalid(field, format!("{} bytes exceed the limit of {max}", value.len())))
}

fn required_text(field: &str, value: &str, max: usize) -> Result<()> {
    if value.is_empty() {
        return Err(ValidationError::required(field));
    }
    text(field, value, max)
}

/// Checks a name, which is compared byte by byte: with white space around it, two names would look alike.
fn name(field: &str, value: &str, max: usize) -> Result<()> {
    trimmed(field, value)?;
    required_text(field, value, max)
}

fn trimmed(field: &str, value: &str) -> Result<()> {
    if value.trim() == value {
        return Ok(());
    }
    let reason = format!("`{value}` begins or ends with white space; remove it");
    Err(ValidationError::invalid(field, reason))
}

fn at_most(field: &str, count: usize, max: usize) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    Err(ValidationError::TooManyItems { field: field.to_owned(), count, max })
}

fn domains(domains: &[String]) -> Result<()> {
    at_most("domain", domains.len(), limits::DOMAINS_MAX)?;
    domains.iter().try_for_each(|domain| name("domain", domain, limits::DOMAIN_BYTES_MAX))
}

fn tags(tags: &BTreeMap<String, String>) -> Result<()> {
    at_most("tags", tags.len(), limits::TAGS_MAX)?;
    tags.iter().try_for_each(|(key, value)| {
        name("tags key", key, limits::TAG_KEY_BYTES_MAX)?;
        text("tags value", value, limits::TAG_VALUE_BYTES_MAX)
    })
}

fn related_files(files: &[String]) -> Result<()> {
    at_most("related_files", files.len(), limits::RELATED_FILES_MAX)?;
    files.iter().try_for_each(|file| required_text("related_files", file, limits::RELATED_FILE_BYTES_MAX))
}

fn experience_type(value: &ExperienceType) -> Result<()> {
    let (texts, share) = type_fields(value);
    for (field, value) in texts {
        text(&format!("experience_type.{field}"), value, limits::TYPE_STRING_BYTES_MAX)?;
    }
    share.map_or(Ok(()), |(field, value)| fraction(&format!("experience_type.{field}"), value))
}

/// A field's name and its value.
type Field<T> = (&'static str, T);

/// The texts of a type, and its number if it has one.
fn type_fields(value: &ExperienceType) -> (Vec<Field<&str>>, Option<Field<f32>>) {
    match value {
        ExperienceType::Difficulty { description, .. } => (vec![("description", description)], None),
        ExperienceType::Solution { approach, .. } => (vec![("approach", approach)], None),
        ExperienceType::ErrorPattern { signature, fix, prevention } => {
            (vec![("signature", signature), ("fix", fix), ("prevention", prevention)], None)
        }
        ExperienceType::SuccessPattern { task_type, approach, quality } => {
            (vec![("task_type", task_type), ("approach", approach)], Some(("quality", *quality)))
        }
        ExperienceType::UserPreference { category, preference, strength } => {
            (vec![("category", category), ("preference", preference)], Some(("strength", *strength)))
        }
        ExperienceType::ArchitecturalDecision { decision, rationale } => {
            (vec![("decision", decision), ("rationale", rationale)], None)
        }
        ExperienceType::TechInsight { technology, insight } => {
            (vec![("technology", technology), ("insight", insight)], None)
        }
        ExperienceType::Fact { statement, source } => {
            (vec![("statement", statement), ("source", source)], None)
        }
        ExperienceType::Generic { category } => {
            (category.iter().map(|category| ("category", category.as_str())).collect(), None)
        }
    }
}
