//! What is looked for, and how.

use pulsedb::{ContextWeights, OwnedQuery, RecallWeights, SignalWeights};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::arguments::{number, text};
use crate::classes::Class;
use crate::parts::Parts;
use crate::vectors;

static LEXICAL: Class = Class::of_records("Lexical");
static HYBRID: Class = Class::of_records("Hybrid");
static RECALL_WEIGHTS: Class = Class::of_records("RecallWeights");
static SIGNAL_WEIGHTS: Class = Class::of_records("SignalWeights");
static CONTEXT_WEIGHTS: Class = Class::of_records("ContextWeights");

/// A query: a text, a vector, or a `Lexical` or `Hybrid` of them.
pub(crate) fn query(object: &Bound<'_, PyAny>) -> PyResult<OwnedQuery> {
    if object.is_instance_of::<PyString>() {
        return text("query", object).map(OwnedQuery::Text);
    }
    if LEXICAL.has(object)? {
        return Ok(OwnedQuery::Lexical(text("query", &object.getattr("text")?)?));
    }
    if HYBRID.has(object)? {
        let vector = vectors::read("query", &object.getattr("vector")?)?;
        return Ok(OwnedQuery::Hybrid { text: text("query", &object.getattr("text")?)?, vector });
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() || object.hasattr("dtype")? {
        return vectors::read("query", object).map(OwnedQuery::Vector);
    }
    vectors::refused("query", "a str, a one-dimensional array of float32, a Lexical or a Hybrid", object)
}

/// The attributes of an object of a class as numbers.
fn numbers<const N: usize>(
    class: &Class,
    field: &str,
    object: &Bound<'_, PyAny>,
    wanted: &str,
    names: [&str; N],
) -> PyResult<[f32; N]> {
    if !class.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{field}: a pulsedb.{wanted} is wanted, not {kind}")));
    }
    let mut numbers = [0.0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = Parts(object).read(name, self::number)?;
    }
    Ok(numbers)
}

/// How much score and energy count.
pub(crate) fn recall_weights(field: &str, object: &Bound<'_, PyAny>) -> PyResult<RecallWeights> {
    let [similarity, energy] =
        numbers(&RECALL_WEIGHTS, field, object, "RecallWeights", ["similarity", "energy"])?;
    Ok(RecallWeights { similarity, energy })
}

/// The shares of the signals of a text.
pub(crate) fn signal_weights(field: &str, object: &Bound<'_, PyAny>) -> PyResult<SignalWeights> {
    let names = ["lexical", "vector", "late"];
    let [lexical, vector, late] = numbers(&SIGNAL_WEIGHTS, field, object, "SignalWeights", names)?;
    Ok(SignalWeights { lexical, vector, late })
}

/// How much what surrounds a record counts.
pub(crate) fn context_weights(field: &str, object: &Bound<'_, PyAny>) -> PyResult<ContextWeights> {
    let names = ["session", "window", "question", "agent"];
    let [session, window, question, agent] =
        numbers(&CONTEXT_WEIGHTS, field, object, "ContextWeights", names)?;
    Ok(ContextWeights { session, window, question, agent })
}
