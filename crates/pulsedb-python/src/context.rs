//! What an agent is told before it begins.

use pulsedb::ContextCandidates;
use pyo3::prelude::*;

use crate::experience::{Experience, SearchResult};
use crate::results;

/// What an agent may need to know, each part as the call of its own answers.
#[pyclass(frozen, module = "pulsedb")]
pub(crate) struct Context {
    held: ContextCandidates,
}

impl From<ContextCandidates> for Context {
    fn from(held: ContextCandidates) -> Self {
        Self { held }
    }
}

#[pymethods]
impl Context {
    /// The experiences that the query ranks best, best first.
    #[getter]
    fn similar(&self, python: Python<'_>) -> PyResult<Vec<Py<SearchResult>>> {
        self.held.similar_experiences.iter().map(|hit| SearchResult::made(python, hit.clone())).collect()
    }

    /// The newest experiences, newest first.
    #[getter]
    fn recent(&self) -> Vec<Experience> {
        self.held.recent_experiences.iter().cloned().map(Experience::from).collect()
    }

    /// The insights that the query ranks best, best first, each with its score.
    #[getter]
    fn insights<'py>(&self, python: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, f32)>> {
        results::scored_insights(python, &self.held.insights)
    }

    /// The relations that have an end among the experiences, each once.
    #[getter]
    fn relations<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        results::each(python, &self.held.relations, results::relation)
    }

    /// The agents at work, newest sign of life first.
    #[getter]
    fn active_agents<'py>(&self, python: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        results::each(python, &self.held.active_agents, results::activity)
    }

    /// How many rows were left out because of `max_tokens`, near-duplicates included.
    #[getter]
    fn omitted(&self) -> usize {
        self.held.omitted
    }

    /// A block of Markdown for a prompt, with ids, ages, agents and confidence, and the contents fenced as data.
    fn render_markdown(&self, python: Python<'_>) -> String {
        python.detach(|| self.held.render_markdown())
    }

    fn __repr__(&self) -> String {
        format!(
            "Context({} similar, {} recent, {} insights, {} omitted)",
            self.held.similar_experiences.len(),
            self.held.recent_experiences.len(),
            self.held.insights.len(),
            self.held.omitted
        )
    }
}
