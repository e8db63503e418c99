//! Errors of the libraries as exceptions of Python.

use embeddenator_fs::Category;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

create_exception!(embeddenator, EngramError, PyException, "An engram cannot be made, read or brought out.");
create_exception!(embeddenator, NotFoundError, EngramError, "Something that was named does not exist.");
create_exception!(embeddenator, BusyError, EngramError, "Another process writes to the engram.");
create_exception!(embeddenator, DamagedError, EngramError, "Stored bytes are not as they were written.");

/// Adds the exceptions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let python = module.py();
    module.add("EngramError", python.get_type::<EngramError>())?;
    module.add("NotFoundError", python.get_type::<NotFoundError>())?;
    module.add("BusyError", python.get_type::<BusyError>())?;
    module.add("DamagedError", python.get_type::<DamagedError>())
}

/// An error of an engram.
pub(crate) fn of_engram(error: embeddenator_fs::Error) -> PyErr {
    let message = error.to_string();
    match error.category() {
        Category::NotFound => NotFoundError::new_err(message),
        Category::Busy => BusyError::new_err(message),
        Category::Damaged => DamagedError::new_err(message),
        Category::Usage => PyValueError::new_err(message),
        _ => EngramError::new_err(message),
    }
}

/// An error of a code: all are about what was handed over.
pub(crate) fn of_code(error: embeddenator_vsa::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}
