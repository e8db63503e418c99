//! Chat transcripts as text: lines of the form `Speaker: words`, a time before the speaker or not.

use pulsedb::Timestamp;

use crate::import::chat::transcript::{Transcript, Turn};
use crate::time::reading;

/// Bytes of a speaker's name: beyond it a colon ends a clause, not a name.
const SPEAKER_BYTES_MAX: usize = 40;
/// Words of a speaker's name.
const SPEAKER_WORDS_MAX: usize = 4;
/// Digits of what stands in brackets before a speaker, from which on it is meant as a time.
const TIME_DIGITS_MIN: usize = 3;

/// A line that starts a turn.
struct Speech<'a> {
    time: Result<Option<Timestamp>, String>,
    speaker: &'a str,
    words: &'a str,
}

/// The turns of a text. A line without a speaker belongs to the turn before it; what stands before the first speaker
/// is a turn of nobody known. `None` if nobody speaks.
pub(super) fn transcript(text: &str) -> Option<Transcript> {
    let mut transcript = Transcript::default();
    let mut open: Option<(Turn, Result<Option<Timestamp>, String>)> = None;
    let mut has_speaker = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(Speech { time, speaker, words }) = speech(line) {
            has_speaker = true;
            close(open.take(), &mut transcript);
            let (speaker, text) = (speaker.to_owned(), words.to_owned());
            open = Some((Turn { speaker, text, line: index + 1, ..Turn::default() }, time));
        } else if let Some((turn, _)) = &mut open {
            turn.text.push('\n');
            turn.text.push_str(line);
        } else if !line.trim().is_empty() {
            open = Some((Turn { text: line.to_owned(), line: index + 1, ..Turn::default() }, Ok(None)));
        }
    }
    close(open, &mut transcript);
    has_speaker.then_some(transcript)
}

fn close(open: Option<(Turn, Result<Option<Timestamp>, String>)>, transcript: &mut Transcript) {
    let Some((mut turn, time)) = open else { return };
    let text = turn.text.trim().to_owned();
    if !text.is_empty() {
        turn.text = text;
        transcript.take(turn, time);
    }
}

/// The time, the speaker and the words of a line that starts a turn.
fn speech(line: &str) -> Option<Speech<'_>> {
    let (time, rest) = time_before(line);
    let (speaker, words) = rest.split_once(':')?;
    let speaker = speaker.trim_matches(['*', '<', '>', ' ']);
    let words = words.strip_prefix("**").unwrap_or(words);
    let is_name = speaker.starts_with(char::is_alphanumeric)
        && speaker.len() <= SPEAKER_BYTES_MAX
        && speaker.split_whitespace().count() <= SPEAKER_WORDS_MAX;
    // "http://" and "12:30" are not speakers: a space or the end of the line follows the colon.
    let is_speech = words.is_empty() || words.starts_with(char::is_whitespace);
    (is_name && is_speech).then(|| Speech { time, speaker, words: words.trim() })
}

/// A time in brackets or before a dash or space, and what follows it. Without a zone it is UTC.
fn time_before(line: &str) -> (Result<Option<Timestamp>, String>, &str) {
    if let Some((inside, rest)) = bracketed(line) {
        let digits = inside.bytes().filter(u8::is_ascii_digit).count();
        return match moment(inside) {
            Err(_) if digits < TIME_DIGITS_MIN => (Ok(None), line),
            time => (time.map(Some), rest.trim_start()),
        };
    }
    // "2025-01-31 12:00 UTC" and its shorter forms: up to the third space, the second or the first. A number alone
    // is a date to some parsers and a name to people.
    let mut ends: Vec<usize> = line.match_indices(' ').map(|(at, _)| at).take(3).collect();
    ends.reverse();
    let found = ends.into_iter().find_map(|end| {
        let moment = moment(&line[..end]).ok().filter(|_| line[..end].contains('-'))?;
        Some((Ok(Some(moment)), line[end..].trim_start_matches([' ', '-'])))
    });
    found.unwrap_or((Ok(None), line))
}

/// What stands in brackets at the start of a line, which may hold brackets of its own, and what follows.
fn bracketed(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix('[')?;
    let mut depth = 1;
    let end = rest.char_indices().find(|(_, character)| {
        depth += i32::from(*character == '[') - i32::from(*character == ']');
        depth == 0
    });
    end.map(|(at, _)| (&rest[..at], &rest[at + 1..]))
}

fn moment(text: &str) -> Result<Timestamp, String> {
    reading::moment(text).or_else(|error| reading::moment(&text.replacen(", ", " ", 1)).map_err(|_| error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(usize, String, String)> {
        let turns = transcript(text).map(|it| it.turns).unwrap_or_default();
        turns.into_iter().map(|turn| (turn.line, turn.speaker, turn.text)).collect()
    }

    fn row(line: usize, speaker: &str, text: &str) -> (usize, String, String) {
        (line, speaker.to_owned(), text.to_owned())
    }

    #[test]
    fn lines_without_a_speaker_go_on() {
        let text = "# Log\n\nAlice: first\nand more of it because a clause: is not a name, see http://x\n\n**Bob Stone:** yes\nAlice:\nlater\n";
        assert_eq!(
            said(text),
            [
                row(1, "", "# Log"),
                row(3, "Alice", "first\nand more of it because a clause: is not a name, see http://x"),
                row(6, "Bob Stone", "yes"),
                row(7, "Alice", "later"),
            ]
        );
    }

    #[test]
    fn times_before_the_speaker_are_read() {
        let text = "[2025-01-01 00:00:01] A: x\n2025-01-01 00:00 - B: y\n2025-01-01T00:00:00Z C: z\n12:30: no\n\
                    2025-01-01 00:00 UTC D: u\n[2025-01-01T01:00:00+01:00[Europe/Berlin]] E: v\n[2025-01-01, 00:00] F: w";
        let turns = transcript(text).unwrap().turns;
        let millis: Vec<_> =
            turns.iter().map(|turn| turn.timestamp.map(|it| it.as_millis() - 1_735_689_600_000)).collect();
        assert_eq!(millis, [Some(1_000), Some(0), Some(0), Some(0), Some(0), Some(0)]);
        assert_eq!(turns[2].text, "z\n12:30: no");
        assert_eq!(turns[3].speaker, "D");
    }

    #[test]
    fn time_that_is_not_understood_is_named_and_so_is_its_line() {
        let read =
            transcript("[31.12.25, 10:00:01] A: lost\nmore\nB: y\n[10:32] C: no day\n[x] D: not a time")
                .unwrap();
        assert_eq!(read.flaws.iter().map(|flaw| flaw.line).collect::<Vec<_>>(), [1, 4]);
        assert!(read.flaws[0].reason.contains("31.12.25, 10:00:01"), "{:?}", read.flaws);
        let said: Vec<_> = read.turns.iter().map(|turn| turn.text.as_str()).collect();
        assert_eq!(said, ["y"]);
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
