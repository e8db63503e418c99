//! The lane under every order of its threads' steps, as far as loom tries them.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Instant;

use loom::sync::atomic::AtomicU64;
use loom::sync::{Arc, Condvar, Mutex};

use super::lane::{Found, Lane, Word};
use super::queue::Queue;
use super::signal::{Monitor, Waiting};

/// Changes of the threads at places where they need not: enough to find the faults that were put in by hand.
const PREEMPTIONS: usize = 3;
/// Looks of a reader that must have come to the end by then.
const LOOKS_MAX: usize = 100;

impl Word for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn store(&self, value: u64) {
        self.store(value, Ordering::Release);
    }
}

struct Slots {
    items: Mutex<VecDeque<u64>>,
    slots: usize,
}

impl Queue<u64> for Slots {
    fn try_push(&self, item: u64) -> bool {
        let mut items = self.items.lock().unwrap();
        let room = items.len() < self.slots;
        if room {
            items.push_back(item);
        }
        room
    }

    fn try_pop(&self) -> Option<u64> {
        self.items.lock().unwrap().pop_front()
    }
}

struct Watched<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Monitor<T> for Watched<T> {
    fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        look(&mut self.value.lock().unwrap())
    }

    fn wait_while(&self, _: Option<Instant>, mut is_so: impl FnMut(&mut T) -> bool) -> bool {
        let mut value = self.value.lock().unwrap();
        while is_so(&mut value) {
            value = self.changed.wait(value).unwrap();
        }
        true
    }

    fn notify_all(&self) {
        self.changed.notify_all();
    }
}

/// A lane, and the log that it may fall back on: the number of the last committed change.
struct Model {
    lane: Lane<AtomicU64, Slots, Watched<Waiting>>,
    log: AtomicU64,
}

impl Model {
    fn new(slots: usize) -> Arc<Self> {
        let queue = Slots { items: Mutex::default(), slots };
        let log = AtomicU64::new(0);
        Arc::new(Self { lane: Lane::new(queue, 0, 0), log })
    }

    fn commit(&self, number: u64) {
        Word::store(&self.log, number);
    }

    fn hand_over(&self, number: u64, is_wanted: bool) {
        if is_wanted {
            self.lane.push(number, number);
        }
        self.lane.advance(number);
        if let Some(task) = self.lane.signal().raise() {
            task.wake();
        }
    }

    /// What a reader finds next; `None` if there is nothing now. `wanted` says which changes are for it.
    fn look(&self, position: &mut u64, found: &mut Vec<u64>, wanted: impl Fn(u64) -> bool) -> Option<bool> {
        match self.lane.take::<u64>(*position) {
            Found::Item(number) => {
                if number > *position {
                    found.push(number);
                    *position = number;
                }
            }
            Found::Behind => {
                let last = Word::load(&self.log);
                found.extend((*position + 1..=last).filter(|number| wanted(*number)));
                *position = last;
            }
            Found::NothingUpTo(reach) => {
                *position = reach.max(*position);
                return None;
            }
            Found::Closed => return Some(false),
        }
        Some(true)
    }

    /// Reads until the lane is closed.
    fn read_to_end(&self, wanted: impl Fn(u64) -> bool) -> Vec<u64> {
        let (mut position, mut found) = (0, Vec::new());
        for _ in 0..LOOKS_MAX {
            let raised = self.lane.signal().raised();
            match self.look(&mut position, &mut found, &wanted) {
                Some(true) => {}
                Some(false) => return found,
                None => {
                    self.lane.signal().wait(raised, None);
                }
            }
        }
        panic!("the reader has not come to the end");
    }
}

fn in_every_order(run: impl Fn() + Sync + Send + 'static) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(PREEMPTIONS);
    orders.check(run);
}

#[test]
fn full_queue_loses_nothing_and_the_reader_comes_back_to_it() {
    in_every_order(|| {
        let model = Model::new(1);
        let writer = Arc::clone(&model);
        let thread = loom::thread::spawn(move || {
            for number in 1..=3 {
                writer.commit(number);
                writer.hand_over(number, number != 2);
            }
            writer.lane.close();
        });
        assert_eq!(model.read_to_end(|number| number != 2), [1, 3]);
        thread.join().unwrap();
    });
}

#[test]
fn change_behind_a_gap_is_not_taken_before_the_gap() {
    in_every_order(|| {
        let model = Model::new(2);
        let writer = Arc::clone(&model);
        let thread = loom::thread::spawn(move || {
            // The first one was committed elsewhere and is in the log only.
            writer.commit(2);
            writer.lane.miss(1);
            writer.hand_over(2, true);
            writer.lane.close();
        });
        assert_eq!(model.read_to_end(|_| true), [1, 2]);
        thread.join().unwrap();
    });
}

#[test]
fn task_that_found_nothing_is_woken_by_what_comes_then() {
    in_every_order(|| {
        let model = Model::new(1);
        let writer = Arc::clone(&model);
        let thread = loom::thread::spawn(move || {
            writer.commit(1);
            writer.hand_over(1, true);
        });
        let (mut position, mut found) = (0, Vec::new());
        loom::future::block_on(std::future::poll_fn(|context| {
            for _ in 0..2 {
                if model.look(&mut position, &mut found, |_| true).is_some() {
                    return std::task::Poll::Ready(());
                }
                model.lane.signal().register(context.waker());
            }
            std::task::Poll::Pending
        }));
        assert_eq!(found, [1]);
        thread.join().unwrap();
    });
}
