//! The store: tables on LMDB, one snapshot for reading, one queue for writing.
//!
//! `docs/pulsedb-format.md` describes every byte. The store never embeds or searches, and knows nobody who watches: others
//! learn what happens from the change log, and one listener that they bring is handed what a commit adds to it. Its rooms, bottom first: `env`, `format`, `read`, `write`, `commit`, `upkeep`.

mod commit;
pub(crate) mod env;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod read;
mod reembed;
mod store;
mod upkeep;
mod verbs;
mod write;

pub(crate) use commit::listener::{CommitListener, Logged};
pub(crate) use format::block_state::{BlockState, words as bitmap_words, write_vectors};
pub(crate) use format::columns::Columns;
pub(crate) use format::experience_type::type_tag;
pub(crate) use format::insight::insight_tag;
pub(crate) use format::keys::Prefix;
pub(crate) use format::meta::EmbeddingRow;
pub(crate) use format::piece::{PieceRow, write_piece_row};
pub(crate) use format::series::{BlockPart, Generation, SeriesId};
pub(crate) use format::slot::SlotRow;
pub(crate) use format::tables::Table;
pub(crate) use format::vector::{StoredVector, VectorRow};
pub(crate) use read::blocks::{BlockView, malformed_piece, malformed_shared, malformed_tail};
pub(crate) use read::collective_view::CollectiveView;
pub(crate) use read::newest::{IndexRow, NewestFirst, Span};
pub(crate) use read::view::View;
pub(crate) use store::{Store, StoreHandle, StoreOptions};
pub(crate) use upkeep::repair::repair;
pub(crate) use upkeep::repair_options::RepairOptions;
pub(crate) use write::apply::PreparedChange;
pub(crate) use write::block_builder::{
    BlockBuilder, IndexedRow, MergeSource, MergedPostings, PartValue, RowToSeal, SealedBlock, SealedVectors,
    kept_in_slice,
};
pub(crate) use write::insights::{PreparedInsight, PreparedInsightRestore};
pub(crate) use write::operations::{
    NewVector, PreparedExperience, PreparedRestore, PreparedUpdate, RecordDefaults,
};
pub(crate) use write::reembed::Begun;
