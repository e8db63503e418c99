//! Errors of the database as exceptions of Python, each with the parts of its message as attributes.

use pulsedb::{NotFoundError, PulseDBError, StorageError, ValidationError};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::classes::Class;

static IDENTITY: Class = Class::of_results("ProviderIdentity");

/// The exception for an error.
pub(crate) fn raised(python: Python<'_>, error: &PulseDBError) -> PyErr {
    if let PulseDBError::Validation(error) = error {
        return made_of(python, &in_python(error).into());
    }
    made_of(python, error)
}

fn made_of(python: Python<'_>, error: &PulseDBError) -> PyErr {
    let attributes = PyDict::new(python);
    named(python, &attributes, error)
        .and_then(|name| made(python, name, &error.to_string(), &attributes))
        .unwrap_or_else(|failure| failure)
}

/// An error with the field as Python calls it.
fn in_python(error: &ValidationError) -> ValidationError {
    let mut error = error.clone();
    if let ValidationError::InvalidField { field, .. }
    | ValidationError::RequiredField { field }
    | ValidationError::TooManyItems { field, .. } = &mut error
    {
        *field = field_in_python(field);
    }
    error
}

fn field_in_python(field: &str) -> String {
    let (group, name) = field.split_once('.').unwrap_or(("", field));
    let name = match (group, name) {
        ("", "source_agent" | "agent_id") => "agent",
        ("", "source_task" | "current_task") => "task",
        ("", "related_files") => "files",
        ("", "source_experience_ids") => "sources",
        ("", "context_summary") => "summary",
        ("", "owner_id") => "owner",
        ("", "collective_id") => "collective",
        ("", "source_id") => "source",
        ("", "target_id") => "target",
        ("", "relation_type") => "type",
        ("", "query_text") => "query",
        ("", "embedding_dimension") => "dimension",
        ("filter", "tags_all") => "tags",
        ("filter", "experience_types" | "insight_types") => "types",
        ("filter", "source_agents") => "agents",
        ("filter", "source_tasks") => "tasks",
        ("filter" | "search" | "vector" | "activity" | "decay", name) => {
            return name.replace("default_recall_weights", "recall_weights");
        }
        ("log" | "watch", name) => return format!("{group}_{name}"),
        ("recall_weights", name) => return format!("weights.{name}"),
        ("experience_type", name) => return format!("type.{name}"),
        _ => field,
    };
    name.to_owned()
}

/// The exception for an input that is refused before the database sees it.
pub(crate) fn refused(python: Python<'_>, field: &str, reason: impl Into<String>) -> PyErr {
    let error = ValidationError::InvalidField { field: field.to_owned(), reason: reason.into() };
    made_of(python, &error.into())
}

/// The exception for an array of another type or shape.
pub(crate) fn not_a_vector(python: Python<'_>, message: &str) -> PyErr {
    made(python, "ArrayError", message, &PyDict::new(python)).unwrap_or_else(|failure| failure)
}

/// The exception for a handle that a forked process has inherited.
pub(crate) fn forked(python: Python<'_>, opened_by: u32) -> PyErr {
    let message = format!(
        "the database was opened by process {opened_by}, of which this one is a fork; fork before it is opened, or \
         start processes with multiprocessing's `spawn`"
    );
    made(python, "ForkedError", &message, &PyDict::new(python)).unwrap_or_else(|failure| failure)
}

fn made(python: Python<'_>, name: &str, message: &str, attributes: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let exception = python.import("pulsedb._errors")?.getattr(name)?.call1((message,))?;
    for (attribute, value) in attributes {
        exception.setattr(attribute.cast_into::<pyo3::types::PyString>().map_err(PyErr::from)?, value)?;
    }
    Ok(PyErr::from_value(exception))
}

/// The name of the class; fills in its attributes.
fn named(python: Python<'_>, attributes: &Bound<'_, PyDict>, error: &PulseDBError) -> PyResult<&'static str> {
    match error {
        PulseDBError::Storage(error) => of_storage(attributes, error),
        PulseDBError::Validation(error) => of_validation(attributes, error),
        PulseDBError::NotFound(error) => of_missing(attributes, error),
        PulseDBError::Config { reason } => {
            attributes.set_item("reason", reason)?;
            Ok("ConfigError")
        }
        PulseDBError::Io { action, path, source } => {
            attributes.set_item("action", *action)?;
            attributes.set_item("path", path)?;
            attributes.set_item("errno", source.raw_os_error())?;
            Ok("IoError")
        }
        PulseDBError::Embedding { reason } => {
            attributes.set_item("reason", reason)?;
            Ok("EmbeddingError")
        }
        PulseDBError::EmbeddingProviderMismatch { stored, requested } => {
            for (name, identity) in [("stored", stored), ("requested", requested)] {
                let parts = (&identity.provider, &identity.model_digest, identity.dimension);
                attributes.set_item(name, IDENTITY.make(python, parts)?)?;
            }
            Ok("EmbeddingProviderMismatchError")
        }
        PulseDBError::ReadOnly => Ok("ReadOnlyError"),
        PulseDBError::ChangesGone { oldest } => {
            attributes.set_item("oldest", *oldest)?;
            Ok("ChangesGoneError")
        }
        PulseDBError::Closed => Ok("ClosedError"),
        // A kind that is newer than this crate.
        _ => Ok("Error"),
    }
}

fn of_storage(attributes: &Bound<'_, PyDict>, error: &StorageError) -> PyResult<&'static str> {
    match error {
        StorageError::Corrupted { table, key } => {
            attributes.set_item("table", *table)?;
            attributes.set_item("key", key)?;
            Ok("CorruptedError")
        }
        StorageError::Full { reason } => with_reason(attributes, reason, "FullError"),
        StorageError::Unsupported { reason } => with_reason(attributes, reason, "UnsupportedError"),
        StorageError::WritesRefused { reason } => with_reason(attributes, reason, "WritesRefusedError"),
        StorageError::Engine { reason } => with_reason(attributes, reason, "EngineError"),
        StorageError::DatabaseNotFound { path } => {
            attributes.set_item("path", path)?;
            Ok("DatabaseNotFoundError")
        }
        StorageError::Replaced { path } => {
            attributes.set_item("path", path)?;
            Ok("ReplacedError")
        }
        StorageError::DatabaseLocked { holder } => {
            attributes.set_item("holder", holder)?;
            Ok("DatabaseLockedError")
        }
        StorageError::FormatTooNew { found, supported } => {
            attributes.set_item("found", found)?;
            attributes.set_item("supported", supported)?;
            Ok("FormatTooNewError")
        }
        StorageError::FormatTooOld { found, supported } => {
            attributes.set_item("found", found)?;
            attributes.set_item("supported", supported)?;
            Ok("FormatTooOldError")
        }
        StorageError::MapTooLarge { bytes } => {
            attributes.set_item("bytes", *bytes)?;
            Ok("MapTooLargeError")
        }
        StorageError::TooManyReaders { slots } => {
            attributes.set_item("slots", *slots)?;
            Ok("TooManyReadersError")
        }
        _ => Ok("StorageError"),
    }
}

fn with_reason(attributes: &Bound<'_, PyDict>, reason: &str, name: &'static str) -> PyResult<&'static str> {
    attributes.set_item("reason", reason)?;
    Ok(name)
}

fn of_validation(attributes: &Bound<'_, PyDict>, error: &ValidationError) -> PyResult<&'static str> {
    match error {
        ValidationError::DimensionMismatch { expected, got } => {
            attributes.set_item("expected", *expected)?;
            attributes.set_item("got", *got)?;
            Ok("DimensionMismatchError")
        }
        ValidationError::InvalidField { field, reason } => {
            attributes.set_item("field", field)?;
            attributes.set_item("reason", reason)?;
            Ok("InvalidFieldError")
        }
        ValidationError::ContentTooLarge { size, max } => {
            attributes.set_item("size", *size)?;
            attributes.set_item("max", *max)?;
            Ok("ContentTooLargeError")
        }
        ValidationError::RequiredField { field } => {
            attributes.set_item("field", field)?;
            Ok("RequiredFieldError")
        }
        ValidationError::TooManyItems { field, count, max } => {
            attributes.set_item("field", field)?;
            attributes.set_item("count", *count)?;
            attributes.set_item("max", *max)?;
            Ok("TooManyItemsError")
        }
        _ => Ok("ValidationError"),
    }
}

fn of_missing(attributes: &Bound<'_, PyDict>, error: &NotFoundError) -> PyResult<&'static str> {
    let (name, id) = match error {
        NotFoundError::Collective(id) => ("CollectiveNotFoundError", id.to_string()),
        NotFoundError::Experience(id) => ("ExperienceNotFoundError", id.to_string()),
        NotFoundError::Relation(id) => ("RelationNotFoundError", id.to_string()),
        NotFoundError::Insight(id) => ("InsightNotFoundError", id.to_string()),
        NotFoundError::Activity { agent_id, collective_id } => {
            attributes.set_item("collective", collective_id.to_string())?;
            ("ActivityNotFoundError", agent_id.as_str().to_owned())
        }
        _ => return Ok("NotFoundError"),
    };
    attributes.set_item("id", id)?;
    Ok(name)
}

/// The exception for a thread that ended without an answer.
pub(crate) fn unanswered() -> PyErr {
    PyRuntimeError::new_err("the thread of the call ended without an answer; this is a bug of pulsedb")
}
