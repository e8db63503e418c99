//! An insight as Markdown with front matter.

use std::ops::Not;

use pulsedb::{CollectiveId, DerivedInsight};

use crate::form::front::{Fault, Front, FrontWriter};
use crate::form::moment::Moment;

/// The file of an insight: all but its vector and its collective.
pub(crate) fn write(insight: &DerivedInsight) -> String {
    FrontWriter::new()
        .field("id", &insight.id)
        .field("insight", &insight.insight_type)
        .field("sources", &insight.source_experience_ids)
        .field("confidence", &insight.confidence)
        .optional("domain", insight.domain.is_empty().not().then_some(&insight.domain))
        .field("created_at", &Moment(insight.created_at))
        .finish(&insight.content)
}

/// The insight of a file, without its vector; which of its sources are missing shows when it is restored.
pub(crate) fn read(bytes: &[u8], collective_id: CollectiveId) -> Result<DerivedInsight, Fault> {
    let mut front = Front::parse(bytes)?;
    let insight = DerivedInsight {
        id: front.take("id")?,
        collective_id,
        content: String::new(),
        embedding: Vec::new(),
        source_experience_ids: front.take("sources")?,
        missing_sources: Vec::new(),
        insight_type: front.take("insight")?,
        confidence: front.take("confidence")?,
        domain: front.take_optional("domain")?.unwrap_or_default(),
        created_at: front.take::<Moment>("created_at")?.0,
    };
    Ok(DerivedInsight { content: front.finish()?.to_owned(), ..insight })
}
