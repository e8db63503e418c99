//! A file or stream as drafts: which format it is in, and the reader of that format.

use std::io::{BufRead, Cursor, Read};
use std::path::Path;

use clap::ValueEnum;

use crate::import::draft::{Defaults, Draft, Source, document};
use crate::import::encoding::{Decoded, decode};
use crate::import::passages::Chunk;
use crate::import::{chat, jsonl, markdown, text};

/// Bytes of a source that is read as a whole. JSON lines have no such limit.
const WHOLE_SOURCE_BYTES_MAX: u64 = 2 << 30;
/// Bytes of the first line that are looked at to tell the format.
const SNIFFED_BYTES_MAX: u64 = 4 << 20;

/// What a source is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// By the name, and by the first line for JSON
    Auto,
    /// Chunks by heading and paragraph
    Markdown,
    /// Chunks by paragraph, for text and source code
    Text,
    /// One experience a line
    Jsonl,
    /// One experience a turn: chat JSON of several shapes, or `Speaker: words`
    Chat,
}

/// What was read.
pub(crate) enum Content {
    /// A document: its drafts are all there is of it, and replace what was imported of it before.
    Document(Vec<Draft>),
    /// A transcript: its drafts add to what is there.
    Transcript {
        drafts: Vec<Draft>,
        bad_lines: Vec<(usize, String)>,
    },
    /// JSON lines, to be read one by one.
    Lines(Box<dyn BufRead>),
    Empty,
    Binary,
}

/// Reads a file that was opened.
pub(crate) fn file(
    path: &Path,
    reader: impl BufRead + 'static,
    source: &Source,
    format: Format,
    defaults: &Defaults,
) -> anyhow::Result<Content> {
    let extension =
        path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    match (format, extension.as_str()) {
        (Format::Auto, "md" | "markdown" | "mdown" | "mkd" | "mdx") => {
            whole(reader, source, Format::Markdown, defaults)
        }
        (Format::Auto, "json" | "jsonl" | "ndjson") => sniffed(reader, source, Format::Text, defaults),
        (Format::Auto, _) => whole(reader, source, Format::Text, defaults),
        (format, _) => whole(reader, source, format, defaults),
    }
}

/// Reads a stream without a name; in doubt it is Markdown, which text is too.
pub(crate) fn stream(
    reader: impl BufRead + 'static,
    source: &Source,
    format: Format,
    defaults: &Defaults,
) -> anyhow::Result<Content> {
    match format {
        Format::Auto => sniffed(reader, source, Format::Markdown, defaults),
        format => whole(reader, source, format, defaults),
    }
}

/// Tells by the first line whether a source is JSON lines, then whether it is a chat; else it is `otherwise`.
fn sniffed(
    mut reader: impl BufRead + 'static,
    source: &Source,
    otherwise: Format,
    defaults: &Defaults,
) -> anyhow::Result<Content> {
    let mut first = Vec::new();
    while first.trim_ascii().is_empty() {
        let room = SNIFFED_BYTES_MAX.saturating_sub(first.len() as u64);
        if reader.by_ref().take(room).read_until(b'\n', &mut first)? == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&first).trim_start_matches('\u{feff}').trim().to_owned();
    let is_chat_line = chat::json::is_chat_line(&line);
    let is_experience = jsonl::is_experience(&line) || (!is_chat_line && jsonl::is_almost_experience(&line));
    let again = Cursor::new(first).chain(reader);
    if is_experience {
        return Ok(Content::Lines(Box::new(again)));
    }
    if is_chat_line {
        return whole(again, source, Format::Chat, defaults);
    }
    let text = match bytes(again).map(decode)? {
        Decoded::Text(text) => text,
        Decoded::Empty => return Ok(Content::Empty),
        Decoded::Binary => return Ok(Content::Binary),
    };
    match chat::json::parse(&text) {
        Some(transcript) => Ok(transcript_of(transcript, source, defaults)),
        None => of_text(&text, source, otherwise, defaults),
    }
}

fn whole(
    reader: impl BufRead + 'static,
    source: &Source,
    format: Format,
    defaults: &Defaults,
) -> anyhow::Result<Content> {
    if format == Format::Jsonl {
        return Ok(Content::Lines(Box::new(reader)));
    }
    match bytes(reader).map(decode)? {
        Decoded::Text(text) => of_text(&text, source, format, defaults),
        Decoded::Empty => Ok(Content::Empty),
        Decoded::Binary => Ok(Content::Binary),
    }
}

fn bytes(reader: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(WHOLE_SOURCE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(
        bytes.len() as u64 <= WHOLE_SOURCE_BYTES_MAX,
        "more than {WHOLE_SOURCE_BYTES_MAX} bytes; split it, or write it as JSON lines"
    );
    Ok(bytes)
}

fn of_text(text: &str, source: &Source, format: Format, defaults: &Defaults) -> anyhow::Result<Content> {
    let of_chunks = |chunks: Vec<Chunk>| Ok(Content::Document(document(source, chunks, defaults)));
    match format {
        Format::Markdown => of_chunks(markdown::chunks(text)),
        Format::Chat => {
            let transcript = chat::parse(text).map_err(anyhow::Error::msg)?;
            Ok(transcript_of(transcript, source, defaults))
        }
        Format::Auto | Format::Text | Format::Jsonl => of_chunks(text::chunks(text)),
    }
}

fn transcript_of(transcript: chat::Transcript, source: &Source, defaults: &Defaults) -> Content {
    let drafts = chat::drafts(source, transcript.turns, defaults);
    Content::Transcript { drafts, bad_lines: transcript.bad_lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, bytes: &[u8], format: Format) -> String {
        let source = Source { name: name.to_owned(), file: None, modified: None };
        match file(Path::new(name), Cursor::new(bytes.to_vec()), &source, format, &Defaults::default()) {
            Ok(Content::Document(drafts)) => {
                format!("document {}", drafts[0].new.content.lines().next().unwrap())
            }
            Ok(Content::Transcript { drafts, bad_lines }) => {
                format!("chat {} {}", drafts.len(), bad_lines.len())
            }
            Ok(Content::Lines(_)) => "lines".to_owned(),
            Ok(Content::Empty) => "empty".to_owned(),
            Ok(Content::Binary) => "binary".to_owned(),
            Err(error) => format!("error {error}"),
        }
    }

    #[test]
    fn format_follows_the_name_and_the_first_line() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("a.md", b"# H\n\nbody", "document H"),
            ("a.MD", b"# H\n\nbody", "document H"),
            ("a.rs", b"# H\n\nbody", "document # H"),
            ("a", b"", "empty"),
            ("a.md", b"x\0y", "binary"),
            ("a.jsonl", b"\n{\"content\":\"x\"}\nbad\n", "lines"),
            ("a.jsonl", b"{\"content\":\"x\",\"foreign\":1}\n", "lines"),
            ("a.jsonl", b"{\"role\":\"u\",\"content\":\"x\"}\n{\n", "chat 1 1"),
            ("a.json", b"{\n\"messages\":[{\"role\":\"u\",\"content\":\"x\"}]}", "chat 1 0"),
            ("a.json", b"{\"x\": 1}", "document {\"x\": 1}"),
            ("a.json", b"", "empty"),
            ("a.json", b"\0", "binary"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(
                kind(name, bytes, Format::Auto),
                *expected,
                "{name} {}",
                String::from_utf8_lossy(bytes)
            );
        }
        assert_eq!(kind("a.md", b"A: x", Format::Chat), "chat 1 0");
        assert_eq!(kind("a.md", b"# H\n\nx", Format::Text), "document # H");
        assert_eq!(kind("a.md", b"anything", Format::Jsonl), "lines");
        assert!(kind("a.txt", b"nobody speaks", Format::Chat).starts_with("error no chat found"));
    }

    #[test]
    fn stream_is_markdown_in_doubt() {
        let source = Source { name: "stdin".into(), file: None, modified: None };
        let read = |text: &'static str| {
            stream(text.as_bytes(), &source, Format::Auto, &Defaults::default()).unwrap()
        };
        assert!(
            matches!(read("# H\n\nbody"), Content::Document(drafts) if drafts[0].new.content == "H\n\nbody")
        );
        assert!(matches!(read("{\"content\":\"x\"}\n"), Content::Lines(_)));
        assert!(matches!(
            read("{\"messages\":[{\"role\":\"u\",\"content\":\"x\"}]}"),
            Content::Transcript { .. }
        ));
    }
}
