//! Gauges about the process itself.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
use linux::resident_bytes;
#[cfg(not(target_os = "linux"))]
use other::resident_bytes;

use std::time::Duration;

use ::metrics::gauge;

use crate::metrics::names;

/// Sets [`names::PROCESS_UPTIME`] and, where the system reports it without a call into C (Linux),
/// [`names::PROCESS_MEMORY_USAGE`]. Call it before a snapshot; `uptime` is the time since the start
/// of `main`.
///
/// ```
/// use std::time::Duration;
/// use embeddenator_obs::Recorder;
/// use embeddenator_obs::metrics::{names, record_process};
///
/// let recorder = Recorder::new();
/// recorder.within(|| record_process(Duration::from_secs(3)));
/// assert!(recorder.snapshot().find(names::PROCESS_UPTIME).is_some());
/// ```
pub fn record_process(uptime: Duration) {
    gauge!(names::PROCESS_UPTIME).set(uptime);
    if let Some(bytes) = resident_bytes() {
        gauge!(names::PROCESS_MEMORY_USAGE).set(bytes as f64);
    }
}
