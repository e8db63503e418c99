//! Small results as dataclasses of Python, and those dataclasses as what is restored.

use numpy::IntoPyArray;
use pulsedb::{
    Activity, CheckReport, Collective, CollectiveStats, DatabaseStats, DerivedInsight, ExperienceRelation,
    Holder, InsightType, ProviderIdentity, RelationType, WatchEvent,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::arguments::{id, ids, moment, named, number, text, texts};
use crate::classes::Class;
use crate::kinds::{self, Named};
use crate::moments::{datetime, maybe_datetime};
use crate::parts::Parts;
use crate::vectors;

static COLLECTIVE: Class = Class::of_results("Collective");
static COLLECTIVE_STATS: Class = Class::of_results("CollectiveStats");
static RELATION: Class = Class::of_results("Relation");
static INSIGHT: Class = Class::of_results("Insight");
static ACTIVITY: Class = Class::of_results("Activity");
static EVENT: Class = Class::of_results("WatchEvent");
static HOLDER: Class = Class::of_results("Holder");
static READER: Class = Class::of_results("ReaderInfo");
static TABLE: Class = Class::of_results("TableStats");
static SUMMARY: Class = Class::of_results("CollectiveSummary");
static IDENTITY: Class = Class::of_results("ProviderIdentity");
static REEMBEDDING: Class = Class::of_results("Reembedding");
static STATS: Class = Class::of_results("DatabaseStats");
static FAULT: Class = Class::of_results("Fault");
static CHECK: Class = Class::of_results("CheckReport");

type Made<'py> = PyResult<Bound<'py, PyAny>>;

/// Each of several.
pub(crate) fn each<'py, T>(
    python: Python<'py>,
    rows: &[T],
    make: impl Fn(Python<'py>, &T) -> Made<'py>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    rows.iter().map(|row| make(python, row)).collect()
}

pub(crate) fn collective<'py>(python: Python<'py>, row: &Collective) -> Made<'py> {
    let (created, updated) = (datetime(python, row.created_at)?, datetime(python, row.updated_at)?);
    let owner = row.owner_id.as_deref();
    COLLECTIVE.make(python, (row.id.to_string(), &row.name, owner, row.embedding_dimension, created, updated))
}

pub(crate) fn collective_stats<'py>(python: Python<'py>, stats: &CollectiveStats) -> Made<'py> {
    let oldest = maybe_datetime(python, stats.oldest_experience)?;
    let newest = maybe_datetime(python, stats.newest_experience)?;
    COLLECTIVE_STATS.make(python, (stats.experience_count, stats.storage_bytes, oldest, newest))
}

pub(crate) fn relation<'py>(python: Python<'py>, row: &ExperienceRelation) -> Made<'py> {
    let parts = (
        row.id.to_string(),
        row.source_id.to_string(),
        row.target_id.to_string(),
        kinds::name_of(row.relation_type),
        row.strength,
        row.metadata.as_deref(),
        datetime(python, row.created_at)?,
    );
    RELATION.make(python, parts)
}

/// A relation that is restored.
pub(crate) fn read_relation(object: &Bound<'_, PyAny>) -> PyResult<ExperienceRelation> {
    of_class(&RELATION, object, "Relation")?;
    let parts = Parts(object);
    Ok(ExperienceRelation {
        id: parts.read("id", id)?,
        source_id: parts.read("source", id)?,
        target_id: parts.read("target", id)?,
        relation_type: parts.read("type", RelationType::read)?,
        strength: parts.read("strength", number)?,
        metadata: parts.given("metadata", text)?,
        created_at: parts.read("created_at", moment)?,
    })
}

pub(crate) fn insight<'py>(python: Python<'py>, row: &DerivedInsight) -> Made<'py> {
    let parts = (
        row.id.to_string(),
        row.collective_id.to_string(),
        &row.content,
        row.embedding.clone().into_pyarray(python),
        named(&row.source_experience_ids),
        named(&row.missing_sources),
        kinds::name_of(row.insight_type),
        row.confidence,
        &row.domain,
        datetime(python, row.created_at)?,
    );
    INSIGHT.make(python, parts)
}

/// An insight that is restored.
pub(crate) fn read_insight(object: &Bound<'_, PyAny>) -> PyResult<DerivedInsight> {
    of_class(&INSIGHT, object, "Insight")?;
    let parts = Parts(object);
    Ok(DerivedInsight {
        id: parts.read("id", id)?,
        collective_id: parts.read("collective", id)?,
        content: parts.read("content", text)?,
        embedding: parts.read("embedding", vectors::read)?,
        source_experience_ids: parts.read("sources", ids)?,
        missing_sources: parts.read("missing_sources", ids)?,
        insight_type: parts.read("type", InsightType::read)?,
        confidence: parts.read("confidence", number)?,
        domain: parts.read("domain", texts)?,
        created_at: parts.read("created_at", moment)?,
    })
}

fn of_class(class: &Class, object: &Bound<'_, PyAny>, name: &str) -> PyResult<()> {
    if class.has(object)? {
        return Ok(());
    }
    let kind = object.get_type().name()?;
    Err(PyTypeError::new_err(format!("a pulsedb.{name} is wanted, not {kind}")))
}

/// Insights with their scores.
pub(crate) fn scored_insights<'py>(
    python: Python<'py>,
    rows: &[(DerivedInsight, f32)],
) -> PyResult<Vec<(Bound<'py, PyAny>, f32)>> {
    rows.iter().map(|(row, score)| Ok((insight(python, row)?, *score))).collect()
}

pub(crate) fn activity<'py>(python: Python<'py>, row: &Activity) -> Made<'py> {
    let parts = (
        row.collective_id.to_string(),
        row.agent_id.as_str(),
        row.current_task.as_deref(),
        row.context_summary.as_deref(),
        datetime(python, row.started_at)?,
        datetime(python, row.last_heartbeat)?,
    );
    ACTIVITY.make(python, parts)
}

pub(crate) fn event<'py>(python: Python<'py>, event: &WatchEvent) -> Made<'py> {
    let parts = (
        event.experience_id.to_string(),
        event.collective_id.to_string(),
        kinds::name_of(event.event_type),
        datetime(python, event.timestamp)?,
        event.sequence,
    );
    EVENT.make(python, parts)
}

pub(crate) fn holder<'py>(python: Python<'py>, row: &Holder) -> Made<'py> {
    HOLDER.make(python, (row.pid, datetime(python, row.started)?, &row.host))
}

pub(crate) fn identity<'py>(python: Python<'py>, identity: &ProviderIdentity) -> Made<'py> {
    IDENTITY.make(python, (&identity.provider, &identity.model_digest, identity.dimension))
}

pub(crate) fn stats<'py>(python: Python<'py>, stats: &DatabaseStats) -> Made<'py> {
    let tables =
        each(python, &stats.tables, |python, row| TABLE.make(python, (row.name, row.rows, row.bytes)))?;
    let readers = each(python, &stats.readers, |python, row| {
        READER.make(python, (row.pid, row.transactions_behind, row.age))
    })?;
    let collectives = each(python, &stats.collectives, |python, row| {
        SUMMARY.make(python, (row.id.to_string(), &row.name, row.experience_count, row.storage_bytes))
    })?;
    let reembedding = stats.reembedding.as_ref().map(|moving| {
        let (done, total) = (moving.progress.done, moving.progress.total);
        REEMBEDDING.make(python, (identity(python, &moving.to)?, done, total))
    });
    let parts = [
        ("file_bytes", stats.file_bytes),
        ("reclaimable_bytes", stats.reclaimable_bytes),
        ("map_bytes", stats.map_bytes),
        ("sequence", stats.sequence),
        ("oldest_change", stats.oldest_change),
        ("collectives_reclaiming", stats.collectives_reclaiming),
    ]
    .into_py_dict(python)?;
    parts.set_item("tables", tables)?;
    parts.set_item("readers", readers)?;
    parts.set_item("writers", each(python, &stats.writers, holder)?)?;
    parts.set_item("collectives", collectives)?;
    parts.set_item("embedder", identity(python, &stats.embedder)?)?;
    parts.set_item("reembedding", reembedding.transpose()?)?;
    parts.set_item("old_vectors_reclaiming", stats.old_vectors_reclaiming)?;
    STATS.get(python)?.call((), Some(&parts))
}

pub(crate) fn check<'py>(python: Python<'py>, report: &CheckReport) -> Made<'py> {
    let faults = each(python, &report.faults, |python, fault| {
        FAULT.make(python, (fault.table, &fault.key, &fault.problem))
    })?;
    let parts = [
        ("collectives", report.collectives),
        ("experiences", report.experiences),
        ("vectors", report.vectors),
        ("insights", report.insights),
        ("relations", report.relations),
        ("activities", report.activities),
        ("changes", report.changes),
        ("index_rows", report.index_rows),
        ("fault_count", report.fault_count),
        ("records_lost", report.records_lost),
        ("vectors_lost", report.vectors_lost),
        ("relations_lost", report.relations_lost),
        ("insights_lost", report.insights_lost),
    ]
    .into_py_dict(python)?;
    parts.set_item("faults", faults)?;
    parts.set_item("damaged_copy", report.damaged_copy.as_ref())?;
    CHECK.get(python)?.call((), Some(&parts))
}
