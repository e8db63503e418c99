//! Several changes of different kinds in one commit.

use crate::id::{ExperienceId, RelationId};
use crate::model::experience::{ExperienceUpdate, NewExperience};
use crate::model::relation::NewExperienceRelation;

/// One of the changes that [`PulseDB::apply`](crate::PulseDB::apply) makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Records an experience. Its `collective_id` is nil or that of the call.
    Record(NewExperience),
    /// Changes what the update names.
    Update(ExperienceId, ExperienceUpdate),
    /// Archives an experience; one that is archived already stays as it is.
    Archive(ExperienceId),
    /// Deletes an experience with its relations.
    Delete(ExperienceId),
    /// Stores a relation between two experiences of the collective.
    Relate(NewExperienceRelation),
}

/// What a change has made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The experience that was recorded; the one before it, if that was replaced or reinforced.
    Recorded(ExperienceId),
    /// The experience that was updated.
    Updated(ExperienceId),
    /// The experience that is archived.
    Archived(ExperienceId),
    /// The experience that is gone.
    Deleted(ExperienceId),
    /// The relation that was stored.
    Related(RelationId),
}
