//! The rows of one relation, and what superseding does to records.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::error::{NotFoundError, PulseDBError, Result, ValidationError};
use crate::id::{CollectiveId, ExperienceId, RelationId};
use crate::model::change::{ChangeKind, CollectiveNumber};
use crate::model::{Experience, ExperienceRelation, NewExperienceRelation, RelationType};
use crate::storage::format::experience::Place;
use crate::storage::format::keys;
use crate::storage::format::relation::{Link, RelationRow};
use crate::storage::format::tables::Table;
use crate::storage::format::writer::Write as _;
use crate::storage::read::view::View;
use crate::storage::write::rows;
use crate::storage::write::transaction::{OpenCollective, Size, WriteTxn};
use crate::validate::Valid;

/// About what the rows of a relation take, without its metadata.
const RELATION_BYTES: usize = 1024;

/// About what storing relations writes.
pub(in crate::storage) fn size_of_relations<'r>(
    metadata: impl ExactSizeIterator<Item = Option<&'r String>>,
) -> Size {
    let records = metadata.len();
    let bytes = metadata.map(|text| RELATION_BYTES + text.map_or(0, String::len));
    Size { records, bytes: bytes.sum() }
}

/// About what removing the relations of records writes.
pub(in crate::storage) fn size_of_cuts(view: View<'_>, ids: &[ExperienceId]) -> Result<Size> {
    let mut records = 0;
    for id in ids {
        let Some((place, _)) = view.experience_row(*id)? else { continue };
        let links =
            |table, of_type| Ok::<_, PulseDBError>(view.links(table, place.number, *id, of_type)?.count());
        let [source, target] = [Table::RelationBySource, Table::RelationByTarget];
        records += links(source, None)? + links(target, None)?;
        // Each that was superseded may be joined with each that supersedes.
        let supersedes = Some(RelationType::Supersedes);
        records += links(source, supersedes)?.saturating_mul(links(target, supersedes)?);
    }
    Ok(Size { records, bytes: records.saturating_mul(RELATION_BYTES) })
}

/// Stores a relation between records that exist, and logs it. What is superseded hands its key on, unless what supersedes
/// it has one.
pub(in crate::storage) fn store(txn: &mut WriteTxn<'_>, new: &NewExperienceRelation) -> Result<RelationId> {
    let ends = [txn.existing(new.source_id)?, txn.existing(new.target_id)?];
    let collective = expect_storable(txn.view(), &ends, new.relation_type)?;
    let mut collective = txn.open_collective(collective)?;
    let relation = ExperienceRelation {
        id: RelationId::from_bytes(txn.next_id(Table::Relation)?),
        source_id: new.source_id,
        target_id: new.target_id,
        relation_type: new.relation_type,
        strength: new.strength,
        metadata: new.metadata.clone(),
        created_at: txn.now,
    };
    let id = relation.id;
    log(txn, &collective, id, false)?;
    insert(txn, &mut collective, relation)?;
    let [(_, source), (_, target)] = ends;
    if new.relation_type == RelationType::Supersedes && source.key.is_none() {
        pass_key(txn, &mut collective, target.id, source.id)?;
    }
    txn.close_collective(&mut collective)?;
    Ok(id)
}

/// Stores relations as they are, all or none. Their ids must be free.
pub(in crate::storage) fn restore(
    txn: &mut WriteTxn<'_>,
    relations: &[Valid<ExperienceRelation>],
) -> Result<()> {
    for relation in relations {
        let relation = relation.get();
        if txn.view().stored_relation(relation.id)?.is_some() {
            let reason = format!("{} exists already; nothing was restored", relation.id);
            return Err(ValidationError::invalid("id", reason).into());
        }
        let ends = [txn.existing(relation.source_id)?, txn.existing(relation.target_id)?];
        let collective = expect_storable(txn.view(), &ends, relation.relation_type)?;
        let mut collective = txn.open_collective(collective)?;
        log(txn, &collective, relation.id, false)?;
        insert(txn, &mut collective, relation.clone())?;
        txn.close_collective(&mut collective)?;
        txn.note_id(Table::Relation, *relation.id.as_bytes());
    }
    Ok(())
}

/// Deletes a relation that exists for callers, and logs it.
pub(in crate::storage) fn delete(txn: &mut WriteTxn<'_>, id: RelationId) -> Result<()> {
    let row = txn.view().relation_row(id)?.ok_or(NotFoundError::Relation(id))?;
    let mut collective = txn.open_collective(row.collective_id)?;
    log(txn, &collective, id, true)?;
    remove(txn, &mut collective, &row.relation)?;
    mark(txn, &mut collective, &row.relation)?;
    txn.close_collective(&mut collective)
}

fn pass_key(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    from: ExperienceId,
    to: ExperienceId,
) -> Result<()> {
    match rows::take_key(txn, collective, from)? {
        Some(key) => rows::give_key(txn, collective, to, key),
        None => Ok(()),
    }
}

/// As [`remove_record`], for a record that a caller deletes: its key goes to what it superseded and what is back now, of
/// several to the newest.
pub(in crate::storage) fn delete_record(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
) -> Result<()> {
    let superseded: Vec<Link> = match &experience.key {
        Some(_) => {
            let of_type = Some(RelationType::Supersedes);
            let links = txn.view().links(Table::RelationBySource, place.number, experience.id, of_type)?;
            links.collect::<Result<_>>()?
        }
        None => Vec::new(),
    };
    remove_record(txn, collective, place, experience)?;
    let mut newest = None;
    for link in superseded {
        let (_, one) = txn.view().indexed_row(link.far)?;
        if !one.superseded && one.key.is_none() && !one.has_expired(txn.now) {
            newest = newest.max(Some((one.timestamp, one.id)));
        }
    }
    match (newest, &experience.key) {
        (Some((_, heir)), Some(key)) => rows::give_key(txn, collective, heir, key.clone()),
        _ => Ok(()),
    }
}

/// Removes a record, with its relations, from a collective that the caller has opened, and logs it.
pub(in crate::storage) fn remove_record(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    place: Place,
    experience: &Experience,
) -> Result<()> {
    cut(txn, collective, experience.id)?;
    rows::remove(txn, collective, place, experience)
}

/// Deletes every relation of a record. Those that it superseded are superseded by those that supersede it from now on.
fn cut(txn: &mut WriteTxn<'_>, collective: &mut OpenCollective, id: ExperienceId) -> Result<()> {
    let links =
        |table| -> Result<Vec<Link>> { txn.view().links(table, collective.number, id, None)?.collect() };
    let (outgoing, incoming) = (links(Table::RelationBySource)?, links(Table::RelationByTarget)?);
    let superseding = |links: &[Link]| -> Vec<Link> {
        links.iter().filter(|link| link.relation_type == RelationType::Supersedes).copied().collect()
    };
    for newer in superseding(&incoming) {
        for older in superseding(&outgoing) {
            join(txn, collective, &newer, &older)?;
        }
    }
    let relations: BTreeSet<RelationId> = outgoing.iter().chain(&incoming).map(|link| link.id).collect();
    for relation in relations {
        let relation = txn.view().indexed_relation(relation)?;
        log(txn, collective, relation.id, true)?;
        remove(txn, collective, &relation)?;
        if relation.target_id != id {
            mark(txn, collective, &relation)?;
        }
    }
    Ok(())
}

/// Lets the source of one relation supersede the target of another, unless it does so already. The new relation is as
/// strong as the weaker of the two.
fn join(txn: &mut WriteTxn<'_>, collective: &mut OpenCollective, newer: &Link, older: &Link) -> Result<()> {
    let (source_id, target_id) = (newer.far, older.far);
    let relation_type = RelationType::Supersedes;
    if has_triple(txn.view(), collective.number, source_id, target_id, relation_type)? {
        return Ok(());
    }
    let strength = |id| txn.view().indexed_relation(id).map(|relation| relation.strength);
    let strength = strength(newer.id)?.min(strength(older.id)?);
    let id = RelationId::from_bytes(txn.next_id(Table::Relation)?);
    let created_at: Timestamp = txn.now;
    log(txn, collective, id, false)?;
    let metadata = None;
    insert(
        txn,
        collective,
        ExperienceRelation { id, source_id, target_id, relation_type, strength, metadata, created_at },
    )
}

/// Inserts a relation that was there before; the log is not touched. `false` if it may not stand between its ends.
pub(in crate::storage) fn carry_over(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    relation: ExperienceRelation,
) -> Result<bool> {
    let view = txn.view();
    let ends = (view.experience_row(relation.source_id)?, view.experience_row(relation.target_id)?);
    let (Some(source), Some(target)) = ends else { return Ok(false) };
    match expect_storable(view, &[source, target], relation.relation_type) {
        Ok(id) if id == collective.id => {}
        Ok(_) | Err(PulseDBError::Validation(_)) => return Ok(false),
        Err(error) => return Err(error),
    }
    insert(txn, collective, relation)?;
    Ok(true)
}

/// Inserts the rows of a relation; the log is not touched.
fn insert(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    relation: ExperienceRelation,
) -> Result<()> {
    let counts = &mut collective.counter;
    for (table, key) in index_keys(collective.number, &relation) {
        let id = relation.id;
        txn.insert(counts, table, &key, |out| {
            if table != Table::RelationMember {
                out.put(id.as_bytes());
            }
        })?;
    }
    if relation.relation_type == RelationType::Supersedes {
        rows::mark_superseded(txn, collective, relation.target_id, true)?;
    }
    let counts = &mut collective.counter;
    let id = relation.id;
    let row = RelationRow { number: collective.number, collective_id: collective.id, relation };
    txn.insert(counts, Table::Relation, id.as_bytes(), |out| row.write(out))
}

/// The keys of the rows that lead to a relation, also for comparing them with the tables.
pub(in crate::storage) fn index_keys(
    number: CollectiveNumber,
    relation: &ExperienceRelation,
) -> [(Table, Vec<u8>); 3] {
    [
        (Table::RelationMember, keys::member_bytes(number, relation.id.as_bytes()).to_vec()),
        (Table::RelationBySource, Link::of_source(relation).key(number).to_vec()),
        (Table::RelationByTarget, Link::of_target(relation).key(number).to_vec()),
    ]
}

fn remove(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    relation: &ExperienceRelation,
) -> Result<()> {
    let counts = &mut collective.counter;
    for (table, key) in index_keys(collective.number, relation) {
        txn.remove(counts, table, &key)?;
    }
    txn.remove(counts, Table::Relation, relation.id.as_bytes())
}

/// Marks the target of a relation that is gone as what it is now.
fn mark(
    txn: &mut WriteTxn<'_>,
    collective: &mut OpenCollective,
    relation: &ExperienceRelation,
) -> Result<()> {
    if relation.relation_type != RelationType::Supersedes {
        return Ok(());
    }
    let superseded = txn.view().is_superseded(collective.number, relation.target_id)?;
    rows::mark_superseded(txn, collective, relation.target_id, superseded)
}

fn log(txn: &mut WriteTxn<'_>, collective: &OpenCollective, id: RelationId, is_deleted: bool) -> Result<()> {
    txn.log((collective.number, collective.id), ChangeKind::Relation { id, is_deleted })?;
    Ok(())
}

/// The collective of both ends, if a relation of this type may be stored between them.
fn expect_storable(
    view: View<'_>,
    [(place, from), (_, to)]: &[(Place, Experience); 2],
    relation_type: RelationType,
) -> Result<CollectiveId> {
    let (source, target) = (from.id, to.id);
    if source == target {
        let reason = format!("{target} is the source too; a relation has two ends");
        return Err(ValidationError::invalid("target_id", reason).into());
    }
    if from.collective_id != to.collective_id {
        let reason = format!(
            "{source} is in collective {}, {target} in {}; both ends must be in one",
            from.collective_id, to.collective_id
        );
        return Err(ValidationError::invalid("target_id", reason).into());
    }
    if has_triple(view, place.number, source, target, relation_type)? {
        let reason = format!("{source} has this relation with {target} already; delete that one first");
        return Err(ValidationError::invalid("relation_type", reason).into());
    }
    if relation_type == RelationType::Supersedes && supersedes(view, place.number, target, source)? {
        let reason = format!("{target} supersedes {source} itself, at once or through others");
        return Err(ValidationError::invalid("target_id", reason).into());
    }
    Ok(from.collective_id)
}

fn has_triple(
    view: View<'_>,
    number: CollectiveNumber,
    source: ExperienceId,
    target: ExperienceId,
    relation_type: RelationType,
) -> Result<bool> {
    let link = Link { near: source, relation_type, far: target, id: RelationId::nil() };
    Ok(view.get(Table::RelationBySource, &link.key(number))?.is_some())
}

/// Whether `newer` supersedes `older`, at once or through others. What is newer than `older` is followed: of a record that
/// was just made there is nothing.
fn supersedes(
    view: View<'_>,
    number: CollectiveNumber,
    newer: ExperienceId,
    older: ExperienceId,
) -> Result<bool> {
    let mut seen = BTreeSet::from([older]);
    let mut open = vec![older];
    // Each id is opened once, so this ends.
    while let Some(next) = open.pop() {
        for link in view.links(Table::RelationByTarget, number, next, Some(RelationType::Supersedes))? {
            let link = link?;
            if link.far == newer {
                return Ok(true);
            }
            if seen.insert(link.far) {
                open.push(link.far);
            }
        }
    }
    Ok(false)
}
