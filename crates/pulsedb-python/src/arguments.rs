//! What Python hands over: ids, texts, numbers, moments and vectors, each refused by name.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pulsedb::{PulseDBError, Timestamp, ValidationError};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::classes::Class;
use crate::errors;

static UUID: Class = Class::new("uuid", "UUID");
static DATETIME: Class = Class::new("datetime", "datetime");
static TIMEDELTA: Class = Class::new("datetime", "timedelta");
static TIMEZONE: Class = Class::new("datetime", "timezone");

/// An identifier, as text or as `uuid.UUID`.
pub(crate) struct Id<T>(pub(crate) T);

impl<'py, T: FromStr<Err = ValidationError>> FromPyObject<'_, 'py> for Id<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = if UUID.has(&object)? { object.str()?.into_any() } else { object.to_owned() };
        let Text(text) = text.extract()?;
        text.parse().map(Self).map_err(|error| errors::raised(object.py(), &PulseDBError::Validation(error)))
    }
}

/// A text. Python's may hold halves of characters, which no UTF-8 has.
pub(crate) struct Text(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let python = object.py();
        let text = object.cast::<PyString>()?;
        match text.to_cow() {
            Ok(text) => Ok(Self(text.into_owned())),
            Err(error) if error.is_instance_of::<PyUnicodeError>(python) => {
                let reason = format!("{}; replace the surrogates in it", error.value(python));
                Err(errors::refused(python, "text", reason))
            }
            Err(error) => Err(error),
        }
    }
}

/// A number that the database keeps as `f32`.
pub(crate) struct Number(pub(crate) f32);

impl<'py> FromPyObject<'_, 'py> for Number {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<f64>() {
            Ok(number) => Ok(Self(number as f32)),
            Err(error) => Err(in_range(object, error, "a number that a float holds")),
        }
    }
}

/// How many.
pub(crate) struct Count(pub(crate) usize);

impl<'py> FromPyObject<'_, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Self).map_err(|error| in_range(object, error, "within 0..=2**64 - 1"))
    }
}

/// The number of a change.
pub(crate) struct Sequence(pub(crate) u64);

impl<'py> FromPyObject<'_, 'py> for Sequence {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Self).map_err(|error| in_range(object, error, "within 0..=2**64 - 1"))
    }
}

fn in_range(object: Borrowed<'_, '_, PyAny>, error: PyErr, wanted: &str) -> PyErr {
    let python = object.py();
    if !error.is_instance_of::<PyOverflowError>(python) {
        return error;
    }
    // An integer of a million digits is not printed.
    errors::refused(python, "number", format!("it is not {wanted}"))
}

/// A moment: an aware `datetime`, rounded to milliseconds.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'py> FromPyObject<'_, 'py> for Moment {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let python = object.py();
        if !DATETIME.has(&object)? {
            let kind = object.get_type().name()?;
            return Err(PyTypeError::new_err(format!("a datetime is wanted, not {kind}")));
        }
        if object.call_method0("utcoffset")?.is_none() {
            let reason = "it has no time zone; pass an aware one, such as datetime.now(timezone.utc)";
            return Err(errors::refused(python, "datetime", reason));
        }
        let seconds: f64 = object.call_method0("timestamp")?.extract()?;
        Ok(Self(Timestamp::from_millis((seconds * 1000.0).round() as i64)))
    }
}

/// A moment as an aware `datetime` of UTC.
pub(crate) fn datetime(python: Python<'_>, moment: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(python, || {
        let utc = TIMEZONE.get(python)?.getattr("utc")?;
        PyResult::Ok(DATETIME.get(python)?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind())
    })?;
    let since = TIMEDELTA.get(python)?.call1((0, 0, 0, moment.as_millis()));
    since.and_then(|since| epoch.bind(python).add(since)).map_err(|_| {
        let reason = format!("{} ms after 1970 is outside of the years 1 to 9999", moment.as_millis());
        errors::refused(python, "datetime", reason)
    })
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

/// A vector: a one-dimensional `float32` array, in whatever order its parts are, or a list or tuple of numbers.
pub(crate) fn vector(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    if let Ok(array) = object.cast::<PyArray1<f32>>() {
        // Rust reads aligned numbers only; numpy copies into an aligned array.
        let is_aligned = array.getattr("flags")?.getattr("aligned")?.is_truthy()?;
        let aligned = if is_aligned { None } else { Some(array.call_method0("copy")?) };
        let array = match &aligned {
            Some(copy) => copy.cast::<PyArray1<f32>>()?,
            None => array,
        };
        // A copy, since Python may change the array while the database works with it.
        return Ok(array.try_readonly().map_err(PyErr::from)?.as_array().to_vec());
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return object.try_iter()?.map(|number| Ok(number?.extract::<Number>()?.0)).collect();
    }
    let python = object.py();
    let found = match object.cast::<PyUntypedArray>() {
        Ok(array) => format!("an array of {} with {} dimensions", array.dtype(), array.ndim()),
        Err(_) => object.get_type().name()?.to_string(),
    };
    let message = format!(
        "{field}: a one-dimensional array of float32 is wanted, not {found}; use numpy.asarray(..., dtype=numpy.float32)"
    );
    Err(errors::not_a_vector(python, &message))
}

/// A vector as an argument.
pub(crate) struct Vector(pub(crate) Vec<f32>);

impl<'py> FromPyObject<'_, 'py> for Vector {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        vector("embedding", &object).map(Self)
    }
}

/// Every element of an iterable. One that raises raises here, before anything is done.
pub(crate) fn each<T>(
    iterable: &Bound<'_, PyAny>,
    mut read: impl FnMut(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if iterable.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "an iterable of several is wanted, not one str; put it into a list",
        ));
    }
    iterable.try_iter()?.map(|item| read(&item?)).collect()
}

/// Every id of an iterable.
pub(crate) fn ids<T: FromStr<Err = ValidationError>>(iterable: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    each(iterable, |item| Ok(item.extract::<Id<T>>()?.0))
}

/// Every text of an iterable.
pub(crate) fn texts(iterable: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    each(iterable, |item| Ok(item.extract::<Text>()?.0))
}

/// Ids as Python sees them.
pub(crate) fn named<T: Display>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
