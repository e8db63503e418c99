//! The rows of one experience: which there are, and how they are made, moved and removed together.

use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, Seq};
use crate::model::Experience;
use crate::model::change::{Action, ChangeKind, CollectiveNumber, ExperienceChange, Slot};
use crate::storage::format::collective::CounterRow;
use crate::storage::format::experience::{Place, write_experience};
use crate::storage::format::experience_type::type_tag;
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::seal;
use crate::storage::format::series::SeriesId;
use crate::storage::format::slot::SlotRow;
use crate::storage::format::tables::Table;
use crate::storage::format::vector::{StoredVector, VectorRow};
use crate::storage::format::writer::Write;
use crate::storage::write::block_builder::IndexedRow;
use crate::storage::write::transaction::{OpenCollective, WriteTxn};

/// The index keys of an experience: each table with the prefix under which it lists the experience.
fn index_prefixes(number: CollectiveNumber, experience: &Experience) -> Vec<(Table, Prefix)> {
    let mut prefixes = vec![
        (Table::ByTime, Prefix::time(number)),
        (Table::ByType, Prefix::experience_type(number, type_tag(&experience.experience_type))),
        (Table::ByAgent, Prefix::agent(number, &experience.source_agent)),
    ];
    // A domain that is listed twice has one index row.
    let domains: std::collections::BTreeSet<&str> = experience.domain.iter().map(String::as_str).collect();
    prefixes.extend(domains.into_iter().map(|domain| (Table::ByDomain, Prefix::domain(number, domain))));
    let tags = experience.tags.iter().map(|(key, value)| (Table::ByTag, Prefix::tag(number, key, value)));
    prefixes.extend(tags);
    prefixes
}

/// The keys of every index row of an experience, also for comparing them with the tables.
pub(in crate::storage) fn index_keys(
    number: CollectiveNumber,
    experience: &Experience,
) -> Vec<(Table, Vec<u8>)> {
    index_prefixes(number, experience)
        .into_iter()
        .map(|(table, prefix)| (table, prefix.row(experience.timestamp, experience.id)))
        .chain(
            experience
                .source_task
                .iter()
                .map(|task| (Table::ByTask, keys::task(number, task, experience.id))),
        )
        .chain([(Table::ByContent, keys::by_content(number, &experience.content, experience.id))])
        .chain(experience.key.iter().map(|key| (Table::ByKey, keys::by_key(number, key))))
        .chain(
            experience
                .expires_at
                .iter()
                .map(|end| (Table::Expiry, keys::expiry(*end, number, experience.id).to_vec())),
        )
        .collect()
}

/// The slot row that belongs to an experience.
pub(in crate::storage) fn slot_row(experience: &Experience, words: u32) -> SlotRow {
    SlotRow {
        id: experience.id,
        timestamp: experience.timestamp,
        importance: experience.importance,
        confidence: experience.confidence,
        words,
        type_tag: type_tag(&experience.experience_type),
        archived: experience.archived,
        superseded: experience.superseded,
    }
}

/// Stores a new experience in a collective that the caller has opened. The id, the collective and the sequence number
/// are set here; `experience.embedding` is ignored.
pub(crate) fn insert(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    experience: &mut Experience,
    vector: Option<&StoredVector>,
    indexed: &IndexedRow,
) -> Result<()> {
    experience.id = ExperienceId::from_bytes(txn.next_id(Table::Experience)?);
    experience.collective_id = collective.id;
    let slot = take_slot(collective)?;
    let place = Place { number: collective.number, slot };
    experience.sequence = log(txn, place, experience, Action::Created, slot)?;
    txn.append(&mut collective.counter, Table::Experience, experience.id.as_bytes(), |out| {
        write_experience(place, experience, out);
    })?;
    insert_version(txn, collective, place, experience, vector, indexed)?;
    let member = keys::member(place.number, experience.id);
    txn.insert(&mut collective.counter, Table::Member, &member, |out| out.u32(slot.0))?;
    collective.counter.experiences += 1;
    Ok(())
}

/// Stores an experience with the id and the times that it has, as a new change: only the sequence number is set here.
/// There must be no experience with this id.
pub(in crate::storage) fn bring_back(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    experience: &mut Experience,
    vector: Option<&StoredVector>,
) -> Result<()> {
    let slot = take_slot(collective)?;
    let place = Place { number: collective.number, slot };
    experience.sequence = log(txn, place, experience, Action::Created, slot)?;
    restore(txn, collective, place, experience, vector)?;
    txn.note_id(Table::Experience, *experience.id.as_bytes());
    Ok(())
}

/// Stores a record as it is, at its place, with everything that is derived from it; the log is not touched.
pub(in crate::storage) fn restore(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
    vector: Option<&StoredVector>,
) -> Result<()> {
    txn.insert(&mut collective.counter, Table::Experience, experience.id.as_bytes(), |out| {
        write_experience(place, experience, out);
    })?;
    let indexed = txn.rules.builder.index(experience);
    insert_version(txn, collective, place, experience, vector, &indexed)?;
    let member = keys::member(place.number, experience.id);
    txn.insert(&mut collective.counter, Table::Member, &member, |out| out.u32(place.slot.0))?;
    collective.counter.experiences += 1;
    Ok(())
}

/// Stores a changed experience whose indexed fields may have changed: in a new slot, with the given vector.
/// `before` is the row as it is stored.
pub(crate) fn move_to_new_slot(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    before: &(Place, Experience),
    experience: &mut Experience,
    vector: Option<&StoredVector>,
) -> Result<()> {
    remove_version(txn, collective, before.0, &before.1)?;
    let slot = take_slot(collective)?;
    let place = Place { number: collective.number, slot };
    experience.sequence = log(txn, place, experience, Action::Updated, before.0.slot)?;
    txn.replace(&mut collective.counter, Table::Experience, experience.id.as_bytes(), |out| {
        write_experience(place, experience, out);
    })?;
    let indexed = txn.rules.builder.index(experience);
    insert_version(txn, collective, place, experience, vector, &indexed)?;
    let member = keys::member(place.number, experience.id);
    txn.replace(&mut collective.counter, Table::Member, &member, |out| out.u32(slot.0))
}

/// Stores a changed experience of which no indexed field has changed, apart from `archived`.
pub(crate) fn rewrite(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &mut Experience,
    action: Action,
) -> Result<()> {
    experience.sequence = log(txn, place, experience, action, place.slot)?;
    txn.replace(&mut collective.counter, Table::Experience, experience.id.as_bytes(), |out| {
        write_experience(place, experience, out);
    })?;
    if matches!(action, Action::Archived | Action::Unarchived) {
        let key = keys::slot(place.number, place.slot);
        let row = txn.view().slot_row(place.number, place.slot)?;
        let mut row = row.ok_or_else(|| seal::corrupted(Table::Slot, &key))?;
        row.archived = experience.archived;
        txn.replace(&mut collective.counter, Table::Slot, &key, |out| row.write(out))?;
        txn.index_set_archived(collective, place.slot, experience.archived)?;
    }
    Ok(())
}

/// Marks a record as superseded or not. It is no change of the record, so it is not logged.
pub(in crate::storage) fn mark_superseded(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    id: ExperienceId,
    superseded: bool,
) -> Result<()> {
    let (place, mut experience) = txn.view().indexed_row(id)?;
    if experience.superseded == superseded {
        return Ok(());
    }
    experience.superseded = superseded;
    txn.replace(&mut collective.counter, Table::Experience, id.as_bytes(), |out| {
        write_experience(place, &experience, out);
    })?;
    let key = keys::slot(place.number, place.slot);
    let row = txn.view().slot_row(place.number, place.slot)?;
    let row = row.ok_or_else(|| seal::corrupted(Table::Slot, &key))?;
    let row = SlotRow { superseded, ..row };
    txn.replace(&mut collective.counter, Table::Slot, &key, |out| row.write(out))?;
    txn.index_set_superseded(collective, place.slot, superseded)
}

/// Takes the key of a record away, if it has one. As being superseded, its going is no change of the record, so it is not
/// logged.
pub(super) fn take_key(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    id: ExperienceId,
) -> Result<Option<String>> {
    let (place, mut experience) = txn.view().indexed_row(id)?;
    let Some(key) = experience.key.take() else { return Ok(None) };
    let counts = &mut collective.counter;
    txn.replace(counts, Table::Experience, id.as_bytes(), |out| write_experience(place, &experience, out))?;
    txn.remove(counts, Table::ByKey, &keys::by_key(place.number, &key))?;
    Ok(Some(key))
}

/// Gives a key that is free to a record that has none.
pub(super) fn give_key(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    id: ExperienceId,
    key: String,
) -> Result<()> {
    let (place, mut experience) = txn.view().indexed_row(id)?;
    let counts = &mut collective.counter;
    txn.insert(counts, Table::ByKey, &keys::by_key(place.number, &key), |out| out.u32(place.slot.0))?;
    experience.key = Some(key);
    txn.replace(counts, Table::Experience, id.as_bytes(), |out| write_experience(place, &experience, out))
}

/// Removes an experience from a collective that the caller has opened, and logs its deletion.
pub(super) fn remove(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
) -> Result<()> {
    log(txn, place, experience, Action::Deleted, place.slot)?;
    remove_version(txn, collective, place, experience)?;
    txn.remove(&mut collective.counter, Table::Member, &keys::member(place.number, experience.id))?;
    txn.remove(&mut collective.counter, Table::Experience, experience.id.as_bytes())?;
    collective.counter.experiences = collective.counter.experiences.saturating_sub(1);
    Ok(())
}

/// The stored vector of an experience, to be stored again under another slot.
pub(crate) fn stored_vector(txn: &WriteTxn<'_>, place: Place) -> Result<Option<StoredVector>> {
    let id = SeriesId::of(place.number);
    let vector = txn.view().vector(id, txn.embedding.generation, place.slot)?;
    Ok(vector.map(VectorRow::to_stored))
}

pub(super) fn take_slot(collective: &mut OpenCollective) -> Result<Slot> {
    let slot = Slot(collective.counter.next_slot);
    let next = slot.0.checked_add(1).ok_or_else(|| slots_used_up(collective.id))?;
    collective.counter.next_slot = next;
    Ok(slot)
}

fn slots_used_up(id: CollectiveId) -> crate::error::PulseDBError {
    let reason =
        format!("collective {id} has used all 4 294 967 295 slots; export it and import it into a new one");
    crate::error::StorageError::Full { reason }.into()
}

/// Inserts the rows under the slot, and the index rows that name it.
fn insert_version(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
    vector: Option<&StoredVector>,
    indexed: &IndexedRow,
) -> Result<()> {
    let row = slot_row(experience, indexed.words);
    let index = index_keys(place.number, experience);
    insert_slot(txn, collective, place, &Version { row, index, vector, indexed })
}

/// What stands under the slot of a record, and the index rows that name the slot.
pub(super) struct Version<'v> {
    pub(super) row: SlotRow,
    pub(super) index: Vec<(Table, Vec<u8>)>,
    pub(super) vector: Option<&'v StoredVector>,
    pub(super) indexed: &'v IndexedRow,
}

pub(super) fn insert_slot(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    version: &Version<'_>,
) -> Result<()> {
    let counts = &mut collective.counter;
    let id = SeriesId::of(place.number);
    counts.vector_bytes += txn.insert_vector(id, txn.embedding.generation, place.slot, version.vector)?;
    let key = keys::slot(place.number, place.slot);
    txn.insert(counts, Table::Slot, &key, |out| version.row.write(out))?;
    for (table, key) in &version.index {
        txn.insert(counts, *table, key, |out| out.u32(place.slot.0))?;
    }
    txn.index_insert(collective, place.slot, version.indexed)
}

fn remove_version(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
) -> Result<()> {
    remove_slot(txn, collective, place, index_keys(place.number, experience))
}

pub(super) fn remove_slot(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    index: Vec<(Table, Vec<u8>)>,
) -> Result<()> {
    let counts = &mut collective.counter;
    for (table, key) in index {
        txn.remove(counts, table, &key)?;
    }
    let key = keys::slot(place.number, place.slot);
    remove_vectors(txn, counts, place)?;
    let row = txn.view().slot_row(place.number, place.slot)?;
    let row = row.ok_or_else(|| seal::corrupted(Table::Slot, &key))?;
    txn.remove(counts, Table::Slot, &key)?;
    txn.index_remove(collective, place.slot, &row)
}

/// Removes the vector of every generation.
fn remove_vectors(txn: &mut WriteTxn<'_>, counts: &mut CounterRow, place: Place) -> Result<()> {
    let id = SeriesId::of(place.number);
    let generation = txn.embedding.generation;
    let removed = txn.remove_vector(id, generation, place.slot)?;
    let removed =
        removed.ok_or_else(|| seal::corrupted(Table::Vector, &id.vector_key(generation, place.slot)))?;
    counts.vector_bytes = counts.vector_bytes.saturating_sub(removed);
    txn.remove_next_vector(id, place.slot)
}

fn log(
    txn: &mut WriteTxn<'_>,
    place: Place,
    experience: &Experience,
    action: Action,
    previous: Slot,
) -> Result<Seq> {
    let change = ExperienceChange {
        id: experience.id,
        action,
        slot: place.slot,
        previous,
        type_tag: type_tag(&experience.experience_type),
        importance: experience.importance,
        domain: experience.domain.clone(),
    };
    txn.log((place.number, experience.collective_id), ChangeKind::Experience(change))
}
