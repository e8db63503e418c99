//! Closing the engine below open handles and opening it again: for another data file, or for a larger map.

use super::engine::{Engine, map_of_length};
use super::environment::Environment;
use super::files::Files;
use crate::error::{Result, StorageError};
use crate::limits;

impl Environment {
    /// Waits until nobody of this process is inside of the engine, closes it, does something to its files, and opens
    /// what is there then. `DatabaseLocked` if a call stays inside too long; then nothing has happened.
    ///
    /// The caller keeps other processes and the writers of this one away if it changes files.
    pub(super) fn exchange(
        &self,
        read_only: bool,
        is_due: impl FnOnce(&Engine) -> bool,
        between: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        // With an end, because who is inside may be waiting for something that the caller holds.
        let Some(mut slot) = self.engine.try_write_for(limits::EXCHANGE_WAIT) else {
            let holder = "a call of this process that reads it, such as a check or a backup";
            return Err(StorageError::DatabaseLocked { holder: holder.to_owned() }.into());
        };
        let Some(engine) = slot.take_if(|engine| is_due(engine)) else { return Ok(()) };
        let sync_mode = engine.sync_mode();
        drop(engine);
        let outcome = between();
        let (files, header) = Files::open(&self.home, true, 0)?;
        let maps =
            if read_only { vec![header.map_bytes, map_of_length(&files)?] } else { vec![header.map_bytes] };
        let engine = Engine::open(&self.home, files, &header, &maps, self.names, read_only)?;
        if !read_only {
            engine.set_sync_mode(sync_mode)?;
        }
        *slot = Some(engine);
        outcome
    }

    /// Maps more of a file that has outgrown the map of a reader.
    pub(super) fn map_more(&self) -> Result<()> {
        let is_outgrown =
            |engine: &Engine| map_of_length(&engine.files).is_ok_and(|bytes| bytes > engine.map_bytes());
        self.exchange(true, is_outgrown, || Ok(()))
    }
}
