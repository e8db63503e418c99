//! What a repair needs, and the transactions it writes in.

use std::path::Path;

use crate::config::SyncMode;
use crate::error::Result;
use crate::model::ProviderIdentity;
use crate::storage::env::{EnvOptions, Environment, Space};
use crate::storage::upkeep::check::NormOf;
use crate::storage::write::block_builder::BlockBuilder;
use crate::storage::write::transaction::{IndexRules, Size, WriteTxn};

/// Records of one transaction of a repair.
pub(super) const BATCH: usize = 500;

/// What a repair needs of the layers above.
pub(crate) struct RepairOptions<'o> {
    pub(crate) path: &'o Path,
    pub(crate) map_size_gb: usize,
    /// Stands in for a damaged identity.
    pub(crate) identity: &'o ProviderIdentity,
    pub(crate) norm_of: NormOf,
    pub(crate) builder: &'o dyn BlockBuilder,
    pub(crate) seal_rows: u32,
    /// Makes the vector of a text again, if that is possible.
    pub(crate) embed: &'o dyn Fn(&str) -> Option<Vec<f32>>,
}

impl RepairOptions<'_> {
    pub(super) fn rules(&self) -> IndexRules<'_> {
        IndexRules { builder: self.builder, seal_rows: self.seal_rows }
    }

    /// How to open an environment that the repair writes to.
    pub(super) fn writable(&self, path: &Path) -> EnvOptions {
        EnvOptions {
            path: path.to_owned(),
            map_size_gb: self.map_size_gb,
            sync_mode: SyncMode::Normal,
            read_only: false,
        }
    }
}

/// Writes in one transaction; the caller writes sequence numbers itself.
pub(super) fn in_transaction<T>(
    env: &Environment,
    options: &RepairOptions<'_>,
    size: Size,
    write: impl FnOnce(&mut WriteTxn<'_>) -> Result<T>,
) -> Result<T> {
    let mut turn = env.turn()?;
    let mut txn = WriteTxn::begin_unstamped(&mut turn, options.rules())?;
    txn.start_operation(size, Space::Growth)?;
    let value = write(&mut txn)?;
    txn.commit()?;
    Ok(value)
}
