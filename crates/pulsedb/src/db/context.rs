//! The call that gathers what an agent may need to know.

use crate::clock;
use crate::db::PulseDB;
use crate::db::search::Choices;
use crate::error::{Result, ValidationError};
use crate::model::{ContextCandidates, ContextRequest, InsightFilter, Query};
use crate::search::{self, Asked};
use crate::validate;

impl PulseDB {
    /// What an agent may need to know before it begins, from one snapshot: experiences and insights that a query ranks
    /// best, the newest experiences, the relations of both, and the agents at work. Each part is what the call of its own
    /// returns: [`search`](Self::search), [`search_insights`](Self::search_insights) (of the same query, as many),
    /// [`get_recent_experiences_filtered`](Self::get_recent_experiences_filtered),
    /// [`get_related_experiences`](Self::get_related_experiences) and [`get_active_agents`](Self::get_active_agents).
    ///
    /// With `max_tokens`, the rows are taken best first, one of each part after the other, until the Markdown of them is
    /// as long as that at 4 bytes a token; the relations of what was taken come last. Of rows with an equal content or a
    /// cosine of at least 0.97, one is taken. `omitted` counts the others.
    ///
    /// # Errors
    /// [`RequiredField`](crate::ValidationError::RequiredField) without a text and without a vector; otherwise as the
    /// calls of the parts.
    pub fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        let store = self.store()?;
        let request = validate::context::request(request)?;
        let query = match (&request.query_text, &request.query_embedding) {
            (Some(text), Some(vector)) => Query::Hybrid { text, vector },
            (Some(text), None) => Query::Text(text),
            (None, Some(vector)) => Query::Vector(vector),
            (None, None) => return Err(ValidationError::required("query_text").into()),
        };
        let embedder = self.embedder().clone();
        let ranking = self.ranking(&embedder, query, Choices::default())?;
        let of_insights = self.ranking(&embedder, query, Choices::OF_INSIGHTS)?;
        let snapshot = store.snapshot()?;
        let view = snapshot.view();
        embedder.admit(&ranking, view)?;
        embedder.admit(&of_insights, view)?;
        let collective = view.in_collective(request.collective_id)?;
        let mut found = ContextCandidates::default();
        if request.max_similar > 0 {
            let recall = self.recall(request.recall_weights);
            let (k, filter) = (request.max_similar, &request.filter);
            let asked = Asked { k, filter, recall, explain: false };
            found.similar_experiences = search::search(collective, &ranking, &asked)?;
        }
        if request.max_recent > 0 {
            found.recent_experiences =
                search::recent(view, request.collective_id, request.max_recent, &request.filter)?;
        }
        if request.include_insights && request.max_similar > 0 {
            let filter = InsightFilter::default();
            found.insights = search::insights(collective, &of_insights, request.max_similar, &filter)?;
        }
        if request.include_relations {
            let similar = found.similar_experiences.iter().map(|hit| hit.experience.id);
            let ids = similar.chain(found.recent_experiences.iter().map(|one| one.id));
            found.relations = collective.relations_of(ids.collect())?;
        }
        if request.include_active_agents {
            found.active_agents = self.active_agents(collective, request.collective_id)?;
        }
        Ok(match request.max_tokens {
            Some(max_tokens) => search::fitted(found, max_tokens, clock::now()),
            None => found,
        })
    }
}
