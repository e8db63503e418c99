//! The Python module of PulseDB: the database, what it returns, and streams of its changes.
//!
//! The package is `pulsedb`; this is its native part. What callers build, small results and exceptions are classes of
//! Python in `python/pulsedb`, which this crate reads and makes; whole experiences stay in Rust until an attribute is read.

mod arguments;
mod bell;
mod classes;
mod context;
mod database;
mod embedder;
mod errors;
mod experience;
mod fields;
mod functions;
mod inputs;
mod kinds;
mod moments;
mod parts;
mod patience;
mod queries;
mod results;
mod settings;
mod vectors;
mod watch;

use pyo3::prelude::*;

/// The module as Python imports it.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<database::Database>()?;
    module.add_class::<experience::Experience>()?;
    module.add_class::<experience::SearchResult>()?;
    module.add_class::<context::Context>()?;
    module.add_class::<watch::Watch>()?;
    module.add_function(wrap_pyfunction!(functions::energy, module)?)?;
    module.add_function(wrap_pyfunction!(functions::matched, module)?)?;
    module.add_function(wrap_pyfunction!(functions::passage, module)?)
}
