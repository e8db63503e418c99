//! Changes of different kinds, made together.

use crate::error::{Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::{NewExperienceRelation, Outcome};
use crate::storage::env::Space;
use crate::storage::read::view::View;
use crate::storage::write::operations::{self, PreparedExperience, PreparedUpdate, RecordDefaults};
use crate::storage::write::relations;
use crate::storage::write::transaction::{Size, WriteTxn};
use crate::validate::Valid;

/// A checked change of a collective, ready to be made.
pub(crate) enum PreparedChange {
    Record(PreparedExperience),
    Update(PreparedUpdate),
    Archive(ExperienceId),
    Delete(ExperienceId),
    Relate(Valid<NewExperienceRelation>),
}

/// About what these changes write, and whether they only remove something.
pub(in crate::storage) fn size_of_changes(
    view: View<'_>,
    changes: &[PreparedChange],
) -> Result<(Size, Space)> {
    let mut size = Size { records: 0, bytes: 0 };
    let mut add = |one: Size| {
        size.records += one.records;
        size.bytes += one.bytes;
    };
    let mut space = Space::Reclaim;
    for change in changes {
        match change {
            PreparedChange::Record(row) => add(operations::size_of_records(std::slice::from_ref(row))),
            PreparedChange::Update(row) => {
                add(operations::size_of_updates(view, std::slice::from_ref(row))?);
            }
            PreparedChange::Archive(_) => add(operations::size_of_change()),
            PreparedChange::Delete(id) => {
                add(operations::size_of_change());
                add(relations::size_of_cuts(view, &[*id])?);
            }
            PreparedChange::Relate(new) => {
                add(relations::size_of_relations([new.get().metadata.as_ref()].into_iter()));
            }
        }
        if !matches!(change, PreparedChange::Delete(_)) {
            space = Space::Growth;
        }
    }
    Ok((size, space))
}

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
        outcomes.push(match change {
            PreparedChange::Record(row) => {
                let ids = operations::record(txn, std::slice::from_ref(row), defaults)?;
                // One record, one id.
                Outcome::Recorded(ids[0])
            }
            PreparedChange::Update(update) => {
                expect_in(txn, collective, update.id)?;
                operations::update(txn, update)?;
                Outcome::Updated(update.id)
            }
            PreparedChange::Archive(id) => {
                expect_in(txn, collective, *id)?;
                operations::set_archived(txn, *id, true)?;
                Outcome::Archived(*id)
            }
            PreparedChange::Delete(id) => {
                expect_in(txn, collective, *id)?;
                operations::delete(txn, *id)?;
                Outcome::Deleted(*id)
            }
            PreparedChange::Relate(new) => {
                expect_in(txn, collective, new.get().source_id)?;
                Outcome::Related(relations::store(txn, new.get())?)
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
