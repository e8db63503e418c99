//! What a relation must be before its ends are looked for.

use crate::error::ValidationError;
use crate::id::ExperienceId;
use crate::limits;
use crate::model::{ExperienceRelation, NewExperienceRelation};
use crate::validate::{Result, Valid, batch_bytes, batch_rows, fraction, restored_id_bytes, text};

/// Checks everything about a new relation but its ends.
pub(crate) fn new(new: NewExperienceRelation) -> Result<Valid<NewExperienceRelation>> {
    fields(new.source_id, new.target_id, new.strength, new.metadata.as_deref())?;
    Ok(Valid(new))
}

/// Checks relations that are stored as they are, but not their ends.
pub(crate) fn restored(relations: Vec<ExperienceRelation>) -> Result<Vec<Valid<ExperienceRelation>>> {
    batch_rows(relations.len())?;
    let metadata = relations.iter().filter_map(|relation| relation.metadata.as_ref());
    batch_bytes(metadata.map(String::len).sum())?;
    let checked = relations.into_iter().map(|relation| {
        restored_id_bytes(relation.id.as_bytes(), &relation.id)?;
        fields(relation.source_id, relation.target_id, relation.strength, relation.metadata.as_deref())?;
        Ok(Valid(relation))
    });
    checked.collect()
}

fn fields(source: ExperienceId, target: ExperienceId, strength: f32, metadata: Option<&str>) -> Result<()> {
    if source == target {
        let reason = format!("{target} is the source too; a relation has two ends");
        return Err(ValidationError::invalid("target_id", reason));
    }
    fraction("strength", strength)?;
    metadata.map_or(Ok(()), |value| text("metadata", value, limits::RELATION_METADATA_BYTES_MAX))
}
