//! Recording: validate, embed, one commit, return.

use std::sync::Arc;
use std::thread::{ScopedJoinHandle, available_parallelism};

use crate::db::{Embedder, PulseDB, stored};
use crate::error::Result;
use crate::id::ExperienceId;
use crate::index::Builder;
use crate::model::{Experience, NewExperience};
use crate::storage::{IndexedRow, PreparedExperience, PreparedRestore, StoredVector};
use crate::validate::{self, Valid};

/// Bytes of contents from which on two threads are faster than one, though the second has to be started.
const SHARED_FROM_BYTES: usize = 16 * 1024;

impl PulseDB {
    /// Records an experience, which is durable when the call returns (with
    /// [`SyncMode::Normal`](crate::SyncMode::Normal)). Where its `key` is taken, it replaces the experience that has it, and
    /// that one's id is returned; `duplicate` says what becomes
    /// of it where its content is there already, whichever process has recorded that.
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for what exceeds a limit, and for a content that is there already
    /// with [`DuplicatePolicy::Refuse`](crate::DuplicatePolicy::Refuse);
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective;
    /// [`Embedding`](crate::PulseDBError::Embedding) if the embedder fails. Nothing is recorded then.
    pub fn record_experience(&self, new: NewExperience) -> Result<ExperienceId> {
        // One record, one id.
        Ok(self.record_experiences(vec![new])?.swap_remove(0))
    }

    /// Records all of these experiences or none, in one commit: at most 10 000, with at most 64 MiB of texts and
    /// vectors. The ids are returned in the same order.
    ///
    /// # Errors
    /// As [`record_experience`](Self::record_experience), if any of them is refused.
    pub fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>> {
        let store = self.writable()?;
        validate::batch(&new)?;
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        let prepared = embedder.prepare(new)?;
        store.record(prepared, self.defaults())
    }

    /// Stores experiences as they are, with their ids, times, applications, archived marks and vectors; only their
    /// sequence numbers are new. All or none, in one commit: at most 10 000, with at most 64 MiB of texts and vectors.
    /// The ids need not ascend. What is recorded later has an id above all of them. An experience with an empty vector
    /// is stored without one.
    ///
    /// # Errors
    /// [`InvalidField`](crate::ValidationError::InvalidField) for an `id` or a `key` that exists already or is given twice,
    /// and for an id whose first six bytes are all 255, above which there is no room for later ids;
    /// [`NotFound`](crate::PulseDBError::NotFound) if a collective does not exist;
    /// [`Validation`](crate::PulseDBError::Validation) for what exceeds a limit. Nothing is restored then.
    pub fn restore_experiences(&self, experiences: Vec<Experience>) -> Result<()> {
        let store = self.writable()?;
        validate::restored_batch(&experiences)?;
        if experiences.is_empty() {
            return Ok(());
        }
        let embedder = self.embedder();
        embedder.expect_in_force(&store)?;
        let prepared = experiences.into_iter().map(|mut experience| {
            let given = std::mem::take(&mut experience.embedding);
            let experience = validate::restored_experience(experience)?;
            if !given.is_empty() {
                validate::vector("embedding", &given, embedder.dimension())?;
            }
            Ok(PreparedRestore { experience, vector: stored(given), embedder: Arc::clone(&embedder.stored) })
        });
        store.restore(prepared.collect::<Result<_>>()?)
    }
}

impl Embedder {
    /// Checks each experience, and embeds those without a vector.
    pub(super) fn prepare(&self, new: Vec<NewExperience>) -> Result<Vec<PreparedExperience>> {
        let rows: Vec<Valid<NewExperience>> =
            new.into_iter().map(validate::new_experience).collect::<std::result::Result<_, _>>()?;
        for row in &rows {
            if let Some(vector) = &row.get().embedding {
                validate::vector("embedding", vector, self.dimension())?;
            }
        }
        let texts: Vec<&str> = rows
            .iter()
            .filter(|row| row.get().embedding.is_none())
            .map(|row| row.get().content.as_str())
            .collect();
        let mut embedded = self.embed_texts(&texts)?.into_iter();
        let indexed = index_all(&rows);
        let prepared = rows.into_iter().zip(indexed).map(|(new, indexed)| {
            let vector: Option<StoredVector> = match &new.get().embedding {
                Some(given) => stored(given.clone()),
                None => embedded.next().flatten(),
            };
            PreparedExperience { new, vector, embedder: Arc::clone(&self.stored), indexed }
        });
        Ok(prepared.collect())
    }
}

/// What is kept of each record beside it, in their order. A large batch is shared with a second thread, where there is one to
/// be had: words and pieces are most of what a record costs beyond its commit.
fn index_all(rows: &[Valid<NewExperience>]) -> Vec<IndexedRow> {
    let index = |rows: &[Valid<NewExperience>]| -> Vec<IndexedRow> {
        rows.iter().map(|row| Builder::index_new(row.get())).collect()
    };
    let bytes: usize = rows.iter().map(|row| row.get().content.len()).sum();
    if bytes < SHARED_FROM_BYTES || available_parallelism().is_ok_and(|threads| threads.get() == 1) {
        return index(rows);
    }
    let (first, second) = rows.split_at(half(rows, bytes));
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, || index(second));
        let mut all = index(first);
        match other.map(ScopedJoinHandle::join) {
            Ok(Ok(second)) => all.extend(second),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => all.extend(index(second)),
        }
        all
    })
}

/// How many rows have about half of the bytes of all contents.
fn half(rows: &[Valid<NewExperience>], bytes: usize) -> usize {
    let mut seen = 0;
    let is_first = |row: &&Valid<NewExperience>| {
        seen += row.get().content.len();
        seen <= bytes / 2
    };
    rows.iter().take_while(is_first).count()
}
