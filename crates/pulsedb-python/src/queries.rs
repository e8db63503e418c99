//! What is looked for, and how.

use pulsedb::{ContextWeights, OwnedQuery, RecallWeights, SignalWeights};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arguments::{Number, Text, vector};
use crate::classes::Class;

static LEXICAL: Class = Class::of_records("Lexical");
static HYBRID: Class = Class::of_records("Hybrid");
static RECALL_WEIGHTS: Class = Class::of_records("RecallWeights");
static SIGNAL_WEIGHTS: Class = Class::of_records("SignalWeights");
static CONTEXT_WEIGHTS: Class = Class::of_records("ContextWeights");

/// A query: a text, a vector, or a `Lexical` or `Hybrid` of them.
pub(crate) fn query(object: &Bound<'_, PyAny>) -> PyResult<OwnedQuery> {
    let text = |object: &Bound<'_, PyAny>| Ok::<_, PyErr>(object.extract::<Text>()?.0);
    if object.is_instance_of::<PyString>() {
        return text(object).map(OwnedQuery::Text);
    }
    if LEXICAL.has(object)? {
        return text(&object.getattr("text")?).map(OwnedQuery::Lexical);
    }
    if HYBRID.has(object)? {
        let vector = vector("query", &object.getattr("vector")?)?;
        return Ok(OwnedQuery::Hybrid { text: text(&object.getattr("text")?)?, vector });
    }
    vector("query", object).map(OwnedQuery::Vector)
}

/// The attributes of an object of a class as numbers.
fn numbers<const N: usize>(
    class: &Class,
    object: &Bound<'_, PyAny>,
    wanted: &str,
    names: [&str; N],
) -> PyResult<[f32; N]> {
    if !class.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a pulsedb.{wanted} is wanted, not {kind}")));
    }
    let mut numbers = [0.0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = object.getattr(name)?.extract::<Number>()?.0;
    }
    Ok(numbers)
}

/// How much score and energy count.
pub(crate) fn recall_weights(object: &Bound<'_, PyAny>) -> PyResult<RecallWeights> {
    let [similarity, energy] = numbers(&RECALL_WEIGHTS, object, "RecallWeights", ["similarity", "energy"])?;
    Ok(RecallWeights { similarity, energy })
}

/// The shares of the signals of a text.
pub(crate) fn signal_weights(object: &Bound<'_, PyAny>) -> PyResult<SignalWeights> {
    let names = ["lexical", "vector", "late"];
    let [lexical, vector, late] = numbers(&SIGNAL_WEIGHTS, object, "SignalWeights", names)?;
    Ok(SignalWeights { lexical, vector, late })
}

/// How much what surrounds a record counts.
pub(crate) fn context_weights(object: &Bound<'_, PyAny>) -> PyResult<ContextWeights> {
    let names = ["session", "window", "question", "agent"];
    let [session, window, question, agent] = numbers(&CONTEXT_WEIGHTS, object, "ContextWeights", names)?;
    Ok(ContextWeights { session, window, question, agent })
}
