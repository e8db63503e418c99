//! What the embedded database can do beyond the trait, by the same names: several records at once, keys, histories, numbers.

use std::pin::Pin;

use futures_core::Stream;
use pulsedb::backend;
use pulsedb::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX};
use pulsedb::{
    CollectiveId, Experience, ExperienceId, NewExperience, Result, SearchFilter, Seq, ValidationError,
    WatchEvent,
};

use crate::checked::prepared;
use crate::session::Access;
use crate::store::{Inner, PostgresSubstrate};
use crate::{collectives, records, relations, rows, search, update, watch};

impl PostgresSubstrate {
    /// Records all of these experiences or none, in one transaction: at most 10 000, with at most 64 MiB of contents and
    /// vectors. The ids are returned in the same order.
    ///
    /// # Errors
    /// As [`store_experience`](pulsedb::SubstrateProvider::store_experience), if any of them is refused.
    pub async fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>> {
        at_most(new.len())?;
        let bytes: usize = new
            .iter()
            .map(|one| one.content.len() + one.embedding.as_ref().map_or(0, |vector| vector.len() * 4))
            .sum();
        if bytes > BATCH_BYTES_MAX {
            let reason = format!("{bytes} bytes of contents and vectors exceed {BATCH_BYTES_MAX}");
            return Err(ValidationError::InvalidField { field: "batch".into(), reason }.into());
        }
        let all = self
            .prepared(|embedder, config| {
                let all = new.into_iter().map(|one| prepared(embedder, one));
                Ok((all.collect::<Result<Vec<_>>>()?, config.memory.default_collective))
            })
            .await?;
        self.call(Access::Write, all, |session, prepared| {
            Box::pin(async move {
                let mut ids = Vec::with_capacity(prepared.0.len());
                for one in &prepared.0 {
                    ids.push(records::record(session, one, prepared.1).await?);
                }
                Ok(ids)
            })
        })
        .await
    }

    /// Records an experience that takes the place of another one, in one transaction. A nil collective means that of the
    /// old one. The key of the old one goes to the new one, unless that is given another key.
    ///
    /// # Errors
    /// As [`store_experience`](pulsedb::SubstrateProvider::store_experience);
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if there is no such experience;
    /// [`InvalidField`](ValidationError::InvalidField) for another collective than its own.
    pub async fn supersede_experience(&self, id: ExperienceId, new: NewExperience) -> Result<ExperienceId> {
        let one = self.prepared(|embedder, _| prepared(embedder, new)).await?;
        self.call(Access::Write, (id, one), |session, asked| {
            Box::pin(async move { update::supersede(session, asked.0, &asked.1).await })
        })
        .await
    }

    /// An experience with everything that it supersedes and that supersedes it, at once or through others: oldest
    /// `timestamp` first, then the smaller id.
    ///
    /// # Errors
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if there is no such experience.
    pub async fn get_history(&self, id: ExperienceId) -> Result<Vec<Experience>> {
        self.call(Access::Read, id, |session, id| {
            Box::pin(async move { relations::history(session, *id).await })
        })
        .await
    }

    /// The experience with this key, in full, or `None`.
    ///
    /// # Errors
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if there is no such collective.
    pub async fn get_by_key(&self, collective: CollectiveId, key: &str) -> Result<Option<Experience>> {
        // Keys are kept in NFC.
        let filter = SearchFilter { key_prefix: Some(key.to_owned()), ..Default::default() };
        let key = backend::filter(filter)?.key_prefix.unwrap_or_default();
        self.call(Access::Read, (collective, key), |session, asked| {
            Box::pin(async move {
                collectives::expect(session, asked.0).await?;
                rows::keyed(session, asked.0, &asked.1).await
            })
        })
        .await
    }

    /// The newest experiences that match a filter, newest first.
    ///
    /// # Errors
    /// [`Validation`](pulsedb::PulseDBError::Validation) for the limit (1 to 1000) or the filter;
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if there is no such collective.
    pub async fn get_recent_filtered(
        &self,
        collective: CollectiveId,
        limit: usize,
        filter: SearchFilter,
    ) -> Result<Vec<Experience>> {
        backend::result_count("limit", limit)?;
        let filter = backend::filter(filter)?;
        self.call(Access::Read, (collective, limit, filter), |session, asked| {
            Box::pin(async move {
                collectives::expect(session, asked.0).await?;
                search::recent(session, crate::keys::Id::uuid(asked.0), &asked.2, asked.1).await
            })
        })
        .await
    }

    /// Archives all of these experiences or none, or takes them out of the archive: at most 10 000.
    ///
    /// # Errors
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if any of them does not exist.
    pub async fn set_archived(&self, ids: Vec<ExperienceId>, archived: bool) -> Result<()> {
        at_most(ids.len())?;
        self.call(Access::Write, (ids, archived), |session, asked| {
            Box::pin(async move {
                for id in &asked.0 {
                    update::set_archived(session, *id, asked.1).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Deletes all of these experiences or none: at most 10 000. An id that is given twice is deleted once.
    ///
    /// # Errors
    /// [`NotFound`](pulsedb::PulseDBError::NotFound) if any of them does not exist.
    pub async fn delete_experiences(&self, mut ids: Vec<ExperienceId>) -> Result<()> {
        at_most(ids.len())?;
        ids.sort_unstable();
        ids.dedup();
        self.call(Access::Write, ids, |session, ids| {
            Box::pin(async move {
                for id in ids.iter() {
                    update::delete(session, *id).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// A stream of the changes of a collective after a number, and then of those that are committed.
    pub fn watch_from(
        &self,
        collective: CollectiveId,
        since: Seq,
    ) -> Pin<Box<dyn Stream<Item = WatchEvent> + Send>> {
        let Inner { runtime, server, news, .. } = &*self.inner;
        Box::pin(watch::stream(runtime, server.clone(), news.subscribe(), (collective, since)))
    }

    /// The number of the last change that any client has committed; 0 where nothing was.
    ///
    /// # Errors
    /// [`Server`](pulsedb::PulseDBError::Server) if it cannot be asked.
    pub async fn current_sequence(&self) -> Result<Seq> {
        self.call(Access::Read, (), |session, _| {
            Box::pin(async move { crate::store::sequence(session).await })
        })
        .await
    }
}

fn at_most(count: usize) -> std::result::Result<(), ValidationError> {
    if count <= BATCH_ROWS_MAX {
        return Ok(());
    }
    Err(ValidationError::TooManyItems { field: "batch".into(), count, max: BATCH_ROWS_MAX })
}
