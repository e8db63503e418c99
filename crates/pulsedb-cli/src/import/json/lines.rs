//! The lines of a stream of any length and encoding, each decoded by itself.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::Decoder;

use crate::import::encoding::{Decoded, Flaw, decode_line, transcode, utf_16};

/// Bytes of a line: a content of the greatest length, each byte escaped, with a vector of the greatest dimension
/// and full lists takes less than 2 MiB.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// Bytes that are transcoded at a time.
const PIECE_BYTES: usize = 1 << 16;

/// A line of text, with what of it could not be read.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: usize,
    pub(crate) text: String,
    pub(crate) encoding: Option<&'static str>,
    pub(crate) flaws: Vec<Flaw>,
}

/// The lines that are not blank. A failing stream ends with the line at which it failed.
pub(crate) fn lines(reader: impl BufRead + 'static) -> impl Iterator<Item = Line> {
    let (mut reader, encoding) = match unicode(reader) {
        Ok((reader, encoding)) => (Ok(reader), encoding),
        Err(error) => (Err(error), None),
    };
    let mut number = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            number += 1;
            let read = reader
                .as_mut()
                .map_err(|error| error.to_string())
                .and_then(|reader| next_line(reader).map_err(|error| error.to_string()));
            match read {
                Ok(None) => ended = true,
                Ok(Some(bytes)) if bytes.trim_ascii().is_empty() => {}
                Ok(Some(bytes)) => return Some(line(&bytes, number, encoding)),
                Err(reason) => {
                    ended = true;
                    return Some(Line {
                        number,
                        flaws: vec![Flaw { line: number, reason }],
                        ..Line::default()
                    });
                }
            }
        }
        None
    })
}

/// A stream, with the encoding that it is transcoded from.
type Stream = (Box<dyn BufRead>, Option<&'static str>);

/// The stream as UTF-8 if it is UTF-16, by its mark or its zeros.
fn unicode(mut reader: impl BufRead + 'static) -> io::Result<Stream> {
    let start = reader.fill_buf()?;
    let Some((encoding, rest)) = utf_16(start) else { return Ok((Box::new(reader), None)) };
    let mark = start.len() - rest.len();
    reader.consume(mark);
    let decoder = encoding.new_decoder_without_bom_handling();
    let transcoder = Transcoder { reader, decoder, pending: Vec::new(), given: 0, ended: false };
    Ok((Box::new(BufReader::new(transcoder)), Some(encoding.name())))
}

/// Reads an encoding as UTF-8; what the encoding does not have gives bytes that UTF-8 does not have.
struct Transcoder<R> {
    reader: R,
    decoder: Decoder,
    pending: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: BufRead> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.pending.len() && !self.ended {
            self.pending.clear();
            self.given = 0;
            let input = self.reader.fill_buf()?;
            let piece = input.len().min(PIECE_BYTES);
            self.ended = piece == 0;
            transcode(&mut self.decoder, &input[..piece], self.ended, &mut self.pending);
            self.reader.consume(piece);
        }
        let mut rest = &self.pending[self.given..];
        let count = rest.read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// The next line with at most one byte above the limit; the rest of a longer one is skipped.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 > LINE_BYTES_MAX && !bytes.ends_with(b"\n") {
        reader.skip_until(b'\n')?;
    }
    Ok(Some(bytes))
}

fn line(bytes: &[u8], number: usize, encoding: Option<&'static str>) -> Line {
    let failed =
        |reason: String| Line { number, flaws: vec![Flaw { line: number, reason }], ..Line::default() };
    if bytes.len() as u64 > LINE_BYTES_MAX {
        return failed(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
    }
    match decode_line(bytes, encoding) {
        Decoded::Text(text) => {
            // The offset is that in the line.
            let flaws = text.flaws.into_iter().map(|flaw| Flaw { line: number, ..flaw }).collect();
            Line { number, text: text.content, encoding: text.encoding, flaws }
        }
        Decoded::Empty => Line { number, ..Line::default() },
        Decoded::Nuls(count) => failed(format!("nothing but {count} NUL bytes")),
        Decoded::Binary => failed("the line is not text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(usize, String, usize)> {
        let reader = io::Cursor::new(bytes.to_vec());
        lines(reader).map(|line| (line.number, line.text, line.flaws.len())).collect()
    }

    fn row(number: usize, text: &str, flaws: usize) -> (usize, String, usize) {
        (number, text.to_owned(), flaws)
    }

    #[test]
    fn blank_lines_are_skipped_and_bad_bytes_named() {
        let text = b"\xef\xbb\xbf{\"a\"}\r\n\n\xc3\xa9\xc3\xa9\xff\n\0\0\0\n\0\0x\nlast";
        assert_eq!(
            read(text),
            [
                row(1, "{\"a\"}\n", 0),
                row(3, "\u{e9}\u{e9}\u{fffd}\n", 1),
                row(4, "", 1),
                row(5, "\u{fffd}x\n", 1),
                row(6, "last", 0)
            ]
        );
    }

    #[test]
    fn utf_16_of_any_length_is_read_by_line() {
        let text = "a line \u{1f980}\n".repeat(20_000);
        let bytes: Vec<u8> =
            [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        let rows = read(&bytes);
        assert_eq!(rows.len(), 20_000);
        assert_eq!(rows[19_999], row(20_000, "a line \u{1f980}\n", 0));
        let half = [b"\xff\xfea\0\n\0\x3d\xd8b\0".to_vec()].concat();
        assert_eq!(read(&half), [row(1, "a\n", 0), row(2, "\u{fffd}b", 1)]);
    }

    #[test]
    fn line_beyond_the_limit_is_named_and_the_next_one_is_read() {
        let mut text = vec![b'x'; LINE_BYTES_MAX as usize + 10];
        text.extend_from_slice(b"\nnext\n");
        assert_eq!(read(&text), [row(1, "", 1), row(2, "next\n", 0)]);
    }
}
