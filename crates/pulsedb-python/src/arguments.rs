//! What Python hands over: ids, texts, numbers, paths and moments, each refused by its name.

use std::fmt::Display;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

use pulsedb::{Timestamp, ValidationError};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::classes::Class;
use crate::errors;
use crate::fields::Field;
use crate::moments;

static UUID: Class = Class::new("uuid", "UUID");

/// Declares a kind of argument, which is read by a function of its name and of the object.
macro_rules! argument {
    ($(#[$docs:meta])* $argument:ident($value:ty), $read:path) => {
        $(#[$docs])*
        pub(crate) struct $argument<F>(pub(crate) $value, PhantomData<F>);

        impl<'py, F: Field> FromPyObject<'_, 'py> for $argument<F> {
            type Error = PyErr;

            fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
                $read(F::NAME, &object).map(|value| Self(value, PhantomData))
            }
        }
    };
}

argument! {
    /// A text. Python's may hold halves of characters, which no UTF-8 has.
    Text(String), read_text
}
argument! {
    /// A number that the database keeps as `f32`.
    Number(f32), read_number
}
argument! {
    /// How many.
    Count(usize), read_whole
}
argument! {
    /// How many times.
    Times(u32), read_whole
}
argument! {
    /// The number of a change.
    Sequence(u64), read_whole
}
argument! {
    /// A moment: an aware `datetime`; what is less than a millisecond is dropped.
    Moment(Timestamp), moments::read
}
argument! {
    /// A directory.
    Directory(PathBuf), read_directory
}

/// An identifier, as text or as `uuid.UUID`.
pub(crate) struct Id<T, F>(pub(crate) T, PhantomData<F>);

impl<'py, T: FromStr<Err = ValidationError>, F: Field> FromPyObject<'_, 'py> for Id<T, F> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        read_id(F::NAME, &object).map(|id| Self(id, PhantomData))
    }
}

/// A part of a dataclass as a text.
pub(crate) fn text(field: &str, object: &Bound<'_, PyAny>) -> PyResult<String> {
    read_text(field, object).map_err(|error| within(object.py(), field, error))
}

/// A part of a dataclass as a number.
pub(crate) fn number(field: &str, object: &Bound<'_, PyAny>) -> PyResult<f32> {
    read_number(field, object).map_err(|error| within(object.py(), field, error))
}

/// A part of a dataclass as a whole number.
pub(crate) fn whole<'py, T: for<'a> FromPyObject<'a, 'py, Error = PyErr>>(
    field: &str,
    object: &Bound<'py, PyAny>,
) -> PyResult<T> {
    read_whole(field, object).map_err(|error| within(object.py(), field, error))
}

/// A part of a dataclass as a moment.
pub(crate) fn moment(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    moments::read(field, object).map_err(|error| within(object.py(), field, error))
}

/// A part of a dataclass as an id.
pub(crate) fn id<T: FromStr<Err = ValidationError>>(field: &str, object: &Bound<'_, PyAny>) -> PyResult<T> {
    read_id(field, object).map_err(|error| within(object.py(), field, error))
}

/// Every element of an iterable. One that raises raises here, before anything is done.
pub(crate) fn each<T>(
    field: &str,
    iterable: &Bound<'_, PyAny>,
    mut read: impl FnMut(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if iterable.is_instance_of::<PyString>() {
        let message = format!("{field}: expected an iterable, not a single str; wrap it in a list");
        return Err(PyTypeError::new_err(message));
    }
    let elements = iterable.try_iter().map_err(|error| within(iterable.py(), field, error))?;
    elements.map(|item| read(&item?)).collect()
}

/// Every id of an iterable.
pub(crate) fn ids<T: FromStr<Err = ValidationError>>(
    field: &str,
    iterable: &Bound<'_, PyAny>,
) -> PyResult<Vec<T>> {
    each(field, iterable, |item| id(field, item))
}

/// Every text of an iterable.
pub(crate) fn texts(field: &str, iterable: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    each(field, iterable, |item| text(field, item))
}

/// Ids as Python sees them.
pub(crate) fn named<T: Display>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// The error of Python for an object of another type, with the name of the part; that of an argument has it already.
fn within(python: Python<'_>, field: &str, error: PyErr) -> PyErr {
    if error.get_type(python).is(python.get_type::<PyTypeError>()) {
        return PyTypeError::new_err(format!("{field}: {}", error.value(python)));
    }
    error
}

fn read_text(field: &str, object: &Bound<'_, PyAny>) -> PyResult<String> {
    let python = object.py();
    let text = object.cast::<PyString>()?;
    match text.to_cow() {
        Ok(text) => Ok(text.into_owned()),
        Err(error) if error.is_instance_of::<PyUnicodeError>(python) => {
            let reason = format!("{}; replace the surrogates in it", error.value(python));
            Err(errors::refused(python, field, reason))
        }
        Err(error) => Err(error),
    }
}

fn read_id<T: FromStr<Err = ValidationError>>(field: &str, object: &Bound<'_, PyAny>) -> PyResult<T> {
    let text = if UUID.has(object)? { object.str()?.into_any() } else { object.to_owned() };
    let text = read_text(field, &text)?;
    text.parse().map_err(|error| match error {
        ValidationError::InvalidField { reason, .. } => {
            let remedy = if field == "collective" {
                "; `Database.collective(name)` gives the id of a name"
            } else {
                ""
            };
            errors::refused(object.py(), field, format!("{reason}{remedy}"))
        }
        error => errors::raised(object.py(), &error.into()),
    })
}

fn read_number(field: &str, object: &Bound<'_, PyAny>) -> PyResult<f32> {
    match object.extract::<f64>() {
        Ok(number) => Ok(number as f32),
        Err(error) => Err(in_range(field, object, error, "a number that a float holds")),
    }
}

fn read_whole<'py, T: for<'a> FromPyObject<'a, 'py, Error = PyErr>>(
    field: &str,
    object: &Bound<'py, PyAny>,
) -> PyResult<T> {
    let last = u128::MAX >> (128 - 8 * size_of::<T>());
    object.extract().map_err(|error| in_range(field, object, error, &format!("within 0..={last}")))
}

fn read_directory(field: &str, object: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    let python = object.py();
    match object.extract::<PathBuf>() {
        Ok(path) if path.as_os_str().is_empty() => {
            Err(errors::refused(python, field, "it is empty; use \".\" for the current directory"))
        }
        Err(error) if error.is_instance_of::<PyUnicodeError>(python) => {
            let reason = format!("{}; no file can have this name", error.value(python));
            Err(errors::refused(python, field, reason))
        }
        outcome => outcome,
    }
}

fn in_range(field: &str, object: &Bound<'_, PyAny>, error: PyErr, wanted: &str) -> PyErr {
    let python = object.py();
    if !error.is_instance_of::<PyOverflowError>(python) {
        return error;
    }
    // An integer of a million digits is not printed.
    errors::refused(python, field, format!("it is not {wanted}"))
}
