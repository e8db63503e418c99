//! The parts of a dataclass, each read by a function and refused by its name.

use pyo3::prelude::*;

/// An object, for its attributes.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>);

impl<'py> Parts<'_, 'py> {
    /// A part that must be there.
    pub(crate) fn read<T>(
        self,
        name: &str,
        read: impl FnOnce(&str, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<T> {
        read(name, &self.0.getattr(name)?)
    }

    /// A part that may be `None`.
    pub(crate) fn given<T>(
        self,
        name: &str,
        read: impl FnOnce(&str, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Option<T>> {
        self.read(name, |name, value| if value.is_none() { Ok(None) } else { read(name, value).map(Some) })
    }

    /// A part that is true or false.
    pub(crate) fn is(self, name: &str) -> PyResult<bool> {
        self.0.getattr(name)?.is_truthy()
    }
}
