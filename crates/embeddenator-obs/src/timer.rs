//! The time between two points, as finely as the machine can tell, and spans that record it.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ::metrics::{Histogram, IntoF64};

/// What a timer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSource {
    /// The processor's own counter: the invariant time stamp counter on x86-64, the system counter
    /// on 64-bit ARM.
    Processor,
    /// The monotonic clock of the operating system.
    System,
    /// A value that a test sets.
    Manual,
}

/// Reads time in steps of about a nanosecond; cheap to clone.
///
/// It reads the processor's counter if the processor says that it runs at a constant rate in all
/// states and the crate `quanta` can calibrate it. The calibration is then compared with the
/// operating system's clock; if they differ by more than one part in 500, or the counter cannot be
/// trusted, the timer reads the system's clock instead. Elapsed time is never negative, whichever
/// processors the two ends were read on.
///
/// ```
/// use embeddenator_obs::HiResTimer;
///
/// let timer = HiResTimer::new();
/// let start = timer.start();
/// let sum: u64 = (0..1000).sum();
/// let elapsed = timer.elapsed(start);
/// assert!(sum == 499_500 && timer.elapsed(start) >= elapsed);
/// ```
#[derive(Clone, Debug)]
pub struct HiResTimer {
    clock: Clock,
}

#[derive(Clone, Debug)]
enum Clock {
    Processor(quanta::Clock),
    System,
    Manual(Arc<AtomicU64>),
}

/// A point in time of one timer and its clones. With another timer it is meaningless, but never an
/// error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// What a pair of [`HiResTimer::start`] and [`HiResTimer::elapsed_ns`] costs, and so adds to each
/// measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Overhead {
    /// The best of all batches, in nanoseconds per pair: nothing interrupted it.
    pub least_ns: f64,
    /// The median of all batches, in nanoseconds per pair.
    pub median_ns: f64,
}

/// Moves the time of a timer from [`HiResTimer::manual`]; clones move the same timer.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl HiResTimer {
    /// A timer on the best clock of the machine. The first one in a process calibrates, which takes
    /// some milliseconds, at most a fifth of a second.
    pub fn new() -> Self {
        Self::shared().clone()
    }

    /// The timer that [`Span::start`] uses, created on first use.
    pub fn shared() -> &'static Self {
        static BEST: OnceLock<HiResTimer> = OnceLock::new();
        BEST.get_or_init(|| {
            let clock = quanta::Clock::new();
            let agrees = || {
                let to_ns = |start, end| clock.delta_as_nanos(start, end);
                deviation(system_ns, || clock.raw(), to_ns) <= DEVIATION_MAX
            };
            let trusted = scales(&clock) && agrees();
            Self { clock: if trusted { Clock::Processor(clock) } else { Clock::System } }
        })
    }

    /// A timer on the operating system's monotonic clock, whatever the processor offers.
    pub fn system() -> Self {
        Self { clock: Clock::System }
    }

    /// A timer that stands still at zero, and the handle that moves it: time as a parameter, for
    /// tests.
    ///
    /// ```
    /// use std::time::Duration;
    /// use embeddenator_obs::HiResTimer;
    ///
    /// let (timer, clock) = HiResTimer::manual();
    /// let start = timer.start();
    /// clock.advance(Duration::from_micros(7));
    /// assert_eq!(timer.elapsed(start), Duration::from_micros(7));
    /// ```
    pub fn manual() -> (Self, ManualClock) {
        let nanoseconds = Arc::new(AtomicU64::new(0));
        (Self { clock: Clock::Manual(Arc::clone(&nanoseconds)) }, ManualClock(nanoseconds))
    }

    /// The clock that it reads.
    pub fn source(&self) -> ClockSource {
        match self.clock {
            Clock::Processor(_) => ClockSource::Processor,
            Clock::System => ClockSource::System,
            Clock::Manual(_) => ClockSource::Manual,
        }
    }

    /// Now.
    #[inline]
    pub fn start(&self) -> Moment {
        Moment(match &self.clock {
            Clock::Processor(clock) => clock.raw(),
            Clock::System => system_ns(),
            Clock::Manual(nanoseconds) => nanoseconds.load(Ordering::SeqCst),
        })
    }

    /// Nanoseconds since a moment of this timer; zero if it is in the future.
    #[inline]
    pub fn elapsed_ns(&self, since: Moment) -> u64 {
        let now = self.start();
        match &self.clock {
            Clock::Processor(clock) => clock.delta_as_nanos(since.0, now.0),
            Clock::System | Clock::Manual(_) => now.0.saturating_sub(since.0),
        }
    }

    /// Time since a moment of this timer; zero if it is in the future.
    #[inline]
    pub fn elapsed(&self, since: Moment) -> Duration {
        Duration::from_nanos(self.elapsed_ns(since))
    }

    /// Measures what measuring costs, here and now, by the system's clock; takes some milliseconds.
    /// Subtract it from averages of short operations, not from single values.
    pub fn overhead(&self) -> Overhead {
        const BATCHES: usize = 101;
        const PAIRS: u32 = 500;
        let mut batches = [0.0_f64; BATCHES];
        for batch in &mut batches {
            let began = Instant::now();
            for _ in 0..PAIRS {
                black_box(self.elapsed_ns(black_box(self.start())));
            }
            *batch = began.elapsed().as_nanos() as f64 / f64::from(PAIRS);
        }
        batches.sort_by(f64::total_cmp);
        Overhead { least_ns: batches[0], median_ns: batches[BATCHES / 2] }
    }
}

impl Default for HiResTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// Moves the time forward, at most to `u64::MAX` nanoseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        // The function always returns a value, so the update always happens.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_add(by)));
    }

    /// Sets the time, backwards too, as a broken clock would.
    pub fn set(&self, to: Duration) {
        self.0.store(u64::try_from(to.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

/// How far the processor's counter may deviate from the system's clock: far more than the error of
/// calibrating for a millisecond, far less than would mislead.
const DEVIATION_MAX: f64 = 1.0 / 500.0;

/// Whether the clock counts in steps of its own: `quanta` falls back to the system's nanoseconds by
/// itself. (A counter of exactly 1 GHz looks the same and is then read through the system call,
/// which is slower but not wrong.)
fn scales(clock: &quanta::Clock) -> bool {
    const STEPS: u64 = 1 << 40;
    clock.delta_as_nanos(0, STEPS) != STEPS
}

/// The least relative deviation of a counter from the system's clock over a millisecond: `counter`
/// reads it and `to_ns` scales a difference. Each end is read between two readings of the system's
/// clock, so an interruption widens the tolerance and does not count as deviation.
fn deviation(system_ns: impl Fn() -> u64, counter: impl Fn() -> u64, to_ns: impl Fn(u64, u64) -> u64) -> f64 {
    const WINDOW_NS: u64 = 1_000_000;
    let read = || (system_ns(), counter(), system_ns());
    let (before_start, start, after_start) = read();
    while system_ns() - after_start < WINDOW_NS {
        std::hint::spin_loop();
    }
    let (before_end, end, after_end) = read();
    let least = (before_end - after_start) as f64;
    let most = (after_end - before_start) as f64;
    let measured = to_ns(start, end) as f64;
    (least - measured).max(measured - most).max(0.0) / most
}

/// Nanoseconds since the first call in the process.
fn system_ns() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    // 584 years fit in a `u64`.
    ORIGIN.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// Records its own lifetime into a histogram, in seconds.
///
/// If nothing listens to the histogram, the clock is not read: the span then costs only that check.
/// A span dropped by a panic records too.
///
/// ```
/// use embeddenator_obs::{Recorder, Span, facade};
///
/// let recorder = Recorder::new();
/// recorder.within(|| {
///     let _span = Span::start(facade::histogram!("load.duration"));
///     // the work
/// });
/// assert!(recorder.snapshot().find("load.duration").is_some());
/// ```
#[derive(Debug)]
#[must_use = "a span measures until it is dropped: bind it to a name"]
pub struct Span<'a> {
    running: Option<Running<'a>>,
}

#[derive(Debug)]
struct Running<'a> {
    histogram: Histogram,
    timer: &'a HiResTimer,
    start: Moment,
}

impl Span<'static> {
    /// Starts on the [shared timer](HiResTimer::shared).
    #[inline]
    pub fn start(histogram: Histogram) -> Self {
        if listens(&histogram) {
            Span::running(histogram, HiResTimer::shared())
        } else {
            Span { running: None }
        }
    }
}

impl<'a> Span<'a> {
    /// Starts on the caller's timer.
    #[inline]
    pub fn start_on(timer: &'a HiResTimer, histogram: Histogram) -> Self {
        if listens(&histogram) { Span::running(histogram, timer) } else { Span { running: None } }
    }

    fn running(histogram: Histogram, timer: &'a HiResTimer) -> Self {
        Span { running: Some(Running { start: timer.start(), histogram, timer }) }
    }

    /// Whether anything listens; if not, the span measures nothing.
    pub fn listens(&self) -> bool {
        self.running.is_some()
    }

    /// Ends the span and returns what it recorded; `None` if nothing listens.
    pub fn finish(mut self) -> Option<Duration> {
        self.running.take().map(Running::record)
    }

    /// Ends the span without recording.
    pub fn cancel(mut self) {
        self.running = None;
    }
}

impl Drop for Span<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.record();
        }
    }
}

impl Running<'_> {
    fn record(self) -> Duration {
        let elapsed = self.timer.elapsed(self.start);
        self.histogram.record(elapsed);
        elapsed
    }
}

/// Whether a histogram has a recorder. The facade cannot be asked, but it converts a value only if
/// the handle has a recorder behind it; recording the value zero times leaves no trace.
#[inline]
fn listens(histogram: &Histogram) -> bool {
    let mut probe = Probe::default();
    histogram.record_many(&mut probe, 0);
    probe.converted
}

/// A value that remembers whether it was asked for.
#[derive(Default)]
struct Probe {
    converted: bool,
}

impl IntoF64 for &mut Probe {
    fn into_f64(self) -> f64 {
        self.converted = true;
        0.0
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// The deviation of a counter that runs at `rate` steps per microsecond but was calibrated as
    /// 1000, by a system clock that moves `step` nanoseconds at each reading.
    fn deviation_of(rate: u64, step: u64) -> f64 {
        let now = Cell::new(5_u64);
        let system = || {
            now.set(now.get() + step);
            now.get()
        };
        deviation(system, || now.get() * rate / 1000, |start, end| end - start)
    }

    #[test]
    fn counter_that_runs_as_calibrated_is_trusted() {
        for step in [1, 40, 30_000, 2_000_000] {
            assert!(deviation_of(1000, step) <= 0.0, "{step}");
        }
    }

    #[test]
    fn counter_that_runs_fast_or_slow_or_stands_is_not_trusted() {
        for rate in [0, 500, 990, 1010, 3000] {
            let deviation = deviation_of(rate, 40);
            let expected = (rate as f64 / 1000.0 - 1.0).abs();
            assert!(deviation > DEVIATION_MAX && (deviation - expected).abs() < 0.001, "{rate}: {deviation}");
        }
    }
}
