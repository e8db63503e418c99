//! Work on several threads whose results arrive in order, a bounded distance ahead of the one that is waited for.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::limits::THREADS_MAX;

/// How many threads to use where `asked` is 0 for as many as the machine runs at once.
pub(crate) fn threads(asked: usize) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if asked == 0 { available() } else { asked };
    threads.clamp(1, THREADS_MAX)
}

/// How a job is spread over threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) threads: usize,
    /// How many results may wait for an earlier one.
    pub(crate) ahead: usize,
}

/// Calls `work` with 0 to `count` - 1, and `take` with each result, in that order; the first error stops both.
///
/// Each thread makes a state of its own with `state`. `take` runs on the calling thread.
pub(crate) fn in_order<S, T: Send, E: Send>(
    spread: Spread,
    count: usize,
    state: impl Fn() -> Result<S, E> + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = spread.threads.min(count);
    if threads <= 1 {
        let mut state = state()?;
        return (0..count).try_for_each(|index| take(index, work(&mut state, index)?));
    }
    let queue = Queue::new(count, spread.ahead.max(threads));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _guard = StopOnPanic(&queue);
                let mut state = match state() {
                    Ok(state) => state,
                    Err(error) => return queue.fail(error),
                };
                while let Some(index) = queue.next() {
                    queue.finish(index, work(&mut state, index));
                }
            });
        }
        let _guard = StopAtEnd(&queue);
        (0..count).try_for_each(|index| match queue.wait_for(index) {
            Some(result) => take(index, result?),
            // A thread panicked; the scope passes that on.
            None => Ok(()),
        })
    })
}

struct Queue<T, E> {
    count: usize,
    ahead: usize,
    state: Mutex<State<T, E>>,
    changed: Condvar,
}

struct State<T, E> {
    next: usize,
    taken: usize,
    done: BTreeMap<usize, Result<T, E>>,
    failed: Option<E>,
    stopped: bool,
}

impl<T, E> Queue<T, E> {
    fn new(count: usize, ahead: usize) -> Self {
        let state = State { next: 0, taken: 0, done: BTreeMap::new(), failed: None, stopped: false };
        Self { count, ahead, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T, E>>) -> MutexGuard<'a, State<T, E>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// What to work on next, as soon as that is not too far ahead; nothing at the end.
    fn next(&self) -> Option<usize> {
        let mut state = self.lock();
        while !state.stopped && state.next < self.count && state.next >= state.taken + self.ahead {
            state = self.wait(state);
        }
        if state.stopped || state.next >= self.count {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn finish(&self, index: usize, result: Result<T, E>) {
        self.lock().done.insert(index, result);
        self.changed.notify_all();
    }

    fn fail(&self, error: E) {
        self.lock().failed.get_or_insert(error);
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The result of an index; nothing if it will never come.
    fn wait_for(&self, index: usize) -> Option<Result<T, E>> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.done.remove(&index) {
                state.taken = index + 1;
                self.changed.notify_all();
                return Some(result);
            }
            if let Some(error) = state.failed.take() {
                return Some(Err(error));
            }
            if state.stopped {
                return None;
            }
            state = self.wait(state);
        }
    }
}

struct StopOnPanic<'a, T, E>(&'a Queue<T, E>);

impl<T, E> Drop for StopOnPanic<'_, T, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

struct StopAtEnd<'a, T, E>(&'a Queue<T, E>);

impl<T, E> Drop for StopAtEnd<'_, T, E> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Spread = Spread { threads: 4, ahead: 8 };

    #[test]
    fn results_arrive_in_order_on_any_number_of_threads() {
        for threads in [1, 2, 3, 16] {
            let mut taken = Vec::new();
            let spread = Spread { threads, ahead: 2 };
            let square = |(): &mut (), index| Ok::<_, ()>(index * index);
            let take = |index, result| {
                taken.push((index, result));
                Ok(())
            };
            assert_eq!(in_order(spread, 100, || Ok(()), square, take), Ok(()));
            assert_eq!(taken, (0..100).map(|index| (index, index * index)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn first_error_stops_the_work_and_is_returned() {
        let work = |(): &mut (), index: usize| if index >= 7 { Err(index) } else { Ok(()) };
        let mut taken = 0;
        let count = |_, ()| {
            taken += 1;
            Ok(())
        };
        assert_eq!(in_order(SPREAD, 1000, || Ok(()), work, count), Err(7));
        assert_eq!(taken, 7);
        assert_eq!(in_order(SPREAD, 9, || Err::<(), _>(3), |(), _| Ok(()), |_, ()| Ok(())), Err(3));
    }

    #[test]
    fn error_of_the_taker_stops_the_work() {
        let take = |index, ()| if index == 5 { Err("full") } else { Ok(()) };
        assert_eq!(in_order(SPREAD, 1000, || Ok(()), |(): &mut (), _| Ok(()), take), Err("full"));
    }

    #[test]
    fn panic_of_a_thread_reaches_the_caller() {
        let work = |(): &mut (), index: usize| {
            assert!(index < 3, "it panics");
            Ok::<_, ()>(())
        };
        let run = || in_order(SPREAD, 100, || Ok(()), work, |_, ()| Ok(()));
        assert!(std::panic::catch_unwind(run).is_err());
    }
}
