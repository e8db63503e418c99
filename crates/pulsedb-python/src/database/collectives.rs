//! Calls on collectives.

use pulsedb::CollectiveId;
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Id, Text};
use crate::{fields, results};

#[pymethods]
impl Database {
    /// The id of the collective of this name, which is made if it is missing: any number of callers, in any processes, get
    /// one id.
    fn collective(&self, python: Python<'_>, name: Text<fields::Name>) -> PyResult<String> {
        Ok(self.change(python, move |db| db.get_or_create_collective(&name.0))?.to_string())
    }

    /// Makes a collective, whose name must be free.
    #[pyo3(signature = (name, *, owner = None))]
    fn create_collective(
        &self,
        python: Python<'_>,
        name: Text<fields::Name>,
        owner: Option<Text<fields::Owner>>,
    ) -> PyResult<String> {
        let made = self.change(python, move |db| match &owner {
            Some(owner) => db.create_collective_with_owner(&name.0, &owner.0),
            None => db.create_collective(&name.0),
        })?;
        Ok(made.to_string())
    }

    /// A collective, or `None` if there is none of this id.
    fn get_collective<'py>(
        &self,
        python: Python<'py>,
        id: Id<CollectiveId, fields::Identifier>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.apart(python, |db| db.get_collective(id.0))?;
        found.map(|row| results::collective(python, &row)).transpose()
    }

    /// Every collective, or those of an owner, oldest first.
    #[pyo3(signature = (*, owner = None))]
    fn collectives<'py>(
        &self,
        python: Python<'py>,
        owner: Option<Text<fields::Owner>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let rows = self.apart(python, |db| match &owner {
            Some(owner) => db.list_collectives_by_owner(&owner.0),
            None => db.list_collectives(),
        })?;
        results::each(python, &rows, results::collective)
    }

    /// Exact counts of a collective.
    fn collective_stats<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let stats = self.apart(python, |db| db.get_collective_stats(collective.0))?;
        results::collective_stats(python, &stats)
    }

    /// Gives a collective another name.
    fn rename_collective(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        name: Text<fields::Name>,
    ) -> PyResult<()> {
        self.change(python, move |db| db.rename_collective(collective.0, &name.0))
    }

    /// Deletes a collective with everything in it, in one step.
    fn delete_collective(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
    ) -> PyResult<()> {
        self.patiently(python, move |db| db.delete_collective(collective.0))
    }
}
