//! Classes of the Python package, found once and kept.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// A class of a module of Python.
pub(crate) struct Class {
    module: &'static str,
    name: &'static str,
    found: PyOnceLock<Py<PyType>>,
}

impl Class {
    /// The class of this name; it is looked for when it is first needed.
    pub(crate) const fn new(module: &'static str, name: &'static str) -> Self {
        Self { module, name, found: PyOnceLock::new() }
    }

    /// A class among those that callers build.
    pub(crate) const fn of_records(name: &'static str) -> Self {
        Self::new("pulsedb._records", name)
    }

    /// A class among those of small results.
    pub(crate) const fn of_results(name: &'static str) -> Self {
        Self::new("pulsedb._results", name)
    }

    /// The class itself.
    pub(crate) fn get<'py>(&self, python: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        self.found.import(python, self.module, self.name)
    }

    /// An object of the class, made of its parts in order.
    pub(crate) fn make<'py, A>(&self, python: Python<'py>, parts: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: pyo3::call::PyCallArgs<'py>,
    {
        self.get(python)?.call1(parts)
    }

    /// Whether an object is of the class.
    pub(crate) fn has(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        object.is_instance(self.get(object.py())?)
    }
}
