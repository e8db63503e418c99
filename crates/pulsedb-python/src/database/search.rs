//! Calls that find experiences, and what an agent needs to know before it begins.

use numpy::{IntoPyArray, PyArray1, PyFixedUnicode};
use pulsedb::{CollectiveId, ContextRequest, ExperienceId, OwnedQuery, SearchOptions};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Count, Id};
use crate::context::Context;
use crate::experience::SearchResult;
use crate::{errors, fields, inputs, queries};

/// The characters of an id.
const ID_CHARACTERS: usize = 36;

type Ids<'py> = Bound<'py, PyArray1<PyFixedUnicode<ID_CHARACTERS>>>;

#[pymethods]
impl Database {
    /// The experiences that answer a query best, best first. A `str` is ranked by its words, its meaning and what stands
    /// beside a record; an array by the cosine of the vectors; `Lexical` by words alone; `Hybrid` is a text with your own
    /// vector. `k`, 1 to 1000, is 10 unless it is given. `weights` lets energy count (`RecallWeights`), `signals` and `context` weigh the parts of a text's score;
    /// `exact` compares every match, `explain` says what each score is made of.
    #[pyo3(signature = (collective, query, *, k = None, filter = None, weights = None, signals = None, context = None,
        exact = false, explain = false))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn search(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        query: &Bound<'_, PyAny>,
        k: Option<Count<fields::K>>,
        filter: Option<&Bound<'_, PyAny>>,
        weights: Option<&Bound<'_, PyAny>>,
        signals: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        exact: bool,
        explain: bool,
    ) -> PyResult<Vec<Py<SearchResult>>> {
        let options = SearchOptions {
            filter: inputs::filter(filter)?,
            weights: weights.map(|weights| queries::recall_weights("weights", weights)).transpose()?,
            signals: signals.map(|signals| queries::signal_weights("signals", signals)).transpose()?,
            context: context.map(|context| queries::context_weights("context", context)).transpose()?,
            exact,
            explain,
            ..how_many(k)
        };
        let hits = self.hits(python, collective.0, query, options)?;
        hits.into_iter().map(|hit| SearchResult::made(python, hit)).collect()
    }

    /// As `search`, as two arrays: the ids, of which each is a `str`, and the scores.
    #[pyo3(signature = (collective, query, *, k = None, filter = None, weights = None, exact = false))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn search_ids<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
        query: &Bound<'_, PyAny>,
        k: Option<Count<fields::K>>,
        filter: Option<&Bound<'_, PyAny>>,
        weights: Option<&Bound<'_, PyAny>>,
        exact: bool,
    ) -> PyResult<(Ids<'py>, Bound<'py, PyArray1<f32>>)> {
        let options = SearchOptions {
            filter: inputs::filter(filter)?,
            weights: weights.map(|weights| queries::recall_weights("weights", weights)).transpose()?,
            exact,
            ..how_many(k)
        };
        let hits = self.hits(python, collective.0, query, options)?;
        let ids: Vec<_> = hits.iter().map(|hit| characters(hit.experience.id)).collect();
        let scores: Vec<f32> = hits.iter().map(|hit| hit.similarity).collect();
        Ok((ids.into_pyarray(python), scores.into_pyarray(python)))
    }

    /// What an agent needs to know before it begins, in one call and of one moment: what is similar to the query (20 unless
    /// `max_similar` says otherwise), what is recent (10), insights, relations and who is at work. A `Lexical` is refused. With `max_tokens` (estimated at four bytes each of
    /// `render_markdown`) the parts are filled best first, and near-duplicates left out.
    #[pyo3(signature = (collective, query, *, max_similar = None, max_recent = None, include_insights = true,
        include_relations = true, include_active_agents = true, filter = None, weights = None, max_tokens = None))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn context(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        query: &Bound<'_, PyAny>,
        max_similar: Option<Count<fields::MaxSimilar>>,
        max_recent: Option<Count<fields::MaxRecent>>,
        include_insights: bool,
        include_relations: bool,
        include_active_agents: bool,
        filter: Option<&Bound<'_, PyAny>>,
        weights: Option<&Bound<'_, PyAny>>,
        max_tokens: Option<Count<fields::MaxTokens>>,
    ) -> PyResult<Context> {
        let default = ContextRequest::default();
        let (query_text, query_embedding) = match queries::query(query)? {
            OwnedQuery::Text(text) => (Some(text), None),
            OwnedQuery::Vector(vector) => (None, Some(vector)),
            OwnedQuery::Hybrid { text, vector } => (Some(text), Some(vector)),
            OwnedQuery::Lexical(_) => {
                let reason = "a context cannot be ranked by words alone; pass the text of the Lexical, or search with it";
                return Err(errors::refused(python, "query", reason));
            }
        };
        let request = ContextRequest {
            collective_id: collective.0,
            query_embedding,
            query_text,
            max_similar: max_similar.map_or(default.max_similar, |count| count.0),
            max_recent: max_recent.map_or(default.max_recent, |count| count.0),
            include_insights,
            include_relations,
            include_active_agents,
            filter: inputs::filter(filter)?,
            recall_weights: weights.map(|weights| queries::recall_weights("weights", weights)).transpose()?,
            max_tokens: max_tokens.map(|count| count.0),
        };
        Ok(self.apart(python, |db| db.get_context_candidates(request))?.into())
    }
}

impl Database {
    fn hits(
        &self,
        python: Python<'_>,
        collective: CollectiveId,
        query: &Bound<'_, PyAny>,
        options: SearchOptions,
    ) -> PyResult<Vec<pulsedb::SearchResult>> {
        let query = queries::query(query)?;
        self.apart(python, |db| db.search(collective, query.as_query(), options))
    }
}

fn how_many(k: Option<Count<fields::K>>) -> SearchOptions {
    let default = SearchOptions::default();
    SearchOptions { k: k.map_or(default.k, |count| count.0), ..default }
}

fn characters(id: ExperienceId) -> PyFixedUnicode<ID_CHARACTERS> {
    let mut characters = [0; ID_CHARACTERS];
    for (character, byte) in characters.iter_mut().zip(id.to_string().bytes()) {
        *character = byte.into();
    }
    PyFixedUnicode(characters)
}
