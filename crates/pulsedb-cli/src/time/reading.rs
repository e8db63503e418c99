//! Moments as people, programs and exports write them, read in full or refused.

use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Instant, ToSpan, Zoned};
use pulsedb::Timestamp;

/// Digits of seconds since 1970 as a text: from 1973 to 5138. A shorter number is as likely a year or a count.
const SECOND_DIGITS: std::ops::RangeInclusive<usize> = 9..=11;
/// Numbers below it are seconds since 1970, in the years to 5138.
const SECONDS_BELOW: f64 = 1e11;
/// Numbers below it are milliseconds, to the year 5138.
const MILLISECONDS_BELOW: f64 = 1e14;
/// Numbers below it are microseconds, others nanoseconds.
const MICROSECONDS_BELOW: f64 = 1e17;

/// Which end of a range of time a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Since,
    Until,
}

/// Why a text or number names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    NotATime,
    /// Before the first moment that the calendar holds.
    TooEarly,
    /// After the last one.
    TooLate,
}

/// The moment that a record names. Without a zone it is in UTC.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    absolute(text.trim()).map_err(|wrong| refusal(text, wrong))
}

/// The moment of a number since 1970, in the unit that its size shows.
pub(crate) fn of_number(number: f64) -> Result<Timestamp, String> {
    epoch(number).map_err(|wrong| refusal(&number.to_string(), wrong))
}

/// The moment of a flag: as [`moment`], or `now`, or an age counted back from now (`90s`, `15min`, `3h`, `2d`, `1w`,
/// `6mo`, `1y`).
pub(crate) fn moment_or_age(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    relative(text.trim(), now).map_err(|wrong| refusal_of_flag(text, wrong))
}

/// The moment of a flag that names the future: as [`moment`], or a span from now on (`90s`, `15min`, `3h`, `2d`, `1w`,
/// `6mo`, `1y`).
pub(crate) fn moment_or_span(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let named = match absolute(text.trim()) {
        Err(Wrong::NotATime) => after(text.trim(), now),
        other => other,
    };
    named.map_err(|wrong| {
        let spans = if wrong == Wrong::NotATime { ", or a span such as 90s, 3h, 2d, 1w" } else { "" };
        refusal(text, wrong) + spans
    })
}

/// The end of a range: a day that ends it belongs to it, and a moment that the calendar does not hold means its
/// first or last one.
pub(crate) fn bound(text: &str, bound: Bound, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let (Bound::Until, Some(day)) = (bound, day(text)) {
        let end = day
            .tomorrow()
            .and_then(|next| next.to_zoned(TimeZone::UTC))
            .and_then(|next| next.checked_sub(1.millisecond()));
        return Ok(end.map_or_else(|_| last(), |end| of_instant(end.timestamp())));
    }
    match relative(text, now) {
        Err(Wrong::TooEarly) => Ok(first()),
        Err(Wrong::TooLate) => Ok(last()),
        other => other.map_err(|wrong| refusal_of_flag(text, wrong)),
    }
}

fn refusal(text: &str, wrong: Wrong) -> String {
    let text = text.trim();
    match wrong {
        Wrong::NotATime => {
            format!(
                "`{text}` is not a valid time; write 2025-01-31, 2025-01-31T12:00:00Z or seconds since 1970"
            )
        }
        Wrong::TooEarly => format!("`{text}` is before the first time that can be written, {}", Instant::MIN),
        Wrong::TooLate => format!("`{text}` is after the last time that can be written, {}", Instant::MAX),
    }
}

fn refusal_of_flag(text: &str, wrong: Wrong) -> String {
    let ages = if wrong == Wrong::NotATime { ", or an age such as 90s, 3h, 2d, 1w" } else { "" };
    refusal(text, wrong) + ages
}

fn first() -> Timestamp {
    of_instant(Instant::MIN)
}

fn last() -> Timestamp {
    of_instant(Instant::MAX)
}

fn of_instant(instant: Instant) -> Timestamp {
    Timestamp::from_millis(instant.as_millisecond())
}

fn relative(text: &str, now: Timestamp) -> Result<Timestamp, Wrong> {
    if text == "now" {
        return Ok(now);
    }
    match absolute(text) {
        Err(Wrong::NotATime) => {}
        other => return other,
    }
    let Ok(span) = text.parse::<Span>() else {
        return Err(if is_endless_age(text) { Wrong::TooEarly } else { Wrong::NotATime });
    };
    let instant = Instant::from_millisecond(now.as_millis()).map_err(|_| Wrong::TooLate)?;
    let then = instant.to_zoned(TimeZone::UTC).checked_sub(span.abs()).map_err(|_| Wrong::TooEarly)?;
    Ok(of_instant(then.timestamp()))
}

fn after(text: &str, now: Timestamp) -> Result<Timestamp, Wrong> {
    let Ok(span) = text.parse::<Span>() else {
        return Err(if is_endless_age(text) { Wrong::TooLate } else { Wrong::NotATime });
    };
    let instant = Instant::from_millisecond(now.as_millis()).map_err(|_| Wrong::TooLate)?;
    let then = instant.to_zoned(TimeZone::UTC).checked_add(span.abs()).map_err(|_| Wrong::TooLate)?;
    Ok(of_instant(then.timestamp()))
}

/// An age with a number that no span holds.
fn is_endless_age(text: &str) -> bool {
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    unit.len() < text.len() && format!("1{unit}").parse::<Span>().is_ok()
}

/// A text that names a day and no time of it.
fn day(text: &str) -> Option<Date> {
    let is_day = text.chars().all(|it| it.is_ascii_digit() || it == '-');
    let is_number = text.len() != 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_day && !is_number)
}

fn absolute(text: &str) -> Result<Timestamp, Wrong> {
    if let Some(day) = day(text) {
        return in_utc(day.at(0, 0, 0, 0));
    }
    if let Some(result) = epoch_text(text) {
        return result;
    }
    // A zone in brackets is read or refused; the other forms would leave it out.
    if text.contains('[') {
        return text.parse::<Zoned>().map(|zoned| of_instant(zoned.timestamp())).map_err(|_| Wrong::NotATime);
    }
    if let Ok(instant) = text.parse::<Instant>() {
        return Ok(of_instant(instant));
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return in_utc(civil);
    }
    if let Some(wrong) = beyond(text) {
        return Err(wrong);
    }
    with_zone_behind(text).or_else(|| in_words(text)).ok_or(Wrong::NotATime)
}

fn in_utc(civil: DateTime) -> Result<Timestamp, Wrong> {
    let zoned = civil
        .to_zoned(TimeZone::UTC)
        .map_err(|_| if civil.year() < 0 { Wrong::TooEarly } else { Wrong::TooLate })?;
    Ok(of_instant(zoned.timestamp()))
}

/// `2026-01-05 10:00:00 UTC`, the same with `+0100` as git writes it, and with the name of a zone.
fn with_zone_behind(text: &str) -> Option<Timestamp> {
    let (civil, zone) = text.rsplit_once(' ')?;
    let civil: DateTime = civil.trim_end().parse().ok()?;
    if matches!(zone, "UTC" | "GMT" | "UT" | "Z" | "utc" | "gmt") {
        return in_utc(civil).ok();
    }
    if zone.starts_with(['+', '-']) {
        let zone = strtime::parse("%z", zone).or_else(|_| strtime::parse("%:z", zone)).ok()?.offset()?;
        return zone.to_timestamp(civil).ok().map(of_instant);
    }
    let zoned = civil.in_tz(zone).ok()?;
    Some(of_instant(zoned.timestamp()))
}

/// The forms with the names of months: RFC 2822, `Mon Jan  5 10:00:00 2026` of C, and what JavaScript prints.
fn in_words(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(of_instant(instant));
    }
    if let Ok(civil) = DateTime::strptime("%a %b %d %H:%M:%S %Y", text) {
        return in_utc(civil).ok();
    }
    let numbers = text.split_once(" (").map_or(text, |(numbers, _)| numbers);
    let zoned = strtime::parse("%a %b %d %Y %H:%M:%S GMT%z", numbers).ok()?;
    zoned.to_timestamp().ok().map(of_instant)
}

/// A date of a year with more than four digits.
fn beyond(text: &str) -> Option<Wrong> {
    let (wrong, year) = match text.strip_prefix('-') {
        Some(rest) => (Wrong::TooEarly, rest),
        None => (Wrong::TooLate, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = year.split_once('-')?;
    let is_date = rest
        .as_bytes()
        .first_chunk::<5>()
        .is_some_and(|it| it[2] == b'-' && [it[0], it[1], it[3], it[4]].iter().all(u8::is_ascii_digit));
    (is_date && year.len() > 4 && year.bytes().all(|byte| byte.is_ascii_digit())).then_some(wrong)
}

/// A number since 1970 as a text. One whose digits fit no unit of our time is not a time.
fn epoch_text(text: &str) -> Option<Result<Timestamp, Wrong>> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_number =
        !whole.is_empty() && [whole, fraction].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_number {
        return None;
    }
    let is_known = SECOND_DIGITS.contains(&whole.len()) || matches!(whole.len(), 12 | 13 | 15 | 16 | 18 | 19);
    Some(match text.parse::<f64>() {
        Ok(number) if is_known => epoch(number),
        _ => Err(Wrong::NotATime),
    })
}

fn epoch(number: f64) -> Result<Timestamp, Wrong> {
    let size = number.abs();
    let millis = if size < SECONDS_BELOW {
        number * 1e3
    } else if size < MILLISECONDS_BELOW {
        number
    } else if size < MICROSECONDS_BELOW {
        number / 1e3
    } else {
        number / 1e6
    };
    let beyond = if number < 0.0 { Wrong::TooEarly } else { Wrong::TooLate };
    // A float that does not fit becomes the nearest integer, which no calendar holds.
    Instant::from_millisecond(millis.round() as i64).map(of_instant).map_err(|_| beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_735_689_600_000); // 2025-01-01T00:00:00Z
    const DAY: i64 = 86_400_000;

    #[test]
    fn span_from_now_is_in_the_future() {
        let now = Timestamp::from_millis(1_735_689_600_000);
        let after = |text: &str| moment_or_span(text, now).map(|then| then.as_millis() - now.as_millis());
        assert_eq!(after("90s"), Ok(90_000));
        assert_eq!(after("2d"), Ok(2 * 86_400_000));
        assert_eq!(after("1mo"), Ok(31 * 86_400_000));
        assert_eq!(after("2025-01-02"), Ok(86_400_000));
        assert!(after("soon").unwrap_err().contains("span"));
        assert!(after("99999999999999999999d").is_err());
    }

    #[test]
    fn one_moment_in_every_form_is_one_moment() {
        for text in [
            "2025-01-01T00:00:00Z",
            "2025-01-01T01:00:00+01:00",
            "2025-01-01",
            "20250101",
            "2025-01-01 00:00:00",
            "2025-01-01T00:00",
            "2025-01-01 00:00:00.000000",
            "2025-01-01 00:00:00 UTC",
            "2025-01-01 00:00:00 GMT",
            "2025-01-01 01:00:00 +0100",
            "2025-01-01 01:00:00 +01:00",
            "2025-01-01 01:00:00 Europe/Berlin",
            "2025-01-01T01:00:00[Europe/Berlin]",
            "2025-01-01T01:00:00+01:00[Europe/Berlin]",
            "Wed, 01 Jan 2025 00:00:00 +0000",
            "Wed, 1 Jan 2025 00:00:00 GMT",
            "1 Jan 2025 01:00:00 +0100",
            "Wed Jan  1 00:00:00 2025",
            "Wed Jan 01 2025 01:00:00 GMT+0100 (Central European Standard Time)",
            "1735689600",
            "1735689600.0",
            "1735689600000",
            "1735689600000000",
            "1735689600000000000",
            " 2025-01-01 ",
        ] {
            assert_eq!(moment(text), Ok(NOW), "{text}");
        }
        for number in
            [1_735_689_600.0, 1_735_689_600_000.0, 1_735_689_600_000_000.0, 1_735_689_600_000_000_000.0]
        {
            assert_eq!(of_number(number), Ok(NOW), "{number}");
        }
        assert_eq!(of_number(-0.5), Ok(Timestamp::from_millis(-500)));
        assert_eq!(moment("1735689600.000100"), Ok(NOW));
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_a_remedy() {
        for text in [
            "",
            "yesterday",
            "2025-13-01",
            "5",
            "2025",
            "20260105100000",
            "01/02/2025",
            "2d",
            "2025-01-01T00:00:00+05:00[Europe/Berlin]",
            "2025-01-01T00:00:00[Nowhere/Town]",
            "2025-01-01 00:00:00 XYZT",
            "[Europe/Berlin]",
            "2025-01-01T00:00:00Z trailing",
        ] {
            let message = moment(text).unwrap_err();
            assert!(message.contains("is not a valid time; write"), "{text}: {message}");
        }
        assert!(moment_or_age("soon", NOW).is_err());
    }

    #[test]
    fn moments_beyond_the_calendar_are_refused_in_records_and_mean_its_end_in_filters() {
        for text in ["10000-01-01", "+123456-01-01T00:00:00Z", "99999-12-31 00:00:00"] {
            assert!(moment(text).unwrap_err().contains("after the last time"), "{text}");
            assert_eq!(bound(text, Bound::Until, NOW), Ok(last()), "{text}");
            assert_eq!(bound(text, Bound::Since, NOW), Ok(last()), "{text}");
        }
        assert!(of_number(1e300).unwrap_err().contains("after the last"));
        assert!(of_number(-1e300).unwrap_err().contains("before the first"));
        for text in ["99999999999y", "20000y", "-123456-01-01"] {
            assert_eq!(bound(text, Bound::Since, NOW), Ok(first()), "{text}");
        }
        assert!(moment_or_age("99999999999y", NOW).is_err());
    }

    #[test]
    fn day_that_ends_a_range_belongs_to_it() {
        let end = |text| bound(text, Bound::Until, NOW).map(Timestamp::as_millis);
        assert_eq!(end("2025-01-01"), Ok(NOW.as_millis() + DAY - 1));
        assert_eq!(end("20250101"), Ok(NOW.as_millis() + DAY - 1));
        assert_eq!(end("2025-01-01T00:00:00Z"), Ok(NOW.as_millis()));
        assert_eq!(end("9999-12-31"), Ok(last().as_millis()));
        assert_eq!(bound("2025-01-01", Bound::Since, NOW), Ok(NOW));
    }

    #[test]
    fn ages_are_counted_back_from_now() {
        let cases = [
            ("now", 0),
            ("90s", -90_000),
            ("15min", -900_000),
            ("3h", -10_800_000),
            ("2d", -2 * DAY),
            ("1w", -7 * DAY),
            ("1mo", -31 * DAY),
            ("-2d", -2 * DAY),
        ];
        for (text, offset) in cases {
            let read = moment_or_age(text, NOW).map(|moment| moment.as_millis() - NOW.as_millis());
            assert_eq!(read, Ok(offset), "{text}");
        }
    }

    #[test]
    fn every_millisecond_that_can_be_written_is_read_back() {
        for millis in [0, -1, 1, 1_735_689_600_123, -62_135_596_800_000] {
            let text = crate::time::rfc_3339(Timestamp::from_millis(millis)).unwrap();
            assert_eq!(moment(&text), Ok(Timestamp::from_millis(millis)));
        }
    }
}
