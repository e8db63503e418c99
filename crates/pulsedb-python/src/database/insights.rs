//! Calls on insights: what agents derive from several experiences.

use pulsedb::{CollectiveId, ExperienceId, InsightFilter, InsightId, InsightType, NewDerivedInsight};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Count, Id, Number, Text, each, ids, texts};
use crate::kinds::Named;
use crate::vectors::Vector;
use crate::{fields, queries, results};

#[pymethods]
impl Database {
    /// Stores an insight and gives its id. `sources` are the ids of the experiences that it follows from; `type` is
    /// "pattern", "synthesis", "abstraction" or "correlation".
    #[pyo3(signature = (content, sources, *, collective = None, embedding = None, r#type = None, confidence = None,
        domain = None))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn store_insight(
        &self,
        python: Python<'_>,
        content: Text<fields::Content>,
        sources: &Bound<'_, PyAny>,
        collective: Option<Id<CollectiveId, fields::Collective>>,
        embedding: Option<Vector>,
        r#type: Option<&Bound<'_, PyAny>>,
        confidence: Option<Number<fields::Confidence>>,
        domain: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let default = NewDerivedInsight::default();
        let new = NewDerivedInsight {
            collective_id: collective.map_or(default.collective_id, |id| id.0),
            content: content.0,
            embedding: embedding.map(|vector| vector.0),
            source_experience_ids: ids("sources", sources)?,
            insight_type: r#type.map(|kind| InsightType::read("type", kind)).transpose()?.unwrap_or_default(),
            confidence: confidence.map_or(default.confidence, |number| number.0),
            domain: domain.map(|domain| texts("domain", domain)).transpose()?.unwrap_or_default(),
        };
        Ok(self.change(python, move |db| db.store_insight(new))?.to_string())
    }

    /// An insight, or `None` if there is none of this id.
    fn get_insight<'py>(
        &self,
        python: Python<'py>,
        id: Id<InsightId, fields::Identifier>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.apart(python, |db| db.get_insight(id.0))?;
        found.map(|row| results::insight(python, &row)).transpose()
    }

    /// The insights that answer a query best, best first, each with its score. `k`, 1 to 1000, is 10 unless it is given.
    #[pyo3(signature = (collective, query, *, k = None, domains = None, types = None, min_confidence = None))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn search_insights<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
        query: &Bound<'py, PyAny>,
        k: Option<Count<fields::K>>,
        domains: Option<&Bound<'py, PyAny>>,
        types: Option<&Bound<'py, PyAny>>,
        min_confidence: Option<Number<fields::MinConfidence>>,
    ) -> PyResult<Vec<(Bound<'py, PyAny>, f32)>> {
        let query = queries::query(query)?;
        let filter = InsightFilter {
            domains: domains.map(|domains| texts("domains", domains)).transpose()?,
            insight_types: types
                .map(|types| each("types", types, |kind| InsightType::read("types", kind)))
                .transpose()?,
            min_confidence: min_confidence.map(|number| number.0),
        };
        let k = k.map_or(10, |count| count.0);
        let rows = self.apart(python, |db| db.search_insights(collective.0, query.as_query(), k, filter))?;
        results::scored_insights(python, &rows)
    }

    /// The insights that follow from an experience.
    fn insights_of<'py>(
        &self,
        python: Python<'py>,
        id: Id<ExperienceId, fields::Identifier>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let rows = self.apart(python, |db| db.insights_of(id.0))?;
        results::each(python, &rows, results::insight)
    }

    /// Deletes an insight.
    fn delete_insight(&self, python: Python<'_>, id: Id<InsightId, fields::Identifier>) -> PyResult<()> {
        self.change(python, move |db| db.delete_insight(id.0))
    }

    /// Insights of a collective in order of their ids, at most `limit`: 1 to 1000, 100 unless it is given.
    #[pyo3(signature = (collective, *, limit = None, offset = None))]
    fn insights<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
        limit: Option<Count<fields::Limit>>,
        offset: Option<Count<fields::Offset>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let limit = limit.map_or(100, |limit| limit.0);
        let offset = offset.map_or(0, |offset| offset.0);
        let rows = self.apart(python, |db| db.list_insights(collective.0, limit, offset))?;
        results::each(python, &rows, results::insight)
    }

    /// Stores insights as they are, with their ids and times. All or none.
    fn restore_insights(&self, python: Python<'_>, insights: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = each("insights", insights, results::read_insight)?;
        self.patiently(python, move |db| db.restore_insights(rows))
    }
}
