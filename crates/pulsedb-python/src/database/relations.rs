//! Calls on relations between experiences.

use pulsedb::{
    CollectiveId, ExperienceId, NewExperienceRelation, RelationDirection, RelationId, RelationType,
};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Count, Id, Number, Text, each};
use crate::experience::Experience;
use crate::inputs;
use crate::kinds::Named;
use crate::results;

#[pymethods]
impl Database {
    /// Stores a relation between two experiences of one collective, and gives its id: "supports", "contradicts",
    /// "elaborates", "supersedes", "implies" or `"related_to"`.
    #[pyo3(signature = (source, target, r#type = None, *, strength = None, metadata = None))]
    fn relate(
        &self,
        python: Python<'_>,
        source: Id<ExperienceId>,
        target: Id<ExperienceId>,
        r#type: Option<&Bound<'_, PyAny>>,
        strength: Option<Number>,
        metadata: Option<Text>,
    ) -> PyResult<String> {
        let default = NewExperienceRelation::default();
        let new = NewExperienceRelation {
            source_id: source.0,
            target_id: target.0,
            relation_type: r#type.map(RelationType::read).transpose()?.unwrap_or_default(),
            strength: strength.map_or(default.strength, |number| number.0),
            metadata: metadata.map(|text| text.0),
        };
        Ok(self.apart(python, |db| db.store_relation(new))?.to_string())
    }

    /// Records an experience (a `NewExperience` or a text) that takes the place of another, which searches no longer find.
    /// One commit; gives the id of the new one.
    fn supersede(
        &self,
        python: Python<'_>,
        id: Id<ExperienceId>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<String> {
        let new = inputs::experience(new)?;
        Ok(self.apart(python, |db| db.supersede_experience(id.0, new))?.to_string())
    }

    /// All that an experience supersedes or is superseded by, at once or through others, oldest first.
    fn history(&self, python: Python<'_>, id: Id<ExperienceId>) -> PyResult<Vec<Experience>> {
        let rows = self.apart(python, |db| db.get_history(id.0))?;
        Ok(rows.into_iter().map(Experience::from).collect())
    }

    /// A relation, or `None` if there is none of this id.
    fn get_relation<'py>(
        &self,
        python: Python<'py>,
        id: Id<RelationId>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.apart(python, |db| db.get_relation(id.0))?;
        found.map(|row| results::relation(python, &row)).transpose()
    }

    /// The experiences that an experience is related to, each with the relation. `direction` is "outgoing", "incoming" or
    /// "both".
    #[pyo3(signature = (id, direction = None, r#type = None))]
    fn related<'py>(
        &self,
        python: Python<'py>,
        id: Id<ExperienceId>,
        direction: Option<&Bound<'py, PyAny>>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Vec<(Experience, Bound<'py, PyAny>)>> {
        let direction = direction.map(RelationDirection::read).transpose()?.unwrap_or_default();
        let kind = r#type.map(RelationType::read).transpose()?;
        let rows = self.apart(python, |db| db.get_related_experiences_filtered(id.0, direction, kind))?;
        rows.into_iter()
            .map(|(other, relation)| Ok((other.into(), results::relation(python, &relation)?)))
            .collect()
    }

    /// Deletes a relation.
    fn delete_relation(&self, python: Python<'_>, id: Id<RelationId>) -> PyResult<()> {
        self.apart(python, |db| db.delete_relation(id.0))
    }

    /// Relations of a collective in order of their ids.
    #[pyo3(signature = (collective, *, limit = None, offset = None))]
    fn relations<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId>,
        limit: Option<Count>,
        offset: Option<Count>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let limit = limit.map_or(100, |limit| limit.0);
        let offset = offset.map_or(0, |offset| offset.0);
        let rows = self.apart(python, |db| db.list_relations(collective.0, limit, offset))?;
        results::each(python, &rows, results::relation)
    }

    /// Stores relations as they are, with their ids and times. All or none.
    fn restore_relations(&self, python: Python<'_>, relations: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = each(relations, results::read_relation)?;
        self.patiently(python, move |db| db.restore_relations(rows))
    }
}
