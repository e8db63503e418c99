//! Rows of `insight`.

use crate::id::{CollectiveId, ExperienceId, InsightId};
use crate::model::change::{CollectiveNumber, Slot};
use crate::model::{DerivedInsight, InsightType};
use crate::storage::format::experience::Place;
use crate::storage::format::flags::known_bits;
use crate::storage::format::reader::Reader;
use crate::storage::format::writer::Write;

/// Writes a row of `insight`. The vector is not part of it.
pub(crate) fn write_insight(place: Place, insight: &DerivedInsight, out: &mut Vec<u8>) {
    out.u32(place.number.0);
    out.u32(place.slot.0);
    out.put(insight.collective_id.as_bytes());
    out.time(insight.created_at);
    out.f32(insight.confidence);
    out.u8(insight_tag(insight.insight_type));
    out.u8(0);
    out.text(&insight.content);
    out.texts(&insight.domain);
    out.u16(insight.source_experience_ids.len() as u16);
    for source in &insight.source_experience_ids {
        out.put(source.as_bytes());
    }
}

/// Reads a row of `insight`; the embedding and the missing sources are left empty.
pub(crate) fn read_insight(id: InsightId, bytes: &[u8]) -> Option<(Place, DerivedInsight)> {
    let mut reader = Reader::new(bytes);
    let number = CollectiveNumber(reader.u32()?);
    let slot = Slot(reader.u32()?);
    let collective_id = CollectiveId::from_bytes(reader.id()?);
    let created_at = reader.time()?;
    let confidence = reader.f32()?;
    let insight_type = insight_type(reader.u8()?)?;
    known_bits(reader.u8()?, 0)?;
    let content = reader.text()?;
    let domain = reader.texts()?;
    let count = reader.u16()?;
    let sources = (0..count).map(|_| reader.id().map(ExperienceId::from_bytes));
    let source_experience_ids = sources.collect::<Option<Vec<_>>>()?;
    reader.end()?;
    let insight = DerivedInsight {
        id,
        collective_id,
        content,
        embedding: Vec::new(),
        source_experience_ids,
        missing_sources: Vec::new(),
        insight_type,
        confidence,
        domain,
        created_at,
    };
    Some((Place { number, slot }, insight))
}

/// The number of a type in rows.
pub(crate) fn insight_tag(insight_type: InsightType) -> u8 {
    match insight_type {
        InsightType::Pattern => 0,
        InsightType::Synthesis => 1,
        InsightType::Abstraction => 2,
        InsightType::Correlation => 3,
    }
}

fn insight_type(tag: u8) -> Option<InsightType> {
    InsightType::ALL.into_iter().find(|one| insight_tag(*one) == tag)
}
