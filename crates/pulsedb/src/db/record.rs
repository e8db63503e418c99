//! Recording: validate, embed, one commit, return.

use crate::db::{PulseDB, stored};
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::NewExperience;
use crate::storage::{self, PreparedExperience, Size, Space, StoredVector};
use crate::validate::{self, Valid};

/// Bytes of the fixed parts and the index rows of a record, for estimates.
const RECORD_BYTES: usize = 1024;

impl PulseDB {
    /// Records an experience, durable when the call returns ([`SyncMode::Normal`](crate::SyncMode)).
    ///
    /// # Errors
    /// `Validation` for what is over a limit, `NotFound` for a collective that does not exist, `ReadOnly`,
    /// `Storage(Full)`. On an error nothing was recorded.
    pub fn record_experience(&self, new: NewExperience) -> Result<ExperienceId> {
        // One record, one id.
        Ok(self.record_experiences(vec![new])?.swap_remove(0))
    }

    /// Records all experiences or none, in one commit: at most 10 000 rows and 64 MiB of texts and vectors.
    /// The ids are in the order of the input.
    ///
    /// # Errors
    /// As [`record_experience`](Self::record_experience), if any row is refused.
    pub fn record_experiences(&self, new: Vec<NewExperience>) -> Result<Vec<ExperienceId>> {
        let store = self.writable()?;
        validate::batch(&new)?;
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let prepared = self.prepare(new)?;
        let size = Size { records: prepared.len(), bytes: prepared.iter().map(estimate).sum() };
        let defaults = self.defaults();
        store.write(size, Space::Growth, move |txn| storage::record(txn, &prepared, defaults))
    }

    /// Checks each row, and embeds those that have no vector.
    fn prepare(&self, new: Vec<NewExperience>) -> Result<Vec<PreparedExperience>> {
        let rows: Vec<Valid<NewExperience>> =
            new.into_iter().map(validate::new_experience).collect::<std::result::Result<_, _>>()?;
        for row in &rows {
            if let Some(vector) = &row.get().embedding {
                validate::vector("embedding", vector, self.inner.dimension)?;
            }
        }
        let texts: Vec<&str> = rows
            .iter()
            .filter(|row| row.get().embedding.is_none())
            .map(|row| row.get().content.as_str())
            .collect();
        let mut embedded = self.embed_texts(&texts)?.into_iter();
        let prepared = rows.into_iter().map(|new| {
            let vector: Option<StoredVector> = match &new.get().embedding {
                Some(given) => stored(given.clone()),
                None => embedded.next().flatten(),
            };
            PreparedExperience { new, vector }
        });
        Ok(prepared.collect())
    }
}

fn estimate(prepared: &PreparedExperience) -> usize {
    let new = prepared.new.get();
    let vector = prepared.vector.as_ref().map_or(0, |vector| vector.components.len() * 4);
    let indexed = new.domain.iter().map(String::len).sum::<usize>()
        + new.tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let rows = new.domain.len() + new.tags.len();
    RECORD_BYTES + new.content.len() + vector + 2 * indexed + rows * 64
}

/// About what a change of one record writes: its own rows once more, which may be long.
pub(super) const CHANGE: Size = Size { records: 1, bytes: 32 << 10 };
