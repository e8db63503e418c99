//! The arguments of tools, read: each fault is named with what would be right.

use std::ops::RangeInclusive;

use pulsedb::{ExperienceId, ExperienceKind, ExperienceType, RelationType, SearchFilter, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ToolError;
use crate::form::shortened;

/// The arguments of a call as the tool's own form. What is not in it is refused, so that a misspelt name is not lost.
pub(crate) fn read<T: DeserializeOwned>(tool: &str, arguments: Map<String, Value>) -> Result<T, ToolError> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let (place, error) = (error.path().to_string(), error.into_inner());
        let place = if place == "." { String::new() } else { format!(" `{}`:", shortened(&place, 200)) };
        let error = shortened(&error.to_string(), 500);
        fault(format!("`{tool}` cannot read its arguments:{place} {error}. Mend them and call again"))
    })
}

/// A fault of the arguments.
pub(crate) fn fault(message: impl Into<String>) -> ToolError {
    ToolError::Arguments(message.into())
}

/// The id that a text is.
pub(crate) fn id(text: &str) -> Result<ExperienceId, ToolError> {
    text.trim()
        .parse()
        .map_err(|_| fault(format!("`{}` is no id of a memory; `recall` returns them", shortened(text, 100))))
}

/// The type of that name with its details.
pub(crate) fn experience_type(
    name: &str,
    details: Option<Map<String, Value>>,
) -> Result<ExperienceType, ToolError> {
    let mut object = plain(kind(name)?)?;
    let known: Vec<String> = object.keys().filter(|key| *key != KIND).cloned().collect();
    for (key, value) in details.into_iter().flatten() {
        if !known.contains(&key) {
            let known = known.join(", ");
            return Err(fault(format!("`{key}` is no detail of `{name}`; these are: {known}")));
        }
        object.insert(key, value);
    }
    serde_json::from_value(Value::Object(object))
        .map_err(|error| fault(format!("the details of `{name}` ({}): {error}", known.join(", "))))
}

/// The key under which a type has its name.
const KIND: &str = "kind";

/// The kind of that name.
pub(crate) fn kind(name: &str) -> Result<ExperienceKind, ToolError> {
    let mut names = Vec::new();
    for kind in ExperienceKind::ALL {
        let object = plain(kind)?;
        let known = object.get(KIND).and_then(Value::as_str).unwrap_or_default();
        if known == name {
            return Ok(kind);
        }
        names.push(known.to_owned());
    }
    Err(fault(format!("there is no type `{}`; these are: {}", shortened(name, 100), names.join(", "))))
}

/// An empty type of a kind, as JSON.
fn plain(kind: ExperienceKind) -> Result<Map<String, Value>, ToolError> {
    match serde_json::to_value(ExperienceType::from(kind)) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(fault("the type has no details")),
    }
}

/// The type of a relation of that name.
pub(crate) fn relation_type(name: &str) -> Result<RelationType, ToolError> {
    match name {
        "supports" => Ok(RelationType::Supports),
        "contradicts" => Ok(RelationType::Contradicts),
        "elaborates" => Ok(RelationType::Elaborates),
        "supersedes" => Ok(RelationType::Supersedes),
        "implies" => Ok(RelationType::Implies),
        "related_to" => Ok(RelationType::RelatedTo),
        other => Err(fault(format!(
            "there is no relation `{}`; these are: supports, contradicts, elaborates, supersedes, implies, related_to",
            shortened(other, 100)
        ))),
    }
}

/// A moment: RFC 3339, a date, or an age such as `3d`.
pub(crate) fn moment(text: &str) -> Result<Timestamp, ToolError> {
    distant(text, jiff::Zoned::checked_sub)
}

/// A moment to come: RFC 3339, a date, or a span from now such as `3d`.
pub(crate) fn moment_to_come(text: &str) -> Result<Timestamp, ToolError> {
    distant(text, jiff::Zoned::checked_add)
}

fn distant(
    text: &str,
    from_now: impl Fn(&jiff::Zoned, jiff::Span) -> Result<jiff::Zoned, jiff::Error>,
) -> Result<Timestamp, ToolError> {
    let text = text.trim();
    let exact = text.parse::<jiff::Timestamp>().ok();
    let found = exact
        .or_else(|| {
            let date = text.parse::<jiff::civil::Date>().ok()?;
            Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        })
        .or_else(|| {
            let span = text.parse::<jiff::Span>().ok()?;
            let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
            Some(from_now(&now, span).ok()?.timestamp())
        });
    found.map(|moment| Timestamp::from_millis(moment.as_millisecond())).ok_or_else(|| {
        let text = shortened(text, 100);
        fault(format!("`{text}` is no time; write 2026-01-31T12:00:00Z, 2026-01-31, or a span as 3d or 2h"))
    })
}

/// Which memories are meant, as `recall` takes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    types: Option<Vec<String>>,
    domains: Option<Vec<String>>,
    tags: Option<std::collections::BTreeMap<String, String>>,
    agents: Option<Vec<String>>,
    sessions: Option<Vec<String>>,
    key_prefix: Option<String>,
    min_importance: Option<f32>,
    since: Option<String>,
    until: Option<String>,
}

impl Filter {
    /// The filter of the database; with `history`, archived and superseded ones pass too.
    pub(crate) fn resolved(self, history: bool) -> Result<SearchFilter, ToolError> {
        let types = self.types.map(|names| names.iter().map(|name| kind(name).map(Into::into)).collect());
        Ok(SearchFilter {
            domains: self.domains,
            tags_all: self.tags,
            experience_types: types.transpose()?,
            source_agents: self.agents.map(|names| names.into_iter().map(Into::into).collect()),
            source_tasks: self.sessions.map(|names| names.into_iter().map(Into::into).collect()),
            key_prefix: self.key_prefix,
            min_importance: self.min_importance,
            since: self.since.as_deref().map(moment).transpose()?,
            until: self.until.as_deref().map(moment).transpose()?,
            exclude_archived: !history,
            include_superseded: history,
            ..SearchFilter::default()
        })
    }
}

/// A whole number from a range, else the one that is meant where none is given.
pub(crate) fn bounded(
    name: &str,
    given: Option<i64>,
    default: usize,
    range: RangeInclusive<usize>,
) -> Result<usize, ToolError> {
    let Some(given) = given else { return Ok(default) };
    usize::try_from(given)
        .ok()
        .filter(|it| range.contains(it))
        .ok_or_else(|| fault(format!("`{name}` is {given}; it can be {} to {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_moments_dates_and_spans() {
        assert_eq!(moment("2025-01-01T00:00:00Z").unwrap().as_millis(), 1_735_689_600_000);
        assert_eq!(moment(" 2025-01-01 ").unwrap().as_millis(), 1_735_689_600_000);
        let day_ago = moment("1d").unwrap().as_millis();
        let day_on = moment_to_come("1d").unwrap().as_millis();
        assert!((day_on - day_ago - 2 * 86_400_000).abs() < 60_000);
        for bad in ["", "soon", "99999999999999y", "2025-13-01", "-"] {
            assert!(moment(bad).unwrap_err().to_string().contains("is no time"), "{bad}");
        }
    }

    #[test]
    fn types_take_their_details_and_name_those_they_know() {
        let details = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let made =
            experience_type("solution", Some(details(r#"{"approach":"retry","worked":true}"#))).unwrap();
        let is_it = matches!(made, ExperienceType::Solution { worked: true, ref approach, .. } if approach == "retry");
        assert!(is_it, "{made:?}");
        assert!(
            experience_type("fact", Some(details(r#"{"x":1}"#)))
                .unwrap_err()
                .to_string()
                .contains("statement")
        );
        assert!(experience_type("fact", Some(details(r#"{"source":1}"#))).is_err());
        assert!(kind("facts").unwrap_err().to_string().contains("tech_insight"));
    }
}
