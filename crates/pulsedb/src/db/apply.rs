//! Changes of different kinds in one commit.

use crate::db::PulseDB;
use crate::db::experience::brings_vector;
use crate::error::{Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::{Change, NewExperience, NewExperienceRelation, Outcome};
use crate::storage::PreparedChange;
use crate::validate::{self, Valid};

impl PulseDB {
    /// Makes all of these changes of a collective or none, in one commit, in the order given: at most 10 000, with at most
    /// 64 MiB of texts and vectors. Each sees what those before it have changed.
    ///
    /// ```
    /// # use pulsedb::{Change, Config, NewExperience, Outcome, PulseDB};
    /// # fn main() -> pulsedb::Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// let notes = db.get_or_create_collective("notes")?;
    /// let new = |content: &str| NewExperience { content: content.into(), ..Default::default() };
    /// let made = db.apply(notes, vec![Change::Record(new("a draft"))])?;
    /// let Outcome::Recorded(draft) = made[0] else { unreachable!() };
    /// // The draft goes in the moment in which the note is there.
    /// db.apply(notes, vec![Change::Record(new("the note")), Change::Delete(draft)])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the calls that make the changes one by one, if any of them is refused, and
    /// [`InvalidField`](ValidationError::InvalidField) for an experience of another collective; nothing is changed then.
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn apply(&self, collective: CollectiveId, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        let store = self.writable()?;
        validate::changes(&changes)?;
        let (mut records, mut updates) = (Vec::new(), Vec::new());
        let mut kinds = Vec::with_capacity(changes.len());
        for change in changes {
            kinds.push(match change {
                Change::Record(new) => {
                    records.push(of_collective(new, collective)?);
                    Kind::Record
                }
                Change::Update(id, update) => {
                    updates.push((id, update));
                    Kind::Update
                }
                Change::Archive(id) => Kind::Archive(id),
                Change::Delete(id) => Kind::Delete(id),
                Change::Relate(new) => Kind::Relate(validate::relation::new(new)?),
            });
        }
        let embedder = self.embedder();
        if !records.is_empty() || updates.iter().any(|(_, update)| brings_vector(update)) {
            embedder.expect_in_force(&store)?;
        }
        let mut records = embedder.prepare(records)?.into_iter();
        let mut updates = embedder.prepare_updates(updates)?.into_iter();
        let prepared = kinds.into_iter().filter_map(|kind| match kind {
            Kind::Record => records.next().map(PreparedChange::Record),
            Kind::Update => updates.next().map(PreparedChange::Update),
            Kind::Archive(id) => Some(PreparedChange::Archive(id)),
            Kind::Delete(id) => Some(PreparedChange::Delete(id)),
            Kind::Relate(new) => Some(PreparedChange::Relate(new)),
        });
        store.apply(collective, prepared.collect(), self.defaults())
    }
}

/// A change, without what is prepared together with others of its kind.
enum Kind {
    Record,
    Update,
    Archive(ExperienceId),
    Delete(ExperienceId),
    Relate(Valid<NewExperienceRelation>),
}

fn of_collective(new: NewExperience, collective: CollectiveId) -> Result<NewExperience> {
    if new.collective_id.is_nil() || new.collective_id == collective {
        return Ok(NewExperience { collective_id: collective, ..new });
    }
    let reason = format!(
        "{} is not the collective of the call, {collective}; leave it out, or make a call for each collective",
        new.collective_id
    );
    Err(ValidationError::invalid("collective_id", reason).into())
}
