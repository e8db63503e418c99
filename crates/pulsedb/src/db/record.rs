//! Recording: validate, embed, one commit, return.

use crate::db::{PulseDB, stored};
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::NewExperience;
use crate::storage::{self, PreparedExperience, Size, Space, StoredVector};
use crate::validate::{self, Valid};

/// Bytes of the fixed parts of a record and of the index rows that every record has.
const RECORD_BYTES: usize = 1024;
/// Bytes of an index row without its word.
const INDEX_ROW_BYTES: usize = 64;

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
    let vector = match new.embedding {
        // A given one is counted with the rest.
        Some(_) => 0,
        None => prepared.vector.as_ref().map_or(0, |vector| vector.components.len() * 4),
    };
    // Words of domains and tags stand in the record and in a key of an index each.
    let index_rows = new.domain.len() + new.tags.len();
    RECORD_BYTES + 2 * validate::experience_bytes(new) + vector + index_rows * INDEX_ROW_BYTES
}

/// About what a change of one record writes: its rows once more. Most are short; a long one has room beside the
/// reserve, which is many times as large as the longest.
pub(super) const CHANGE: Size = Size { records: 1, bytes: 32 << 10 };
