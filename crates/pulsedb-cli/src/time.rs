//! Moments as people write and read them: RFC 3339, dates, and ages such as `2d`.

use std::time::Duration;

use indicatif::HumanDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Instant};
use pulsedb::Timestamp;

/// Reads an RFC 3339 time, a date or a date and time (both in UTC), or an age: `90s`, `15min`, `3h`, `2d`, `1w`,
/// `6mo`, `1y`, counted back from `now`.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Ok(instant) = text.parse::<Instant>() {
        return Ok(Timestamp::from_millis(instant.as_millisecond()));
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        let instant = civil.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?.timestamp();
        return Ok(Timestamp::from_millis(instant.as_millisecond()));
    }
    let wrong = || {
        format!(
            "`{text}` is no time; write 2025-01-31, 2025-01-31T12:00:00Z, or an age such as 90s, 3h, 2d, 1w"
        )
    };
    let span: Span = text.parse().map_err(|_| wrong())?;
    let instant = Instant::from_millisecond(now.as_millis()).map_err(|_| wrong())?;
    let then = instant.to_zoned(TimeZone::UTC).checked_sub(span.abs()).map_err(|error| error.to_string())?;
    Ok(Timestamp::from_millis(then.timestamp().as_millisecond()))
}

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
    fn times_dates_and_ages_are_read() {
        let cases = [
            ("2025-01-01T00:00:00Z", 0),
            ("2025-01-01T01:00:00+01:00", 0),
            ("2025-01-01", 0),
            ("2025-01-01 00:00:01", 1_000),
            ("2025-01-01T00:00:00.25Z", 250),
            ("now", 0),
            ("90s", -90_000),
            ("15min", -900_000),
            ("3h", -10_800_000),
            ("2d", -172_800_000),
            ("1w", -604_800_000),
            ("1mo", -31 * 86_400_000),
            ("-2d", -172_800_000),
        ];
        for (text, offset) in cases {
            assert_eq!(
                parse(text, NOW).map(|moment| moment.as_millis() - NOW.as_millis()),
                Ok(offset),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_a_remedy() {
        for text in ["", "yesterday", "2025-13-01", "5", "99999999999y"] {
            assert!(parse(text, NOW).is_err(), "{text}");
        }
    }

    #[test]
    fn every_millisecond_that_can_be_written_is_read_back() {
        for millis in [0, -1, 1, 1_735_689_600_123, -62_135_596_800_000] {
            let text = rfc_3339(Timestamp::from_millis(millis)).unwrap();
            assert_eq!(parse(&text, NOW), Ok(Timestamp::from_millis(millis)));
        }
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
