//! Types of experiences as dataclasses, and the names of kinds.

use pulsedb::{
    DuplicatePolicy, ExperienceId, ExperienceKind, ExperienceType, InsightType, Outcome, RelationDirection,
    RelationType, Severity, WatchEventType,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arguments::{self, id, number, text};
use crate::classes::Class;
use crate::errors;
use crate::parts::Parts;

static DIFFICULTY: Class = Class::of_records("Difficulty");
static SOLUTION: Class = Class::of_records("Solution");
static ERROR_PATTERN: Class = Class::of_records("ErrorPattern");
static SUCCESS_PATTERN: Class = Class::of_records("SuccessPattern");
static USER_PREFERENCE: Class = Class::of_records("UserPreference");
static ARCHITECTURAL_DECISION: Class = Class::of_records("ArchitecturalDecision");
static TECH_INSIGHT: Class = Class::of_records("TechInsight");
static FACT: Class = Class::of_records("Fact");
static GENERIC: Class = Class::of_records("Generic");

/// A kind that Python knows by a name.
pub(crate) trait Named: Copy + 'static {
    /// What it is called in messages.
    const WHAT: &'static str;
    /// Every kind with its name.
    const NAMES: &'static [(&'static str, Self)];

    /// The kind of this name.
    fn of(python: Python<'_>, name: &str) -> PyResult<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let known: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            errors::refused(python, Self::WHAT, format!("`{name}` is none of {}", known.join(", ")))
        })
    }

    /// The kind that an argument or a part of this name names.
    fn read(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of(object.py(), &text(field, object)?)
    }
}

impl Named for Severity {
    const WHAT: &'static str = "severity";
    const NAMES: &'static [(&'static str, Self)] =
        &[("low", Self::Low), ("medium", Self::Medium), ("high", Self::High), ("critical", Self::Critical)];
}

impl Named for ExperienceKind {
    const WHAT: &'static str = "types";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("difficulty", Self::Difficulty),
        ("solution", Self::Solution),
        ("error_pattern", Self::ErrorPattern),
        ("success_pattern", Self::SuccessPattern),
        ("user_preference", Self::UserPreference),
        ("architectural_decision", Self::ArchitecturalDecision),
        ("tech_insight", Self::TechInsight),
        ("fact", Self::Fact),
        ("generic", Self::Generic),
    ];
}

impl Named for RelationType {
    const WHAT: &'static str = "type";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("supports", Self::Supports),
        ("contradicts", Self::Contradicts),
        ("elaborates", Self::Elaborates),
        ("supersedes", Self::Supersedes),
        ("implies", Self::Implies),
        ("related_to", Self::RelatedTo),
    ];
}

impl Named for RelationDirection {
    const WHAT: &'static str = "direction";
    const NAMES: &'static [(&'static str, Self)] =
        &[("outgoing", Self::Outgoing), ("incoming", Self::Incoming), ("both", Self::Both)];
}

impl Named for InsightType {
    const WHAT: &'static str = "type";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("pattern", Self::Pattern),
        ("synthesis", Self::Synthesis),
        ("abstraction", Self::Abstraction),
        ("correlation", Self::Correlation),
    ];
}

impl Named for DuplicatePolicy {
    const WHAT: &'static str = "duplicate";
    const NAMES: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("reinforce", Self::Reinforce), ("refuse", Self::Refuse)];
}

impl Named for WatchEventType {
    const WHAT: &'static str = "event type";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("created", Self::Created),
        ("updated", Self::Updated),
        ("archived", Self::Archived),
        ("deleted", Self::Deleted),
    ];
}

/// The name of a kind.
pub(crate) fn name_of<T: Named + PartialEq>(kind: T) -> &'static str {
    let found = T::NAMES.iter().find(|(_, known)| *known == kind);
    found.map_or("unknown", |(name, _)| name)
}

/// What a change has made or changed: its name and its id.
pub(crate) fn outcome(outcome: Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Recorded(id) => ("recorded", id.to_string()),
        Outcome::Updated(id) => ("updated", id.to_string()),
        Outcome::Archived(id) => ("archived", id.to_string()),
        Outcome::Deleted(id) => ("deleted", id.to_string()),
        Outcome::Related(id) => ("related", id.to_string()),
    }
}

/// A type of an experience as its dataclass.
pub(crate) fn made<'py>(python: Python<'py>, kind: &ExperienceType) -> PyResult<Bound<'py, PyAny>> {
    match kind {
        ExperienceType::Difficulty { description, severity } => {
            DIFFICULTY.make(python, (description, name_of(*severity)))
        }
        ExperienceType::Solution { problem_ref, approach, worked } => {
            SOLUTION.make(python, (approach, *worked, problem_ref.map(|id| id.to_string())))
        }
        ExperienceType::ErrorPattern { signature, fix, prevention } => {
            ERROR_PATTERN.make(python, (signature, fix, prevention))
        }
        ExperienceType::SuccessPattern { task_type, approach, quality } => {
            SUCCESS_PATTERN.make(python, (task_type, approach, *quality))
        }
        ExperienceType::UserPreference { category, preference, strength } => {
            USER_PREFERENCE.make(python, (category, preference, *strength))
        }
        ExperienceType::ArchitecturalDecision { decision, rationale } => {
            ARCHITECTURAL_DECISION.make(python, (decision, rationale))
        }
        ExperienceType::TechInsight { technology, insight } => {
            TECH_INSIGHT.make(python, (technology, insight))
        }
        ExperienceType::Fact { statement, source } => FACT.make(python, (statement, source)),
        ExperienceType::Generic { category } => GENERIC.make(python, (category,)),
    }
}

/// A type of an experience from its dataclass.
pub(crate) fn read(field: &str, object: &Bound<'_, PyAny>) -> PyResult<ExperienceType> {
    let parts = Parts(object);
    let text = |name: &str| parts.read(name, text);
    let number = |name: &str| parts.read(name, number);
    if GENERIC.has(object)? {
        Ok(ExperienceType::Generic { category: parts.given("category", arguments::text)? })
    } else if DIFFICULTY.has(object)? {
        let severity = parts.read("severity", Severity::read)?;
        Ok(ExperienceType::Difficulty { description: text("description")?, severity })
    } else if SOLUTION.has(object)? {
        let problem_ref = parts.given("problem", id::<ExperienceId>)?;
        let worked = parts.is("worked")?;
        Ok(ExperienceType::Solution { problem_ref, approach: text("approach")?, worked })
    } else if ERROR_PATTERN.has(object)? {
        let (signature, fix, prevention) = (text("signature")?, text("fix")?, text("prevention")?);
        Ok(ExperienceType::ErrorPattern { signature, fix, prevention })
    } else if SUCCESS_PATTERN.has(object)? {
        let (task_type, approach) = (text("task_type")?, text("approach")?);
        Ok(ExperienceType::SuccessPattern { task_type, approach, quality: number("quality")? })
    } else if USER_PREFERENCE.has(object)? {
        let (category, preference) = (text("category")?, text("preference")?);
        Ok(ExperienceType::UserPreference { category, preference, strength: number("strength")? })
    } else if ARCHITECTURAL_DECISION.has(object)? {
        let (decision, rationale) = (text("decision")?, text("rationale")?);
        Ok(ExperienceType::ArchitecturalDecision { decision, rationale })
    } else if TECH_INSIGHT.has(object)? {
        let (technology, insight) = (text("technology")?, text("insight")?);
        Ok(ExperienceType::TechInsight { technology, insight })
    } else if FACT.has(object)? {
        Ok(ExperienceType::Fact { statement: text("statement")?, source: text("source")? })
    } else {
        let kind = object.get_type().name()?;
        Err(PyTypeError::new_err(format!("{field}: such as pulsedb.Fact is wanted, not {kind}")))
    }
}

/// Kinds in a filter, by their names.
pub(crate) fn filtered(names: &[String], python: Python<'_>) -> PyResult<Vec<ExperienceType>> {
    names.iter().map(|name| Ok(ExperienceKind::of(python, name)?.into())).collect()
}
