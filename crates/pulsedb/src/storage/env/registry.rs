//! The environments that are open in this process, by directory: LMDB must not open a file twice.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::{Condvar, Mutex};

use super::environment::Environment;
use super::system::DirectoryKey;

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::default);

#[derive(Default)]
struct Registry {
    entries: Mutex<HashMap<DirectoryKey, Listing>>,
    changed: Condvar,
}

struct Listing {
    /// The process that made the entry: a forked child inherits the table but not the environments.
    pid: u32,
    state: State,
}

enum State {
    /// A thread opens or closes it.
    Busy,
    Open(Weak<Environment>),
}

/// What a directory's place in the registry holds.
pub(super) enum Entry {
    /// It is open.
    Open(Arc<Environment>),
    /// It is not, and only the holder of this may open it.
    Vacant(Vacancy),
}

/// The right to open a directory; given back when dropped.
pub(super) struct Vacancy {
    key: DirectoryKey,
    filled: bool,
}

impl Vacancy {
    /// Makes the environment known.
    pub(super) fn fill(mut self, environment: &Arc<Environment>) {
        self.filled = true;
        set(&self.key, State::Open(Arc::downgrade(environment)));
    }
}

impl Drop for Vacancy {
    fn drop(&mut self) {
        if !self.filled {
            REGISTRY.entries.lock().remove(&self.key);
            REGISTRY.changed.notify_all();
        }
    }
}

/// The environment of a directory, or the right to open it; waits for a thread that opens or closes it.
pub(super) fn find(key: &DirectoryKey) -> Entry {
    let pid = std::process::id();
    let mut entries = REGISTRY.entries.lock();
    loop {
        match entries.get(key) {
            Some(entry) if entry.pid == pid => {
                if let State::Open(environment) = &entry.state
                    && let Some(environment) = environment.upgrade()
                {
                    return Entry::Open(environment);
                }
                // Busy, or its last handle is gone and its thread is about to close it.
                REGISTRY.changed.wait(&mut entries);
            }
            _ => {
                entries.insert(key.clone(), Listing { pid, state: State::Busy });
                return Entry::Vacant(Vacancy { key: key.clone(), filled: false });
            }
        }
    }
}

/// Whether a handle of this process has the directory open, or is about to.
pub(super) fn is_open(key: &DirectoryKey) -> bool {
    REGISTRY.entries.lock().get(key).is_some_and(|entry| entry.pid == std::process::id())
}

/// Forgets an environment after it was closed. One that failed while it was opened is not known yet.
pub(super) fn forget(key: &DirectoryKey) {
    let mut entries = REGISTRY.entries.lock();
    if entries.get(key).is_some_and(|entry| matches!(entry.state, State::Open(_))) {
        entries.remove(key);
    }
    drop(entries);
    REGISTRY.changed.notify_all();
}

fn set(key: &DirectoryKey, state: State) {
    REGISTRY.entries.lock().insert(key.clone(), Listing { pid: std::process::id(), state });
    REGISTRY.changed.notify_all();
}
