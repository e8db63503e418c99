//! Records whose content is there already.

use crate::error::{Result, ValidationError};
use crate::id::ExperienceId;
use crate::model::change::Action;
use crate::model::{DuplicatePolicy, Experience, NewExperience};
use crate::storage::format::experience::Place;
use crate::storage::write::rows;
use crate::storage::write::transaction::{OpenCollective, WriteTxn};
use crate::validate;

/// The record that a new one may not stand beside: one with the same content, if the policy of the new one is to look for
/// it. Where the new one has a key, only the `holder` of the key is looked at.
pub(super) fn found(
    txn: &WriteTxn<'_>,
    collective: &OpenCollective,
    new: &NewExperience,
    holder: Option<&(Place, Experience)>,
) -> Result<Option<(Place, Experience)>> {
    if new.duplicate == DuplicatePolicy::Keep {
        return Ok(None);
    }
    if new.key.is_some() {
        let Some((place, one)) = holder.filter(|(_, one)| one.content == new.content) else {
            return Ok(None);
        };
        let is_found = txn.view().is_found(*place, one, txn.now)?;
        return Ok(is_found.then(|| (*place, one.clone())));
    }
    txn.view().identical(collective.number, &new.content, txn.now)
}

/// Does with a new record and the one that has its content what the policy says; returns the id of the latter.
pub(super) fn treat(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    (place, before): &(Place, Experience),
    new: &NewExperience,
) -> Result<ExperienceId> {
    if new.duplicate == DuplicatePolicy::Refuse {
        let reason = format!(
            "it is the content of experience {}; update or reinforce that one, or record it with another policy",
            before.id
        );
        return Err(ValidationError::invalid("content", reason).into());
    }
    let mut after = before.clone();
    take_over(&mut after, new);
    let is_indexed_alike = after == *before;
    validate::merged(&after)?;
    after.applications = after.applications.saturating_add(1);
    after.last_reinforced = txn.now;
    after.updated_at = txn.now;
    if is_indexed_alike {
        rows::rewrite(txn, collective, *place, &mut after, Action::Reinforced)?;
    } else {
        let vector = rows::stored_vector(txn, *place)?;
        rows::move_to_new_slot(txn, collective, &(*place, before.clone()), &mut after, vector.as_ref())?;
    }
    Ok(after.id)
}

/// Adds what the new one has and the other lacks.
fn take_over(known: &mut Experience, new: &NewExperience) {
    known.importance = known.importance.max(new.importance);
    known.confidence = known.confidence.max(new.confidence);
    for domain in &new.domain {
        if !known.domain.contains(domain) {
            known.domain.push(domain.clone());
        }
    }
    for (key, value) in &new.tags {
        known.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
}
