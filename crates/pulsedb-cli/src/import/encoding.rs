//! Bytes as text, for every reader alike: marks, unreadable places, older encodings, and what is not text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// What bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    Text(Text),
    /// Nothing but white space.
    Empty,
    /// Nothing but NUL bytes, as a file has after a crash, and this many of them.
    Nuls(usize),
    /// Not a text in any encoding that is recognised.
    Binary,
}

/// Text with `\n` line ends and no byte order mark.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) content: String,
    /// The encoding, if it is not UTF-8.
    pub(crate) encoding: Option<&'static str>,
    /// The lines with places that could not be read; U+FFFD stands in the text for each place.
    pub(crate) flaws: Vec<Flaw>,
}

/// A line that could not be read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Its number, from 1.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// Stands for a unit that an encoding does not have until the text is mended: no UTF-8 has this byte.
const MARK: u8 = 0xff;
/// The share of bytes above 127, in percent, up to which bytes are running text in an encoding of Latin letters.
/// Such text stays below 15; compressed data is near 50.
const HIGH_PERCENT_MAX: usize = 30;
/// The same share in a few words, by which noise is not mistaken for text: it has control characters.
const HIGH_PERCENT_MAX_OF_A_NOTE: usize = 60;
/// Bytes of a few words.
const NOTE_BYTES_MAX: usize = 64;
/// The domain that the detector is told a text is from, to see whether the bytes would do as Windows-1252.
const WESTERN_DOMAIN: &[u8] = b"de";
/// Letters that must differ from Windows-1252 before another encoding is taken that it could be as well.
const LETTERS_OF_DOUBT: usize = 3;
/// A text has no more blocks of NULs than one in so many characters; what has more is data.
const CHARACTERS_PER_NULS: usize = 4;
/// Bytes that are looked at to tell UTF-16 without a mark.
const SAMPLE_BYTES: usize = 4096;
/// Bytes that are decoded at a time, so that room for the text is found in pieces.
const PIECE_BYTES: usize = 1 << 16;

/// Reads the bytes of a file or stream.
///
/// A byte order mark decides; then UTF-8, if it has more readable than unreadable sequences; then the bytes
/// themselves, and Windows-1252 in doubt. Blocks of NULs and bytes that no encoding has become U+FFFD and are named.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    let Some(unicode) = unicode(bytes) else { return Decoded::Binary };
    let utf_8 = unicode.bytes.as_deref().unwrap_or(bytes);
    let nuls = count_of(0, utf_8);
    if nuls > 0 && !utf_8.iter().all(|byte| is_blank(*byte)) && has_many_nul_blocks(utf_8, nuls) {
        return Decoded::Binary;
    }
    of_utf_8(utf_8, unicode.encoding, unicode.bytes.is_none())
}

/// Reads the bytes of a line of a stream, in which a block of NULs may be the greater part. An encoding is given if the
/// stream was transcoded from it.
pub(crate) fn decode_line(bytes: &[u8], encoding: Option<&'static str>) -> Decoded {
    if encoding.is_some() {
        return of_utf_8(bytes, encoding, false);
    }
    let Some(unicode) = unicode(bytes) else { return Decoded::Binary };
    of_utf_8(unicode.bytes.as_deref().unwrap_or(bytes), unicode.encoding, unicode.bytes.is_none())
}

fn of_utf_8(bytes: &[u8], encoding: Option<&'static str>, offsets_are_of_the_file: bool) -> Decoded {
    let whole = bytes.len();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let nuls = count_of(0, bytes);
    if nuls > 0 {
        if bytes.iter().all(|byte| is_blank(*byte)) {
            return Decoded::Nuls(nuls);
        }
        if is_archive(bytes) || has_controls(bytes) {
            return Decoded::Binary;
        }
    }
    let (text, flaws) = mend(bytes, offsets_are_of_the_file.then_some(whole - bytes.len()));
    if text.trim().is_empty() {
        return Decoded::Empty;
    }
    Decoded::Text(Text { content: text, encoding, flaws })
}

/// How often a byte occurs.
pub(crate) fn count_of(byte: u8, bytes: &[u8]) -> usize {
    bytes.iter().map(|other| usize::from(*other == byte)).sum()
}

fn is_blank(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

/// Bytes that are UTF-8 but for unreadable places.
struct Unicode {
    /// `None` if the bytes are so already.
    bytes: Option<Vec<u8>>,
    encoding: Option<&'static str>,
}

fn unicode(bytes: &[u8]) -> Option<Unicode> {
    if let Some((encoding, rest)) = utf_16(bytes) {
        return Some(transcoded(encoding, rest));
    }
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    if invalid == 0 || valid > invalid {
        return Some(Unicode { bytes: None, encoding: None });
    }
    older_encoding(bytes).map(|encoding| transcoded(encoding, bytes))
}

fn transcoded(encoding: &'static Encoding, bytes: &[u8]) -> Unicode {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut utf_8 = Vec::with_capacity(bytes.len());
    let mut last = 0;
    let strays = bytes.iter().enumerate().filter(|(at, _)| encoding == WINDOWS_1252 && is_stray(bytes, *at));
    for (at, _) in strays {
        transcode(&mut decoder, &bytes[last..at], false, &mut utf_8);
        utf_8.push(MARK);
        last = at + 1;
    }
    transcode(&mut decoder, &bytes[last..], true, &mut utf_8);
    Unicode { bytes: Some(utf_8), encoding: Some(encoding.name()) }
}

/// Whether a byte of Windows-1252 is damage rather than a character: five have none, and the letter of 0xff, which
/// erased memory has too, begins no word.
fn is_stray(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        0x81 | 0x8d | 0x8f | 0x90 | 0x9d => true,
        0xff => at == 0 || !bytes[at - 1].is_ascii_alphabetic(),
        _ => false,
    }
}

/// Appends input as UTF-8, with a mark that no UTF-8 has for what the encoding does not.
pub(crate) fn transcode(decoder: &mut Decoder, input: &[u8], last: bool, output: &mut Vec<u8>) {
    let mut pieces = input.chunks(PIECE_BYTES).peekable();
    if pieces.peek().is_none() {
        transcode_piece(decoder, input, last, output);
    }
    while let Some(piece) = pieces.next() {
        transcode_piece(decoder, piece, last && pieces.peek().is_none(), output);
    }
}

fn transcode_piece(decoder: &mut Decoder, mut input: &[u8], last: bool, output: &mut Vec<u8>) {
    loop {
        let start = output.len();
        // Three bytes a byte and some for what the decoder still holds: more than any encoding needs.
        output.resize(start + input.len() * 3 + 16, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(input, &mut output[start..], last);
        output.truncate(start + written);
        input = &input[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => output.push(MARK),
        }
    }
}

/// UTF-16 by its byte order mark, or by the zero half that most of its units have in Western text.
pub(crate) fn utf_16(bytes: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some((UTF_16LE, rest));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some((UTF_16BE, rest));
    }
    let (units, _) = bytes[..bytes.len().min(SAMPLE_BYTES)].as_chunks::<2>();
    let share = |half: usize| units.iter().filter(|unit| unit[half] == 0).count() * 100 / units.len().max(1);
    match (share(0), share(1)) {
        (0..5, 60..) if units.len() >= 4 => Some((UTF_16LE, bytes)),
        (60.., 0..5) if units.len() >= 4 => Some((UTF_16BE, bytes)),
        _ => None,
    }
}

/// The encoding that bytes are most likely in which are not UTF-8; `None` if they are not text.
fn older_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    if has_controls(bytes) {
        return None;
    }
    let encoding = guess(bytes);
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let share_max = if bytes.len() <= NOTE_BYTES_MAX { HIGH_PERCENT_MAX_OF_A_NOTE } else { HIGH_PERCENT_MAX };
    let is_plausible = high * 100 <= bytes.len() * share_max
        || (encoding != WINDOWS_1252
            && encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some());
    is_plausible.then_some(encoding)
}

/// What the detector finds, and Windows-1252 if that would change only a letter or two.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let found = detector.guess(None, Utf8Detection::Deny);
    let western = detector.guess(Some(WESTERN_DOMAIN), Utf8Detection::Deny);
    let differs = |byte: u8| {
        found.decode_without_bom_handling(&[byte]).0 != western.decode_without_bom_handling(&[byte]).0
    };
    let letters = bytes.iter().filter(|byte| !byte.is_ascii() && differs(**byte)).count();
    if found.is_single_byte() && western == WINDOWS_1252 && letters < LETTERS_OF_DOUBT {
        western
    } else {
        found
    }
}

/// Control characters that no text has.
fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f))
}

fn has_many_nul_blocks(bytes: &[u8], nuls: usize) -> bool {
    let blocks = bytes.chunk_by(|a, b| (*a == 0) == (*b == 0)).filter(|run| run[0] == 0).count();
    blocks * CHARACTERS_PER_NULS > bytes.len() - nuls
}

/// A tar archive holds texts between its blocks of NULs.
fn is_archive(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// The text with U+FFFD for each block of NULs and each sequence that is not UTF-8, and the lines that have some. They are
/// named with their offsets if it is known where in the file the bytes start.
fn mend(bytes: &[u8], start: Option<usize>) -> (String, Vec<Flaw>) {
    let mut text = String::with_capacity(bytes.len());
    let mut places = Places::default();
    let mut offset = start.unwrap_or_default();
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find('\0') {
            let (before, from) = rest.split_at(at);
            let count = from.bytes().take_while(|byte| *byte == 0).count();
            places.pass(before);
            text.push_str(before);
            text.push(char::REPLACEMENT_CHARACTER);
            places.note(offset + at, count, true);
            offset += at + count;
            rest = &from[count..];
        }
        places.pass(rest);
        text.push_str(rest);
        offset += rest.len();
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            places.note(offset, chunk.invalid().len(), false);
            offset += chunk.invalid().len();
        }
    }
    let flaws = places.found.iter().map(|place| place.flaw(start.is_some())).collect();
    (unix_line_ends(text), flaws)
}

/// Unreadable places, joined by line.
#[derive(Default)]
struct Places {
    lines_passed: usize,
    ends_in_return: bool,
    found: Vec<Place>,
}

struct Place {
    line: usize,
    offset: usize,
    bytes: usize,
    nuls: bool,
}

impl Places {
    fn pass(&mut self, text: &str) {
        for byte in text.bytes() {
            let ends_line = byte == b'\r' || (byte == b'\n' && !self.ends_in_return);
            self.lines_passed += usize::from(ends_line);
            self.ends_in_return = byte == b'\r';
        }
    }

    fn note(&mut self, offset: usize, bytes: usize, nuls: bool) {
        self.ends_in_return = false;
        let line = self.lines_passed + 1;
        match self.found.last_mut().filter(|last| last.line == line) {
            Some(last) => last.bytes += bytes,
            None => self.found.push(Place { line, offset, bytes, nuls }),
        }
    }
}

impl Place {
    fn flaw(&self, offset_is_of_the_file: bool) -> Flaw {
        let kind = if self.nuls { "NUL " } else { "" };
        let bytes = if self.bytes == 1 { "byte" } else { "bytes" };
        let reason = if offset_is_of_the_file {
            let (count, offset) = (self.bytes, self.offset);
            format!(
                "{count} {kind}{bytes} at offset {offset} cannot be read; U+FFFD stands for what was there"
            )
        } else {
            "a place cannot be read; U+FFFD stands for what was there".to_owned()
        };
        Flaw { line: self.line, reason }
    }
}

fn unix_line_ends(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_whole(bytes: &[u8]) -> (String, Option<&'static str>, Vec<usize>) {
        match decode(bytes) {
            Decoded::Text(text) => {
                (text.content, text.encoding, text.flaws.iter().map(|flaw| flaw.line).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    fn read(
        text: &str,
        encoding: Option<&'static str>,
        flaws: &[usize],
    ) -> (String, Option<&'static str>, Vec<usize>) {
        (text.to_owned(), encoding, flaws.to_vec())
    }

    #[test]
    fn byte_order_mark_and_carriage_returns_go_away() {
        assert_eq!(read_whole(b"\xef\xbb\xbfone\r\ntwo\rthree\n"), read("one\ntwo\nthree\n", None, &[]));
    }

    #[test]
    fn utf_16_is_read_by_its_mark_and_by_its_zeros() {
        assert_eq!(read_whole(b"\xff\xfeh\0i\0\xe9\0"), read("hi\u{e9}", Some("UTF-16LE"), &[]));
        assert_eq!(read_whole(b"\xfe\xff\0h\0i"), read("hi", Some("UTF-16BE"), &[]));
        assert_eq!(read_whole(b"\xff\xfe\0\xd8x\0"), read("\u{fffd}x", Some("UTF-16LE"), &[1]));
        assert_eq!(read_whole(b"\xff\xfea\0\n\0b\0c"), read("a\nb\u{fffd}", Some("UTF-16LE"), &[2]));
        assert_eq!(read_whole(b"p\0l\0a\0i\0n\0"), read("plain", Some("UTF-16LE"), &[]));
        assert_eq!(read_whole(b"\0p\0l\0a\0i\0n"), read("plain", Some("UTF-16BE"), &[]));
    }

    #[test]
    fn bad_bytes_of_utf_8_are_replaced_and_their_lines_named() {
        let text = b"Z\xc3\xa4hler\r\nGr\xc3\xb6\xc3\x9fe \xff\nDas Schlo\xc3".to_vec();
        assert_eq!(
            read_whole(&text),
            read("Z\u{e4}hler\nGr\u{f6}\u{df}e \u{fffd}\nDas Schlo\u{fffd}", None, &[2, 3])
        );
        let Decoded::Text(text) = decode(&text) else { panic!() };
        assert_eq!(
            text.flaws[1].reason,
            "1 byte at offset 28 cannot be read; U+FFFD stands for what was there"
        );
    }

    #[test]
    fn older_encodings_are_told_by_their_bytes_and_windows_1252_is_the_one_in_doubt() {
        for bytes in [
            b"caf\xe9 cr\xe8me".as_slice(),
            b"\x93no pets\x94 \x97 it\x92s \x80 30",
            b"M\xfcller",
            b"x\xa7y",
            b"na\xefve",
            b"D\xe9j\xe0 \xe0 l\x92\xe9t\xe9",
        ] {
            assert_eq!(read_whole(bytes).1, Some("windows-1252"), "{}", String::from_utf8_lossy(bytes));
        }
        let russian = "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{43a}\u{430}\u{43a} \u{434}\u{435}\u{43b}\u{430} \u{441}\u{435}\u{433}\u{43e}\u{434}\u{43d}\u{44f}?";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(russian);
        assert_eq!(read_whole(&bytes), read(russian, Some("windows-1251"), &[]));
        let polish = "Za\u{17c}\u{f3}\u{142}\u{107} g\u{119}\u{15b}l\u{105} ja\u{17a}\u{144}";
        let (bytes, ..) = encoding_rs::WINDOWS_1250.encode(polish);
        assert_eq!(read_whole(&bytes), read(polish, Some("windows-1250"), &[]));
        let japanese = "\u{6771}\u{4eac}\u{306b}\u{884c}\u{304d}\u{307e}\u{3059}\u{3002}\u{660e}\u{65e5}\u{306f}\u{96e8}\u{3067}\u{3059}\u{3002}";
        let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(japanese);
        assert_eq!(read_whole(&bytes), read(japanese, Some("Shift_JIS"), &[]));
    }

    #[test]
    fn bytes_that_no_encoding_has_are_named_in_an_older_one_too() {
        assert_eq!(
            read_whole(b"one bad \xff byte"),
            read("one bad \u{fffd} byte", Some("windows-1252"), &[1])
        );
        assert_eq!(read_whole(b"\x81x caf\xe9"), read("\u{fffd}x caf\u{e9}", Some("windows-1252"), &[1]));
        assert_eq!(
            read_whole(b"L'Ha\xff-les-Roses"),
            read("L'Ha\u{ff}-les-Roses", Some("windows-1252"), &[])
        );
    }

    #[test]
    fn block_of_nuls_in_a_text_is_one_unreadable_place() {
        let bytes = [b"kept words\n".as_slice(), &[0; 400], b"\nmore words\n"].concat();
        assert_eq!(read_whole(&bytes), read("kept words\n\u{fffd}\nmore words\n", None, &[2]));
        assert_eq!(decode(&[0; 12]), Decoded::Nuls(12));
        assert!(matches!(decode_line(b"\0\0\0{}", None), Decoded::Text(_)));
    }

    #[test]
    fn controls_noise_and_archives_are_binary() {
        let tar = [b"notes.txt".as_slice(), &[0; 248], b"ustar", &[0; 250], b"the words of a note"].concat();
        for bytes in [b"a\0b".as_slice(), b"ELF\0\x01text", b"\xe9\x01 mostly text around it", &tar] {
            assert_eq!(decode(bytes), Decoded::Binary, "{bytes:?}");
        }
        assert_eq!(decode(&(128..=255).collect::<Vec<u8>>()), Decoded::Binary);
        let utf_32 = "words".chars().flat_map(|it| u32::from(it).to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(decode(&[b"\xff\xfe\0\0".as_slice(), &utf_32].concat()), Decoded::Binary);
    }

    #[test]
    fn white_space_is_empty() {
        for bytes in [b"".as_slice(), b"\xef\xbb\xbf \r\n\t", b"\xff\xfe", b"\xff\xfe \0"] {
            assert_eq!(decode(bytes), Decoded::Empty, "{bytes:?}");
        }
    }
}
