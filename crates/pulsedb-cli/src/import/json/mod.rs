//! JSON as files hold it: one document, lines, or what a crash left of either.

pub(crate) mod experiences;
pub(crate) mod lines;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::import::encoding::{Flaw, count_of};

/// Gaps of a list behind which elements are looked for.
const GAPS_MAX: usize = 10_000;

/// The JSON of a text.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    /// One value.
    Document(Value),
    /// One object a line, with the numbers of the lines.
    Lines(Vec<(usize, Value)>),
    /// The elements of a list that breaks off or has a gap.
    Torn(Vec<Value>),
    /// It begins like JSON and is none.
    Broken,
    /// Nothing of it is JSON.
    Other,
}

/// What was read, and the lines that were not.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) json: Json,
    /// Escapes of half a character, which were replaced.
    pub(crate) mended: Vec<Flaw>,
    /// What is not JSON.
    pub(crate) flaws: Vec<Flaw>,
}

/// Reads a text as one document or as lines of objects, whichever the whole of it is.
pub(crate) fn parse(text: &mut String) -> Parsed {
    let other = Parsed { json: Json::Other, mended: Vec::new(), flaws: Vec::new() };
    if !begins_like_json(text) && !text.contains('{') {
        return other;
    }
    let mended = mend_escapes(text);
    let error = match serde_json::from_str(text.trim_matches(is_filler)) {
        Ok(value) => return Parsed { json: Json::Document(value), mended, flaws: Vec::new() },
        Err(error) => error,
    };
    let (lines, flaws) = objects_by_line(text);
    if !lines.is_empty() && lines.len() >= flaws.len() {
        return Parsed { json: Json::Lines(lines), mended, flaws };
    }
    if !begins_like_json(text) {
        return other;
    }
    let line = text.lines().take_while(|line| line.chars().all(is_filler)).count() + error.line();
    let flaws = vec![Flaw { line, reason: format!("the JSON is not whole: {}", without_line(&error)) }];
    let json = match whole_elements(text) {
        elements if elements.is_empty() => Json::Broken,
        elements => Json::Torn(elements),
    };
    Parsed { json, mended, flaws }
}

/// Whether a text can be meant as JSON: an object with a key, or a list of objects.
pub(crate) fn begins_like_json(text: &str) -> bool {
    let text = text.trim_start_matches(is_filler);
    match (text.strip_prefix('{'), text.strip_prefix('[')) {
        (Some(rest), _) => rest.trim_start().starts_with(['"', '}']),
        (_, Some(rest)) => rest.trim_start().starts_with(['{', ']', '[']) && !rest.starts_with("[["),
        _ => false,
    }
}

/// The objects of a line, usually one: where a block of unreadable bytes parts two, both are read. An error says what
/// of the line is not JSON.
pub(crate) fn objects(line: &str) -> (Vec<&str>, Option<String>) {
    let line = line.trim_matches(is_filler);
    if line.is_empty() {
        return (Vec::new(), None);
    }
    let parsed = |part: &str| serde_json::from_str::<IgnoredAny>(part);
    let Err(error) = parsed(line) else { return (vec![line], None) };
    let parts = line.split(char::REPLACEMENT_CHARACTER).map(str::trim).filter(|part| !part.is_empty());
    let (whole, torn): (Vec<&str>, Vec<&str>) =
        parts.partition(|part| part.starts_with('{') && parsed(part).is_ok());
    let reason = (!torn.is_empty()).then(|| format!("not JSON: {}", without_line(&error)));
    (whole, reason)
}

/// The message of a parse error without "at line 1", which would be taken for the line of the file.
pub(crate) fn without_line(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} (column {})", error.column()),
        None => message,
    }
}

fn is_filler(character: char) -> bool {
    character.is_whitespace() || character == char::REPLACEMENT_CHARACTER
}

fn objects_by_line(text: &str) -> (Vec<(usize, Value)>, Vec<Flaw>) {
    let (mut lines, mut bad) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let (objects, reason) = objects(line);
        bad.extend(reason.map(|reason| Flaw { line: number, reason }));
        for object in objects {
            match serde_json::from_str::<Value>(object) {
                Ok(value) if value.is_object() => lines.push((number, value)),
                Ok(_) => bad.push(Flaw { line: number, reason: "not a JSON object".to_owned() }),
                Err(error) => bad.push(Flaw { line: number, reason: without_line(&error) }),
            }
        }
    }
    (lines, bad)
}

/// The elements of a list that breaks off or has a gap: those before, and those like the first one behind.
fn whole_elements(text: &str) -> Vec<Value> {
    let mut elements: Vec<Value> = Vec::new();
    let Some(mut rest) = text.trim_start_matches(is_filler).strip_prefix('[') else { return elements };
    let start = first_key(rest).to_owned();
    let mut gaps = 0;
    loop {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let next = stream.next();
        let end = stream.byte_offset();
        let is_at_gap = match next {
            Some(Ok(value)) if gaps == 0 || is_like(&elements, &value) => {
                elements.push(value);
                false
            }
            Some(Ok(_)) => false,
            _ => true,
        };
        let separated = rest[end..].trim_start().strip_prefix(',').filter(|_| !is_at_gap);
        rest = match separated {
            Some(next) => next,
            None if gaps < GAPS_MAX && start.len() > 1 => {
                gaps += 1;
                // Past what was tried, or the same place would be tried again.
                let tried = rest.ceil_char_boundary(end.max(1));
                let Some(at) = rest[tried..].find(&start) else { return elements };
                &rest[tried + at..]
            }
            None => return elements,
        };
    }
}

/// How an object begins, up to its first key.
fn first_key(text: &str) -> &str {
    let text = text.trim_start();
    text.find(':').map_or("", |at| &text[..at])
}

/// Whether a value has most of the keys that the first one of a list has, so that it is not a part of one.
fn is_like(elements: &[Value], value: &Value) -> bool {
    let (Some(first), Some(object)) = (elements.first().and_then(Value::as_object), value.as_object()) else {
        return elements.is_empty();
    };
    first.keys().filter(|key| object.contains_key(*key)).count() * 2 > first.len()
}

/// Replaces each escape of half a character (`\ud83d` without its other half) by that of U+FFFD, which is as long, and
/// names the lines.
pub(crate) fn mend_escapes(text: &mut String) -> Vec<Flaw> {
    if !text.contains("\\u") {
        return Vec::new();
    }
    let halves = half_characters(text.as_bytes());
    let mut flaws: Vec<Flaw> = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for at in halves {
        line += count_of(b'\n', &text.as_bytes()[counted..at]);
        counted = at;
        let half = text[at..at + 6].to_owned();
        text.replace_range(at..at + 6, "\\ufffd");
        let is_new = flaws.last().is_none_or(|last| last.line != line);
        flaws.extend(is_new.then(|| Flaw {
            line,
            reason: format!("the escape {half} at offset {at} is half a character; U+FFFD stands for it"),
        }));
    }
    flaws
}

/// The offsets of escapes of surrogates that have no other half.
fn half_characters(bytes: &[u8]) -> Vec<usize> {
    let unit = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
    };
    let mut halves = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        at += match unit(at) {
            Some(0xd800..0xdc00) if unit(at + 6).is_some_and(|low| (0xdc00..0xe000).contains(&low)) => 12,
            Some(0xd800..0xe000) => {
                halves.push(at);
                6
            }
            Some(_) => 6,
            None => 2,
        };
    }
    halves
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (Json, Vec<usize>) {
        let parsed = parse(&mut text.to_owned());
        (parsed.json, parsed.flaws.iter().map(|flaw| flaw.line).collect())
    }

    #[test]
    fn whole_text_decides_between_a_document_and_lines() {
        assert_eq!(read("{\n\"a\": 1}"), (Json::Document(json!({"a": 1})), vec![]));
        let lines = vec![(1, json!({"a": 1})), (3, json!({"b": 2}))];
        assert_eq!(read("{\"a\":1}\n\n{\"b\":2}\n"), (Json::Lines(lines), vec![]));
        assert_eq!(read("nt\":\"tail\"}\n{\"a\":1}\n{\"b\""), (Json::Other, vec![]));
        let torn = "nt\":\"tail\"}\n{\"a\":1}\n{\"a\":1}\n{\"b\"";
        assert_eq!(read(torn), (Json::Lines(vec![(2, json!({"a": 1})), (3, json!({"a": 1}))]), vec![1, 4]));
        assert_eq!(read("words [1]"), (Json::Other, vec![]));
        assert_eq!(read("[x] to do"), (Json::Other, vec![]));
    }

    #[test]
    fn list_that_breaks_off_keeps_its_first_elements() {
        assert_eq!(
            read("[{\"a\":1},\n{\"a\":2},\n{\"a\""),
            (Json::Torn(vec![json!({"a": 1}), json!({"a": 2})]), vec![3])
        );
        assert_eq!(read("{\"a\": [1,\n 2"), (Json::Broken, vec![2]));
    }

    #[test]
    fn elements_behind_a_gap_of_a_list_are_found() {
        let element = |id: u32| format!(r#"{{"id":{id},"title":"t","parts":[{{"id":9,"text":"x"}}]}}"#);
        let list = format!("[{},{},{}]", element(1), element(2), element(3));
        let torn = list.replacen(r#""title":"t","parts":[{"id":9"#, "\u{fffd}", 1);
        let Json::Torn(elements) = read(&torn).0 else { panic!() };
        let ids: Vec<_> = elements.iter().map(|element| element["id"].as_u64()).collect();
        assert_eq!(ids, [Some(2), Some(3)]);
        let behind = list.replacen(r#"{"id":2,"#, "{\u{fffd}", 1);
        let Json::Torn(elements) = read(&behind).0 else { panic!() };
        assert_eq!(elements.len(), 2);
    }

    #[test]
    fn half_characters_become_replacement_characters() {
        let mut text = r#"{"a":"x\ud83d","b":"\ud83d\ude00 \\ud83d \ude00"}"#.to_owned();
        assert_eq!(mend_escapes(&mut text).len(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, json!({"a": "x\u{fffd}", "b": "\u{1f600} \\ud83d \u{fffd}"}));
        for text in ["\\", "\\u", "\\ud83", "\\ud83d\\u", "\u{e9}\\u\u{e9}\u{e9}"] {
            mend_escapes(&mut text.to_owned());
        }
    }

    #[test]
    fn objects_on_both_sides_of_unreadable_bytes_are_read() {
        assert_eq!(objects("\u{fffd}{\"a\":1}\u{fffd}"), (vec!["{\"a\":1}"], None));
        assert_eq!(objects("{\"a\":1}\u{fffd}{\"b\":2}"), (vec!["{\"a\":1}", "{\"b\":2}"], None));
        assert_eq!(objects("{\"a\":\"\u{fffd}\"}").0.len(), 1);
        let (whole, reason) = objects("{\"a\":\u{fffd}{\"b\":2}");
        assert_eq!((whole, reason.is_some()), (vec!["{\"b\":2}"], true));
    }
}
