//! Calls that record, read, change and list experiences.

use pulsedb::{AgentId, CollectiveId, DuplicatePolicy, ExperienceId, NewExperience, TaskId};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Database;
use crate::arguments::{Count, Id, Moment, Number, Text, each, ids, named, texts};
use crate::experience::Experience;
use crate::fields;
use crate::inputs;
use crate::kinds::{self, Named, outcome};
use crate::vectors::Vector;

fn experiences(rows: Vec<pulsedb::Experience>) -> Vec<Experience> {
    rows.into_iter().map(Experience::from).collect()
}

#[pymethods]
impl Database {
    /// Records an experience, which is durable when the call returns, and gives its id. Without a collective it goes to the
    /// default one. Where its `key` is taken, it replaces the experience that has it, and keeps that one's id.
    /// `duplicate` says what becomes of it where its content is there already: "keep", "reinforce" or "refuse".
    #[pyo3(signature = (content, *, collective = None, embedding = None, r#type = None, importance = None,
        confidence = None, domain = None, tags = None, files = None, agent = None, task = None, timestamp = None,
        duplicate = None, key = None, expires_at = None))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn record(
        &self,
        python: Python<'_>,
        content: Text<fields::Content>,
        collective: Option<Id<CollectiveId, fields::Collective>>,
        embedding: Option<Vector>,
        r#type: Option<&Bound<'_, PyAny>>,
        importance: Option<Number<fields::Importance>>,
        confidence: Option<Number<fields::Confidence>>,
        domain: Option<&Bound<'_, PyAny>>,
        tags: Option<&Bound<'_, PyAny>>,
        files: Option<&Bound<'_, PyAny>>,
        agent: Option<Text<fields::Agent>>,
        task: Option<Text<fields::Task>>,
        timestamp: Option<Moment<fields::Timestamp>>,
        duplicate: Option<&Bound<'_, PyAny>>,
        key: Option<Text<fields::Key>>,
        expires_at: Option<Moment<fields::ExpiresAt>>,
    ) -> PyResult<String> {
        let default = NewExperience::default();
        let new = NewExperience {
            collective_id: collective.map_or(default.collective_id, |id| id.0),
            content: content.0,
            embedding: embedding.map(|vector| vector.0),
            experience_type: r#type.map(|kind| kinds::read("type", kind)).transpose()?.unwrap_or_default(),
            importance: importance.map_or(default.importance, |number| number.0),
            confidence: confidence.map_or(default.confidence, |number| number.0),
            domain: domain.map(|domain| texts("domain", domain)).transpose()?.unwrap_or_default(),
            tags: tags.map(|tags| inputs::tags("tags", tags)).transpose()?.unwrap_or_default(),
            related_files: files.map(|files| texts("files", files)).transpose()?.unwrap_or_default(),
            source_agent: agent.map_or(default.source_agent, |agent| AgentId::new(agent.0)),
            source_task: task.map(|task| TaskId::new(task.0)),
            timestamp: timestamp.map(|moment| moment.0),
            duplicate: duplicate
                .map(|policy| DuplicatePolicy::read("duplicate", policy))
                .transpose()?
                .unwrap_or_default(),
            key: key.map(|key| key.0),
            expires_at: expires_at.map(|moment| moment.0),
        };
        Ok(self.change(python, move |db| db.record_experience(new))?.to_string())
    }

    /// Records all of these or none, in one commit: `NewExperience` objects or texts, at most 10 000 and 64 MiB. Gives their
    /// ids in the same order.
    fn record_many(&self, python: Python<'_>, experiences: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let new = each("experiences", experiences, |one| inputs::experience("experiences", one))?;
        Ok(named(&self.change(python, move |db| db.record_experiences(new))?))
    }

    /// Stores experiences as they are, with their ids, times and marks; only their sequence numbers are new. All or none.
    fn restore(&self, python: Python<'_>, experiences: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows =
            each("experiences", experiences, |row| Ok(row.cast::<Experience>()?.get().held().clone()))?;
        self.change(python, move |db| db.restore_experiences(rows))
    }

    /// An experience, or `None` if there is none of this id.
    fn get(
        &self,
        python: Python<'_>,
        id: Id<ExperienceId, fields::Identifier>,
    ) -> PyResult<Option<Experience>> {
        Ok(self.apart(python, |db| db.get_experience(id.0))?.map(Experience::from))
    }

    /// The experience that has a key, or `None`.
    fn get_by_key(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        key: Text<fields::Key>,
    ) -> PyResult<Option<Experience>> {
        Ok(self.apart(python, |db| db.get_by_key(collective.0, &key.0))?.map(Experience::from))
    }

    /// The keys that begin with `prefix` and come after `after`, in order, at most `limit`: 1 to 1000, 1000 unless it is given.
    #[pyo3(signature = (collective, prefix = None, *, after = None, limit = None))]
    fn keys(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        prefix: Option<Text<fields::Prefix>>,
        after: Option<Text<fields::After>>,
        limit: Option<Count<fields::Limit>>,
    ) -> PyResult<Vec<String>> {
        let prefix = prefix.map_or_else(String::new, |prefix| prefix.0);
        let after = after.as_ref().map(|after| after.0.as_str());
        let limit = limit.map_or(1000, |limit| limit.0);
        self.apart(python, |db| db.list_keys(collective.0, &prefix, after, limit))
    }

    /// Changes what the keywords name: `content`, `embedding`, `importance`, `confidence`, `domain`, `tags`, `files`, `type`,
    /// `key`, `expires_at`. `None` for the last two takes them away.
    #[pyo3(signature = (id, **changes))]
    fn update(
        &self,
        python: Python<'_>,
        id: Id<ExperienceId, fields::Identifier>,
        changes: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let (update, terms) = inputs::update(changes)?;
        self.change(python, move |db| db.update_experience_and_terms(id.0, update, terms))
    }

    /// Makes all of these `Update` objects or none, in one commit; at most 10 000.
    fn update_many(&self, python: Python<'_>, updates: &Bound<'_, PyAny>) -> PyResult<()> {
        let updates = each("updates", updates, |one| inputs::one_of_updates("updates", one))?;
        self.change(python, move |db| db.update_experiences(updates))
    }

    /// Makes all of these changes of a collective, at most 10 000, or none, in one commit and in this order: `Record`, `Update`, `Archive`,
    /// `Delete` and `Relate` objects. Gives `(what, id)` for each, such as `("recorded", id)`.
    fn apply(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        changes: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<(&'static str, String)>> {
        let changes = each("changes", changes, inputs::change)?;
        let made = self.change(python, move |db| db.apply(collective.0, changes))?;
        Ok(made.into_iter().map(outcome).collect())
    }

    /// Archives an experience: it is kept, but left out of searches unless they ask for archived ones.
    fn archive(&self, python: Python<'_>, id: Id<ExperienceId, fields::Identifier>) -> PyResult<()> {
        self.change(python, move |db| db.archive_experience(id.0))
    }

    /// Archives all of these or none, in one commit; at most 10 000.
    fn archive_many(&self, python: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<()> {
        let ids: Vec<ExperienceId> = self::ids("ids", ids)?;
        self.change(python, move |db| db.archive_experiences(&ids))
    }

    /// Takes an experience out of the archive.
    fn unarchive(&self, python: Python<'_>, id: Id<ExperienceId, fields::Identifier>) -> PyResult<()> {
        self.change(python, move |db| db.unarchive_experience(id.0))
    }

    /// Deletes an experience with its relations.
    fn delete(&self, python: Python<'_>, id: Id<ExperienceId, fields::Identifier>) -> PyResult<()> {
        self.change(python, move |db| db.delete_experience(id.0))
    }

    /// Deletes all of these or none, in one commit; at most 10 000.
    fn delete_many(&self, python: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<()> {
        let ids: Vec<ExperienceId> = self::ids("ids", ids)?;
        self.change(python, move |db| db.delete_experiences(&ids))
    }

    /// Says that an experience was of use, and gives how often it was.
    fn reinforce(&self, python: Python<'_>, id: Id<ExperienceId, fields::Identifier>) -> PyResult<u32> {
        self.change(python, move |db| db.reinforce_experience(id.0))
    }

    /// The energy of an experience now, 0 to 1: it fades with time, and more slowly the more it is used.
    fn energy(&self, python: Python<'_>, id: Id<ExperienceId, fields::Identifier>) -> PyResult<f32> {
        self.apart(python, |db| db.energy(id.0))
    }

    /// Experiences of a collective in order of their ids, oldest first, archived and superseded ones too. `after` an id goes
    /// on from there at no cost; `offset` skips that many. `limit`, 1 to 1000, is 100 unless it is given.
    #[pyo3(signature = (collective, *, limit = None, after = None, offset = None))]
    fn experiences(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        limit: Option<Count<fields::Limit>>,
        after: Option<Id<ExperienceId, fields::After>>,
        offset: Option<Count<fields::Offset>>,
    ) -> PyResult<Vec<Experience>> {
        let limit = limit.map_or(100, |limit| limit.0);
        let rows = self.apart(python, |db| match (after, offset) {
            (after @ Some(_), None) => {
                db.list_experiences_after(collective.0, after.map(|after| after.0), limit)
            }
            (None, offset) => db.list_experiences(collective.0, limit, offset.map_or(0, |offset| offset.0)),
            (Some(_), Some(_)) => Err(pulsedb::ValidationError::InvalidField {
                field: "offset".into(),
                reason: "it cannot be combined with `after`; give one of them".into(),
            }
            .into()),
        })?;
        Ok(experiences(rows))
    }

    /// The ids of experiences whose energy is below a bound, with it, in order of the ids; archived ones are left out. `limit`,
    /// 1 to 1000, is 100 unless it is given.
    #[pyo3(signature = (collective, below, *, limit = None))]
    fn cold(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        below: Number<fields::Below>,
        limit: Option<Count<fields::Limit>>,
    ) -> PyResult<Vec<(String, f32)>> {
        let limit = limit.map_or(100, |limit| limit.0);
        let rows = self.apart(python, |db| db.list_cold_experiences(collective.0, below.0, limit))?;
        Ok(rows.into_iter().map(|(id, energy)| (id.to_string(), energy)).collect())
    }

    /// The newest experiences of a collective, newest first. `limit`, 1 to 1000, is 10 unless it is given.
    #[pyo3(signature = (collective, limit = None, *, filter = None))]
    fn recent(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        limit: Option<Count<fields::Limit>>,
        filter: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Experience>> {
        let filter = inputs::filter(filter)?;
        let limit = limit.map_or(10, |limit| limit.0);
        let rows =
            self.apart(python, |db| db.get_recent_experiences_filtered(collective.0, limit, filter))?;
        Ok(experiences(rows))
    }
}
