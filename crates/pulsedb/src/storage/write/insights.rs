//! The rows of one insight: which there are, and how they are made and removed together.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{NotFoundError, Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId, InsightId};
use crate::model::change::{ChangeKind, CollectiveNumber};
use crate::model::{DerivedInsight, NewDerivedInsight};
use crate::storage::format::experience::Place;
use crate::storage::format::insight::{insight_tag, write_insight};
use crate::storage::format::keys;
use crate::storage::format::meta::EmbeddingRow;
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::format::vector::StoredVector;
use crate::storage::read::view::View;
use crate::storage::write::block_builder::IndexedRow;
use crate::storage::write::operations::{DEFAULT_COLLECTIVE, same_dimension};
use crate::storage::write::rows::{self, Version};
use crate::storage::write::transaction::{OpenCollective, Size, WriteTxn};
use crate::validate::Valid;

/// Bytes of the fixed parts of an insight and of the index rows that each has.
const INSIGHT_BYTES: usize = 1024;
/// Bytes of an index row of a source.
const SOURCE_BYTES: usize = 96;

/// A checked insight with its vector, ready to be stored.
pub(crate) struct PreparedInsight {
    pub(crate) new: Valid<NewDerivedInsight>,
    pub(crate) vector: Option<StoredVector>,
    /// What has made the vector, or is to have made one that was given.
    pub(crate) embedder: Arc<EmbeddingRow>,
    pub(crate) indexed: IndexedRow,
}

/// A checked insight with everything that a stored one has, ready to be stored as it is.
pub(crate) struct PreparedInsightRestore {
    pub(crate) insight: Valid<DerivedInsight>,
    pub(crate) vector: Option<StoredVector>,
    pub(crate) embedder: Arc<EmbeddingRow>,
}

/// About what an insight writes.
pub(in crate::storage) fn size_of_insight(
    content: &str,
    sources: &[ExperienceId],
    vector: Option<&StoredVector>,
) -> usize {
    let vector = vector.map_or(0, |vector| vector.components.len() * 4);
    // The tail, the columns of a block and its postings are written too.
    INSIGHT_BYTES + 6 * content.len() + sources.len() * SOURCE_BYTES + vector
}

/// About what storing an insight writes.
pub(in crate::storage) fn size_of_new(prepared: &PreparedInsight) -> Size {
    let new = prepared.new.get();
    let bytes = size_of_insight(&new.content, &new.source_experience_ids, prepared.vector.as_ref());
    Size { records: 1, bytes }
}

/// About what restoring insights writes.
pub(in crate::storage) fn size_of_restores(prepared: &[PreparedInsightRestore]) -> Size {
    let bytes = prepared.iter().map(|row| {
        let insight = row.insight.get();
        size_of_insight(&insight.content, &insight.source_experience_ids, row.vector.as_ref())
    });
    Size { records: prepared.len(), bytes: bytes.sum() }
}

/// Stores an insight of records that exist, and logs it. A nil collective is the default one.
pub(in crate::storage) fn store(
    txn: &mut WriteTxn<'_>,
    prepared: &PreparedInsight,
    collective: CollectiveId,
) -> Result<InsightId> {
    let new = prepared.new.get();
    txn.expect_embedder(&prepared.embedder)?;
    let mut insights = txn.open_insights(collective)?;
    for source in &new.source_experience_ids {
        let (_, experience) = txn.existing(*source)?;
        if experience.collective_id != collective {
            return Err(elsewhere(*source, experience.collective_id, collective).into());
        }
    }
    if let Some(vector) = &prepared.vector {
        same_dimension(&insights, vector)?;
    }
    let insight = DerivedInsight {
        id: InsightId::from_bytes(txn.next_id(Table::Insight)?),
        collective_id: collective,
        content: new.content.clone(),
        embedding: Vec::new(),
        source_experience_ids: new.source_experience_ids.clone(),
        missing_sources: Vec::new(),
        insight_type: new.insight_type,
        confidence: new.confidence,
        domain: new.domain.clone(),
        created_at: txn.now,
    };
    insert(txn, &mut insights, &insight, prepared.vector.as_ref(), &prepared.indexed)?;
    txn.close_collective(&mut insights)?;
    Ok(insight.id)
}

fn elsewhere(source: ExperienceId, is_in: CollectiveId, expected: CollectiveId) -> ValidationError {
    let reason = format!("{source} is in collective {is_in}, not in {expected}");
    ValidationError::invalid("source_experience_ids", reason)
}

/// Stores insights as they are, all or none. Their ids must be free; sources may be missing.
pub(in crate::storage) fn restore(txn: &mut WriteTxn<'_>, prepared: &[PreparedInsightRestore]) -> Result<()> {
    for row in prepared {
        txn.expect_embedder(&row.embedder)?;
        let insight = row.insight.get();
        if txn.view().stored_insight(insight.id)?.is_some() {
            let reason = format!("{} exists already; nothing was restored", insight.id);
            return Err(ValidationError::invalid("id", reason).into());
        }
        let mut insights = txn.open_insights(insight.collective_id)?;
        for source in &insight.source_experience_ids {
            if let Some((_, experience)) = txn.view().experience_row(*source)?
                && experience.collective_id != insight.collective_id
            {
                return Err(elsewhere(*source, experience.collective_id, insight.collective_id).into());
            }
        }
        if let Some(vector) = &row.vector {
            same_dimension(&insights, vector)?;
        }
        let indexed = txn.rules.builder.index_insight(insight);
        insert(txn, &mut insights, insight, row.vector.as_ref(), &indexed)?;
        txn.close_collective(&mut insights)?;
        txn.note_id(Table::Insight, *insight.id.as_bytes());
    }
    Ok(())
}

/// Logs an insight and inserts its rows.
fn insert(
    txn: &mut WriteTxn<'_>,
    insights: &mut OpenCollective,
    insight: &DerivedInsight,
    vector: Option<&StoredVector>,
    indexed: &IndexedRow,
) -> Result<()> {
    let slot = rows::take_slot(insights)?;
    let place = Place { number: insights.number, slot };
    log(txn, insights, insight.id, false)?;
    insert_rows(txn, insights, place, insight, vector, indexed)
}

/// Inserts an insight that was there before, at its place; the log is not touched.
pub(in crate::storage) fn carry_over(
    txn: &mut WriteTxn<'_>,
    insights: &mut OpenCollective,
    place: Place,
    insight: &DerivedInsight,
    vector: Option<&StoredVector>,
) -> Result<()> {
    let indexed = txn.rules.builder.index_insight(insight);
    insert_rows(txn, insights, place, insight, vector, &indexed)
}

fn insert_rows(
    txn: &mut WriteTxn<'_>,
    insights: &mut OpenCollective,
    place: Place,
    insight: &DerivedInsight,
    vector: Option<&StoredVector>,
    indexed: &IndexedRow,
) -> Result<()> {
    txn.insert(&mut insights.counter, Table::Insight, insight.id.as_bytes(), |out| {
        write_insight(place, insight, out);
    })?;
    let row = slot_row(insight, indexed.words);
    let version = Version { row, index: index_keys(place.number, insight), vector, indexed };
    rows::insert_slot(txn, insights, place, &version)?;
    insights.counter.experiences += 1;
    Ok(())
}

/// Deletes an insight that exists for callers, and logs it.
pub(in crate::storage) fn delete(txn: &mut WriteTxn<'_>, id: InsightId) -> Result<()> {
    let (place, insight) = txn.view().insight_row(id)?.ok_or(NotFoundError::Insight(id))?;
    let mut insights = txn.open_insights(insight.collective_id)?;
    log(txn, &insights, id, true)?;
    rows::remove_slot(txn, &mut insights, place, index_keys(place.number, &insight))?;
    txn.remove(&mut insights.counter, Table::Insight, id.as_bytes())?;
    insights.counter.experiences = insights.counter.experiences.saturating_sub(1);
    txn.close_collective(&mut insights)
}

/// The keys of every index row of an insight, also for comparing them with the tables.
pub(in crate::storage) fn index_keys(
    number: CollectiveNumber,
    insight: &DerivedInsight,
) -> Vec<(Table, Vec<u8>)> {
    let sources: BTreeSet<ExperienceId> = insight.source_experience_ids.iter().copied().collect();
    let member = keys::member_bytes(number, insight.id.as_bytes()).to_vec();
    let sources = sources.into_iter();
    let sources = sources.map(|source| keys::insight_source(number, source, insight.id).to_vec());
    std::iter::once((Table::Member, member)).chain(sources.map(|key| (Table::InsightSource, key))).collect()
}

/// The slot row that belongs to an insight.
pub(in crate::storage) fn slot_row(insight: &DerivedInsight, words: u32) -> SlotRow {
    SlotRow {
        id: insight.id.as_record(),
        timestamp: insight.created_at,
        importance: 0.0,
        confidence: insight.confidence,
        words,
        type_tag: insight_tag(insight.insight_type),
        archived: false,
        superseded: false,
    }
}

fn log(txn: &mut WriteTxn<'_>, insights: &OpenCollective, id: InsightId, is_deleted: bool) -> Result<()> {
    let collective = (insights.number.of_collective(), insights.id);
    txn.log(collective, ChangeKind::Insight { id, is_deleted })?;
    Ok(())
}

/// The collective that a nil id means for an insight: it must exist, since its sources do.
pub(in crate::storage) fn named_or_default(
    view: View<'_>,
    given: CollectiveId,
    default: Option<CollectiveId>,
) -> Result<CollectiveId> {
    if !given.is_nil() {
        return Ok(given);
    }
    let default = match default {
        Some(id) => Some(id),
        None => view.collective_named(DEFAULT_COLLECTIVE)?,
    };
    default.ok_or_else(|| NotFoundError::Collective(given).into())
}
