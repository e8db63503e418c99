//! The operations on records: what each one changes, all in one transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::error::{Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::change::Action;
use crate::model::{
    Experience, ExperienceUpdate, NewExperience, NewExperienceRelation, RelationType, TermsUpdate,
};
use crate::storage::format::experience::Place;
use crate::storage::format::meta::EmbeddingRow;
use crate::storage::format::vector::StoredVector;
use crate::storage::read::view::View;
use crate::storage::write::block_builder::IndexedRow;
use crate::storage::write::duplicates;
use crate::storage::write::relations;
use crate::storage::write::rows;
use crate::storage::write::transaction::{OpenCollective, Size, WriteTxn};
use crate::validate::{self, Valid};

/// Bytes of the fixed parts of a record and of the index rows that every record has.
const RECORD_BYTES: usize = 1024;
/// Bytes of an index row without its word.
const INDEX_ROW_BYTES: usize = 64;
/// About what a change of one record writes: its rows once more. Most records are short; a long one fits into the
/// reserve, which is many times as large as the longest.
const CHANGE_BYTES: usize = 32 << 10;
/// Bytes of the index for each byte of a text: its row of the tail and its pieces. Short words take more than that, long
/// ones less.
const INDEXED_BYTES: usize = 4;
/// About what a collective's own rows take.
pub(in crate::storage) const COLLECTIVE: Size = Size { records: 1, bytes: 4096 };
/// About what an activity and the counts of its collective take.
pub(in crate::storage) const ACTIVITY: Size = Size { records: 1, bytes: 4096 };

/// The name of the collective that a nil id means where the settings name no other.
pub(super) const DEFAULT_COLLECTIVE: &str = "default";

/// A checked record with its vector, ready to be stored.
pub(crate) struct PreparedExperience {
    pub(crate) new: Valid<NewExperience>,
    pub(crate) vector: Option<StoredVector>,
    /// What has made the vector, or is to have made one that was given.
    pub(crate) embedder: Arc<EmbeddingRow>,
    pub(crate) indexed: IndexedRow,
}

/// A checked record with everything that a stored one has, ready to be stored as it is.
pub(crate) struct PreparedRestore {
    pub(crate) experience: Valid<Experience>,
    pub(crate) vector: Option<StoredVector>,
    pub(crate) embedder: Arc<EmbeddingRow>,
}

/// A checked update of one record with the vector it asks for, ready to be stored.
pub(crate) struct PreparedUpdate {
    pub(crate) id: ExperienceId,
    pub(crate) update: Valid<ExperienceUpdate>,
    pub(crate) terms: Valid<TermsUpdate>,
    pub(crate) vector: NewVector,
    pub(crate) embedder: Arc<EmbeddingRow>,
}

/// What an update does to the vector.
pub(crate) enum NewVector {
    Keep,
    /// Replaces it; `None` if the embedder knows none of the words of the new content.
    Replace(Option<StoredVector>),
}

/// Where records with a nil collective go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordDefaults {
    pub(crate) collective: Option<CollectiveId>,
}

/// About what recording these writes.
pub(in crate::storage) fn size_of_records(prepared: &[PreparedExperience]) -> Size {
    let bytes = prepared.iter().map(size_of_record);
    Size { records: prepared.len(), bytes: bytes.sum() }
}

/// About what one record writes.
pub(super) fn size_of_record(row: &PreparedExperience) -> usize {
    let new = row.new.get();
    // A vector that was given is counted with the rest.
    let embedded = row.vector.as_ref().filter(|_| new.embedding.is_none());
    let words = new.domain.len() + new.tags.len();
    let indexed = row.indexed.tail.len() + row.indexed.piece.len();
    record_bytes(validate::experience_bytes(new), vector_bytes(embedded), words) + indexed
}

/// About what restoring these writes.
pub(in crate::storage) fn size_of_restores(prepared: &[PreparedRestore]) -> Size {
    let bytes = prepared.iter().map(|row| {
        let experience = row.experience.get();
        let words = experience.domain.len() + experience.tags.len();
        let indexed = INDEXED_BYTES * experience.content.len();
        record_bytes(validate::stored_bytes(experience), vector_bytes(row.vector.as_ref()), words) + indexed
    });
    Size { records: prepared.len(), bytes: bytes.sum() }
}

fn vector_bytes(vector: Option<&StoredVector>) -> usize {
    vector.map_or(0, |vector| vector.components.len() * 4)
}

/// The words of domains and tags are part of the record, and each of a key in an index.
fn record_bytes(given: usize, vector: usize, words: usize) -> usize {
    RECORD_BYTES + 2 * given + vector + words * INDEX_ROW_BYTES
}

/// About what a change of one record writes that needs no text.
pub(in crate::storage) fn size_of_change() -> Size {
    Size { records: 1, bytes: CHANGE_BYTES }
}

/// About what changes of these records write: the rows of each once more. For a single one, its size is not worth a look;
/// of many, it matters how large they are.
pub(in crate::storage) fn size_of_changes<'i>(
    view: View<'_>,
    ids: impl ExactSizeIterator<Item = &'i ExperienceId>,
) -> Result<Size> {
    let records = ids.len();
    if records == 1 {
        return Ok(size_of_change());
    }
    let vector = view.identity()?.dimension * 4;
    let mut bytes = 0;
    for id in ids {
        bytes += record_bytes(view.stored_bytes(*id)?, vector, 0);
    }
    Ok(Size { records, bytes })
}

/// About what updates write, which also index each record again.
pub(in crate::storage) fn size_of_updates(view: View<'_>, updates: &[PreparedUpdate]) -> Result<Size> {
    let mut size = size_of_changes(view, updates.iter().map(|row| &row.id))?;
    for row in updates {
        let update = row.update.get();
        let content = match &update.content {
            Some(content) => content.len(),
            None => view.stored_bytes(row.id)?,
        };
        size.bytes += 2 * validate::update_bytes(update) + INDEXED_BYTES * content;
    }
    Ok(size)
}

/// Stores all of them or none.
pub(in crate::storage) fn record(
    txn: &mut WriteTxn<'_>,
    prepared: &[PreparedExperience],
    defaults: RecordDefaults,
) -> Result<Vec<ExperienceId>> {
    let mut collectives = BTreeMap::new();
    // First all that can be refused, then the writes.
    let default = match defaults.collective {
        Some(id) => id,
        // Nil stands for one that does not exist yet.
        None => txn.view().collective_named(DEFAULT_COLLECTIVE)?.unwrap_or(CollectiveId::nil()),
    };
    let resolve = |given: CollectiveId| if given.is_nil() { default } else { given };
    for row in prepared {
        txn.expect_embedder(&row.embedder)?;
        let id = resolve(row.new.get().collective_id);
        if !id.is_nil() && !collectives.contains_key(&id) {
            collectives.insert(id, txn.open_collective(id)?);
        }
        if let (Some(collective), Some(vector)) = (collectives.get(&id), &row.vector) {
            same_dimension(collective, vector)?;
        }
    }
    let mut ids = Vec::with_capacity(prepared.len());
    for row in prepared {
        let collective = match collectives.entry(resolve(row.new.get().collective_id)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let id = txn.get_or_create_collective(DEFAULT_COLLECTIVE)?;
                entry.insert(txn.open_collective(id)?)
            }
        };
        ids.push(record_one(txn, collective, row)?);
    }
    collectives.values_mut().try_for_each(|collective| txn.close_collective(collective))?;
    Ok(ids)
}

/// Stores one of them, in the place of the one that has its key; or reinforces the one that has its content.
fn record_one(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    row: &PreparedExperience,
) -> Result<ExperienceId> {
    let new = row.new.get();
    let holder = match &new.key {
        Some(key) => txn.holder(collective, key)?,
        None => None,
    };
    if let Some(found) = duplicates::found(txn, collective, new, holder.as_ref())? {
        return duplicates::treat(txn, collective, &found, new);
    }
    let mut experience = experience(new, txn);
    let holder = free_from_superseded(txn, collective, holder)?;
    if let Some(before) = holder {
        experience.id = before.1.id;
        experience.collective_id = collective.id;
        experience.applications = before.1.applications;
        experience.superseded = before.1.superseded;
        rows::move_to_new_slot(txn, collective, &before, &mut experience, row.vector.as_ref())?;
        return Ok(experience.id);
    }
    rows::insert(txn, collective, &mut experience, row.vector.as_ref(), &row.indexed)?;
    Ok(experience.id)
}

/// The holder of a key, unless it is superseded: nobody would find what took its place, so it gives the key up.
fn free_from_superseded(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    holder: Option<(Place, Experience)>,
) -> Result<Option<(Place, Experience)>> {
    let Some((place, one)) = holder else { return Ok(None) };
    if one.superseded && txn.view().has_successor(place.number, one.id, txn.now)? {
        rows::take_key(txn, collective, one.id)?;
        return Ok(None);
    }
    Ok(Some((place, one)))
}

pub(super) fn same_dimension(collective: &OpenCollective, vector: &StoredVector) -> Result<()> {
    let (expected, got) = (collective.dimension, vector.components.len());
    if expected == got {
        return Ok(());
    }
    Err(ValidationError::DimensionMismatch { expected, got }.into())
}

fn experience(new: &NewExperience, txn: &WriteTxn<'_>) -> Experience {
    Experience {
        id: ExperienceId::nil(),
        collective_id: CollectiveId::nil(),
        content: new.content.clone(),
        embedding: Vec::new(),
        experience_type: new.experience_type.clone(),
        importance: new.importance,
        confidence: new.confidence,
        applications: 0,
        domain: new.domain.clone(),
        tags: new.tags.clone(),
        related_files: new.related_files.clone(),
        source_agent: new.source_agent.clone(),
        source_task: new.source_task.clone(),
        timestamp: new.timestamp.unwrap_or(txn.now),
        updated_at: txn.now,
        last_reinforced: txn.now,
        archived: false,
        superseded: false,
        key: new.key.clone(),
        expires_at: new.expires_at,
        sequence: 0,
    }
}

/// Changes what the update names. An empty update changes nothing and takes no number.
pub(in crate::storage) fn update(txn: &mut WriteTxn<'_>, prepared: &PreparedUpdate) -> Result<()> {
    let (_, experience) = txn.existing(prepared.id)?;
    let (update, terms) = (prepared.update.get(), prepared.terms.get());
    let keeps_terms = *terms == TermsUpdate::default();
    if *update == ExperienceUpdate::default() && keeps_terms {
        return Ok(());
    }
    let mut collective = txn.open_collective(experience.collective_id)?;
    if let Some(Some(key)) = &terms.key {
        let holder = txn.holder(&mut collective, key)?.filter(|(_, one)| one.id != prepared.id);
        if let Some((_, holder)) = free_from_superseded(txn, &mut collective, holder)? {
            let reason = format!("`{key}` is the key of experience {}; choose another key", holder.id);
            return Err(ValidationError::invalid("key", reason).into());
        }
    }
    // Read only now: what has expired may have gone with the key that it had.
    let before = txn.existing(prepared.id)?;
    let (place, mut after) = before.clone();
    apply(update, &mut after);
    after.key = terms.key.clone().unwrap_or(after.key);
    after.expires_at = terms.expires_at.unwrap_or(after.expires_at);
    after.updated_at = txn.now;
    let only_files = ExperienceUpdate { related_files: update.related_files.clone(), ..Default::default() };
    if *update == only_files && keeps_terms {
        rows::rewrite(txn, &mut collective, place, &mut after, Action::Updated)?;
        return txn.close_collective(&mut collective);
    }
    let kept;
    let vector = match &prepared.vector {
        NewVector::Keep => {
            kept = rows::stored_vector(txn, place)?;
            kept.as_ref()
        }
        NewVector::Replace(vector) => {
            txn.expect_embedder(&prepared.embedder)?;
            vector.as_ref()
        }
    };
    if let Some(vector) = vector {
        same_dimension(&collective, vector)?;
    }
    rows::move_to_new_slot(txn, &mut collective, &before, &mut after, vector)?;
    txn.close_collective(&mut collective)
}

fn apply(update: &ExperienceUpdate, experience: &mut Experience) {
    fn set<T: Clone>(field: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    set(&mut experience.content, update.content.as_ref());
    set(&mut experience.importance, update.importance.as_ref());
    set(&mut experience.confidence, update.confidence.as_ref());
    set(&mut experience.domain, update.domain.as_ref());
    set(&mut experience.tags, update.tags.as_ref());
    set(&mut experience.related_files, update.related_files.as_ref());
    set(&mut experience.experience_type, update.experience_type.as_ref());
}

/// Archives or unarchives; a record that is so already is left alone.
pub(in crate::storage) fn set_archived(
    txn: &mut WriteTxn<'_>,
    id: ExperienceId,
    archived: bool,
) -> Result<()> {
    let (place, mut experience) = txn.existing(id)?;
    if experience.archived == archived {
        return Ok(());
    }
    experience.archived = archived;
    experience.updated_at = txn.now;
    let action = if archived { Action::Archived } else { Action::Unarchived };
    let mut collective = txn.open_collective(experience.collective_id)?;
    rows::rewrite(txn, &mut collective, place, &mut experience, action)?;
    txn.close_collective(&mut collective)
}

/// Counts one more application; returns how many there are.
pub(in crate::storage) fn reinforce(txn: &mut WriteTxn<'_>, id: ExperienceId) -> Result<u32> {
    let (place, mut experience) = txn.existing(id)?;
    experience.applications = experience.applications.saturating_add(1);
    experience.last_reinforced = txn.now;
    experience.updated_at = txn.now;
    let mut collective = txn.open_collective(experience.collective_id)?;
    rows::rewrite(txn, &mut collective, place, &mut experience, Action::Reinforced)?;
    txn.close_collective(&mut collective)?;
    Ok(experience.applications)
}

/// Stores a record in the place of another one, which must be in the same collective.
pub(in crate::storage) fn supersede(
    txn: &mut WriteTxn<'_>,
    older: ExperienceId,
    prepared: &PreparedExperience,
) -> Result<ExperienceId> {
    let (_, before) = txn.existing(older)?;
    let named = prepared.new.get().collective_id;
    if named != before.collective_id {
        let reason = format!("{older} is in collective {}, not in {named}", before.collective_id);
        return Err(ValidationError::invalid("collective_id", reason).into());
    }
    let mut collective = txn.open_collective(before.collective_id)?;
    if let Some(vector) = &prepared.vector {
        same_dimension(&collective, vector)?;
    }
    let key = prepared.new.get().key.as_ref();
    if key.is_some() && key == before.key.as_ref() {
        // The new one is not to replace the old one but to stand beside it.
        rows::take_key(txn, &mut collective, older)?;
    }
    let source_id = record_one(txn, &mut collective, prepared)?;
    txn.close_collective(&mut collective)?;
    let relation_type = RelationType::Supersedes;
    let relation =
        NewExperienceRelation { source_id, target_id: older, relation_type, strength: 1.0, metadata: None };
    relations::store(txn, &relation)?;
    Ok(source_id)
}

/// Deletes a record that exists for callers with its relations.
pub(in crate::storage) fn delete(txn: &mut WriteTxn<'_>, id: ExperienceId) -> Result<()> {
    let (place, experience) = txn.existing(id)?;
    let mut collective = txn.open_collective(experience.collective_id)?;
    relations::delete_record(txn, &mut collective, place, &experience)?;
    txn.close_collective(&mut collective)
}

/// Stores all of them as they are, or none. Their ids must be free.
pub(in crate::storage) fn restore(txn: &mut WriteTxn<'_>, prepared: &[PreparedRestore]) -> Result<()> {
    let mut collectives = BTreeMap::new();
    for row in prepared {
        txn.expect_embedder(&row.embedder)?;
        let experience = row.experience.get();
        expect_free_id(txn, experience.id)?;
        if let Entry::Vacant(entry) = collectives.entry(experience.collective_id) {
            entry.insert(txn.open_collective(experience.collective_id)?);
        }
        let collective = collectives.get(&experience.collective_id);
        if let (Some(collective), Some(vector)) = (collective, &row.vector) {
            same_dimension(collective, vector)?;
        }
    }
    for row in prepared {
        // Nothing is related with it yet.
        let mut experience = Experience { superseded: false, ..row.experience.get().clone() };
        let Some(collective) = collectives.get_mut(&experience.collective_id) else { continue };
        if let Some(key) = &experience.key
            && let Some((_, holder)) = txn.holder(collective, key)?
        {
            let reason = format!("`{key}` is the key of experience {}; nothing was restored", holder.id);
            return Err(ValidationError::invalid("key", reason).into());
        }
        rows::bring_back(txn, collective, &mut experience, row.vector.as_ref())?;
    }
    collectives.values_mut().try_for_each(|collective| txn.close_collective(collective))
}

/// Refuses an id that is taken, also by a record that its deleted collective still holds.
fn expect_free_id(txn: &WriteTxn<'_>, id: ExperienceId) -> Result<()> {
    let Some((_, stored)) = txn.view().stored_experience(id)? else { return Ok(()) };
    let reason = if txn.view().experience_row(id)?.is_none() {
        format!("{id} belongs to a deleted collective that is still being removed; try again later")
    } else if stored.has_expired(txn.now) {
        format!("{id} is an experience that has expired and is still to be removed; try again later")
    } else {
        format!("{id} exists already; nothing was restored")
    };
    Err(ValidationError::invalid("id", reason).into())
}
