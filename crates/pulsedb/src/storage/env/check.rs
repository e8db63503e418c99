//! The whole structure of the data file, read page by page: what opening does for the upper levels only.

use super::environment::Environment;
use super::home::DATA;
use super::lmdb::{state, structure};
use crate::error::{Result, StorageError};
use crate::limits;

impl Environment {
    /// Reads every page of every tree of the newest snapshot and compares them; `Corrupted` names the first fault.
    ///
    /// To be called before rows are read through the engine where damage is suspected: the engine itself may end the
    /// process on a damaged page.
    pub(crate) fn check_pages(&self) -> Result<()> {
        let name = self.path().join(DATA);
        for _ in 0..limits::SNAPSHOT_ATTEMPTS {
            // The snapshot keeps its pages as they are while they are read.
            let txn = self.read()?;
            let file = txn.engine().files.data();
            let header = state::read_for(file, &name, txn.id() as u64)?;
            if header.txn_id == txn.id() as u64 {
                let outcome = structure::check(file, &header, u64::MAX);
                return outcome.map_err(|fault| state::told(fault, file, &name, &header));
            }
        }
        let reason =
            "the pages could not be checked: other processes commit all the time; try again".to_owned();
        Err(StorageError::Engine { reason }.into())
    }
}
