//! A file or stream as drafts: which format the whole of it is in, and the reader of that format.

use std::io::{BufRead, Cursor, Read};
use std::path::Path;

use clap::ValueEnum;
use serde_json::Value;

use crate::import::chat::KNOWN;
use crate::import::chat::shape::{Shape, holds_a_conversation, is_directory, may_hold_words};
use crate::import::chat::transcript::Transcript;
use crate::import::data_url::without_data;
use crate::import::draft::{Defaults, Draft, Source, document};
use crate::import::encoding::{Decoded, Flaw, Text, decode};
use crate::import::json::{Json, Parsed, begins_like_json, experiences, objects, parse};
use crate::import::passages::Chunk;
use crate::import::{chat, markdown, notebook, text};
use crate::report::Omissions;

/// Bytes of a source that is read as a whole. JSON lines have no such limit.
const WHOLE_SOURCE_BYTES_MAX: u64 = 2 << 30;
/// Bytes by which a source of JSON lines is told that is longer: then its lines are read one by one.
const WINDOW_BYTES: u64 = 32 << 20;

/// What a source is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// By the name, and by the whole of what looks like JSON
    Auto,
    /// Chunks by heading and paragraph
    Markdown,
    /// Chunks by paragraph, for text and source code
    Text,
    /// Cells of a Jupyter notebook
    Notebook,
    /// One experience a line
    Jsonl,
    /// One experience a turn: exports and sessions of several programs, or `Speaker: words`
    Chat,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) source: &'a Source,
    /// The file; a stream has none.
    pub(crate) path: Option<&'a Path>,
    /// It was named, so nothing of it may be skipped in silence.
    pub(crate) is_named: bool,
    pub(crate) format: Format,
    pub(crate) defaults: &'a Defaults,
}

/// What was read.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) content: Content,
    /// The encoding, if it is not UTF-8.
    pub(crate) encoding: Option<&'static str>,
    /// The places that could not be read.
    pub(crate) flaws: Vec<Flaw>,
    pub(crate) left_out: Omissions,
}

#[derive(Default)]
pub(crate) enum Content {
    /// A document: its drafts are all there is of it, and replace what was imported of it before.
    Document(Vec<Draft>),
    /// A transcript: its drafts add to what is there.
    Transcript(Vec<Draft>),
    /// JSON lines, to be read one by one.
    Lines(Box<dyn BufRead>),
    #[default]
    Empty,
    Binary,
    /// JSON with settings or names, not with words.
    Data,
}

/// Reads a source that was opened.
pub(crate) fn read(mut reader: impl BufRead + 'static, request: Request<'_>) -> anyhow::Result<Reading> {
    let format = match request.format {
        Format::Auto => by_name(request.path),
        format => format,
    };
    if format == Format::Jsonl && request.path.is_none() {
        // A stream may never end, so each line is imported when it comes.
        return Ok(of_lines(Box::new(reader)));
    }
    let mut bytes = Vec::new();
    let may_be_endless = matches!(format, Format::Jsonl | Format::Auto);
    let ends =
        fill(&mut reader, &mut bytes, if may_be_endless { WINDOW_BYTES } else { WHOLE_SOURCE_BYTES_MAX })?;
    if !ends && may_be_endless {
        if format == Format::Jsonl || holds_experiences(&bytes) {
            return Ok(of_lines(Box::new(Cursor::new(bytes).chain(reader))));
        }
        let ends = fill(&mut reader, &mut bytes, WHOLE_SOURCE_BYTES_MAX)?;
        anyhow::ensure!(ends, "{}", too_long());
    } else {
        anyhow::ensure!(ends, "{}", too_long());
    }
    match decode(&bytes) {
        Decoded::Text(text) => of_text(text, format, request),
        Decoded::Empty => Ok(Reading::default()),
        Decoded::Nuls(count) if request.is_named || is_text_by_name(request.path) => {
            Err(anyhow::anyhow!("nothing but {count} NUL bytes: what it held is lost"))
        }
        Decoded::Nuls(_) | Decoded::Binary if request.is_named && !is_media_by_name(request.path) => {
            Err(anyhow::anyhow!("not text; unpack an archive, or save a document as text, and import that"))
        }
        Decoded::Nuls(_) | Decoded::Binary => Ok(Reading { content: Content::Binary, ..Reading::default() }),
    }
}

fn too_long() -> String {
    format!("more than {WHOLE_SOURCE_BYTES_MAX} bytes; split it, or write it as JSON lines")
}

/// Reads up to so many bytes and says whether they are all.
fn fill(reader: &mut impl BufRead, bytes: &mut Vec<u8>, max: u64) -> std::io::Result<bool> {
    let room = max.saturating_sub(bytes.len() as u64);
    reader.by_ref().take(room).read_to_end(bytes)?;
    Ok(reader.fill_buf()?.is_empty())
}

fn of_lines(reader: Box<dyn BufRead>) -> Reading {
    Reading { content: Content::Lines(reader), ..Reading::default() }
}

fn extension(path: Option<&Path>) -> String {
    let extension = path.and_then(Path::extension).and_then(|extension| extension.to_str());
    extension.unwrap_or_default().to_ascii_lowercase()
}

/// The format that a name says; `Auto` where what is inside decides.
fn by_name(path: Option<&Path>) -> Format {
    match extension(path).as_str() {
        "md" | "markdown" | "mdown" | "mkd" | "mdx" => Format::Markdown,
        "ipynb" => Format::Notebook,
        _ => Format::Auto,
    }
}

fn is_json_by_name(path: Option<&Path>) -> bool {
    matches!(extension(path).as_str(), "json" | "jsonl" | "ndjson")
}

fn is_text_by_name(path: Option<&Path>) -> bool {
    by_name(path) != Format::Auto
        || is_json_by_name(path)
        || matches!(extension(path).as_str(), "txt" | "org" | "rst")
}

/// Pictures, sounds, films and typefaces, which nobody names for their words.
fn is_media_by_name(path: Option<&Path>) -> bool {
    matches!(
        extension(path).as_str(),
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "bmp"
            | "ico"
            | "tif"
            | "tiff"
            | "heic"
            | "avif"
            | "mp3"
            | "m4a"
            | "ogg"
            | "opus"
            | "wav"
            | "flac"
            | "mp4"
            | "mov"
            | "mkv"
            | "webm"
            | "avi"
            | "ttf"
            | "otf"
            | "woff"
            | "woff2"
    )
}

/// Whether most lines of the beginning of a long source are experiences.
fn holds_experiences(bytes: &[u8]) -> bool {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let Decoded::Text(Text { mut content, .. }) = decode(&bytes[..whole]) else { return false };
    matches!(parse(&mut content).json, Json::Lines(lines) if is_mostly_experiences(&lines))
}

/// Experiences have `content` and nobody who speaks.
fn is_mostly_experiences(lines: &[(usize, Value)]) -> bool {
    let fits = |value: &Value| {
        value
            .as_object()
            .is_some_and(|object| experiences::is_meant(object) && Shape::of_object(object).is_none())
    };
    let experiences = lines.iter().filter(|(_, value)| fits(value)).count();
    let chats =
        lines.iter().filter(|(_, value)| value.as_object().and_then(Shape::of_object).is_some()).count();
    experiences > 0 && experiences >= chats
}

fn of_text(text: Text, format: Format, request: Request<'_>) -> anyhow::Result<Reading> {
    let Text { content: text, encoding, mut flaws } = text;
    let is_stream = request.path.is_none();
    let looks_like_json = begins_like_json(&text);
    let format = match format {
        Format::Auto if is_json_by_name(request.path) || looks_like_json => None,
        Format::Auto if is_stream && has_json_lines(&text) => None,
        Format::Auto if is_stream => Some(Format::Markdown),
        Format::Auto => Some(Format::Text),
        Format::Chat if looks_like_json || has_json_lines(&text) => None,
        other => Some(other),
    };
    let mut reading = match format {
        None => of_json(text, request)?,
        Some(Format::Markdown) => of_document(markdown::chunks(&without_data(&text)), request),
        Some(Format::Text | Format::Auto) => of_document(text::chunks(&without_data(&text)), request),
        Some(Format::Notebook) => of_notebook(text, request)?,
        Some(Format::Jsonl) => of_lines(Box::new(Cursor::new(text.into_bytes()))),
        Some(Format::Chat) => of_transcript(chat::plain(&text).map_err(anyhow::Error::msg)?, request),
    };
    flaws.append(&mut reading.flaws);
    flaws.sort_by_key(|flaw| flaw.line);
    Ok(Reading { encoding, flaws, ..reading })
}

/// Whether at least half of the lines are JSON objects.
fn has_json_lines(text: &str) -> bool {
    let solid = text.lines().filter(|line| !line.trim().is_empty());
    let (all, objects) = solid.fold((0, 0), |(all, found), line| {
        (all + 1, found + usize::from(line.contains('{') && !objects(line).0.is_empty()))
    });
    objects > 0 && objects * 2 >= all
}

fn of_document(chunks: Vec<Chunk>, request: Request<'_>) -> Reading {
    let drafts = document(request.source, chunks, request.defaults);
    Reading { content: Content::Document(drafts), ..Reading::default() }
}

fn of_transcript(transcript: Transcript, request: Request<'_>) -> Reading {
    let Transcript { turns, flaws, left_out } = transcript;
    let drafts = chat::drafts(request.source, turns, request.defaults);
    Reading { content: Content::Transcript(drafts), flaws, left_out, ..Reading::default() }
}

fn of_notebook(mut text: String, request: Request<'_>) -> anyhow::Result<Reading> {
    let Parsed { json, mended, flaws } = parse(&mut text);
    let notebook = match json {
        Json::Document(value) => notebook::chunks(&value),
        _ => None,
    };
    let Some((chunks, left_out)) = notebook else {
        let reason = flaws.first().map_or("it has no cells", |flaw| flaw.reason.as_str());
        anyhow::bail!("not a whole notebook: {reason}; --format text takes the file as it is");
    };
    Ok(Reading { left_out, flaws: mended, ..of_document(chunks, request) })
}

fn of_json(mut text: String, request: Request<'_>) -> anyhow::Result<Reading> {
    let Parsed { json, mended, flaws } = parse(&mut text);
    let mut reading = match json {
        Json::Document(value) => of_value(&value, &text, request)?,
        Json::Lines(lines) if request.format != Format::Chat && is_mostly_experiences(&lines) => {
            // Its own reader names the lines that are not JSON.
            return Ok(Reading { flaws: mended, ..of_lines(Box::new(Cursor::new(text.into_bytes()))) });
        }
        Json::Lines(lines) => match Shape::of_list(lines.iter().map(|(_, value)| value)) {
            Some(shape) => of_transcript(chat::lines(shape, &lines, request.path), request),
            None => anyhow::bail!("JSON lines of no known shape; {KNOWN}"),
        },
        Json::Torn(elements) => {
            let Some(shape) = Shape::of_list(elements.iter()) else {
                return not_whole(&text, &flaws, request);
            };
            of_transcript(chat::document(shape, &Value::Array(elements), request.path), request)
        }
        Json::Broken => return not_whole(&text, &flaws, request),
        Json::Other => return unknown(&text, "not JSON", request),
    };
    reading.flaws.splice(0..0, mended.into_iter().chain(flaws));
    Ok(reading)
}

fn of_value(value: &Value, text: &str, request: Request<'_>) -> anyhow::Result<Reading> {
    if let Some(shape) = Shape::of_document(value) {
        return Ok(of_transcript(chat::document(shape, value, request.path), request));
    }
    if request.format != Format::Chat && value.as_object().is_some_and(experiences::is_meant) {
        return Ok(of_lines(Box::new(Cursor::new(value.to_string().into_bytes()))));
    }
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    match is_directory(value) {
        true if is_empty => Ok(Reading::default()),
        true => Ok(Reading { content: Content::Data, ..Reading::default() }),
        false => unknown(text, "JSON of no known shape", request),
    }
}

/// JSON that is of no known shape is refused, but for settings of a tree, which hold no words.
fn unknown(text: &str, what: &str, request: Request<'_>) -> anyhow::Result<Reading> {
    let is_of_lines = matches!(extension(request.path).as_str(), "jsonl" | "ndjson");
    let is_asked_for =
        is_of_lines || request.is_named || request.path.is_none() || request.format == Format::Chat;
    anyhow::ensure!(!is_asked_for && !may_hold_words(text), "{what}; {KNOWN}");
    Ok(Reading { content: Content::Data, ..Reading::default() })
}

/// JSON that breaks off: an export that is not whole, settings with comments, or another language after all.
fn not_whole(text: &str, flaws: &[Flaw], request: Request<'_>) -> anyhow::Result<Reading> {
    let is_json = is_json_by_name(request.path);
    if !is_json && request.format == Format::Auto && !holds_a_conversation(text) {
        let chunks = if request.path.is_some() { text::chunks } else { markdown::chunks };
        return Ok(of_document(chunks(&without_data(text)), request));
    }
    let Some(flaw) = flaws.first() else { return unknown(text, "not JSON", request) };
    let what = if holds_a_conversation(text) {
        format!("line {}: {}; it looks like an export, so export it again", flaw.line, flaw.reason)
    } else {
        format!("line {}: {}", flaw.line, flaw.reason)
    };
    unknown(text, &what, request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(
        source: &'a Source,
        format: Format,
        defaults: &'a Defaults,
        is_named: bool,
    ) -> Request<'a> {
        let path = (source.name != "stdin").then(|| Path::new(source.name.as_str()));
        Request { source, path, is_named, format, defaults }
    }

    fn kind_of(name: &str, bytes: &[u8], format: Format, is_named: bool) -> String {
        let source = Source { name: name.to_owned(), file: None, modified: None };
        let none = Defaults::default();
        match read(Cursor::new(bytes.to_vec()), request(&source, format, &none, is_named)) {
            Ok(Reading { content, flaws, .. }) => {
                let kind = match content {
                    Content::Document(drafts) => {
                        format!("document {}", drafts[0].new.content.lines().next().unwrap())
                    }
                    Content::Transcript(drafts) => format!("chat {}", drafts.len()),
                    Content::Lines(_) => "lines".to_owned(),
                    Content::Empty => "empty".to_owned(),
                    Content::Binary => "binary".to_owned(),
                    Content::Data => "data".to_owned(),
                };
                format!("{kind}{}", "!".repeat(flaws.len()))
            }
            Err(error) => format!("error {error}"),
        }
    }

    #[test]
    fn format_follows_the_name_and_the_whole_of_what_looks_like_json() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("a.md", b"# H\n\nbody", "document H"),
            ("a.MD", b"# H\n\nbody", "document H"),
            ("a.rs", b"# H\n\nbody", "document # H"),
            ("a", b"", "empty"),
            ("a.md", b"x\0y", "binary"),
            ("a.jsonl", b"\n{\"content\":\"x\"}\nbad\n", "lines"),
            ("a.jsonl", b"{\"content\":\"x\",\"foreign\":1}\n", "lines"),
            ("a.jsonl", b"ent\":\"x\"}\n{\"content\":\"x\"}\n", "lines"),
            ("a.jsonl", b"{\"role\":\"u\",\"content\":\"x\"}\n{\n", "chat 1!"),
            ("a.jsonl", b"{\"type\":\"summary\",\"leafUuid\":\"u\"}\n", "chat 0"),
            ("a.json", b"{\n\"messages\":[{\"role\":\"u\",\"content\":\"x\"}]}", "chat 1"),
            ("a.json", b"{\n\"content\": \"x\"\n}", "lines"),
            ("a.json", b"{\"x\": 1}", "data"),
            ("a.json", b"[]", "empty"),
            ("a.json", b"", "empty"),
            ("a.json", b"\0\x01", "binary"),
            ("a.txt", b"[{\"role\":\"u\",\"content\":\"x\"}]", "chat 1"),
            ("a.txt", b"{\"a\" plus words", "document {\"a\" plus words"),
            ("a.ipynb", b"{\"cells\":[{\"cell_type\":\"code\",\"source\":\"x\"}]}", "document x"),
        ];
        for (name, bytes, expected) in cases {
            let kind = kind_of(name, bytes, Format::Auto, false);
            assert_eq!(kind, *expected, "{name} {}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(kind_of("a.md", b"A: x", Format::Chat, true), "chat 1");
        assert_eq!(kind_of("a.md", b"# H\n\nx", Format::Text, true), "document # H");
        assert_eq!(kind_of("a.md", b"anything", Format::Jsonl, true), "lines");
        assert!(
            kind_of("a.txt", b"nobody speaks", Format::Chat, true).starts_with("error no conversation found")
        );
    }

    #[test]
    fn what_is_not_a_whole_known_shape_is_refused_with_what_is_known() {
        let cases: &[(&str, &[u8], bool)] = &[
            ("a.json", b"{\"x\": 1}", true),
            ("a.json", b"[{\"x\": 1}]", false),
            ("a.json", b"{\"messages\":[{\"body\":\"x\"}]}", false),
            ("a.json", b"{\"title\":\"x\",\"mapping\":{\"a\":{\"mess", false),
            ("a.json", b"just words", true),
            ("a.jsonl", b"{\"x\":1}\n{\"x\":2}\n", false),
            ("stdin", b"{\"x\": 1}", false),
            ("a.ipynb", b"{\"cells\":[{\"cell_ty", false),
        ];
        for (name, bytes, is_named) in cases {
            let kind = kind_of(name, bytes, Format::Auto, *is_named);
            assert!(kind.starts_with("error ") && kind.contains("--format text"), "{name} {kind}");
        }
        let torn = b"[{\"role\":\"u\",\"content\":\"x\"},\n{\"role\":\"u\",\"cont";
        assert_eq!(kind_of("a.json", torn, Format::Auto, false), "chat 1!");
    }

    #[test]
    fn stream_is_markdown_in_doubt() {
        let kind = |text: &str| kind_of("stdin", text.as_bytes(), Format::Auto, true);
        assert_eq!(kind("# H\n\nbody"), "document H");
        assert_eq!(kind("[x] to do\n"), "document [x] to do");
        assert_eq!(kind("{\"content\":\"x\"}\n"), "lines");
        assert_eq!(kind("{\"messages\":[{\"role\":\"u\",\"content\":\"x\"}]}"), "chat 1");
    }
}
