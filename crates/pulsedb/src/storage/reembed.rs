//! The verbs of a move to another embedder, one for each step.

use crate::error::Result;
use crate::limits;
use crate::model::ProviderIdentity;
use crate::storage::env::Space;
use crate::storage::format::vector::StoredVector;
use crate::storage::read::pending::PendingTexts;
use crate::storage::store::Store;
use crate::storage::write::reembed::{Begun, PendingCodes};
use crate::storage::write::transaction::Size;

/// What a transaction that writes no records takes.
const NOTES: Size = Size { records: 1, bytes: 4096 };
/// Bytes of a row of `vector` beside its components.
const ROW_BYTES: usize = 64;

/// Makes the vectors of the last texts.
pub(crate) type LastEmbed = Box<dyn FnMut(&[&str]) -> Result<Vec<Option<StoredVector>>> + Send>;

impl Store {
    /// Begins the move to an embedder, or goes on with it.
    pub(crate) fn begin_reembed(&self, to: &ProviderIdentity) -> Result<Begun> {
        let identity = to.clone();
        let begun = self.write(NOTES, Space::Growth, move |txn| txn.begin_reembed(&identity))?;
        if begun == Begun::There {
            self.reclaim_later();
        }
        Ok(begun)
    }

    /// Removes what earlier generations have left.
    pub(crate) fn remove_old_vectors(&self) -> Result<()> {
        let size = Size { records: limits::RECLAIM_ROWS, bytes: limits::COMMIT_BYTES_MAX };
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is not general enough")]
        while self.write(size, Space::Reclaim, |txn| txn.remove_old_vectors())? {}
        Ok(())
    }

    /// Records that have a vector of the next generation, and records in all.
    pub(crate) fn reembed_progress(&self) -> Result<(u64, u64)> {
        self.snapshot()?.view().progress_in_all()
    }

    /// Texts that the next generation lacks.
    pub(crate) fn pending_texts(&self) -> Result<PendingTexts> {
        self.snapshot()?.view().pending_texts(limits::REEMBED_ROWS)
    }

    /// Stores the vectors of pending texts.
    pub(crate) fn put_next_vectors(
        &self,
        to: &ProviderIdentity,
        pending: PendingTexts,
        vectors: Vec<Option<StoredVector>>,
    ) -> Result<()> {
        let identity = to.clone();
        let bytes = vectors.len() * (ROW_BYTES + 4 * to.dimension);
        let size = Size { records: vectors.len(), bytes };
        self.write(size, Space::Growth, move |txn| txn.put_next_vectors(&identity, &pending, &vectors))
    }

    /// The codes of the next block that lacks some.
    pub(crate) fn pending_codes(&self) -> Result<Option<PendingCodes>> {
        let snapshot = self.snapshot()?;
        let view = snapshot.view();
        let Some(next) = view.next_embedding()? else { return Ok(None) };
        let Some(block) = view.pending_slice(next.generation)? else { return Ok(None) };
        PendingCodes::of(view, block, &next, &*self.builder).map(Some)
    }

    /// Stores the codes of a block.
    pub(crate) fn put_next_codes(&self, to: &ProviderIdentity, codes: PendingCodes) -> Result<()> {
        let identity = to.clone();
        let size = Size { records: 1, bytes: codes.bytes() };
        self.write(size, Space::Growth, move |txn| txn.put_next_codes(&identity, &codes))
    }

    /// Puts the next generation in force, if no more than `most` records lack a vector of it; those are embedded first.
    pub(crate) fn switch_embedder(
        &self,
        to: &ProviderIdentity,
        most: usize,
        mut embed: LastEmbed,
    ) -> Result<bool> {
        let identity = to.clone();
        let records = most.min(limits::REEMBED_ROWS);
        let size =
            Size { records, bytes: limits::COMMIT_BYTES_MAX + records * (ROW_BYTES + 4 * to.dimension) };
        let switched =
            self.write(size, Space::Growth, move |txn| txn.switch_embedder(&identity, most, &mut embed))?;
        if switched {
            self.reclaim_later();
        }
        Ok(switched)
    }

    fn reclaim_later(&self) {
        // What cannot be started now is started by the next open; the move itself is done.
        if let Err(error) = self.reclaim() {
            tracing::warn!(%error, "the vectors of the embedder before are removed later");
        }
    }
}
