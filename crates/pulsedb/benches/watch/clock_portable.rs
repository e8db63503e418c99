//! The time that has passed, where a system does not tell what one thread has spent.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn spent() -> Duration {
    START.elapsed()
}
