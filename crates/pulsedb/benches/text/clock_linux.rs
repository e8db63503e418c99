//! The time that this thread has spent on a processor: what others do on the machine does not count.

use std::time::Duration;

/// As the scheduler counts it, to a few milliseconds.
pub(crate) fn spent() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts");
    let nanoseconds = counted.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number is the time on a processor"))
}
