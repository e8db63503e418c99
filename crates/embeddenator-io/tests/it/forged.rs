//! Forged bytes with matching checksums: an absurd length, a bomb or an unknown codec is an error and allocates nothing.

use embeddenator_io::{
    ByteWriter, Compression, ContentHash, Envelope, Error, Kind, Limits, Result, SectionKind, Sections,
    SectionsBuilder, StreamReader, StreamWriter,
};

use crate::allocation::largest;

const KIND: Kind = Kind(1);
/// What any refusal may allocate at once: small buffers of the codec's binding, and an error
/// message.
const SLACK: usize = 1024;

fn limits() -> Limits {
    Limits {
        content_bytes_max: 1 << 20,
        frame_bytes_max: 1 << 16,
        stream_bytes_max: 1 << 20,
        sections_max: 16,
    }
}

/// Replaces the hash at the end of a header with a matching one.
fn seal(header: &mut [u8]) {
    let (covered, check) = header.split_at_mut(header.len() - 8);
    check.copy_from_slice(&blake3::hash(covered).as_bytes()[..8]);
}

/// An envelope with `bytes` at `offset` of its header, and a matching hash.
fn forge(mut envelope: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    envelope[offset..offset + bytes.len()].copy_from_slice(bytes);
    seal(&mut envelope[..64]);
    envelope
}

fn open(bytes: &[u8]) -> Result<Vec<u8>> {
    Envelope::open(bytes, KIND, &limits()).map(std::borrow::Cow::into_owned)
}

/// The error of `call`, which must allocate at most `most` bytes at once.
fn refused<T: std::fmt::Debug>(most: usize, call: impl FnOnce() -> Result<T>) -> Error {
    let (asked, result) = largest(call);
    let error = result.expect_err("a forgery is refused");
    assert!(asked <= most + SLACK, "{asked} bytes were asked for at once: {error}");
    error
}

fn plain() -> Vec<u8> {
    Envelope::wrap(KIND, &[7; 100], Compression::None).expect("wraps")
}

#[test]
fn header_of_a_newer_program_is_named() {
    let error = refused(0, || open(&forge(plain(), 8, &[2, 0])));
    assert!(matches!(error, Error::UnsupportedVersion { found: 2, supported: 1, .. }), "{error}");
    let error = refused(0, || open(&forge(plain(), 12, &[0, 1])));
    assert!(matches!(error, Error::UnsupportedFlags { found: 0x100, .. }), "{error}");
    let error = refused(0, || open(&forge(plain(), 14, &[2, 0])));
    assert!(matches!(error, Error::UnsupportedCodec { found: 2, .. }), "{error}");
    let error = refused(0, || open(&forge(plain(), 0, b"PK")));
    assert!(matches!(error, Error::NotRecognised { what: "envelope", .. }), "{error}");
}

#[test]
fn short_file_of_another_format_is_not_called_cut() {
    for foreign in [&b"P"[..], b"PK\x03\x04", b"hello, world", &[0x89], &[0x89, b'P', b'N', b'G'], &[0; 31]] {
        let results = [
            Envelope::read(foreign, KIND, &limits()).map(drop),
            Sections::open(foreign, KIND, &limits()).map(drop),
            StreamReader::new(foreign, KIND, &limits()).map(drop),
        ];
        // A single byte may be the first of any magic.
        let cut = foreign == [0x89];
        for error in results.map(|result| result.expect_err("it is foreign")) {
            assert_eq!(matches!(error, Error::NotRecognised { .. }), !cut, "{error}");
            assert_eq!(matches!(error, Error::Truncated { .. }), cut, "{error}");
        }
    }
}

#[test]
fn absurd_lengths_allocate_nothing() {
    for length in [101, 1 << 20, (1 << 20) + 1, 1 << 40, u64::MAX - 63, u64::MAX] {
        for codec in [0_u16, 1] {
            let with_codec = forge(plain(), 14, &codec.to_le_bytes());
            let raw = forge(with_codec.clone(), 16, &length.to_le_bytes());
            let stored = forge(with_codec, 24, &length.to_le_bytes());
            let both = forge(raw.clone(), 24, &length.to_le_bytes());
            for bytes in [&raw, &stored, &both] {
                refused(100, || open(bytes));
            }
            if length > 1 << 20 {
                let error = refused(0, || open(&raw));
                assert!(matches!(error, Error::LimitExceeded { value, .. } if value == length), "{error}");
            }
            let error = refused(0, || open(&forge(stored.clone(), 16, &100_u64.to_le_bytes())));
            assert!(matches!(error, Error::Truncated { needed, .. } if needed == length), "{error}");
        }
    }
}

#[test]
fn content_under_another_hash_is_refused() {
    let other = ContentHash::of(b"another content");
    let error = refused(100, || open(&forge(plain(), 32, &other.0)));
    assert!(matches!(error, Error::ChecksumMismatch { .. }), "{error}");
    let error = refused(100, || open(&forge(plain(), 48, &other.0[..8])));
    assert!(matches!(error, Error::ChecksumMismatch { .. }), "{error}");
    // Only one of the two equal hashes is forged.
    let both = forge(forge(plain(), 32, &other.0), 48, &other.0[..8]);
    assert!(matches!(refused(100, || open(&both)), Error::ChecksumMismatch { .. }));
}

/// A container whose entry `at` has `bytes` at `offset`, with matching hashes.
fn forge_entry(mut container: Vec<u8>, at: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let count = u32::from_le_bytes(container[16..20].try_into().expect("four bytes")) as usize;
    let start = 64 + 40 * at + offset;
    container[start..start + bytes.len()].copy_from_slice(bytes);
    let hash = ContentHash::of(&container[64..64 + 40 * count]);
    container[32..48].copy_from_slice(&hash.0);
    seal(&mut container[..64]);
    container
}

#[test]
fn sections_that_overlap_or_lie_outside_are_refused() {
    let mut builder = SectionsBuilder::new(KIND);
    builder.push(SectionKind(1), vec![1; 100]).push(SectionKind(2), vec![2; 100]);
    let bytes = builder.into_bytes().expect("builds");
    let open = |bytes: &[u8]| Sections::open(bytes, KIND, &limits()).map(|sections| sections.len());
    assert_eq!(open(&forge_entry(bytes.clone(), 0, 0, &[9, 0])).expect("another kind is fine"), 2);
    for at in [0, 1] {
        for offset in [0, 1, 64, 128, 191, 193, 256, 319, 321, 384, 1 << 40, u64::MAX - 63, u64::MAX] {
            let error = refused(0, || open(&forge_entry(bytes.clone(), at, 8, &offset.to_le_bytes())));
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
        for length in [0, 1 << 20, u64::MAX - 320, u64::MAX - 191, u64::MAX] {
            let error = refused(0, || open(&forge_entry(bytes.clone(), at, 16, &length.to_le_bytes())));
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
    }
    for reserved in 2..8 {
        let error = refused(0, || open(&forge_entry(bytes.clone(), 1, reserved, &[1])));
        assert!(
            matches!(error, Error::Malformed { offset, .. } if offset == 104 + reserved as u64),
            "{error}"
        );
    }
    for reserved in [14, 15, 20, 23, 48, 55] {
        let error = refused(0, || open(&forge(bytes.clone(), reserved, &[1])));
        assert!(matches!(error, Error::Malformed { offset, .. } if offset == reserved as u64), "{error}");
    }
    for count in [1_u32, 3, 16, 17, u32::MAX] {
        refused(0, || open(&forge(bytes.clone(), 16, &count.to_le_bytes())));
    }
    let error = refused(0, || open(&forge(bytes.clone(), 24, &421_u64.to_le_bytes())));
    assert!(matches!(error, Error::Malformed { offset: 24, .. }), "{error}");
}

/// Builds streams that no writer would write.
struct Forger {
    bytes: Vec<u8>,
    chain: [u8; 16],
    content: Vec<u8>,
}

impl Forger {
    fn new(frame_bytes: u32) -> Self {
        Self::with_header(16, &frame_bytes.to_le_bytes())
    }

    /// A header of frame size 10 with `forged` at `offset`, and a matching hash.
    fn with_header(offset: usize, forged: &[u8]) -> Self {
        let mut bytes = StreamWriter::new(Vec::new(), KIND, Compression::None)
            .and_then(StreamWriter::finish)
            .expect("writes")[..32]
            .to_vec();
        bytes[16..20].copy_from_slice(&10_u32.to_le_bytes());
        bytes[offset..offset + forged.len()].copy_from_slice(forged);
        seal(&mut bytes);
        let chain = ContentHash::of(&bytes).0;
        Self { bytes, chain, content: Vec::new() }
    }

    /// A frame with a matching chain.
    fn frame(self, tag: u16, codec: u16, raw_length: u32, stored_length: u32, stored: &[u8]) -> Self {
        let mut fields = ByteWriter::new();
        fields.u16(tag).u16(codec).u32(raw_length).u32(stored_length).zeros(4);
        self.fields(&fields, stored)
    }

    /// A frame with any fields and a matching chain.
    fn fields(mut self, fields: &ByteWriter, stored: &[u8]) -> Self {
        let chained = [&self.chain, fields.as_bytes(), stored].concat();
        self.chain = ContentHash::of(&chained).0;
        self.bytes.extend_from_slice(fields.as_bytes());
        self.bytes.extend_from_slice(&self.chain);
        self.bytes.extend_from_slice(stored);
        self
    }

    fn data(mut self, content: &[u8]) -> Self {
        self.content.extend_from_slice(content);
        let length = content.len() as u32;
        self.frame(1, 0, length, length, content)
    }

    fn end(self) -> Self {
        let length = self.content.len() as u64;
        let hash = *blake3::hash(&self.content).as_bytes();
        self.sum(length, &hash)
    }

    fn sum(self, length: u64, hash: &[u8]) -> Self {
        let stored = [&length.to_le_bytes(), hash].concat();
        self.frame(2, 0, stored.len() as u32, stored.len() as u32, &stored)
    }

    fn read(&self) -> Result<usize> {
        let mut reader = StreamReader::new(self.bytes.as_slice(), KIND, &limits())?;
        let mut bytes = 0;
        // A frame takes bytes, so there are fewer frames than bytes.
        for _ in 0..self.bytes.len() {
            match reader.next_frame()? {
                Some(frame) => bytes += frame.len(),
                None => return Ok(bytes),
            }
        }
        panic!("the stream has no end");
    }
}

#[test]
fn stream_that_no_writer_makes_is_refused() {
    let ten = || Forger::new(10);
    assert_eq!(ten().data(&[1; 10]).data(&[2; 3]).end().read().expect("the forger knows the format"), 13);
    let malformed = |forged: Forger| {
        let error = refused(64, || forged.read());
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    };
    malformed(Forger::new(0).end());
    malformed(ten().data(&[1; 3]).data(&[2; 10]).end());
    malformed(ten().data(&[]).end());
    malformed(ten().data(&[1; 11]).end());
    malformed(ten().data(&[1; 41]).end());
    malformed(ten().frame(1, 0, 10, 9, &[1; 9]).sum(10, blake3::hash(&[1; 9]).as_bytes()));
    malformed(ten().frame(1, 0, u32::MAX, 9, &[1; 9]).end());
    malformed(ten().frame(1, 0, 9, u32::MAX, &[1; 9]).end());
    malformed(ten().frame(3, 0, 10, 10, &[1; 10]).end());
    malformed(ten().data(&[1; 10]).sum(11, blake3::hash(&[1; 10]).as_bytes()));
    malformed(ten().sum(u64::MAX, blake3::hash(&[]).as_bytes()));
    malformed(ten().frame(2, 0, 39, 40, &[0; 40]));
    malformed(ten().frame(2, 1, 40, 40, &[0; 40]));

    for reserved in [14, 15, 20, 21, 22, 23] {
        malformed(Forger::with_header(reserved, &[1]).end());
    }
    for reserved in 0..4 {
        let mut fields = ByteWriter::new();
        fields.u16(1).u16(0).u32(10).u32(10).u32(1 << (8 * reserved));
        malformed(ten().fields(&fields, &[1; 10]));
    }

    let error_of = |forged: Forger| refused(64, || forged.read());
    let error = error_of(ten().frame(1, 2, 10, 10, &[1; 10]).end());
    assert!(matches!(error, Error::UnsupportedCodec { found: 2, .. }), "{error}");
    let error = error_of(ten().data(&[1; 10]).sum(10, &[0; 32]));
    assert!(matches!(error, Error::ChecksumMismatch { what: "the content of a stream", .. }), "{error}");
    let error = error_of(ten().frame(2, 0, 3, 3, &[0; 3]));
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    let error = error_of(ten().data(&[1; 3]).end().end());
    assert!(matches!(error, Error::TrailingBytes { .. }), "{error}");
    let error = error_of(Forger::new(u32::MAX).end());
    assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
}

#[cfg(feature = "zstd")]
mod zstd_lies {
    //! Forgeries that only a decoder can detect.

    use super::*;

    /// An envelope of `stored` bytes that claims `raw_length` bytes of content.
    fn envelope(stored: &[u8], content: &[u8], raw_length: u64) -> Vec<u8> {
        let mut header = ByteWriter::new();
        header.bytes(b"\x89EMBENV\n").u16(1).u16(KIND.0).u16(0).u16(1);
        header.u64(raw_length).u64(stored.len() as u64);
        header.bytes(&ContentHash::of(content).0).bytes(&ContentHash::of(stored).0[..8]).zeros(8);
        let mut bytes = header.into_bytes();
        seal(&mut bytes);
        bytes.extend_from_slice(stored);
        bytes
    }

    fn frame(content: &[u8]) -> Vec<u8> {
        zstd::bulk::compress(content, 1).expect("compresses")
    }

    #[test]
    fn true_envelope_of_the_forger_opens() {
        let content = vec![3; 5000];
        assert_eq!(open(&envelope(&frame(&content), &content, 5000)).expect("opens"), content);
    }

    #[test]
    fn bomb_is_refused_before_it_is_allocated() {
        let content = vec![0; 100 << 20];
        let stored = frame(&content);
        assert!(stored.len() < 10_000, "a bomb is small");
        // It states its true size, which is over the limit.
        let truth = envelope(&stored, &content, 100 << 20);
        let error = refused(0, || open(&truth));
        assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
        // It states less than its frame does.
        let lie = envelope(&stored, &content, 1 << 20);
        let error = refused(0, || open(&lie));
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[test]
    fn frame_that_hides_its_size_is_refused() {
        let content = vec![0; 1 << 20];
        let stored = zstd::stream::encode_all(content.as_slice(), 1).expect("compresses");
        let error = refused(0, || open(&envelope(&stored, &content, 1 << 20)));
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[test]
    fn frame_that_lies_about_its_size_stops_at_it() {
        // A single-segment frame states its size minus 256 in two bytes after magic and descriptor.
        let content = vec![3; 5000];
        let stored = frame(&content);
        assert_eq!((stored[4] & 0xe0, &stored[5..7]), (0x60, &(5000_u16 - 256).to_le_bytes()[..]));
        for lie in [4999_u16, 5001, 256, 60_000] {
            let mut stored = stored.clone();
            stored[5..7].copy_from_slice(&(lie - 256).to_le_bytes());
            let error = refused(lie.into(), || open(&envelope(&stored, &content, lie.into())));
            assert!(matches!(error, Error::Undecodable { .. } | Error::Malformed { .. }), "{error}");
        }
    }

    #[test]
    fn stored_bytes_are_one_frame_and_nothing_else() {
        let content = vec![3; 5000];
        let one = frame(&content);
        let empty = frame(&[]);
        let skippable = [&0x184D_2A50_u32.to_le_bytes()[..], &[2, 0, 0, 0, 7, 7]].concat();
        for stored in [
            [&one[..], &empty].concat(),
            [&empty[..], &one].concat(),
            [&one[..], &skippable].concat(),
            [&skippable[..], &one].concat(),
            [&one[..], &[0]].concat(),
            one[..one.len() - 1].to_vec(),
            b"no frame at all".to_vec(),
            vec![],
        ] {
            let error = refused(0, || open(&envelope(&stored, &content, 5000)));
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
    }

    #[test]
    fn size_that_the_stored_bytes_cannot_reach_is_refused() {
        let content = vec![3; 5000];
        let stored = frame(&content);
        let bound = stored.len() as u64 * 32_768;
        let bytes = envelope(&stored, &content, bound + 1);
        let limits = Limits { content_bytes_max: u64::MAX, ..limits() };
        let error = refused(0, || Envelope::open(&bytes, KIND, &limits));
        assert!(
            matches!(error, Error::Malformed { reason, .. } if reason.contains("can decode to")),
            "{error}"
        );
    }

    #[test]
    fn compressed_content_that_is_not_smaller_is_refused() {
        let content = [1, 2, 3];
        let error = refused(0, || open(&envelope(&frame(&content), &content, 3)));
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[test]
    fn garbage_in_a_frame_is_undecodable() {
        let content: Vec<u8> = (0..5000_u32).flat_map(|n| (n * n % 251).to_le_bytes()).collect();
        let stored = frame(&content);
        let mut refusals = 0;
        for at in 7..stored.len() {
            let mut damaged = stored.clone();
            damaged[at] ^= 0xff;
            match open(&envelope(&damaged, &content, content.len() as u64)) {
                // A change that decodes to the same content is harmless.
                Ok(opened) => assert_eq!(opened, content),
                Err(error) => {
                    refusals += 1;
                    assert!(
                        matches!(
                            error,
                            Error::Undecodable { .. }
                                | Error::Malformed { .. }
                                | Error::ChecksumMismatch { .. }
                        ),
                        "{error}"
                    );
                }
            }
        }
        assert!(refusals > stored.len() / 2, "{refusals} of {}", stored.len());
    }
}
