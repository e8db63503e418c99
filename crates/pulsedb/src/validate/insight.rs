//! What an insight must be before its sources are looked for.

use crate::error::ValidationError;
use crate::id::ExperienceId;
use crate::limits;
use crate::model::{DerivedInsight, InsightFilter, NewDerivedInsight};
use crate::validate::normal;
use crate::validate::{
    Result, Valid, at_most, batch_bytes, batch_rows, domains, fraction, restored_id_bytes,
};

/// Checks everything about a new insight, except its sources and the length of its vector.
pub(crate) fn new(new: NewDerivedInsight) -> Result<Valid<NewDerivedInsight>> {
    let new = NewDerivedInsight { domain: normal::texts(new.domain), ..new };
    fields(&new.content, &new.source_experience_ids, new.confidence, &new.domain)?;
    Ok(Valid(new))
}

/// Checks an insight that is stored as it is, except its sources and the length of its vector.
pub(crate) fn restored(insight: DerivedInsight) -> Result<Valid<DerivedInsight>> {
    restored_id_bytes(insight.id.as_bytes(), &insight.id)?;
    let insight = DerivedInsight { domain: normal::texts(insight.domain), ..insight };
    fields(&insight.content, &insight.source_experience_ids, insight.confidence, &insight.domain)?;
    Ok(Valid(insight))
}

/// Checks the size of a batch of stored insights.
pub(crate) fn restored_batch(insights: &[DerivedInsight]) -> Result<()> {
    batch_rows(insights.len())?;
    batch_bytes(insights.iter().map(|one| one.content.len() + one.embedding.len() * 4).sum())
}

/// A checked filter, with its names in NFC.
pub(crate) fn filter(filter: InsightFilter) -> Result<InsightFilter> {
    let filter = InsightFilter { domains: filter.domains.map(normal::texts), ..filter };
    at_most("filter.domains", filter.domains.as_ref().map_or(0, Vec::len), limits::FILTER_ITEMS_MAX)?;
    let types = filter.insight_types.as_ref().map_or(0, Vec::len);
    at_most("filter.insight_types", types, limits::FILTER_ITEMS_MAX)?;
    filter.min_confidence.map_or(Ok(()), |value| fraction("filter.min_confidence", value))?;
    Ok(filter)
}

fn fields(content: &str, sources: &[ExperienceId], confidence: f32, domain: &[String]) -> Result<()> {
    if content.is_empty() {
        return Err(ValidationError::required("content"));
    }
    if content.len() > limits::INSIGHT_BYTES_MAX {
        return Err(ValidationError::ContentTooLarge { size: content.len(), max: limits::INSIGHT_BYTES_MAX });
    }
    if sources.is_empty() {
        return Err(ValidationError::required("source_experience_ids"));
    }
    at_most("source_experience_ids", sources.len(), limits::INSIGHT_SOURCES_MAX)?;
    fraction("confidence", confidence)?;
    domains(domain)
}
