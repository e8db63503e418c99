//! The kinds of experience by name: to filter by, to record with their parts, to show.

use clap::ValueEnum;
use pulsedb::{ExperienceId, ExperienceType, Severity};
use serde_json::{Map, Value};

use crate::args::Kind;

/// An experience type of that kind with nothing in it, as filters take.
pub(crate) fn prototype(kind: Kind) -> ExperienceType {
    let none = String::new;
    match kind {
        Kind::Difficulty => ExperienceType::Difficulty { description: none(), severity: Severity::Low },
        Kind::Solution => ExperienceType::Solution { problem_ref: None, approach: none(), worked: false },
        Kind::ErrorPattern => {
            ExperienceType::ErrorPattern { signature: none(), fix: none(), prevention: none() }
        }
        Kind::SuccessPattern => {
            ExperienceType::SuccessPattern { task_type: none(), approach: none(), quality: 0.0 }
        }
        Kind::UserPreference => {
            ExperienceType::UserPreference { category: none(), preference: none(), strength: 0.0 }
        }
        Kind::ArchitecturalDecision => {
            ExperienceType::ArchitecturalDecision { decision: none(), rationale: none() }
        }
        Kind::TechInsight => ExperienceType::TechInsight { technology: none(), insight: none() },
        Kind::Fact => ExperienceType::Fact { statement: none(), source: none() },
        Kind::Generic => ExperienceType::Generic { category: None },
    }
}

/// The experience type of a kind with its parts as the command line gives them.
pub(crate) fn with_parts(kind: Kind, parts: &[(String, String)]) -> Result<ExperienceType, String> {
    let name = name(kind);
    let known = serde_json::to_value(prototype(kind)).map_err(|error| error.to_string())?;
    let known: Vec<&str> = known
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .filter(|key| *key != "kind")
        .collect();
    let parts_of_kind = || format!("the parts of `{name}` are {}", known.join(", "));
    let mut object = Map::from_iter([("kind".to_owned(), Value::String(name.clone()))]);
    for (key, value) in parts {
        if !known.contains(&key.as_str()) {
            return Err(format!("`{key}` is not a part of `{name}`; {}", parts_of_kind()));
        }
        if object.insert(key.clone(), typed(key, value)?).is_some() {
            return Err(format!("`{key}` is given more than once"));
        }
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
    fn every_kind_has_a_prototype_of_its_name() {
        for kind in Kind::value_variants() {
            assert_eq!(label(&prototype(*kind)), name(*kind).replace('_', " "));
        }
    }

    #[test]
    fn parts_are_read_by_their_types() {
        let solution = with_parts(Kind::Solution, &parts(&[("approach", "true"), ("worked", "true")]));
        let expected = ExperienceType::Solution { problem_ref: None, approach: "true".into(), worked: true };
        assert_eq!(solution, Ok(expected));
        let preference = with_parts(
            Kind::UserPreference,
            &parts(&[("category", "1"), ("preference", "x"), ("strength", "0.5")]),
        );
        assert!(matches!(preference, Ok(ExperienceType::UserPreference { strength: 0.5, .. })));
        assert_eq!(with_parts(Kind::Generic, &[]), Ok(ExperienceType::Generic { category: None }));
    }

    #[test]
    fn wrong_parts_are_refused_with_the_right_ones() {
        let refused = |kind, list: &[(&str, &str)]| with_parts(kind, &parts(list)).unwrap_err();
        assert!(refused(Kind::Fact, &[("statement", "x")]).contains("the parts of `fact` are"));
        assert!(refused(Kind::Fact, &[("worked", "true")]).contains("not a part"));
        assert!(refused(Kind::Solution, &[("approach", "x"), ("worked", "yes")]).contains("true or false"));
        assert!(refused(Kind::SuccessPattern, &[("quality", "nan")]).contains("number"));
        assert!(refused(Kind::Generic, &[("category", "a"), ("category", "b")]).contains("more than once"));
        assert!(
            refused(Kind::Difficulty, &[("description", "x"), ("severity", "huge")]).contains("critical")
        );
    }
}
