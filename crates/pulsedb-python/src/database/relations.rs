//! Calls on relations between experiences.

use pulsedb::{
    CollectiveId, ExperienceId, NewExperienceRelation, RelationDirection, RelationId, RelationType,
};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Count, Id, Number, Text, each};
use crate::experience::Experience;
use crate::fields;
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
        source: Id<ExperienceId, fields::Source>,
        target: Id<ExperienceId, fields::Target>,
        r#type: Option<&Bound<'_, PyAny>>,
        strength: Option<Number<fields::Strength>>,
        metadata: Option<Text<fields::Metadata>>,
    ) -> PyResult<String> {
        let default = NewExperienceRelation::default();
        let new = NewExperienceRelation {
            source_id: source.0,
            target_id: target.0,
            relation_type: r#type
                .map(|kind| RelationType::read("type", kind))
                .transpose()?
                .unwrap_or_default(),
            strength: strength.map_or(default.strength, |number| number.0),
            metadata: metadata.map(|text| text.0),
        };
        Ok(self.change(python, move |db| db.store_relation(new))?.to_string())
    }

    /// Records an experience (a `NewExperience` or a text) that takes the place of another, which searches no longer find.
    /// One commit; gives the id of the new one.
    fn supersede(
        &self,
        python: Python<'_>,
        id: Id<ExperienceId, fields::Identifier>,
        new: &Bound<'_, PyAny>,
    ) -> PyResult<String> {
        let new = inputs::experience("new", new)?;
        Ok(self.change(python, move |db| db.supersede_experience(id.0, new))?.to_string())
    }

    /// All that an experience supersedes or is superseded by, at once or through others, oldest first.
    fn history(
        &self,
        python: Python<'_>,
        id: Id<ExperienceId, fields::Identifier>,
    ) -> PyResult<Vec<Experience>> {
        let rows = self.apart(python, |db| db.get_history(id.0))?;
        Ok(rows.into_iter().map(Experience::from).collect())
    }

    /// A relation, or `None` if there is none of this id.
    fn get_relation<'py>(
        &self,
        python: Python<'py>,
        id: Id<RelationId, fields::Identifier>,
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
        id: Id<ExperienceId, fields::Identifier>,
        direction: Option<&Bound<'py, PyAny>>,
        r#type: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Vec<(Experience, Bound<'py, PyAny>)>> {
        let direction = direction
            .map(|direction| RelationDirection::read("direction", direction))
            .transpose()?
            .unwrap_or_default();
        let kind = r#type.map(|kind| RelationType::read("type", kind)).transpose()?;
        let rows = self.apart(python, |db| db.get_related_experiences_filtered(id.0, direction, kind))?;
        rows.into_iter()
            .map(|(other, relation)| Ok((other.into(), results::relation(python, &relation)?)))
            .collect()
    }

    /// Deletes a relation.
    fn delete_relation(&self, python: Python<'_>, id: Id<RelationId, fields::Identifier>) -> PyResult<()> {
        self.change(python, move |db| db.delete_relation(id.0))
    }

    /// Relations of a collective in order of their ids, at most `limit`: 1 to 1000, 100 unless it is given.
    #[pyo3(signature = (collective, *, limit = None, offset = None))]
    fn relations<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
        limit: Option<Count<fields::Limit>>,
        offset: Option<Count<fields::Offset>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let limit = limit.map_or(100, |limit| limit.0);
        let offset = offset.map_or(0, |offset| offset.0);
        let rows = self.apart(python, |db| db.list_relations(collective.0, limit, offset))?;
        results::each(python, &rows, results::relation)
    }

    /// Stores relations as they are, with their ids and times. All or none.
    fn restore_relations(&self, python: Python<'_>, relations: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = each("relations", relations, results::read_relation)?;
        self.patiently(python, move |db| db.restore_relations(rows))
    }
}
