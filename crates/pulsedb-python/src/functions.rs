//! Functions that need no database.

use std::ops::Range;

use pulsedb::{DecayConfig, OwnedQuery};
use pyo3::prelude::*;

use crate::arguments::{Moment, Number, Text, Times};
use crate::moments::span;
use crate::{errors, fields, queries};

/// The energy of an experience at `now`, 0 to 1: it fades with time, and more slowly the more the experience is used.
#[pyfunction]
#[pyo3(signature = (importance, applications, last_reinforced, now, *, half_life = None, freq_weight = None))]
pub(crate) fn energy(
    python: Python<'_>,
    importance: Number<fields::Importance>,
    applications: Times<fields::Applications>,
    last_reinforced: Moment<fields::LastReinforced>,
    now: Moment<fields::Now>,
    half_life: Option<Bound<'_, PyAny>>,
    freq_weight: Option<Number<fields::FreqWeight>>,
) -> PyResult<f32> {
    for (name, number) in
        [("importance", Some(&importance.0)), ("freq_weight", freq_weight.as_ref().map(|it| &it.0))]
    {
        if let Some(number) = number.filter(|number| !number.is_finite()) {
            return Err(errors::refused(python, name, format!("{number} is not finite")));
        }
    }
    let mut decay = DecayConfig::default();
    if let Some(half_life) = half_life {
        decay.half_life = span("half_life", &half_life)?;
    }
    if let Some(weight) = freq_weight {
        decay.freq_weight = weight.0;
    }
    Ok(pulsedb::energy(importance.0, applications.0, last_reinforced.0, now.0, &decay))
}

/// The parts of a text that a query names, as `(start, end)` for slices of it.
#[pyfunction]
pub(crate) fn matched(
    python: Python<'_>,
    query: &Bound<'_, PyAny>,
    text: Text<fields::Text>,
) -> PyResult<Vec<(usize, usize)>> {
    let query = queries::query(query)?;
    Ok(python.detach(|| {
        let found = pulsedb::matched(query.as_query(), &text.0);
        found.into_iter().map(|range| characters(&text.0, range)).collect()
    }))
}

/// The passage of a content that is nearest to a query: some lines or sentences.
#[pyfunction]
pub(crate) fn passage(
    python: Python<'_>,
    query: &Bound<'_, PyAny>,
    content: Text<fields::Content>,
) -> PyResult<String> {
    let query: OwnedQuery = queries::query(query)?;
    Ok(python.detach(|| {
        let range = pulsedb::passage(query.as_query(), &content.0);
        content.0.get(range).unwrap_or_default().to_owned()
    }))
}

/// A range of bytes as one of characters, by which Python counts.
fn characters(text: &str, range: Range<usize>) -> (usize, usize) {
    let count = |end: usize| text.get(..end).map_or(0, |before| before.chars().count());
    (count(range.start), count(range.end))
}
