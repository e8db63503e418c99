//! A relation as front matter without a text.

use pulsedb::ExperienceRelation;

use crate::form::front::{Fault, Front, FrontWriter};
use crate::form::moment::Moment;

/// The file of a relation.
pub(crate) fn write(relation: &ExperienceRelation) -> String {
    FrontWriter::new()
        .field("id", &relation.id)
        .field("source", &relation.source_id)
        .field("relation", &relation.relation_type)
        .field("target", &relation.target_id)
        .field("strength", &relation.strength)
        .optional("metadata", relation.metadata.as_ref())
        .field("created_at", &Moment(relation.created_at))
        .finish("")
}

/// The relation of a file.
pub(crate) fn read(bytes: &[u8]) -> Result<ExperienceRelation, Fault> {
    let mut front = Front::parse(bytes)?;
    let relation = ExperienceRelation {
        id: front.take("id")?,
        source_id: front.take("source")?,
        target_id: front.take("target")?,
        relation_type: front.take("relation")?,
        strength: front.take("strength")?,
        metadata: front.take_optional("metadata")?,
        created_at: front.take::<Moment>("created_at")?.0,
    };
    match front.finish()? {
        "" => Ok(relation),
        _ => Err(Fault::new(0, "a relation has no text after its front matter")),
    }
}
