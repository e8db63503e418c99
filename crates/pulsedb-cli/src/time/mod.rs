//! Moments: shown to people, written for programs, and read from both.

pub(crate) mod reading;

use std::time::Duration;

use indicatif::HumanDuration;
use jiff::Timestamp as Instant;
use pulsedb::Timestamp;

/// RFC 3339 in UTC, whole to the millisecond; `None` for the years that it cannot write.
pub(crate) fn rfc_3339(moment: Timestamp) -> Option<String> {
    Instant::from_millisecond(moment.as_millis()).ok().map(|instant| instant.to_string())
}

/// A moment for a person, in UTC and to the second.
pub(crate) fn display(moment: Timestamp) -> String {
    Instant::from_millisecond(moment.as_millis())
        .map_or_else(|_| moment.to_string(), |instant| instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// How long ago a moment is: "3 hours ago".
pub(crate) fn age(moment: Timestamp, now: Timestamp) -> String {
    let millis = now.as_millis().saturating_sub(moment.as_millis());
    let span = HumanDuration(Duration::from_millis(millis.unsigned_abs()));
    match millis {
        0..1000 => "now".to_owned(),
        1000.. => format!("{span} ago"),
        _ => format!("in {span}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_735_689_600_000); // 2025-01-01T00:00:00Z

    #[test]
    fn moments_that_no_calendar_holds_have_no_rfc_3339() {
        assert_eq!(rfc_3339(NOW).as_deref(), Some("2025-01-01T00:00:00Z"));
        assert_eq!(rfc_3339(Timestamp::from_millis(i64::MAX)), None);
    }

    #[test]
    fn ages_are_said_in_words() {
        let ago = |millis: i64| age(Timestamp::from_millis(NOW.as_millis() - millis), NOW);
        assert_eq!(ago(5), "now");
        assert_eq!(ago(7_200_000), "2 hours ago");
        assert_eq!(ago(-7_200_000), "in 2 hours");
        assert!(age(Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX)).ends_with("ago"));
    }
}
