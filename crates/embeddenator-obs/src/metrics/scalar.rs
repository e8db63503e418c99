//! The cells of counters and gauges: one atomic word each.

use std::sync::atomic::{AtomicU64, Ordering};

use ::metrics::{CounterFn, GaugeFn};

use crate::metrics::health::{Health, count};

/// A sum that only rises. After `u64::MAX` it starts again at zero, which readers take for a
/// restart of the process.
#[derive(Debug, Default)]
pub(crate) struct CounterCell(AtomicU64);

impl CounterCell {
    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for CounterCell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

/// A value that is always finite: NaN is refused, and an infinity becomes the largest finite
/// number.
#[derive(Debug)]
pub(crate) struct GaugeCell {
    bits: AtomicU64,
    health: Health,
}

impl GaugeCell {
    pub(crate) fn new(health: Health) -> Self {
        Self { bits: AtomicU64::new(0.0_f64.to_bits()), health }
    }

    pub(crate) fn value(&self) -> f64 {
        f64::from_bits(self.bits.load(Ordering::Relaxed))
    }

    fn change(&self, operand: f64, change: impl Fn(f64, f64) -> f64) {
        if operand.is_nan() {
            count(&self.health.values_refused, 1);
            return;
        }
        // Two finite numbers never produce a NaN here.
        let finite = operand.clamp(f64::MIN, f64::MAX);
        let mut old = self.bits.load(Ordering::Relaxed);
        loop {
            let exact = change(f64::from_bits(old), finite);
            let new = exact.clamp(f64::MIN, f64::MAX);
            match self.bits.compare_exchange_weak(old, new.to_bits(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    if operand.is_infinite() || exact.is_infinite() {
                        count(&self.health.values_saturated, 1);
                    }
                    return;
                }
                Err(current) => old = current,
            }
        }
    }
}

impl GaugeFn for GaugeCell {
    fn increment(&self, value: f64) {
        self.change(value, |old, value| old + value);
    }

    fn decrement(&self, value: f64) {
        self.change(value, |old, value| old - value);
    }

    fn set(&self, value: f64) {
        self.change(value, |_, value| value);
    }
}
