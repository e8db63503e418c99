//! Checking relations: each against its ends and against the rows that lead to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::error::{PulseDBError, Result, StorageError};
use crate::id::{CollectiveId, ExperienceId, RelationId};
use crate::model::change::CollectiveNumber;
use crate::storage::format::keys;
use crate::storage::format::relation::RelationRow;
use crate::storage::format::seal;
use crate::storage::format::tables::{OwnerKind, Table};
use crate::storage::read::view::View;
use crate::storage::upkeep::check_index::IndexFault;
use crate::storage::write::relations;

/// A collective as the check of relations needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RelationOwner {
    pub(super) id: CollectiveId,
    /// Whether it is deleted and its rows wait to be removed.
    pub(super) deleted: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct RelationFindings {
    pub(super) relations: u64,
    pub(super) index_rows: u64,
    /// Bytes of the rows of each collective's relations.
    pub(super) bytes: BTreeMap<CollectiveNumber, u64>,
    pub(super) faults: Vec<IndexFault>,
}

/// Compares every relation with its ends and its index rows, and every index row with its relation.
pub(super) fn check_relations(
    view: View<'_>,
    owners: &BTreeMap<CollectiveNumber, RelationOwner>,
) -> RelationFindings {
    let mut checker = RelationChecker { view, owners, findings: RelationFindings::default() };
    let mut needed = BTreeSet::new();
    if let Err(error) = checker.relations(&mut needed) {
        checker.fail(Table::Relation, error);
    }
    for table in Table::owned_by(OwnerKind::Link) {
        if let Err(error) = checker.orphans(table, &needed) {
            checker.fail(table, error);
        }
    }
    checker.findings
}

struct RelationChecker<'t, 'o> {
    view: View<'t>,
    owners: &'o BTreeMap<CollectiveNumber, RelationOwner>,
    findings: RelationFindings,
}

impl RelationChecker<'_, '_> {
    fn relations(&mut self, needed: &mut BTreeSet<(Table, Vec<u8>)>) -> Result<()> {
        for row in self.view.sealed_range(Table::Relation, Bound::Unbounded, Bound::Unbounded)? {
            let (key, value) = row?;
            let id = keys::read_id_bytes(key).filter(|_| key.len() == 16).map(RelationId::from_bytes);
            let payload = seal::open(Table::Relation, key, value).ok();
            let read = id.zip(payload).and_then(|(id, payload)| RelationRow::read(id, payload));
            let Some(row) = read else {
                self.fault(Table::Relation, key, "the value does not match its checksum or its format");
                continue;
            };
            match self.owners.get(&row.number) {
                // What is deleted is being removed, index rows last.
                Some(owner) if owner.deleted => continue,
                Some(owner) if owner.id == row.collective_id => {}
                _ => {
                    self.fault(Table::Relation, key, "its collective does not exist");
                    continue;
                }
            }
            self.findings.relations += 1;
            let bytes = (key.len() + value.len()) as u64 + self.relation(&row, key, needed)?;
            *self.findings.bytes.entry(row.number).or_default() += bytes;
        }
        Ok(())
    }

    /// Compares one relation; the bytes of its index rows.
    fn relation(
        &mut self,
        row: &RelationRow,
        key: &[u8],
        needed: &mut BTreeSet<(Table, Vec<u8>)>,
    ) -> Result<u64> {
        for end in [row.relation.source_id, row.relation.target_id] {
            if !self.is_end(row.number, end) {
                self.fault(Table::Relation, key, &format!("its end {end} is not in its collective"));
            }
        }
        let mut bytes = 0;
        for (table, index_key) in relations::index_keys(row.number, &row.relation) {
            self.findings.index_rows += 1;
            let expected: &[u8] =
                if table == Table::RelationMember { &[] } else { row.relation.id.as_bytes() };
            match self.view.sealed(table, &index_key)? {
                None => self.fault(table, &index_key, "a relation's index row is missing"),
                Some(value) => {
                    bytes += (index_key.len() + value.len()) as u64;
                    if seal::open(table, &index_key, value).ok() != Some(expected) {
                        self.fault(table, &index_key, "it does not name its relation");
                    }
                }
            }
            needed.insert((table, index_key));
        }
        Ok(bytes)
    }

    /// Whether a record is there; a damaged one is told elsewhere.
    fn is_end(&self, number: CollectiveNumber, id: ExperienceId) -> bool {
        let row = self.view.stored_experience(id);
        row.map_or(true, |row| row.is_some_and(|(place, _)| place.number == number))
    }

    /// Looks for rows that no relation needs.
    fn orphans(&mut self, table: Table, needed: &BTreeSet<(Table, Vec<u8>)>) -> Result<()> {
        for row in self.view.sealed_range(table, Bound::Unbounded, Bound::Unbounded)? {
            let (key, _) = row?;
            let owner = keys::read_number(key).and_then(|number| self.owners.get(&number));
            let is_deleted = owner.is_some_and(|owner| owner.deleted);
            if !is_deleted && !needed.contains(&(table, key.to_vec())) {
                self.fault(table, key, "no relation needs this row");
            }
        }
        Ok(())
    }

    fn fault(&mut self, table: Table, key: &[u8], problem: &str) {
        self.findings.faults.push((table.name(), seal::hexadecimal(key), problem.to_owned()));
    }

    fn fail(&mut self, table: Table, error: PulseDBError) {
        self.findings.faults.push(match error {
            PulseDBError::Storage(StorageError::Corrupted { table, key }) => {
                (table, key, "the value does not match its checksum or its format".to_owned())
            }
            other => (table.name(), "?".to_owned(), other.to_string()),
        });
    }
}
