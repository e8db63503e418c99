//! Relations: one by one, of an experience, and of a collective.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::{NotFoundError, PulseDBError, Result};
use crate::id::{ExperienceId, RelationId};
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{Experience, ExperienceRelation, RelationDirection, RelationType};
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::relation::{Link, RelationRow, link_bounds};
use crate::storage::format::seal;
use crate::storage::format::tables::Table;
use crate::storage::read::collective_view::CollectiveView;
use crate::storage::read::view::View;

impl<'t> View<'t> {
    /// The row of a relation as stored, also of a collective that is being reclaimed.
    pub(in crate::storage) fn stored_relation(self, id: RelationId) -> Result<Option<RelationRow>> {
        self.row(Table::Relation, id.as_bytes(), |bytes| RelationRow::read(id, bytes))
    }

    /// The row of a relation that exists for callers.
    pub(in crate::storage) fn relation_row(self, id: RelationId) -> Result<Option<RelationRow>> {
        let Some(row) = self.stored_relation(id)? else { return Ok(None) };
        Ok(self.has_collective(row.collective_id)?.then_some(row))
    }

    /// A relation, if it exists for callers and neither of its ends has expired by `now`.
    pub(crate) fn relation(self, id: RelationId, now: Timestamp) -> Result<Option<ExperienceRelation>> {
        let Some(RelationRow { relation, .. }) = self.relation_row(id)? else { return Ok(None) };
        Ok(self.has_ends(&relation, now)?.then_some(relation))
    }

    /// Whether neither end of a relation has expired.
    fn has_ends(self, relation: &ExperienceRelation, now: Timestamp) -> Result<bool> {
        let is_there = |id| Ok::<_, PulseDBError>(!self.indexed_row(id)?.1.has_expired(now));
        Ok(is_there(relation.source_id)? && is_there(relation.target_id)?)
    }

    /// A relation that an index of this view names: it must be there.
    pub(in crate::storage) fn indexed_relation(self, id: RelationId) -> Result<ExperienceRelation> {
        let row = self.stored_relation(id)?;
        Ok(row.ok_or_else(|| seal::corrupted(Table::Relation, id.as_bytes()))?.relation)
    }

    /// The relations that a table lists for one end, of one type or of all, by type and other end.
    pub(in crate::storage) fn links(
        self,
        table: Table,
        number: CollectiveNumber,
        near: ExperienceId,
        relation_type: Option<RelationType>,
    ) -> Result<impl Iterator<Item = Result<Link>> + use<'t>> {
        let (from, to) = link_bounds(number, near, relation_type);
        let rows = self.range(table, Bound::Included(&from), Bound::Included(&to))?;
        Ok(rows.map(move |row| {
            let (key, bytes) = row?;
            Link::read(key, bytes).ok_or_else(|| seal::corrupted(table, key))
        }))
    }

    /// The relations of an experience that exists, with what stands at their other ends, in order of their ids.
    /// What has expired by `now` is hidden.
    ///
    /// # Errors
    /// `NotFound` if there is no such experience.
    pub(crate) fn related(
        self,
        id: ExperienceId,
        direction: RelationDirection,
        relation_type: Option<RelationType>,
        now: Timestamp,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        let (place, _) = self.visible(id, now)?;
        let mut links = Vec::new();
        for table in tables(direction) {
            for link in self.links(*table, place.number, id, relation_type)? {
                links.push(link?);
            }
        }
        links.sort_unstable_by_key(|link| link.id);
        let (generation, mut related) = (self.generation()?, Vec::with_capacity(links.len()));
        for link in links {
            let experience = self.indexed_experience(generation, link.far)?;
            if !experience.has_expired(now) {
                related.push((experience, self.indexed_relation(link.id)?));
            }
        }
        Ok(related)
    }

    /// A record that exists for callers and has not expired at a moment.
    fn visible(self, id: ExperienceId, now: Timestamp) -> Result<(Place, Experience)> {
        let row = self.experience_row(id)?.filter(|(_, one)| !one.has_expired(now));
        Ok(row.ok_or(NotFoundError::Experience(id))?)
    }

    /// Whether a record of a collective has another one in its place.
    pub(in crate::storage) fn is_superseded(
        self,
        number: CollectiveNumber,
        id: ExperienceId,
    ) -> Result<bool> {
        let mut newer = self.links(Table::RelationByTarget, number, id, Some(RelationType::Supersedes))?;
        newer.next().transpose().map(|link| link.is_some())
    }

    /// Whether a record has one in its place that has not expired by `now`. In the place of one that has expired stands
    /// what superseded that.
    pub(in crate::storage) fn has_successor(
        self,
        number: CollectiveNumber,
        id: ExperienceId,
        now: Timestamp,
    ) -> Result<bool> {
        let mut seen = BTreeSet::from([id]);
        let mut open = vec![id];
        // Each id is opened once, so this ends.
        while let Some(next) = open.pop() {
            for link in self.links(Table::RelationByTarget, number, next, Some(RelationType::Supersedes))? {
                let link = link?;
                if !self.indexed_row(link.far)?.1.has_expired(now) {
                    return Ok(true);
                }
                if seen.insert(link.far) {
                    open.push(link.far);
                }
            }
        }
        Ok(false)
    }

    /// An experience and all that superseding joins with it, both ways and over any number of steps, by timestamp, then
    /// id.
    ///
    /// # Errors
    /// `NotFound` if there is no such experience.
    pub(crate) fn history(self, id: ExperienceId, now: Timestamp) -> Result<Vec<Experience>> {
        let (place, _) = self.visible(id, now)?;
        let mut found = BTreeSet::from([id]);
        let mut open = vec![id];
        // Each id is opened once, so this ends.
        while let Some(next) = open.pop() {
            for table in tables(RelationDirection::Both) {
                for link in self.links(*table, place.number, next, Some(RelationType::Supersedes))? {
                    let link = link?;
                    if found.insert(link.far) {
                        open.push(link.far);
                    }
                }
            }
        }
        let generation = self.generation()?;
        let history = found.into_iter().map(|id| self.indexed_experience(generation, id));
        let mut history = history.collect::<Result<Vec<_>>>()?;
        history.retain(|one| !one.has_expired(now));
        history.sort_by_key(|one| (one.timestamp, one.id));
        Ok(history)
    }
}

impl CollectiveView<'_> {
    /// The relations that have one of these records at an end and none that has expired at the other, each once, in order
    /// of their ids.
    pub(crate) fn relations_of(self, ids: BTreeSet<ExperienceId>) -> Result<Vec<ExperienceRelation>> {
        let is_hiding = !self.expired()?.is_empty();
        let mut found = BTreeSet::new();
        for id in ids {
            for table in tables(RelationDirection::Both) {
                for link in self.view.links(*table, self.number, id, None)? {
                    let link = link?;
                    if !is_hiding || !self.view.indexed_row(link.far)?.1.has_expired(self.now) {
                        found.insert(link.id);
                    }
                }
            }
        }
        found.into_iter().map(|id| self.view.indexed_relation(id)).collect()
    }

    /// Relations in order of creation: `limit` of them after the first `offset`.
    pub(crate) fn relations_listed(self, limit: usize, offset: usize) -> Result<Vec<ExperienceRelation>> {
        let from = keys::number(self.number);
        let to = keys::number(CollectiveNumber(self.number.0.saturating_add(1)));
        let rows = self.view.range(Table::RelationMember, Bound::Included(&from), Bound::Excluded(&to))?;
        let id_of = |key| {
            let id = keys::read_id_bytes(key).ok_or_else(|| seal::corrupted(Table::RelationMember, key))?;
            Ok::<_, PulseDBError>(RelationId::from_bytes(id))
        };
        if self.expired()?.is_empty() {
            let page = rows.skip(offset).take(limit);
            return page.map(|row| self.view.indexed_relation(id_of(row?.0)?)).collect();
        }
        let mut seen = 0;
        let mut listed = Vec::new();
        for row in rows {
            let relation = self.view.indexed_relation(id_of(row?.0)?)?;
            if !self.view.has_ends(&relation, self.now)? {
                continue;
            }
            seen += 1;
            if seen > offset {
                listed.push(relation);
            }
            if listed.len() == limit {
                break;
            }
        }
        Ok(listed)
    }
}

impl CollectiveView<'_> {
    /// The slots of what is marked as superseded but whose place only what has expired stands in: it is back.
    pub(crate) fn back(self) -> Result<BTreeSet<Slot>> {
        let mut back = BTreeSet::new();
        for row in self.view.expired_until(self.now)? {
            let row = row?;
            if row.number != self.number {
                continue;
            }
            let supersedes = Some(RelationType::Supersedes);
            for link in self.view.links(Table::RelationBySource, self.number, row.id, supersedes)? {
                let link = link?;
                if !self.view.has_successor(self.number, link.far, self.now)? {
                    back.insert(self.view.indexed_row(link.far)?.0.slot);
                }
            }
        }
        Ok(back)
    }
}

/// The tables that list the relations of an experience.
fn tables(direction: RelationDirection) -> &'static [Table] {
    match direction {
        RelationDirection::Outgoing => &[Table::RelationBySource],
        RelationDirection::Incoming => &[Table::RelationByTarget],
        RelationDirection::Both => &[Table::RelationBySource, Table::RelationByTarget],
    }
}
