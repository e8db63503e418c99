//! Calls on insights.

use std::sync::Arc;

use crate::clock;
use crate::db::search::Choices;
use crate::db::{PulseDB, stored};
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, InsightId};
use crate::index::Builder;
use crate::model::{DerivedInsight, InsightFilter, NewDerivedInsight, Query};
use crate::search;
use crate::storage::{PreparedInsight, PreparedInsightRestore};
use crate::validate;

impl PulseDB {
    /// Stores an insight that follows from experiences of one collective.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for what exceeds a limit, and for a source of another collective;
    /// [`NotFound`](crate::PulseDBError::NotFound) if the collective or a source does not exist;
    /// [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails.
    pub fn store_insight(&self, new: NewDerivedInsight) -> Result<InsightId> {
        let store = self.writable()?;
        let new = validate::insight::new(new)?;
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        let vector = match &new.get().embedding {
            Some(given) => {
                validate::vector("embedding", given, embedder.dimension())?;
                stored(given.clone())
            }
            None => embedder.embed_texts(&[new.get().content.as_str()])?.pop().flatten(),
        };
        let indexed = Builder::index_new_insight(new.get());
        store.derive(
            PreparedInsight { new, vector, embedder: Arc::clone(&embedder.stored), indexed },
            self.defaults().collective,
        )
    }

    /// The insight with this id, in full, or `None`.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn get_insight(&self, id: InsightId) -> Result<Option<DerivedInsight>> {
        self.store()?.snapshot()?.view().insight(id)
    }

    /// The `k` insights nearest to a vector, best first, each with its cosine.
    ///
    /// # Errors
    /// As [`search_insights`](Self::search_insights).
    pub fn get_insights(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<(DerivedInsight, f32)>> {
        self.search_insights(collective, Query::Vector(query), k, InsightFilter::default())
    }

    /// The `k` insights that match the filter and rank best, best first, each with its score: ranked as
    /// [`search`](Self::search) ranks experiences, without context.
    ///
    /// ```
    /// # use pulsedb::*;
    /// # fn main() -> Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// let note = |content: &str| NewExperience { content: content.into(), ..Default::default() };
    /// let one = db.record_experience(note("The build of Monday failed without OpenSSL"))?;
    /// let other = db.record_experience(note("The build of Friday failed without OpenSSL"))?;
    /// db.store_insight(NewDerivedInsight {
    ///     content: "Builds fail wherever OpenSSL is not vendored".into(),
    ///     source_experience_ids: vec![one, other],
    ///     ..Default::default()
    /// })?;
    /// let cid = db.get_experience(one)?.unwrap().collective_id;
    /// let found = db.search_insights(cid, Query::Lexical("openssl"), 10, InsightFilter::default())?;
    /// assert_eq!(found[0].0.source_experience_ids, [one, other]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn search_insights(
        &self,
        collective: CollectiveId,
        query: Query<'_>,
        k: usize,
        filter: InsightFilter,
    ) -> Result<Vec<(DerivedInsight, f32)>> {
        let store = self.store()?;
        validate::result_count("k", k)?;
        let filter = validate::insight::filter(filter)?;
        let embedder = self.embedder().clone();
        let ranking = self.ranking(&embedder, query, Choices::OF_INSIGHTS)?;
        let snapshot = store.snapshot()?;
        embedder.admit(&ranking, snapshot.view())?;
        search::insights(snapshot.view().in_collective(collective)?, &ranking, k, &filter)
    }

    /// The insights that follow from an experience, oldest first. An experience that was deleted still has those that name
    /// it.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience and no insight names it.
    pub fn insights_of(&self, experience: ExperienceId) -> Result<Vec<DerivedInsight>> {
        self.store()?.snapshot()?.view().insights_of(experience, clock::now())
    }

    /// Deletes an insight.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such insight.
    pub fn delete_insight(&self, id: InsightId) -> Result<()> {
        self.writable()?.delete_insight(id)
    }

    /// Insights of a collective in order of their ids, so oldest first by creation: at most `limit` (1 to 1000) after the
    /// first `offset`.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for the limit.
    pub fn list_insights(
        &self,
        collective: CollectiveId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<DerivedInsight>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.insights_listed(limit, offset)
    }

    /// Stores insights as they are, with their ids, times and vectors. All or none, in one commit: at most 10 000, with at
    /// most 64 MiB of texts and vectors. Sources that do not exist are kept as missing ones. The ids need not ascend; what
    /// is stored later has an id above all of them. An insight with an empty vector is stored without one.
    ///
    /// # Errors
    /// [`InvalidField`](crate::ValidationError::InvalidField) for an `id` that exists already, is given twice, or leaves no
    /// room for later ids; [`NotFound`](crate::PulseDBError::NotFound) if a collective does not exist;
    /// [`Validation`](crate::PulseDBError::Validation) for what exceeds a limit, and for a source of another collective.
    /// Nothing is restored then.
    pub fn restore_insights(&self, insights: Vec<DerivedInsight>) -> Result<()> {
        let store = self.writable()?;
        validate::insight::restored_batch(&insights)?;
        if insights.is_empty() {
            return Ok(());
        }
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        let prepared = insights.into_iter().map(|mut insight| {
            let given = std::mem::take(&mut insight.embedding);
            let insight = validate::insight::restored(insight)?;
            if !given.is_empty() {
                validate::vector("embedding", &given, embedder.dimension())?;
            }
            let embedder = Arc::clone(&embedder.stored);
            Ok(PreparedInsightRestore { insight, vector: stored(given), embedder })
        });
        store.restore_insights(prepared.collect::<Result<_>>()?)
    }
}
