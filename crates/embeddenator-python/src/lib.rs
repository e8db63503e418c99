//! The Python module of Embeddenator: codes as objects and numpy arrays, and engrams.
//!
//! The package is `embeddenator`; this is its native part. What Python sees is described in
//! `python/embeddenator/__init__.pyi`.

mod bytes;
mod codes;
mod engrams;
mod errors;
mod reports;

use pyo3::prelude::*;

/// The module as Python imports it.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<codes::Code>()?;
    module.add_class::<engrams::Engram>()?;
    module.add_class::<reports::Snapshot>()?;
    module.add_class::<reports::Entry>()?;
    module.add_class::<reports::Hit>()?;
    module.add_class::<reports::VerifyReport>()?;
    module.add_function(wrap_pyfunction!(codes::similarities, module)?)?;
    errors::register(module)
}
