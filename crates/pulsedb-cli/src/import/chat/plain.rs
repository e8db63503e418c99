//! Chat transcripts as text: lines of the form `Speaker: words`, a time before the speaker or not.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pulsedb::Timestamp;

use crate::import::chat::Turn;

/// Bytes of a speaker's name: beyond it a colon ends a clause, not a name.
const SPEAKER_BYTES_MAX: usize = 40;
/// Words of a speaker's name.
const SPEAKER_WORDS_MAX: usize = 4;

/// The turns of a text. A line without a speaker belongs to the turn before it; what stands before the first
/// speaker is left out. Empty if nobody speaks.
pub(crate) fn turns(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some((timestamp, speaker, words)) = speech(line) {
            let (speaker, text) = (speaker.to_owned(), words.to_owned());
            turns.push(Turn { speaker, text, timestamp, line: index + 1, ..Turn::default() });
        } else if let Some(turn) = turns.last_mut() {
            turn.text.push('\n');
            turn.text.push_str(line);
        }
    }
    for turn in &mut turns {
        turn.text = turn.text.trim().to_owned();
    }
    turns.retain(|turn| !turn.text.is_empty());
    turns
}

/// The time, the speaker and the words of a line that starts a turn.
fn speech(line: &str) -> Option<(Option<Timestamp>, &str, &str)> {
    let (timestamp, rest) = match time_before(line) {
        Some((moment, rest)) => (Some(moment), rest),
        None => (None, line),
    };
    let (speaker, words) = rest.split_once(':')?;
    let speaker = speaker.trim_matches(['*', '<', '>', ' ']);
    let words = words.strip_prefix("**").unwrap_or(words);
    let is_name = speaker.starts_with(char::is_alphanumeric)
        && speaker.len() <= SPEAKER_BYTES_MAX
        && speaker.split_whitespace().count() <= SPEAKER_WORDS_MAX;
    // "http://" and "12:30" are no speakers: a space or the end of the line follows the colon.
    let is_speech = words.is_empty() || words.starts_with(char::is_whitespace);
    (is_name && is_speech).then(|| (timestamp, speaker, words.trim()))
}

/// A time in brackets or before a dash or space, and what follows it. Without a zone it is UTC.
fn time_before(line: &str) -> Option<(Timestamp, &str)> {
    if let Some(rest) = line.strip_prefix('[') {
        let (inside, rest) = rest.split_once(']')?;
        return Some((moment(inside)?, rest.trim_start()));
    }
    // "2025-01-31 12:00" and its longer forms: up to the second space, else the first.
    let mut spaces = line.match_indices(' ').map(|(at, _)| at);
    let (first, second) = (spaces.next()?, spaces.next().unwrap_or(line.len()));
    [second, first].into_iter().find_map(|end| {
        let moment = moment(line.get(..end)?)?;
        Some((moment, line.get(end..)?.trim_start_matches([' ', '-'])))
    })
}

fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(", ", " ", 1);
    // A number alone is a date to some parsers and a name to people.
    if !text.contains('-') {
        return None;
    }
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String, String)> {
        turns(text).into_iter().map(|turn| (turn.line, turn.speaker, turn.text)).collect()
    }

    fn row(line: usize, speaker: &str, text: &str) -> (usize, String, String) {
        (line, speaker.to_owned(), text.to_owned())
    }

    #[test]
    fn lines_without_a_speaker_go_on() {
        let text = "# Log\n\nAlice: first\nand more of it because a clause: is no name, see http://x\n\n**Bob Stone:** yes\nAlice:\nlater\n";
        assert_eq!(
            said(text),
            [
                row(3, "Alice", "first\nand more of it because a clause: is no name, see http://x"),
                row(6, "Bob Stone", "yes"),
                row(7, "Alice", "later"),
            ]
        );
    }

    #[test]
    fn times_before_the_speaker_are_read() {
        let turns = turns(
            "[2025-01-01 00:00:01] A: x\n2025-01-01 00:00 - B: y\n2025-01-01T00:00:00Z C: z\n12:30: no\n",
        );
        let millis: Vec<_> = turns.iter().map(|turn| turn.timestamp.map(Timestamp::as_millis)).collect();
        assert_eq!(millis, [Some(1_735_689_601_000), Some(1_735_689_600_000), Some(1_735_689_600_000)]);
        assert_eq!(turns[2].text, "z\n12:30: no");
    }

    #[test]
    fn odd_lines_are_no_panic() {
        for text in [
            "",
            ":",
            ": :",
            "[",
            "[]: x",
            "\u{e9}",
            " ",
            "2025-01-01",
            "[2025-01-01]",
            "\u{1f980} \u{1f980} a: b",
        ] {
            let _ = said(text);
        }
        assert!(said("just words").is_empty());
    }
}
