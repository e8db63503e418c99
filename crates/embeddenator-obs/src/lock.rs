//! The crate's two locks, which survive a panic of their holder by replacing the state that they guard.
//!
//! A thread that panics while it holds a lock may leave the state half changed. That state is never
//! repaired and never used: [`Whole`] discards the unfinished successor and keeps the last whole
//! state, [`Renewed`] starts over with a fresh one. Both count this.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// How many states were replaced after a panic.
pub(crate) type Replacements = Arc<AtomicU64>;

/// State that is only ever replaced whole: readers see a finished state, and a writer that panics leaves the old one.
#[derive(Debug)]
pub(crate) struct Whole<T> {
    state: RwLock<Arc<T>>,
    replacements: Replacements,
}

impl<T> Whole<T> {
    pub(crate) fn new(state: T, replacements: Replacements) -> Self {
        Self { state: RwLock::new(Arc::new(state)), replacements }
    }

    /// The state, which does not change while the guard lives.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Arc<T>> {
        self.state.read().unwrap_or_else(|poisoned| {
            self.state.clear_poison();
            // Sound: the pointer is written by one assignment, after its target is finished.
            poisoned.into_inner()
        })
    }

    /// Replaces the state with the one that `successor` returns, if any; returns its other result.
    pub(crate) fn replace<R>(&self, successor: impl FnOnce(&T) -> (Option<T>, R)) -> R {
        let mut guard = self.state.write().unwrap_or_else(|poisoned| {
            self.state.clear_poison();
            poisoned.into_inner()
        });
        let discarded = CountOnUnwind(&self.replacements);
        let (next, result) = successor(&guard);
        std::mem::forget(discarded);
        if let Some(next) = next {
            *guard = Arc::new(next);
        }
        result
    }
}

/// Counts a discarded successor when dropped by a panic; without one it is forgotten.
struct CountOnUnwind<'a>(&'a AtomicU64);

impl Drop for CountOnUnwind<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// State that is changed in place, and replaced by a fresh one after its holder panicked.
#[derive(Debug)]
pub(crate) struct Renewed<T> {
    state: Mutex<T>,
    fresh: fn() -> T,
    replacements: Replacements,
}

impl<T> Renewed<T> {
    pub(crate) fn new(fresh: fn() -> T, replacements: Replacements) -> Self {
        Self { state: Mutex::new(fresh()), fresh, replacements }
    }

    /// Locks the state; after a panic inside the lock it is fresh.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().unwrap_or_else(|poisoned| self.renew(poisoned))
    }

    fn renew<'a>(&self, poisoned: PoisonError<MutexGuard<'a, T>>) -> MutexGuard<'a, T> {
        let mut guard = poisoned.into_inner();
        *guard = (self.fresh)();
        self.state.clear_poison();
        self.replacements.fetch_add(1, Ordering::Relaxed);
        guard
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn whole_state_outlives_a_panic_of_its_writer() {
        let replacements = Replacements::default();
        let whole = Whole::new(vec![1], Arc::clone(&replacements));
        whole.replace(|old| (Some([old.as_slice(), &[2]].concat()), ()));

        let outcome = catch_unwind(AssertUnwindSafe(|| {
            whole.replace(|old| -> (Option<Vec<i32>>, ()) {
                let mut unfinished = old.clone();
                unfinished.push(3);
                panic!("inside the lock, with {unfinished:?} unfinished");
            });
        }));

        assert!(outcome.is_err());
        assert!(whole.state.is_poisoned());
        whole.replace(|old| (Some([old.as_slice(), &[4]].concat()), ()));
        assert_eq!(**whole.read(), [1, 2, 4]);
        assert_eq!(replacements.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn whole_state_is_read_after_a_panic_of_its_writer() {
        let replacements = Replacements::default();
        let whole = Whole::new(7, Arc::clone(&replacements));
        let outcome = catch_unwind(AssertUnwindSafe(|| whole.replace::<()>(|_| panic!("inside the lock"))));
        assert!(outcome.is_err());
        assert_eq!(**whole.read(), 7);
        assert_eq!(**whole.read(), 7);
        assert_eq!(replacements.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn renewed_state_is_fresh_after_a_panic_of_its_holder() {
        let replacements = Replacements::default();
        let renewed = Renewed::new(|| vec![0], Arc::clone(&replacements));
        renewed.lock().push(1);

        let outcome = catch_unwind(AssertUnwindSafe(|| {
            renewed.lock().push(2);
            let mut guard = renewed.lock();
            guard.push(3);
            panic!("inside the lock");
        }));

        assert!(outcome.is_err());
        assert!(renewed.state.is_poisoned());
        assert_eq!(*renewed.lock(), [0]);
        renewed.lock().push(5);
        assert_eq!(*renewed.lock(), [0, 5]);
        assert_eq!(replacements.load(Ordering::Relaxed), 1);
    }
}
