//! Moving a database to another embedder: a generation of vectors that is built beside the one in force.
//!
//! ```text
//! begin:   the next embedder and its generation are written down
//! texts:   of each series, in the order of slots: vectors of the next generation, some hundred a transaction;
//!          how far that is stands in the series. A changed record gets a new slot, behind that
//! codes:   of each block whose rows have vectors, also of one that a merge is making, a slice a transaction
//! switch:  what is left, then, in the same transaction, the next generation is the one in force
//! after:   the old vectors and codes are removed in bounded steps
//! ```
//! Until the switch every reader uses the old generation. What is done is stored, so any process goes on with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use heed::PutFlags;

use crate::error::{PulseDBError, Result};
use crate::limits;
use crate::model::ProviderIdentity;
use crate::model::change::{CollectiveNumber, Slot};
use crate::storage::format::block_state::write_vectors;
use crate::storage::format::collective::CounterRow;
use crate::storage::format::keys;
use crate::storage::format::meta::{self, EmbeddingRow};
use crate::storage::format::seal;
use crate::storage::format::series::{
    BlockEntry, BlockNumber, BlockPart, Generation, SeriesId, SeriesPart, read_vector_generation,
};
use crate::storage::format::tables::Table;
use crate::storage::format::vector::StoredVector;
use crate::storage::format::writer::Write;
use crate::storage::read::blocks::BlockView;
use crate::storage::read::pending::{PendingSlice, PendingTexts};
use crate::storage::read::view::View;
use crate::storage::write::block_builder::{BlockBuilder, SealedVectors};
use crate::storage::write::transaction::WriteTxn;

/// The vectors of texts, in their order; `None` for a text that has none.
pub(crate) type Embed<'e> = dyn FnMut(&[&str]) -> Result<Vec<Option<StoredVector>>> + 'e;

/// The codes of a slice of a block in the next generation.
#[derive(Debug, Clone)]
pub(crate) struct PendingCodes {
    slice: PendingSlice,
    sealed: SealedVectors,
    /// Which rows of the slice have a vector.
    has_vector: Vec<u8>,
    /// What the codes refer to, if that was stored before.
    shared: Option<Vec<u8>>,
}

impl PendingCodes {
    /// Codes a slice from the vectors of its rows.
    pub(in crate::storage) fn of(
        view: View<'_>,
        slice: PendingSlice,
        next: &EmbeddingRow,
        builder: &dyn BlockBuilder,
    ) -> Result<Self> {
        let PendingSlice { id, entry, slice: number, .. } = slice;
        let columns = view.block(entry, next.generation).columns(usize::from(number))?;
        let mut vectors = Vec::with_capacity(columns.rows());
        for row in 0..columns.rows() {
            let slot = columns.slot(row);
            // A record that is gone has no row any more.
            let lives = view.slot_row(id.number, slot)?.is_some();
            let vector = if lives { view.vector(id, next.generation, slot)? } else { None };
            vectors.push(vector.map(|vector| vector.bytes));
        }
        let shared = view.shared(id, next.generation)?;
        let sealed = builder.seal_vectors(next.identity.dimension, shared, number, &vectors)?;
        let has_vector = write_vectors(vectors.iter().map(Option::is_some));
        Ok(Self { slice, sealed, has_vector, shared: shared.map(<[u8]>::to_vec) })
    }

    /// Bytes of them.
    pub(in crate::storage) fn bytes(&self) -> usize {
        self.sealed.parts.iter().map(|(_, _, bytes)| bytes.len()).sum::<usize>() + self.has_vector.len()
    }
}

/// What stands in the way of a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The database has this embedder already.
    There,
    /// Vectors of an earlier generation must be removed first.
    Blocked,
    /// It has begun, now or earlier.
    Going,
}

impl WriteTxn<'_> {
    /// Fails unless the vectors in force are those of this embedder.
    pub(in crate::storage) fn expect_embedder(&self, embedder: &EmbeddingRow) -> Result<()> {
        embedder.expect(&self.embedding.identity)
    }

    /// Begins the move to an embedder, or goes on with it. Another move that has not ended is given up.
    pub(in crate::storage) fn begin_reembed(&mut self, to: &ProviderIdentity) -> Result<Begun> {
        if self.next.as_ref().is_some_and(|next| next.identity == *to) {
            return Ok(Begun::Going);
        }
        if self.next.take().is_some() {
            self.delete(Table::Meta, meta::NEXT_EMBEDDING)?;
            self.put(Table::Meta, meta::OLD_VECTORS, |_| ())?;
        }
        if self.embedding.identity == *to {
            return Ok(Begun::There);
        }
        if self.view().has_old_vectors()? {
            return Ok(Begun::Blocked);
        }
        let next = EmbeddingRow { generation: self.embedding.generation.next(), identity: to.clone() };
        self.put(Table::Meta, meta::NEXT_EMBEDDING, |out| next.write(out))?;
        self.next = Some(next);
        Ok(Begun::Going)
    }

    /// What the move to an embedder builds.
    fn building(&self, to: &ProviderIdentity) -> Result<EmbeddingRow> {
        match &self.next {
            Some(next) if next.identity == *to => Ok(next.clone()),
            Some(next) => {
                let reason = format!("the move to {to} was given up for a move to {}", next.identity);
                Err(PulseDBError::Config { reason })
            }
            // Another process was faster, or this transaction is repeated.
            None if self.embedding.identity == *to => Ok(self.embedding.clone()),
            None => {
                let reason = format!("the move to {to} was given up; begin it again");
                Err(PulseDBError::Config { reason })
            }
        }
    }

    /// Stores vectors of the next generation. Where another process has got further, its own stand.
    pub(in crate::storage) fn put_next_vectors(
        &mut self,
        to: &ProviderIdentity,
        pending: &PendingTexts,
        vectors: &[Option<StoredVector>],
    ) -> Result<()> {
        let next = self.building(to)?;
        if next == self.embedding {
            return Ok(());
        }
        let mut vectors = vectors.iter();
        for part in &pending.parts {
            let of_part: Vec<_> = vectors.by_ref().take(part.rows.len()).collect();
            let mut progress = self.view().progress(part.id)?;
            if progress.next_slot != part.from || !self.view().has_collective(part.collective)? {
                continue;
            }
            for ((slot, _), vector) in part.rows.iter().zip(of_part) {
                progress.next_slot = slot.0.saturating_add(1);
                // A record may have been changed or deleted since.
                if self.view().slot_row(part.id.number, *slot)?.is_some() {
                    progress.rows += 1;
                    progress.bytes += self.insert_vector(part.id, next.generation, *slot, vector.as_ref())?;
                }
            }
            self.put(Table::Series, &part.id.progress_key(), |out| progress.write(out))?;
        }
        Ok(())
    }

    /// Takes the vector of a record that goes out of the next generation, if it has one there.
    pub(super) fn remove_next_vector(&mut self, id: SeriesId, slot: Slot) -> Result<()> {
        let Some(generation) = self.next.as_ref().map(|next| next.generation) else { return Ok(()) };
        let Some(bytes) = self.remove_vector(id, generation, slot)? else { return Ok(()) };
        let mut progress = self.view().progress(id)?;
        progress.rows = progress.rows.saturating_sub(1);
        progress.bytes = progress.bytes.saturating_sub(bytes);
        self.put(Table::Series, &id.progress_key(), |out| progress.write(out))
    }

    /// Stores the codes of a slice in the next generation, if they are still missing.
    pub(in crate::storage) fn put_next_codes(
        &mut self,
        to: &ProviderIdentity,
        codes: &PendingCodes,
    ) -> Result<()> {
        let next = self.building(to)?;
        let PendingSlice { collective, id, entry, slice } = codes.slice;
        let is_wanted = {
            let view = self.view();
            let series = view.series(id)?;
            let listed = series.blocks.iter().any(|block| block.number == entry.number);
            let merged = series.merge.as_ref().is_some_and(|merge| merge.target == entry.number);
            (listed || merged)
                && next != self.embedding
                && view.has_collective(collective)?
                && view.shared(id, next.generation)? == codes.shared.as_deref()
                && view.block(entry, next.generation).uncoded_slice()? == Some(slice)
        };
        if !is_wanted {
            return Ok(());
        }
        for (part, run, bytes) in &codes.sealed.parts {
            let key = entry.number.part_key(*part, next.generation, *run);
            self.write(Table::Block, &key, PutFlags::NO_OVERWRITE, |out| out.put(bytes))?;
        }
        if let Some(shared) = &codes.sealed.shared {
            self.put(Table::Series, &id.shared_key(next.generation), |out| out.put(shared))?;
        }
        self.put_next_has_vector(entry, slice, next.generation, &codes.has_vector)
    }

    /// Stores which rows of a slice have a vector: with the last one as one value for the whole block.
    fn put_next_has_vector(
        &mut self,
        entry: BlockEntry,
        slice: u16,
        generation: Generation,
        has_vector: &[u8],
    ) -> Result<()> {
        let key = |run: u16| entry.number.part_key(BlockPart::Vectors, generation, run);
        let block = self.view().block(entry, generation);
        if usize::from(slice) + 1 < block.slices() {
            let run = BlockView::vectors_run(slice);
            return self.put(Table::Block, &key(run), |out| out.put(has_vector));
        }
        let mut whole = Vec::new();
        for slice in 0..slice {
            let stored = self.view().get(Table::Block, &key(BlockView::vectors_run(slice)))?;
            whole.extend_from_slice(stored.ok_or_else(|| seal::corrupted(Table::Block, &key(0)))?);
        }
        whole.extend_from_slice(has_vector);
        for slice in 0..slice {
            self.delete(Table::Block, &key(BlockView::vectors_run(slice)))?;
        }
        self.put(Table::Block, &key(0), |out| out.put(&whole))
    }

    /// Takes back merges whose slices are not all there: what is there belongs to the generation that goes.
    fn take_back_merges(&mut self) -> Result<()> {
        for (_, id) in self.view().all_series()? {
            let mut series = self.view().series(id)?;
            if let Some(merge) = series.merge.take_if(|merge| !merge.has_parts()) {
                self.remove_block(merge.target)?;
                self.put(Table::Series, &id.blocks_key(), |out| series.write(out))?;
            }
        }
        Ok(())
    }

    /// Puts the next generation in force. If more than `most` records still lack a vector, it does not, and returns false;
    /// so few are embedded here.
    pub(in crate::storage) fn switch_embedder(
        &mut self,
        to: &ProviderIdentity,
        most: usize,
        embed: &mut Embed<'_>,
    ) -> Result<bool> {
        let next = self.building(to)?;
        if next == self.embedding {
            return Ok(true);
        }
        let (done, total) = self.view().progress_in_all()?;
        if total.saturating_sub(done) > most as u64 {
            return Ok(false);
        }
        loop {
            let pending = self.view().pending_texts(limits::REEMBED_ROWS)?;
            if pending.is_empty() {
                break;
            }
            let vectors = embed(&pending.texts().collect::<Vec<_>>())?;
            self.put_next_vectors(to, &pending, &vectors)?;
        }
        while let Some(slice) = self.view().pending_slice(next.generation)? {
            let codes = PendingCodes::of(self.view(), slice, &next, self.rules.builder)?;
            self.put_next_codes(to, &codes)?;
        }
        self.take_back_merges()?;
        let mut bytes: BTreeMap<CollectiveNumber, u64> = BTreeMap::new();
        for (_, id) in self.view().all_series()? {
            *bytes.entry(id.number).or_default() += self.view().progress(id)?.bytes;
            self.delete(Table::Series, &id.progress_key())?;
        }
        for (number, vector_bytes) in bytes {
            let counter = CounterRow { vector_bytes, ..self.view().counter(number)? };
            self.put(Table::Counter, &keys::number(number), |out| counter.write(out))?;
        }
        self.put(Table::Meta, meta::EMBEDDING, |out| next.write(out))?;
        self.delete(Table::Meta, meta::NEXT_EMBEDDING)?;
        self.put(Table::Meta, meta::OLD_VECTORS, |_| ())?;
        self.embedding = next;
        self.next = None;
        Ok(true)
    }

    /// Removes some vectors and codes of generations that are neither in force nor being built; whether more may be left.
    pub(in crate::storage) fn remove_old_vectors(&mut self) -> Result<bool> {
        if !self.view().has_old_vectors()? {
            return Ok(false);
        }
        let live = self.live_generations();
        let mut old = self.old_vectors(&live)?;
        if old.is_empty() {
            old = self.old_parts(&live)?;
        }
        for (table, key) in &old {
            self.delete(*table, key)?;
        }
        if old.is_empty() {
            self.delete(Table::Meta, meta::OLD_VECTORS)?;
        }
        Ok(!old.is_empty())
    }

    fn live_generations(&self) -> BTreeSet<Generation> {
        let next = self.next.as_ref().map(|next| next.generation);
        std::iter::once(self.embedding.generation).chain(next).collect()
    }

    /// Keys of some vectors of other generations. Where one is alive, all of it is passed over at once.
    fn old_vectors(&self, live: &BTreeSet<Generation>) -> Result<Vec<(Table, Vec<u8>)>> {
        let view = self.view();
        let mut old = Vec::new();
        // No key is empty, nor may a bound be.
        let mut from = vec![0];
        while old.len() < limits::RECLAIM_ROWS {
            let bounds = (Bound::Included(from.as_slice()), Bound::Unbounded);
            let mut rows = view.sealed_range(Table::Vector, bounds.0, bounds.1)?;
            let Some((key, _)) = rows.next().transpose()? else { break };
            let Some(prefix) = key.first_chunk::<8>().copied() else { break };
            if read_vector_generation(key).is_some_and(|generation| !live.contains(&generation)) {
                old.push((Table::Vector, key.to_vec()));
                for row in rows.take(limits::RECLAIM_ROWS - old.len()) {
                    let (key, _) = row?;
                    if !key.starts_with(&prefix) {
                        break;
                    }
                    old.push((Table::Vector, key.to_vec()));
                }
            }
            let Some(after) = u64::from_be_bytes(prefix).checked_add(1) else { break };
            from = after.to_be_bytes().to_vec();
        }
        Ok(old)
    }

    /// Keys of some parts of blocks and rows of series that belong to other generations.
    fn old_parts(&self, live: &BTreeSet<Generation>) -> Result<Vec<(Table, Vec<u8>)>> {
        let view = self.view();
        let is_old = |generation: Option<Generation>| generation.is_some_and(|one| !live.contains(&one));
        let mut old = Vec::new();
        for row in view.sealed_range(Table::Series, Bound::Unbounded, Bound::Unbounded)? {
            let (key, _) = row?;
            let goes = match SeriesPart::read(key) {
                Some(SeriesPart::Shared(generation)) => is_old(Some(generation)),
                Some(SeriesPart::Progress) => self.next.is_none(),
                Some(SeriesPart::Blocks) | None => false,
            };
            if goes && old.len() < limits::RECLAIM_ROWS {
                old.push((Table::Series, key.to_vec()));
            }
        }
        let mut parts = 0;
        for row in view.sealed_range(Table::Block, Bound::Unbounded, Bound::Unbounded)? {
            let (key, _) = row?;
            if is_old(BlockNumber::read_generation(key)) && parts < limits::RECLAIM_PARTS {
                parts += 1;
                old.push((Table::Block, key.to_vec()));
            }
        }
        Ok(old)
    }
}
