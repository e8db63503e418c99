//! Calls that maintain the database as a whole.

use std::sync::{Arc, Mutex, PoisonError};

use pulsedb::PulseDB;
use pyo3::prelude::*;

use super::Database;
use crate::arguments::Directory;
use crate::classes::Class;
use crate::embedder::Embedder;
use crate::{errors, fields, patience, results, settings};

static BACKUP: Class = Class::of_results("BackupReport");
static COMPACT: Class = Class::of_results("CompactReport");

#[pymethods]
impl Database {
    /// Sizes, readers, writers and counts.
    fn stats<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let stats = self.apart(python, PulseDB::stats)?;
        results::stats(python, &stats)
    }

    /// Compares every record with its index and checks every checksum. What is wrong is in the report, and is no error.
    fn check<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let report = self.patiently(python, PulseDB::check)?;
        results::check(python, &report)
    }

    /// Writes a consistent copy into a directory, which must be empty or missing. Readers and writers go on.
    fn backup<'py>(&self, python: Python<'py>, path: Directory<fields::Path>) -> PyResult<Bound<'py, PyAny>> {
        let report = self.patiently(python, move |db| db.backup(path.0))?;
        BACKUP.make(python, (report.path, report.bytes, report.sequence))
    }

    /// Gives free space back to the disk. No other process may have the database open.
    fn compact<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let report = self.patiently(python, PulseDB::compact)?;
        COMPACT.make(python, (report.bytes_before, report.bytes_after))
    }

    /// Moves the database to another embedder: every content gets a vector of it. `progress`, if it is given, is called with
    /// how many are done and how many there are; where it raises, the move stops. A move that was stopped goes on where it was
    /// when it is asked for again, and until it is done the old vectors stay in force.
    #[pyo3(signature = (embedder, progress = None))]
    fn reembed(
        &self,
        python: Python<'_>,
        embedder: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let embedder = Arc::new(Embedder::new(embedder)?);
        self.embedders.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&embedder));
        let raised = Arc::new(Mutex::new(None));
        let told = Arc::clone(&raised);
        let outcome = self.patiently(python, move |db| {
            db.reembed(Arc::clone(&embedder) as _, |at| {
                let Some(progress) = &progress else { return };
                let call = |python: Python<'_>| progress.call1(python, (at.done, at.total)).err();
                if let Some(error) = Python::try_attach(call).flatten() {
                    embedder.stop();
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            })
        });
        let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        raised.map_or(outcome, Err)
    }

    /// The live processes that have the database in a directory open for writing.
    #[staticmethod]
    fn writers(python: Python<'_>, path: Directory<fields::Path>) -> PyResult<Vec<Bound<'_, PyAny>>> {
        let holders = python.detach(|| PulseDB::writers(path.0));
        let holders = holders.map_err(|error| errors::raised(python, &error))?;
        results::each(python, &holders, results::holder)
    }

    /// Checks the database in a directory that no process has open, and builds a new file from its records if anything is
    /// wrong. The damaged file is kept beside it.
    #[staticmethod]
    #[pyo3(signature = (path, config = None))]
    fn repair<'py>(
        python: Python<'py>,
        path: Directory<fields::Path>,
        config: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let config = settings::config(config)?;
        let report = patience::run(python, move || PulseDB::repair(path.0, config))?;
        results::check(python, &report.map_err(|error| errors::raised(python, &error))?)
    }
}
