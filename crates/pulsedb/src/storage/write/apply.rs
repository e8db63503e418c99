//! Changes of different kinds, made together.

use crate::error::{Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::Outcome;
use crate::storage::write::operations::{self, PreparedChange, RecordDefaults};
use crate::storage::write::rows;
use crate::storage::write::transaction::WriteTxn;

/// Makes all of these changes of one collective or none, one after the other.
pub(in crate::storage) fn apply(
    txn: &mut WriteTxn<'_>,
    collective: CollectiveId,
    changes: &[PreparedChange],
    defaults: RecordDefaults,
) -> Result<Vec<Outcome>> {
    // It must be there, also for no change at all.
    txn.open_collective(collective)?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        change.id().map_or(Ok(()), |id| expect_in(txn, collective, id))?;
        outcomes.push(match change {
            PreparedChange::Record(row) => {
                let ids = operations::record(txn, std::slice::from_ref(row), defaults)?;
                // One record, one id.
                Outcome::Recorded(ids[0])
            }
            PreparedChange::Update(update) => {
                operations::update(txn, update)?;
                Outcome::Updated(update.id)
            }
            PreparedChange::Archive(id) => {
                operations::set_archived(txn, *id, true)?;
                Outcome::Archived(*id)
            }
            PreparedChange::Delete(id) => {
                rows::delete(txn, *id)?;
                Outcome::Deleted(*id)
            }
        });
    }
    Ok(outcomes)
}

fn expect_in(txn: &WriteTxn<'_>, collective: CollectiveId, id: ExperienceId) -> Result<()> {
    let (_, experience) = txn.existing(id)?;
    if experience.collective_id == collective {
        return Ok(());
    }
    let place = experience.collective_id;
    let reason = format!(
        "experience {id} is in collective {place}, not in {collective}; make a call for each collective"
    );
    Err(ValidationError::invalid("changes", reason).into())
}
