//! The in-memory index state of a handle: what scans and filters need of each experience.
//!
//! It follows the change log. A collective is loaded when it is first searched, and dropped again when the
//! loaded ones together outgrow `cache_size_mb`; vectors stay in the store's map.

mod columns;
mod halves;
mod scan;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{RwLock, RwLockWriteGuard};

use crate::error::Result;
use crate::follow::{self, Follower};
use crate::id::{CollectiveId, Seq};
use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber};
use crate::storage::{CollectiveView, Store, View};

pub(crate) use columns::{Columns, Row};
pub(crate) use halves::scan_in_halves;
pub(crate) use scan::Hit;

/// The index state, shared by the threads of a handle.
pub(crate) struct Index {
    state: RwLock<State>,
    cache_bytes: usize,
}

struct State {
    position: Seq,
    collectives: HashMap<CollectiveNumber, Loaded>,
    /// Counts uses, to find what was not used for longest.
    uses: AtomicU64,
}

struct Loaded {
    columns: Columns,
    last_use: AtomicU64,
}

impl Index {
    pub(crate) fn new(cache_bytes: usize) -> Self {
        let state = State { position: 0, collectives: HashMap::new(), uses: AtomicU64::new(0) };
        Self { state: RwLock::new(state), cache_bytes }
    }

    /// Calls `read` with the columns of a collective and the snapshot that they agree with, which is no older
    /// than the call.
    pub(crate) fn with_current<T>(
        &self,
        store: &Store,
        id: CollectiveId,
        read: impl FnOnce(&Columns, CollectiveView<'_>) -> Result<T>,
    ) -> Result<T> {
        {
            let state = self.state.read();
            let snapshot = store.snapshot()?;
            let collective = snapshot.view().in_collective(id)?;
            if state.position == snapshot.view().last_sequence()?
                && let Some(columns) = state.columns(collective.number)
            {
                return read(columns, collective);
            }
        }
        let mut state = self.state.write();
        // Taken under the lock: no other thread can bring the state past this snapshot.
        let snapshot = store.snapshot()?;
        let collective = snapshot.view().in_collective(id)?;
        state.catch_up(collective, self.cache_bytes)?;
        let state = RwLockWriteGuard::downgrade(state);
        match state.columns(collective.number) {
            Some(columns) => read(columns, collective),
            None => read(&Columns::default(), collective),
        }
    }

    /// Bytes of memory that the loaded columns take.
    pub(crate) fn bytes(&self) -> usize {
        self.state.read().bytes()
    }
}

impl State {
    fn columns(&self, number: CollectiveNumber) -> Option<&Columns> {
        let loaded = self.collectives.get(&number)?;
        loaded.last_use.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(&loaded.columns)
    }

    fn bytes(&self) -> usize {
        self.collectives.values().map(|loaded| loaded.columns.bytes()).sum()
    }

    fn catch_up(&mut self, collective: CollectiveView<'_>, cache_bytes: usize) -> Result<()> {
        let number = collective.number;
        follow::catch_up(collective.view, self)?;
        if !self.collectives.contains_key(&number) {
            let columns = Columns::load(collective)?;
            let last_use = AtomicU64::new(self.uses.fetch_add(1, Ordering::Relaxed));
            self.collectives.insert(number, Loaded { columns, last_use });
        }
        self.shrink(number, cache_bytes);
        Ok(())
    }

    /// Drops the columns that were not used for longest until the rest fits; those in use now always stay.
    fn shrink(&mut self, in_use: CollectiveNumber, cache_bytes: usize) {
        while self.collectives.len() > 1 && self.bytes() > cache_bytes {
            let others = self.collectives.iter().filter(|(number, _)| **number != in_use);
            let oldest = others.min_by_key(|(_, loaded)| loaded.last_use.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(number, _)| *number) else { return };
            self.collectives.remove(&oldest);
        }
    }
}

impl Follower for State {
    fn position(&self) -> Seq {
        self.position
    }

    fn apply(&mut self, view: View<'_>, change: &Change) -> Result<()> {
        self.position = change.sequence;
        let experience = match &change.kind {
            ChangeKind::CollectiveCreated | ChangeKind::CollectiveRenamed => return Ok(()),
            ChangeKind::CollectiveDeleted => {
                self.collectives.remove(&change.number);
                return Ok(());
            }
            ChangeKind::Experience(experience) => experience,
        };
        let Some(loaded) = self.collectives.get_mut(&change.number) else { return Ok(()) };
        let columns = &mut loaded.columns;
        match experience.action {
            Action::Created | Action::Updated => {
                if experience.previous != experience.slot {
                    columns.remove(experience.previous);
                }
                // Gone from the view already if a later change has moved or deleted it.
                if let Some(row) = view.slot_row(change.number, experience.slot)? {
                    columns.insert(experience.slot, &row);
                }
            }
            Action::Archived => columns.set_archived(experience.slot, true),
            Action::Unarchived => columns.set_archived(experience.slot, false),
            Action::Reinforced => {}
            Action::Deleted => columns.remove(experience.slot),
        }
        Ok(())
    }

    fn reset(&mut self, sequence: Seq) {
        self.collectives.clear();
        self.position = sequence;
    }

    fn is_empty(&self) -> bool {
        self.collectives.is_empty()
    }
}
