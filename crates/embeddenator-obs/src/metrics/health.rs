//! What a recorder counts about itself: what it refused, clamped or had to replace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::Replacements;
use crate::metrics::names;

/// Counters that belong to one recorder and appear among its metrics once they are not zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    pub(crate) series_refused: Arc<AtomicU64>,
    pub(crate) states_replaced: Replacements,
    pub(crate) values_refused: Arc<AtomicU64>,
    pub(crate) values_saturated: Arc<AtomicU64>,
}

impl Health {
    /// Names and values.
    pub(crate) fn counts(&self) -> [(&'static str, u64); 4] {
        [
            (names::SERIES_REFUSED, self.series_refused.load(Ordering::Relaxed)),
            (names::STATES_REPLACED, self.states_replaced.load(Ordering::Relaxed)),
            (names::VALUES_REFUSED, self.values_refused.load(Ordering::Relaxed)),
            (names::VALUES_SATURATED, self.values_saturated.load(Ordering::Relaxed)),
        ]
    }
}

/// Adds to a counter that no other memory access depends on.
pub(crate) fn count(counter: &AtomicU64, added: u64) {
    counter.fetch_add(added, Ordering::Relaxed);
}
