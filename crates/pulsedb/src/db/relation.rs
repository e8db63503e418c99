//! Calls on relations between experiences.

use crate::clock;
use crate::db::PulseDB;
use crate::error::{NotFoundError, Result};
use crate::id::{CollectiveId, ExperienceId, RelationId};
use crate::model::{
    Experience, ExperienceRelation, NewExperience, NewExperienceRelation, RelationDirection, RelationType,
};
use crate::validate;

impl PulseDB {
    /// Stores a relation between two experiences of one collective. With a
    /// [`Supersedes`](RelationType::Supersedes) the key of the target goes to the source, unless that has one.
    ///
    /// ```
    /// # use pulsedb::*;
    /// # fn main() -> Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// # let note = |content: &str| NewExperience { content: content.into(), ..Default::default() };
    /// let problem = db.record_experience(note("The build fails without the vendored OpenSSL"))?;
    /// let reason = db.record_experience(note("The image has no OpenSSL headers"))?;
    /// let new = NewExperienceRelation {
    ///     source_id: reason,
    ///     target_id: problem,
    ///     relation_type: RelationType::Supports,
    ///     ..Default::default()
    /// };
    /// db.store_relation(new)?;
    /// let related = db.get_related_experiences(problem, RelationDirection::Incoming)?;
    /// assert_eq!(related[0].0.id, reason);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if an end does not exist;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for a relation of an experience with itself or with one of
    /// another collective, for one that is stored already (the same source, target and type), and for a `Supersedes` whose
    /// target supersedes the source already, at once or through others.
    pub fn store_relation(&self, new: NewExperienceRelation) -> Result<RelationId> {
        let store = self.writable()?;
        store.relate(validate::relation::new(new)?)
    }

    /// Records an experience that takes the place of another one, in one commit: a relation of the type
    /// [`Supersedes`](RelationType::Supersedes) leads from the new one to the old one, which searches leave out from then on
    /// (see [`SearchFilter::include_superseded`](crate::SearchFilter::include_superseded)). A nil collective means that of
    /// the old one. The key of the old one goes to the new one, unless that is given another key.
    ///
    /// ```
    /// # use pulsedb::*;
    /// # fn main() -> Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// let note = |content: &str| NewExperience { content: content.into(), ..Default::default() };
    /// let old = db.record_experience(note("The staging server listens on port 8080"))?;
    /// let new = db.supersede_experience(old, note("The staging server listens on port 9090"))?;
    /// let cid = db.get_experience(new)?.unwrap().collective_id;
    /// let hits = db.search(cid, Query::Lexical("staging port"), SearchOptions::default())?;
    /// assert_eq!(hits.len(), 1);
    /// assert_eq!(hits[0].experience.id, new);
    /// assert_eq!(db.get_history(old)?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`record_experience`](Self::record_experience); [`NotFound`](crate::PulseDBError::NotFound) if there is no such
    /// experience; [`InvalidField`](crate::ValidationError::InvalidField) for another collective than its own.
    pub fn supersede_experience(&self, id: ExperienceId, new: NewExperience) -> Result<ExperienceId> {
        let store = self.writable()?;
        let older = store.snapshot()?.view().experience_row(id)?;
        let (_, older) = older.ok_or(NotFoundError::Experience(id))?;
        let collective_id = if new.collective_id.is_nil() { older.collective_id } else { new.collective_id };
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        let prepared = embedder.prepare(vec![NewExperience { collective_id, ..new }])?.swap_remove(0);
        store.supersede(id, prepared)
    }

    /// An experience with everything that it supersedes and that supersedes it, at once or through others: oldest
    /// `timestamp` first, then the smaller id.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn get_history(&self, id: ExperienceId) -> Result<Vec<Experience>> {
        self.store()?.snapshot()?.view().history(id, clock::now())
    }

    /// The relation with this id, or `None`.
    ///
    /// # Errors
    /// Those of [every call](PulseDB#errors).
    pub fn get_relation(&self, id: RelationId) -> Result<Option<ExperienceRelation>> {
        self.store()?.snapshot()?.view().relation(id, clock::now())
    }

    /// The relations of an experience, oldest first, each with the experience at its other end, archived ones included.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn get_related_experiences(
        &self,
        id: ExperienceId,
        direction: RelationDirection,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        self.get_related_experiences_filtered(id, direction, None)
    }

    /// As [`get_related_experiences`](Self::get_related_experiences), of one type only.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such experience.
    pub fn get_related_experiences_filtered(
        &self,
        id: ExperienceId,
        direction: RelationDirection,
        relation_type: Option<RelationType>,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        self.store()?.snapshot()?.view().related(id, direction, relation_type, clock::now())
    }

    /// Deletes a relation.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such relation.
    pub fn delete_relation(&self, id: RelationId) -> Result<()> {
        self.writable()?.delete_relation(id)
    }

    /// Relations of a collective in order of their ids, so oldest first by creation: at most `limit` (1 to 1000) after
    /// the first `offset`.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`InvalidField`](crate::ValidationError::InvalidField) for the limit.
    pub fn list_relations(
        &self,
        collective: CollectiveId,
        limit: usize,
        offset: usize,
    ) -> Result<Vec<ExperienceRelation>> {
        let store = self.store()?;
        validate::result_count("limit", limit)?;
        let snapshot = store.snapshot()?;
        snapshot.view().in_collective(collective)?.relations_listed(limit, offset)
    }

    /// Stores relations as they are, with their ids and times. All or none, in one commit, in the order given: at most
    /// 10 000, with at most 64 MiB of metadata. The ids need not ascend; what is stored later has an id above all of
    /// them.
    ///
    /// # Errors
    /// As [`store_relation`](Self::store_relation), if any of them is refused, and
    /// [`InvalidField`](crate::ValidationError::InvalidField) for an `id` that exists already, is given twice, or leaves no
    /// room for later ids. Nothing is restored then.
    pub fn restore_relations(&self, relations: Vec<ExperienceRelation>) -> Result<()> {
        let store = self.writable()?;
        let relations = validate::relation::restored(relations)?;
        if relations.is_empty() { Ok(()) } else { store.restore_relations(relations) }
    }
}
