//! Vectors: arrays of numpy, lists and tuples.

use numpy::{PyArray1, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::arguments::number;
use crate::errors;

/// A vector: a one-dimensional `float32` array, contiguous or not, or a list or tuple of numbers.
pub(crate) fn read(field: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    if let Ok(array) = object.cast::<PyArray1<f32>>()
        && !object.hasattr("mask")?
    {
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
        return object.try_iter()?.map(|part| number(field, &part?)).collect();
    }
    refused(field, "a one-dimensional array of float32", object)
}

/// A vector as an argument.
pub(crate) struct Vector(pub(crate) Vec<f32>);

impl<'py> FromPyObject<'_, 'py> for Vector {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        read("embedding", &object).map(Self)
    }
}

/// Refuses what is no vector, with what would make it one.
pub(crate) fn refused<T>(field: &str, wanted: &str, object: &Bound<'_, PyAny>) -> PyResult<T> {
    let (found, remedy) = match object.cast::<PyUntypedArray>() {
        Ok(array) if array.ndim() != 1 => {
            let found = format!("an array with {} dimensions", array.ndim());
            (found, "pass one row of it, such as array[0], or array.ravel()")
        }
        Ok(_) if object.hasattr("mask")? => {
            ("a masked array".to_owned(), "pass array.filled(...) or array.compressed()")
        }
        Ok(array) => (format!("an array of {}", array.dtype()), "pass array.astype(numpy.float32)"),
        Err(_) => {
            let found = object.get_type().name()?.to_string();
            (found, "pass a list of numbers or numpy.asarray(..., dtype=numpy.float32)")
        }
    };
    let message = format!("{field}: {wanted} is wanted, not {found}; {remedy}");
    Err(errors::not_a_vector(object.py(), &message))
}
