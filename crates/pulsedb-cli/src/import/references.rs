//! References between records that an import adds: the ids of the source become those that the records have here.

use std::collections::HashMap;

use pulsedb::{ExperienceId, ExperienceType, ExperienceUpdate, PulseDB};

/// The ids of an import, and the records that refer to others.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// The ids that records have here, by those that they have in the source.
    here: HashMap<ExperienceId, ExperienceId>,
    /// Records, by their ids here, whose references are those of the source.
    referring: Vec<ExperienceId>,
}

/// What became of the references of a record.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// What makes them lead where they led in the source; `None` if they do.
    pub(crate) update: Option<ExperienceUpdate>,
    /// References to records that are neither in the input nor in the database. They stay as they are.
    pub(crate) unknown: u64,
}

impl References {
    /// Notes a record that is in the database: the id that it has in the source, its id here, and what it is.
    pub(crate) fn add(
        &mut self,
        exported: Option<ExperienceId>,
        here: ExperienceId,
        experience_type: &ExperienceType,
    ) {
        if let Some(exported) = exported {
            self.here.insert(exported, here);
        }
        if reference(&mut experience_type.clone()).is_some() {
            self.referring.push(here);
        }
    }

    /// The id here of a record of the source; its own if the import has not met it.
    pub(crate) fn here(&self, id: ExperienceId) -> ExperienceId {
        self.here.get(&id).copied().unwrap_or(id)
    }

    /// The records that refer to others, once.
    pub(crate) fn take_referring(&mut self) -> Vec<ExperienceId> {
        std::mem::take(&mut self.referring)
    }

    /// What the references of a record have to become, when every record of the import is in the database.
    pub(crate) fn resolve(&self, db: &PulseDB, id: ExperienceId) -> pulsedb::Result<Resolved> {
        let Some(mut experience_type) = db.get_experience(id)?.map(|it| it.experience_type) else {
            return Ok(Resolved::default());
        };
        let Some(reference) = reference(&mut experience_type) else { return Ok(Resolved::default()) };
        match self.here.get(reference) {
            Some(here) if here == reference => Ok(Resolved::default()),
            Some(here) => {
                *reference = *here;
                let update = ExperienceUpdate {
                    experience_type: Some(experience_type),
                    ..ExperienceUpdate::default()
                };
                Ok(Resolved { update: Some(update), unknown: 0 })
            }
            None => {
                let is_known = db.get_experience(*reference)?.is_some();
                Ok(Resolved { update: None, unknown: u64::from(!is_known) })
            }
        }
    }
}

/// The id of another experience that one of this type holds. Every type is listed, so that a new one is considered.
fn reference(experience_type: &mut ExperienceType) -> Option<&mut ExperienceId> {
    match experience_type {
        ExperienceType::Solution { problem_ref, .. } => problem_ref.as_mut(),
        ExperienceType::Difficulty { .. }
        | ExperienceType::ErrorPattern { .. }
        | ExperienceType::SuccessPattern { .. }
        | ExperienceType::UserPreference { .. }
        | ExperienceType::ArchitecturalDecision { .. }
        | ExperienceType::TechInsight { .. }
        | ExperienceType::Fact { .. }
        | ExperienceType::Generic { .. } => None,
    }
}
