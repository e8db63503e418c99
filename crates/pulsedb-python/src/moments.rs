//! Moments and spans of time: `datetime` and `timedelta` objects.

use std::ops::RangeInclusive;
use std::time::Duration;

use pulsedb::Timestamp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::classes::Class;
use crate::errors;

static DATETIME: Class = Class::new("datetime", "datetime");
static TIMEDELTA: Class = Class::new("datetime", "timedelta");
static TIMEZONE: Class = Class::new("datetime", "timezone");

/// The milliseconds after 1970 that a `datetime` of UTC can tell: those of the years 1 to 9999.
const TOLD: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// A moment; what is less than a millisecond is dropped.
pub(crate) fn read(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    let python = object.py();
    if !DATETIME.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a datetime is wanted, not {kind}")));
    }
    if object.call_method0("utcoffset")?.is_none() {
        let reason = "it has no time zone; pass an aware one, such as datetime.now(timezone.utc)";
        return Err(errors::refused(python, field, reason));
    }
    let since = object.sub(epoch(python)?)?;
    let part = |name: &str| since.getattr(name)?.extract::<i64>();
    // The microseconds are never negative.
    let millis = part("days")? * 86_400_000 + part("seconds")? * 1000 + part("microseconds")? / 1000;
    if !TOLD.contains(&millis) {
        return Err(errors::refused(python, field, "it is outside of the years 1 to 9999 in UTC"));
    }
    Ok(Timestamp::from_millis(millis))
}

/// A moment as an aware `datetime` of UTC. One that no `datetime` can tell is the first or the last one.
pub(crate) fn datetime(python: Python<'_>, moment: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let millis = moment.as_millis().clamp(*TOLD.start(), *TOLD.end());
    epoch(python)?.add(TIMEDELTA.get(python)?.call1((0, 0, 0, millis))?)
}

/// A moment, if there is one.
pub(crate) fn maybe_datetime(
    python: Python<'_>,
    moment: Option<Timestamp>,
) -> PyResult<Option<Bound<'_, PyAny>>> {
    moment.map(|moment| datetime(python, moment)).transpose()
}

/// A span of time: a `timedelta` that is not negative.
pub(crate) fn span(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Duration> {
    if !TIMEDELTA.has(object)? {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{field}: a timedelta is wanted, not {kind}")));
    }
    object.extract().map_err(|_| errors::refused(object.py(), field, "it is a negative span of time"))
}

fn epoch(python: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(python, || {
        let utc = TIMEZONE.get(python)?.getattr("utc")?;
        PyResult::Ok(DATETIME.get(python)?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind())
    })?;
    Ok(epoch.bind(python))
}
