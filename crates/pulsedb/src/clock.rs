//! The only module that reads the time, and so the only maker of new identifiers.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Uuid};

/// A point in time: milliseconds since 1970-01-01 00:00 UTC, negative before that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The current time of the system's clock.
    pub fn now() -> Self {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Self(millis)
    }

    /// The time this many milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time since `earlier`; zero if that is later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// Whether `now` is at this time or less than `span` later. A clock that was set back is not within it.
    pub(crate) fn is_within(self, span: Duration, now: Self) -> bool {
        now >= self && now.since(self) < span
    }

    /// This time minus a span, or the earliest time if that is out of range.
    pub(crate) fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// The current time, for use inside the crate.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The monotonic clock, for waits with a deadline.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// A new UUID v7, above all that this process has made before.
pub(crate) fn new_uuid() -> Uuid {
    uuid_at(SystemTime::now())
}

/// The UUID v7 of a moment. One before 1970 counts as the first moment of 1970, since the version knows no other.
fn uuid_at(moment: SystemTime) -> Uuid {
    static SEQUENCE: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let elapsed = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let sequence = SEQUENCE.lock();
    Uuid::new_v7(uuid::Timestamp::from_unix(&*sequence, elapsed.as_secs(), elapsed.subsec_nanos()))
}

/// A UUID v7 above `last`, so that rows keyed by it are appended: a new one if the clock allows, otherwise `last`
/// plus a random step in its random field, which carries into the time field on overflow.
pub(crate) fn uuid_above(last: Option<[u8; 16]>) -> [u8; 16] {
    let fresh = new_uuid();
    match last {
        Some(last) if *fresh.as_bytes() <= last => successor(last, fresh.as_u128() as u32),
        _ => *fresh.as_bytes(),
    }
}

/// The 62 lowest bits, which RFC 9562 calls `rand_b`; the two above them are the variant.
const RANDOM_LOW: u128 = (1 << 62) - 1;

fn successor(last: [u8; 16], step: u32) -> [u8; 16] {
    let value = u128::from_be_bytes(last);
    let low = (value & RANDOM_LOW) + u128::from(step) + 1;
    let next = if low <= RANDOM_LOW {
        (value & !RANDOM_LOW) | low
    } else {
        // The next millisecond, version 7, variant 10, and the overflow as the random part.
        let millis = (value >> 80).wrapping_add(1) & ((1 << 48) - 1);
        (millis << 80) | (0x7 << 76) | (0b10 << 62) | (low & RANDOM_LOW)
    };
    next.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successor_is_greater_and_stays_a_version_7() {
        let mut last = *Uuid::now_v7().as_bytes();
        for step in [0, 1, u32::MAX, 7, u32::MAX] {
            let next = successor(last, step);
            assert!(next > last);
            assert_eq!(Uuid::from_bytes(next).get_version_num(), 7);
            last = next;
        }
    }

    #[test]
    fn clock_before_1970_or_far_ahead_makes_ids() {
        let far =
            [Duration::from_secs(1), Duration::from_hours(24 * 365 * 200), Duration::from_secs(1 << 40)];
        let moments =
            far.into_iter().flat_map(|span| [UNIX_EPOCH.checked_sub(span), UNIX_EPOCH.checked_add(span)]);
        let mut seen = Vec::new();
        for moment in moments.flatten().chain([UNIX_EPOCH]) {
            let id = uuid_at(moment);
            assert_eq!(id.get_version_num(), 7);
            assert!(!seen.contains(&id));
            seen.push(id);
            assert_eq!(Uuid::from_bytes(uuid_above(Some(*id.as_bytes()))).get_version_num(), 7);
        }
    }

    #[test]
    fn successor_carries_into_the_time() {
        let mut last = *Uuid::now_v7().as_bytes();
        for byte in &mut last[9..] {
            *byte = 0xff;
        }
        last[8] = 0xbf;
        let next = successor(last, 0);
        assert!(next > last);
        assert_eq!(Uuid::from_bytes(next).get_version_num(), 7);
    }

    #[test]
    fn uuid_above_follows_a_last_one_from_the_future() {
        let future = [0xff, 0xff, 0xff, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert!(uuid_above(Some(future)) > future);
    }
}
