//! What the promises share: collectives of their own, records that follow from a number, and waits with an end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;

use super::report::Options;
use crate::clock;
use crate::error::{PulseDBError, Result};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::{ExperienceType, NewExperience, WatchEvent};
use crate::substrate::SubstrateProvider;

/// Whether a promise was kept, or what happened instead.
pub(super) type Verdict = std::result::Result<(), String>;

/// The words of one that was not.
pub(super) type Reason = String;

/// A stream as the provider gives it.
pub(super) type Events = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

/// Fails with a reason unless something holds.
macro_rules! ensure {
    ($holds:expr, $($reason:tt)*) => {
        if !$holds {
            return Err(format!($($reason)*));
        }
    };
}
pub(super) use ensure;

/// Gives a reason instead of the provider's error.
pub(super) trait Said<T> {
    fn said(self, doing: &str) -> std::result::Result<T, Reason>;
}

impl<T> Said<T> for Result<T> {
    fn said(self, doing: &str) -> std::result::Result<T, Reason> {
        self.map_err(|error| format!("{doing} failed: {error}"))
    }
}

/// The provider, and how it is tried.
pub(super) struct World {
    pub(super) provider: Arc<dyn SubstrateProvider>,
    pub(super) options: Options,
}

impl World {
    pub(super) fn new(provider: Arc<dyn SubstrateProvider>, options: Options) -> Self {
        Self { provider, options }
    }

    /// A collective that nothing is in.
    pub(super) async fn collective(&self) -> std::result::Result<CollectiveId, Reason> {
        let name = format!("conformance {}", clock::new_uuid());
        self.provider.get_or_create_collective(&name).await.said("creating a collective")
    }

    /// A vector that follows from a number; those of two numbers point in different directions.
    pub(super) fn vector(&self, number: usize) -> Vec<f32> {
        let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635;
        let component = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from((state >> 49) as u16) / 16384.0 - 1.0
        };
        (0..self.options.dimension).map(component).collect()
    }

    /// An experience that follows from a number.
    pub(super) fn experience(&self, collective_id: CollectiveId, number: usize) -> NewExperience {
        NewExperience {
            collective_id,
            content: format!("experience {number}"),
            embedding: Some(self.vector(number)),
            importance: (number % 11) as f32 / 10.0,
            domain: vec![format!("domain {}", number % 3)],
            experience_type: if number.is_multiple_of(2) {
                ExperienceType::Fact { statement: format!("{number}"), source: "a test".into() }
            } else {
                ExperienceType::default()
            },
            ..Default::default()
        }
    }

    /// Stores the experiences of these numbers, one after the other.
    pub(super) async fn store(
        &self,
        collective: CollectiveId,
        numbers: std::ops::Range<usize>,
    ) -> std::result::Result<Vec<ExperienceId>, Reason> {
        let mut ids = Vec::new();
        for number in numbers {
            let stored = self.provider.store_experience(self.experience(collective, number)).await;
            ids.push(stored.said("storing an experience")?);
        }
        Ok(ids)
    }

    /// The next event, which must come in time.
    pub(super) async fn next(&self, events: &mut Events) -> std::result::Result<WatchEvent, Reason> {
        match self.in_time(events.next()).await {
            Some(Some(event)) => Ok(event),
            Some(None) => Err("the stream has ended".into()),
            None => Err(format!("no event came in {:?}", self.options.patience)),
        }
    }

    /// So many events.
    pub(super) async fn take(
        &self,
        events: &mut Events,
        count: usize,
    ) -> std::result::Result<Vec<WatchEvent>, Reason> {
        let mut taken = Vec::new();
        for number in 0..count {
            let event = self.next(events).await;
            taken.push(event.map_err(|reason| format!("event {number} of {count}: {reason}"))?);
        }
        Ok(taken)
    }

    /// Every change of a collective after a number, as polling tells them.
    pub(super) async fn poll_all(
        &self,
        collective: CollectiveId,
        since: u64,
    ) -> std::result::Result<Vec<WatchEvent>, Reason> {
        const PAGES_MAX: usize = 1_000_000;
        let (mut events, mut since) = (Vec::new(), since);
        for _ in 0..PAGES_MAX {
            let (more, next) = self.provider.poll_changes(collective, since).await.said("polling")?;
            events.extend(more);
            if next == since {
                return Ok(events);
            }
            since = next;
        }
        Err("polling comes to no end".into())
    }

    /// What a future gives; `None` if it takes longer than is allowed.
    pub(super) async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut alarm = None;
        std::future::poll_fn(|context| {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            // Only what has to wait needs an alarm. Executors differ, so a thread rings it.
            let alarm = alarm.get_or_insert_with(|| Alarm::new(self.options.patience));
            if alarm.has_rung(context) { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }
}

/// Wakes a task after a while. It ends at once when it is dropped.
struct Alarm {
    state: Arc<(parking_lot::Mutex<AlarmState>, parking_lot::Condvar)>,
}

#[derive(Default)]
struct AlarmState {
    rung: bool,
    dropped: bool,
    task: Option<std::task::Waker>,
}

impl Alarm {
    fn new(after: Duration) -> Self {
        let state = Arc::new((parking_lot::Mutex::new(AlarmState::default()), parking_lot::Condvar::new()));
        let of_thread = Arc::clone(&state);
        std::thread::spawn(move || {
            let (state, changed) = &*of_thread;
            let mut state = state.lock();
            changed.wait_while_for(&mut state, |state| !state.dropped, after);
            state.rung = true;
            if let Some(task) = state.task.take() {
                task.wake();
            }
        });
        Self { state }
    }

    fn has_rung(&self, context: &std::task::Context<'_>) -> bool {
        let mut state = self.state.0.lock();
        state.task = Some(context.waker().clone());
        state.rung
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.state.0.lock().dropped = true;
        self.state.1.notify_one();
    }
}

/// Fails unless a call was refused, and for the right reason.
pub(super) fn refused<T: std::fmt::Debug>(
    outcome: Result<T>,
    what: &str,
    is_right: impl FnOnce(&PulseDBError) -> bool,
) -> Verdict {
    match outcome {
        Err(error) if is_right(&error) => Ok(()),
        other => Err(format!("{what} gave {other:?}")),
    }
}

/// The cosine of two vectors.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(one, other) / (dot(one, one).sqrt() * dot(other, other).sqrt())
}
