//! Calls on what happens: the change log, and streams of it.

use pulsedb::{CollectiveId, WatchFilter};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Id, Number, Sequence, texts};
use crate::watch::Watch;
use crate::{fields, kinds, results};

#[pymethods]
impl Database {
    /// The number of the last change that any process has committed. Asking for it is the cheapest way to learn whether
    /// anything is new.
    #[getter]
    fn sequence(&self, python: Python<'_>) -> PyResult<u64> {
        self.apart(python, |db| match db.get_current_sequence() {
            // That of a new database, or of one that cannot be asked any more, which says so here.
            0 => db.list_collectives().map(|_| 0),
            sequence => Ok(sequence),
        })
    }

    /// The changes of a collective's experiences after a number, at most 1000, and the number to go on from. There is
    /// nothing new if that is the number that was passed in.
    #[pyo3(signature = (collective, since = None))]
    fn changes<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
        since: Option<Sequence<fields::Since>>,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, u64)> {
        let since = since.map_or(0, |since| since.0);
        let (events, next) = self.apart(python, |db| db.poll_changes(collective.0, since))?;
        Ok((results::each(python, &events, results::event)?, next))
    }

    /// A stream of the changes of a collective's experiences from now on, by any process; with `since`, first those that the
    /// log holds after that number. Only those of `domains`, `types` and at least `min_importance`, if these are given.
    #[pyo3(signature = (collective, *, since = None, domains = None, types = None, min_importance = None))]
    fn watch(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        since: Option<Sequence<fields::Since>>,
        domains: Option<&Bound<'_, PyAny>>,
        types: Option<&Bound<'_, PyAny>>,
        min_importance: Option<Number<fields::MinImportance>>,
    ) -> PyResult<Watch> {
        let several =
            |name: &str, value: Option<&Bound<'_, PyAny>>| value.map(|value| texts(name, value)).transpose();
        let types = several("types", types)?;
        let filter = WatchFilter {
            domains: several("domains", domains)?,
            experience_types: types.map(|names| kinds::filtered(&names, python)).transpose()?,
            min_importance: min_importance.map(|number| number.0),
        };
        let stream = self.apart(python, |db| {
            // It fails where the database is closed or has no such collective, and a stream would be empty.
            db.get_recent_experiences(collective.0, 1)?;
            match since {
                Some(since) => db.watch_from(collective.0, filter, since.0),
                None => Ok(db.watch_experiences_filtered(collective.0, filter)),
            }
        })?;
        Ok(Watch::new(stream))
    }
}
