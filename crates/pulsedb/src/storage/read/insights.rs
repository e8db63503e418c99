//! Insights: one by one, of a collective, and of an experience.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::{NotFoundError, Result};
use crate::id::{ExperienceId, InsightId};
use crate::model::DerivedInsight;
use crate::model::change::CollectiveNumber;
use crate::storage::format::experience::Place;
use crate::storage::format::insight::read_insight;
use crate::storage::format::keys;
use crate::storage::format::reader::Reader;
use crate::storage::format::seal;
use crate::storage::format::series::SeriesId;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

impl View<'_> {
    /// The row of an insight as stored: without its vector and what is missing, and also of a collective that is being
    /// reclaimed.
    pub(in crate::storage) fn stored_insight(self, id: InsightId) -> Result<Option<(Place, DerivedInsight)>> {
        self.row(Table::Insight, id.as_bytes(), |bytes| read_insight(id, bytes))
    }

    /// The row of an insight that exists for callers.
    pub(in crate::storage) fn insight_row(self, id: InsightId) -> Result<Option<(Place, DerivedInsight)>> {
        let Some((place, insight)) = self.stored_insight(id)? else { return Ok(None) };
        Ok(self.has_collective(insight.collective_id)?.then_some((place, insight)))
    }

    /// An insight, whole, if it exists for callers.
    pub(crate) fn insight(self, id: InsightId) -> Result<Option<DerivedInsight>> {
        let Some((place, insight)) = self.insight_row(id)? else { return Ok(None) };
        self.whole_insight(place, insight).map(Some)
    }

    /// An insight that an index of this view names, whole: it must be there.
    pub(crate) fn indexed_insight(self, id: InsightId) -> Result<DerivedInsight> {
        let (place, insight) = self.indexed_insight_row(id)?;
        self.whole_insight(place, insight)
    }

    /// As [`indexed_insight`](Self::indexed_insight), without its vector and what is missing.
    pub(crate) fn indexed_insight_row(self, id: InsightId) -> Result<(Place, DerivedInsight)> {
        self.stored_insight(id)?.ok_or_else(|| seal::corrupted(Table::Insight, id.as_bytes()))
    }

    fn whole_insight(self, place: Place, mut insight: DerivedInsight) -> Result<DerivedInsight> {
        let vector = self.vector(SeriesId::of(place.number), self.generation()?, place.slot)?;
        insight.embedding = vector.map_or_else(Vec::new, |vector| vector.components());
        let mut seen = BTreeSet::new();
        for source in &insight.source_experience_ids {
            if seen.insert(*source) && self.number_of(*source)? != Some(place.number.of_collective()) {
                insight.missing_sources.push(*source);
            }
        }
        Ok(insight)
    }

    /// The number of the collective that an experience is in, also of one that is being reclaimed.
    pub(in crate::storage) fn number_of(self, id: ExperienceId) -> Result<Option<CollectiveNumber>> {
        let number = |bytes: &[u8]| Reader::new(bytes).u32().map(CollectiveNumber);
        self.row(Table::Experience, id.as_bytes(), number)
    }

    /// The insights that follow from an experience, also from one that was deleted, in order of their ids.
    ///
    /// # Errors
    /// `NotFound` if there is no such experience, and no insight names it.
    pub(crate) fn insights_of(self, experience: ExperienceId, now: Timestamp) -> Result<Vec<DerivedInsight>> {
        let row = self.experience_row(experience)?;
        if let Some((place, _)) = row.filter(|(_, one)| !one.has_expired(now)) {
            return self.insights_named(place.number, experience);
        }
        let mut found = Vec::new();
        for collective in self.collectives()? {
            found.extend(self.insights_named(self.in_collective(collective.id)?.number, experience)?);
        }
        if found.is_empty() { Err(NotFoundError::Experience(experience).into()) } else { Ok(found) }
    }

    fn insights_named(
        self,
        number: CollectiveNumber,
        experience: ExperienceId,
    ) -> Result<Vec<DerivedInsight>> {
        let number = number.of_insights();
        let from = keys::insight_source(number, experience, InsightId::nil());
        let to = keys::insight_source(number, experience, InsightId::from_bytes([0xff; 16]));
        let rows = self.range(Table::InsightSource, Bound::Included(&from), Bound::Included(&to))?;
        let insights = rows.map(|row| {
            let (key, _) = row?;
            let id = keys::read_id_bytes(key).ok_or_else(|| seal::corrupted(Table::InsightSource, key))?;
            self.indexed_insight(InsightId::from_bytes(id))
        });
        insights.collect()
    }
}

impl CollectiveView<'_> {
    /// The insights of this collective, which are kept and searched as its experiences are.
    pub(crate) fn insights(self) -> Self {
        Self { number: self.number.of_insights(), ..self }
    }

    /// Insights in order of creation: `limit` of them after the first `offset`.
    pub(crate) fn insights_listed(self, limit: usize, offset: usize) -> Result<Vec<DerivedInsight>> {
        let ids = self.insights().members()?.skip(offset).take(limit);
        let listed: Vec<_> =
            ids.map(|id| self.view.indexed_insight(InsightId::of_record(id?))).collect::<Result<_>>()?;
        let after_offset = |all: u64| all.saturating_sub(offset as u64).min(limit as u64);
        self.insights().expect_rows(Table::Member, listed.len(), after_offset)?;
        Ok(listed)
    }

    /// The content of a record of this collective, or of an insight if these are looked at.
    pub(crate) fn content(self, id: ExperienceId) -> Result<String> {
        if self.number.is_of_insights() {
            return Ok(self.view.indexed_insight_row(InsightId::of_record(id))?.1.content);
        }
        Ok(self.view.indexed_row(id)?.1.content)
    }
}
