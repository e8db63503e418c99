//! The time that this thread has spent on a processor: waiting does not count, nor what others do on the machine.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(crate) fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}
