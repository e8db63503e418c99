//! Creating and renaming collectives, and the first rows of a new database.

use crate::clock::{self, Timestamp};
use crate::error::{NotFoundError, PulseDBError, Result, StorageError, ValidationError};
use crate::id::CollectiveId;
use crate::model::change::{ChangeKind, CollectiveNumber};
use crate::model::{Collective, ProviderIdentity};
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow, FormatRow};
use crate::storage::format::series::Generation;
use crate::storage::format::tables::Table;
use crate::storage::format::writer::Write;
use crate::storage::write::transaction::WriteTxn;
use crate::validate::Valid;

impl WriteTxn<'_> {
    /// The rows of `meta` of a new database.
    pub(in crate::storage) fn write_meta(
        &mut self,
        identity: &ProviderIdentity,
        created: Timestamp,
    ) -> Result<()> {
        self.put(Table::Meta, meta::FORMAT, |out| FormatRow::CURRENT.write(out))?;
        self.put(Table::Meta, meta::CREATED, |out| out.time(created))?;
        let embedding = EmbeddingRow { generation: Generation::default(), identity: identity.clone() };
        self.put(Table::Meta, meta::EMBEDDING, |out| embedding.write(out))?;
        self.put(Table::Meta, meta::SEQUENCE, |out| out.u64(0))?;
        self.put(Table::Meta, meta::FLOOR, |out| out.u64(1))?;
        self.put(Table::Meta, meta::NEXT_NUMBER, |out| out.u64(1))?;
        self.put(Table::Meta, meta::NEXT_BLOCK, |out| out.u64(1))
    }

    /// A new collective; its name must be free.
    pub(in crate::storage) fn create_collective(
        &mut self,
        name: &str,
        owner: Option<&str>,
    ) -> Result<CollectiveId> {
        self.expect_free_name(name)?;
        self.add_collective(name, owner)
    }

    /// The collective with this name, which is created if there is none.
    pub(in crate::storage) fn get_or_create_collective(&mut self, name: &str) -> Result<CollectiveId> {
        match self.view().collective_named(name)? {
            Some(id) => Ok(id),
            None => self.add_collective(name, None),
        }
    }

    /// Collectives as they are given; their ids and names must be free.
    pub(in crate::storage) fn restore_collectives(&mut self, given: &[Valid<Collective>]) -> Result<()> {
        for collective in given.iter().map(Valid::get) {
            let dimension = self.view().identity()?.dimension;
            if usize::from(collective.embedding_dimension) != dimension {
                let got = usize::from(collective.embedding_dimension);
                return Err(ValidationError::DimensionMismatch { expected: dimension, got }.into());
            }
            if self.view().collective_row(collective.id)?.is_some() {
                let reason = format!("{} exists already; nothing was restored", collective.id);
                return Err(ValidationError::invalid("id", reason).into());
            }
            self.expect_free_name(&collective.name)?;
            let times = (collective.created_at, collective.updated_at);
            self.insert_collective(collective.id, &collective.name, collective.owner_id.as_deref(), times)?;
        }
        Ok(())
    }

    /// Gives a collective another name, which must be free or its own.
    pub(in crate::storage) fn rename_collective(&mut self, id: CollectiveId, name: &str) -> Result<()> {
        let row = self.view().collective_row(id)?.ok_or(NotFoundError::Collective(id))?;
        if row.name == name {
            return Ok(());
        }
        self.expect_free_name(name)?;
        let renamed = CollectiveRow { name: name.to_owned(), updated_at: self.now, ..row.clone() };
        self.delete(Table::CollectiveName, row.name.as_bytes())?;
        self.put(Table::CollectiveName, name.as_bytes(), |out| out.put(id.as_bytes()))?;
        self.put(Table::Collective, id.as_bytes(), |out| renamed.write(out))?;
        self.log((row.number, id), ChangeKind::CollectiveRenamed)?;
        Ok(())
    }

    fn expect_free_name(&self, name: &str) -> Result<()> {
        let Some(id) = self.view().collective_named(name)? else { return Ok(()) };
        let reason =
            format!("`{name}` is the name of collective {id}; choose another name or use that collective");
        Err(ValidationError::invalid("name", reason).into())
    }

    /// Creates a collective whose name is free.
    fn add_collective(&mut self, name: &str, owner: Option<&str>) -> Result<CollectiveId> {
        let id = self.next_collective_id()?;
        self.insert_collective(id, name, owner, (self.now, self.now))?;
        Ok(id)
    }

    /// The rows of a collective whose id and name are free; the times are those of its making and of its last change.
    fn insert_collective(
        &mut self,
        id: CollectiveId,
        name: &str,
        owner: Option<&str>,
        (created_at, updated_at): (Timestamp, Timestamp),
    ) -> Result<()> {
        let number = self.view().meta_number(meta::NEXT_NUMBER)?;
        let number = u32::try_from(number).ok().filter(|number| *number < CollectiveNumber::END);
        let number = CollectiveNumber(number.ok_or_else(numbers_used_up)?);
        let (name, owner) = (name.to_owned(), owner.map(str::to_owned));
        let row = CollectiveRow { number, created_at, updated_at, name, owner };
        self.put(Table::Meta, meta::NEXT_NUMBER, |out| out.u64(u64::from(number.0) + 1))?;
        self.put(Table::Collective, id.as_bytes(), |out| row.write(out))?;
        self.put(Table::CollectiveName, row.name.as_bytes(), |out| out.put(id.as_bytes()))?;
        for kept_under in [number, number.of_insights()] {
            self.put(Table::Counter, &keys::number(kept_under), |out| CounterRow::default().write(out))?;
        }
        self.log((number, id), ChangeKind::CollectiveCreated)?;
        Ok(())
    }

    fn next_collective_id(&self) -> Result<CollectiveId> {
        let last = self.last_key(Table::Collective)?;
        Ok(CollectiveId::from_bytes(clock::uuid_above(last)))
    }
}

fn numbers_used_up() -> PulseDBError {
    StorageError::Full { reason: "all 2 147 483 647 numbers of collectives are used up; export the collectives and import them into a new database".into() }.into()
}
