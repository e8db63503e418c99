//! The kinds of experience by name: to filter by, to record with their parts, to show.

use std::collections::HashSet;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use pulsedb::{ExperienceId, ExperienceKind, ExperienceType};
use serde_json::{Map, Value};

/// A kind as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(pub(crate) ExperienceKind);

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        const KINDS: [Kind; ExperienceKind::ALL.len()] = {
            let mut kinds = [Kind(ExperienceKind::Generic); ExperienceKind::ALL.len()];
            let mut at = 0;
            while at < kinds.len() {
                kinds[at] = Kind(ExperienceKind::ALL[at]);
                at += 1;
            }
            kinds
        };
        &KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, parts) = match self.0 {
            ExperienceKind::Difficulty => {
                ("difficulty", "description, severity (low, medium, high, critical)")
            }
            ExperienceKind::Solution => ("solution", "problem_ref (an id), approach, worked (true, false)"),
            ExperienceKind::ErrorPattern => ("error_pattern", "signature, fix, prevention"),
            ExperienceKind::SuccessPattern => ("success_pattern", "task_type, approach, quality (0 to 1)"),
            ExperienceKind::UserPreference => ("user_preference", "category, preference, strength (0 to 1)"),
            ExperienceKind::ArchitecturalDecision => ("architectural_decision", "decision, rationale"),
            ExperienceKind::TechInsight => ("tech_insight", "technology, insight"),
            ExperienceKind::Fact => ("fact", "statement, source"),
            ExperienceKind::Generic => ("generic", "category"),
        };
        Some(PossibleValue::new(name).help(format!("parts: {parts}")))
    }
}

/// The experience type of a kind with its parts as the command line gives them.
pub(crate) fn with_parts(kind: Kind, parts: &[(String, String)]) -> Result<ExperienceType, String> {
    built(kind, Map::from_iter([("kind".to_owned(), Value::String(name(kind)))]), parts)
}

/// An experience type with some of its parts changed.
pub(crate) fn changed(
    experience_type: &ExperienceType,
    parts: &[(String, String)],
) -> Result<ExperienceType, String> {
    match serde_json::to_value(experience_type) {
        Ok(Value::Object(object)) => built(Kind(experience_type.kind()), object, parts),
        Ok(_) => Err("the type has no parts".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn built(
    kind: Kind,
    mut object: Map<String, Value>,
    parts: &[(String, String)],
) -> Result<ExperienceType, String> {
    let name = name(kind);
    let known = serde_json::to_value(ExperienceType::from(kind.0)).map_err(|error| error.to_string())?;
    let known: Vec<&str> = known
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .filter(|key| *key != "kind")
        .collect();
    let parts_of_kind = || format!("the parts of `{name}` are {}", known.join(", "));
    let mut given = HashSet::new();
    for (key, value) in parts {
        if !known.contains(&key.as_str()) {
            return Err(format!("`{key}` is not a part of `{name}`; {}", parts_of_kind()));
        }
        if !given.insert(key) {
            return Err(format!("`{key}` is given more than once"));
        }
        object.insert(key.clone(), typed(key, value)?);
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| format!("{error}; {}", parts_of_kind()))
}

/// The value of a part, by the part's name: most are strings.
fn typed(key: &str, value: &str) -> Result<Value, String> {
    let is_not = |what: &str| format!("`{key}` must be {what}, not `{value}`");
    match key {
        "worked" => value.parse().map(Value::Bool).map_err(|_| is_not("true or false")),
        "quality" | "strength" => {
            let number: f64 = value.parse().map_err(|_| is_not("a number from 0 to 1"))?;
            serde_json::Number::from_f64(number)
                .map(Value::Number)
                .ok_or_else(|| is_not("a number from 0 to 1"))
        }
        "problem_ref" => {
            let id: ExperienceId = value.parse().map_err(|_| is_not("the id of an experience"))?;
            Ok(Value::String(id.to_string()))
        }
        _ => Ok(Value::String(value.to_owned())),
    }
}

fn name(kind: Kind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The name of a type for a person: its category if it is a generic one that has one.
pub(crate) fn label(experience_type: &ExperienceType) -> String {
    if let ExperienceType::Generic { category: Some(category) } = experience_type {
        return category.clone();
    }
    let value = serde_json::to_value(experience_type).ok();
    let kind = value.as_ref().and_then(|value| value.get("kind")).and_then(Value::as_str);
    kind.unwrap_or_default().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_kind_has_the_name_and_the_parts_that_json_has() {
        for kind in Kind::value_variants() {
            let json = serde_json::to_value(ExperienceType::from(kind.0)).unwrap();
            assert_eq!(json["kind"], name(*kind));
            let help = kind.to_possible_value().unwrap().get_help().unwrap().to_string();
            let parts = json.as_object().unwrap().keys().filter(|key| *key != "kind");
            assert!(parts.clone().all(|part| help.contains(part.as_str())), "{help}");
        }
    }

    #[test]
    fn changed_type_keeps_the_parts_that_are_not_named() {
        let solution =
            with_parts(Kind(ExperienceKind::Solution), &parts(&[("approach", "a"), ("worked", "false")]));
        let solution = solution.unwrap();
        let expected = ExperienceType::Solution { problem_ref: None, approach: "a".into(), worked: true };
        assert_eq!(changed(&solution, &parts(&[("worked", "true")])), Ok(expected));
        assert_eq!(changed(&solution, &[]), Ok(solution.clone()));
        assert!(changed(&solution, &parts(&[("quality", "1")])).unwrap_err().contains("not a part"));
    }

    #[test]
    fn parts_are_read_by_their_types() {
        let solution =
            with_parts(Kind(ExperienceKind::Solution), &parts(&[("approach", "true"), ("worked", "true")]));
        let expected = ExperienceType::Solution { problem_ref: None, approach: "true".into(), worked: true };
        assert_eq!(solution, Ok(expected));
        let preference = with_parts(
            Kind(ExperienceKind::UserPreference),
            &parts(&[("category", "1"), ("preference", "x"), ("strength", "0.5")]),
        );
        assert!(matches!(preference, Ok(ExperienceType::UserPreference { strength: 0.5, .. })));
        assert_eq!(
            with_parts(Kind(ExperienceKind::Generic), &[]),
            Ok(ExperienceType::Generic { category: None })
        );
    }

    #[test]
    fn wrong_parts_are_refused_with_the_right_ones() {
        let refused = |kind, list: &[(&str, &str)]| with_parts(Kind(kind), &parts(list)).unwrap_err();
        assert!(refused(ExperienceKind::Fact, &[("statement", "x")]).contains("the parts of `fact` are"));
        assert!(refused(ExperienceKind::Fact, &[("worked", "true")]).contains("not a part"));
        assert!(
            refused(ExperienceKind::Solution, &[("approach", "x"), ("worked", "yes")])
                .contains("true or false")
        );
        assert!(refused(ExperienceKind::SuccessPattern, &[("quality", "nan")]).contains("number"));
        assert!(
            refused(ExperienceKind::Generic, &[("category", "a"), ("category", "b")])
                .contains("more than once")
        );
        assert!(
            refused(ExperienceKind::Difficulty, &[("description", "x"), ("severity", "huge")])
                .contains("critical")
        );
    }
}
