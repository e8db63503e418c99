//! Streams: round trips, damage, and failing readers and writers.

use std::io::{self, Read, Write};

use embeddenator_io::{Compression, Error, Kind, Limits, Profile, Result, StreamReader, StreamWriter};
use proptest::prelude::*;

use crate::damage::refuses_all;
use crate::envelope::repetitive;

const KIND: Kind = Kind(5);

fn write(content: &[u8], compression: Compression, frame_bytes: u32) -> Vec<u8> {
    let mut writer =
        StreamWriter::with_frame_bytes(Vec::new(), KIND, compression, frame_bytes).expect("begins");
    writer.append(content).expect("appends");
    writer.finish().expect("finishes")
}

/// More frames than any stream here has.
const FRAMES_MAX: usize = 10_000;

/// Reads to the end; `content` gets what was read before any error.
fn read_into(bytes: impl Read, limits: &Limits, content: &mut Vec<u8>) -> Result<()> {
    let mut reader = StreamReader::new(bytes, KIND, limits)?;
    for _ in 0..FRAMES_MAX {
        let Some(frame) = reader.next_frame()? else { break };
        content.extend_from_slice(frame);
    }
    assert!(reader.next_frame()?.is_none(), "the end stays the end");
    Ok(())
}

fn compressions() -> Vec<Compression> {
    let zstd = cfg!(feature = "zstd").then(|| Profile::Fast.compression());
    [Compression::None].into_iter().chain(zstd).collect()
}

#[test]
fn damaged_stream_is_refused_and_returns_only_what_was_written() {
    let limits = Limits { frame_bytes_max: 64, ..Limits::default() };
    for compression in compressions() {
        for (length, frame_bytes) in [(0, 64), (1, 1), (150, 64), (128, 64)] {
            let content = repetitive(length);
            let bytes = write(&content, compression, frame_bytes);
            // The output vector grows by doubling, hence twice the content.
            refuses_all(&bytes, 2 * length, |bytes| {
                let mut seen = Vec::new();
                let result = read_into(bytes, &limits, &mut seen);
                assert!(content.starts_with(&seen), "everything returned was written");
                result
            });
        }
    }
}

#[test]
fn frames_that_are_moved_left_out_or_repeated_are_refused() {
    // Frames of equal length: a data frame is 32 + 10 bytes.
    let content: Vec<u8> = (0..40).collect();
    let bytes = write(&content, Compression::None, 10);
    let frames: Vec<&[u8]> = bytes[32..32 + 4 * 42].chunks(42).collect();
    let end = &bytes[32 + 4 * 42..];
    let other = write(&[9; 40], Compression::None, 10);
    let foreign = &other[32 + 42..32 + 2 * 42];
    let f = |at: usize| frames[at];
    for order in [
        vec![f(1), f(0), f(2), f(3), end],
        vec![f(0), f(1), f(2), end],
        vec![f(0), f(0), f(1), f(2), f(3), end],
        vec![f(0), f(2), f(3), end],
        vec![f(0), foreign, f(2), f(3), end],
        vec![end],
        vec![end, f(0), f(1), f(2), f(3)],
    ] {
        let moved = [&bytes[..32], &order.concat()].concat();
        let mut seen = Vec::new();
        let error = read_into(moved.as_slice(), &Limits::default(), &mut seen).expect_err("it is refused");
        assert!(matches!(error, Error::ChecksumMismatch { what: "a frame", .. }), "{error}");
        assert!(content.starts_with(&seen));
    }
}

#[test]
fn writer_that_is_dropped_leaves_a_truncated_stream() {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::with_frame_bytes(&mut bytes, KIND, Compression::None, 10).expect("begins");
    writer.append(&[1; 25]).expect("appends");
    drop(writer);
    let mut seen = Vec::new();
    let error = read_into(bytes.as_slice(), &Limits::default(), &mut seen).expect_err("it was not finished");
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    assert_eq!(seen, [1; 20]);
}

#[test]
fn limits_hold_for_frames_and_for_the_whole() {
    let bytes = write(&[1; 100], Compression::None, 40);
    let read = |limits| read_into(bytes.as_slice(), &limits, &mut Vec::new());
    let limits = Limits { frame_bytes_max: 40, stream_bytes_max: 100, ..Limits::default() };
    read(limits).expect("it is within the limits");
    for limits in [Limits { frame_bytes_max: 39, ..limits }, Limits { stream_bytes_max: 99, ..limits }] {
        let error = read(limits).expect_err("it is beyond a limit");
        assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
    }
    for frame_bytes in [0, (16 << 20) + 1] {
        let error = StreamWriter::with_frame_bytes(Vec::new(), KIND, Compression::None, frame_bytes);
        assert!(matches!(error, Err(Error::OutOfRange { .. })));
    }
}

#[test]
fn other_kind_is_refused() {
    let bytes = write(b"content", Compression::None, 10);
    let error = StreamReader::new(bytes.as_slice(), Kind(6), &Limits::default()).expect_err("another kind");
    assert!(matches!(error, Error::WrongKind { expected: 6, found: 5, .. }), "{error}");
}

#[test]
fn each_byte_is_returned_once_whichever_way_it_is_read() {
    let content: Vec<u8> = (0..25).collect();
    let bytes = write(&content, Compression::None, 10);
    let mut reader = StreamReader::new(bytes.as_slice(), KIND, &Limits::default()).expect("opens");
    let mut buffer = [0; 4];
    assert_eq!(reader.next_frame().expect("reads"), Some(&content[..10]));
    reader.read_exact(&mut buffer).expect("reads");
    assert_eq!(buffer, content[10..14], "nothing is read twice");
    assert_eq!(reader.next_frame().expect("reads"), Some(&content[14..20]), "what is left comes next");
    assert_eq!(reader.next_frame().expect("reads"), Some(&content[20..]));
    assert_eq!(reader.read(&mut buffer).expect("reads"), 0);
    assert_eq!(reader.next_frame().expect("reads"), None);
}

/// Returns one byte at a time, with an interruption before each.
struct Slow<'a> {
    bytes: &'a [u8],
    interrupted: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(1);
        self.bytes.read(&mut buffer[..most])
    }
}

#[test]
fn slow_and_interrupted_reader_returns_the_same() {
    let content = repetitive(1000);
    for compression in compressions() {
        let bytes = write(&content, compression, 300);
        let slow = Slow { bytes: &bytes, interrupted: false };
        let mut seen = Vec::new();
        let mut reader = StreamReader::new(slow, KIND, &Limits::default()).expect("opens");
        // Byte by byte on this side too.
        let mut byte = [0];
        for _ in 0..content.len() {
            assert_eq!(reader.read(&mut byte).expect("reads"), 1);
            seen.push(byte[0]);
        }
        assert_eq!(seen, content);
        assert_eq!(reader.read(&mut [0; 8]).expect("the end stays the end"), 0);
    }
}

/// Lets `left` bytes through, then fails.
struct Failing<T> {
    inner: T,
    left: usize,
}

impl<T> Failing<T> {
    fn allow(&mut self, wanted: usize) -> io::Result<usize> {
        let allowed = wanted.min(self.left);
        if allowed == 0 && wanted > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left -= allowed;
        Ok(allowed)
    }
}

impl<T: Write> Write for Failing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = self.allow(bytes.len())?;
        self.inner.write(&bytes[..allowed])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.allow(1).map(drop)
    }
}

impl<T: Read> Read for Failing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allow(buffer.len())?;
        self.inner.read(&mut buffer[..allowed])
    }
}

#[test]
fn writer_that_fails_at_any_byte_returns_its_error_and_refuses_to_go_on() {
    let content = repetitive(100);
    let whole = write(&content, Compression::None, 30);
    // One more than the number of bytes, so that the flush fails too.
    for left in 0..=whole.len() {
        let failing = Failing { inner: Vec::new(), left };
        let error = match StreamWriter::with_frame_bytes(failing, KIND, Compression::None, 30) {
            Err(error) => error,
            Ok(mut writer) => match writer.append(&content) {
                Err(error) => {
                    let again = writer.append(b"more").expect_err("it has failed");
                    assert!(matches!(again, Error::Stopped { .. }), "{again}");
                    assert!(writer.flush().is_err());
                    let at_end = writer.finish().map(drop).expect_err("it has failed");
                    assert!(matches!(at_end, Error::Stopped { .. }), "{at_end}");
                    error
                }
                Ok(()) => writer.finish().map(drop).expect_err("there is no room for the end"),
            },
        };
        let full =
            matches!(&error, Error::Stream { source, .. } if source.kind() == io::ErrorKind::StorageFull);
        assert!(full, "after {left} bytes: {error}");
    }
    let enough = Failing { inner: Vec::new(), left: whole.len() + 1 };
    let mut writer = StreamWriter::with_frame_bytes(enough, KIND, Compression::None, 30).expect("begins");
    writer.append(&content).expect("appends");
    assert_eq!(writer.finish().expect("finishes").inner, whole);
}

#[test]
fn reader_that_fails_at_any_byte_returns_its_error_and_refuses_to_go_on() {
    let content = repetitive(100);
    let whole = write(&content, Compression::None, 30);
    for left in 0..=whole.len() {
        let failing = Failing { inner: whole.as_slice(), left };
        let mut reader = match StreamReader::new(failing, KIND, &Limits::default()) {
            Ok(reader) => reader,
            Err(error) => {
                assert!(left < 32 && matches!(error, Error::Stream { .. }), "after {left} bytes: {error}");
                continue;
            }
        };
        let mut seen = Vec::new();
        let error = reader.read_to_end(&mut seen).expect_err("the reader below fails");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "after {left} bytes: {error}");
        assert!(content.starts_with(&seen));
        let again = reader.next_frame().map(drop).expect_err("it has failed");
        assert!(matches!(again, Error::Stopped { .. }), "{again}");
        assert!(reader.read(&mut [0]).is_err());
    }
}

proptest! {
    #[test]
    fn any_content_comes_back(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..20),
        repeats in 1_usize..5,
        frame_bytes in 1_u32..300,
        zstd: bool,
        portion in 1_usize..200,
    ) {
        let compression =
            if zstd && cfg!(feature = "zstd") { Profile::Fast.compression() } else { Compression::None };
        let mut writer = StreamWriter::with_frame_bytes(Vec::new(), KIND, compression, frame_bytes).expect("begins");
        let mut content = Vec::new();
        for part in parts.iter().map(|part| part.repeat(repeats)) {
            writer.write_all(&part).expect("writes");
            writer.flush().expect("flushes");
            content.extend(part);
        }
        let bytes = writer.finish().expect("finishes");
        prop_assert_eq!(&bytes, &write(&content, compression, frame_bytes), "how it is cut up does not matter");

        let mut seen = Vec::new();
        read_into(bytes.as_slice(), &Limits::default(), &mut seen).expect("reads");
        prop_assert_eq!(&seen, &content);

        // Alternates between both ways of reading; each byte comes once.
        let mut reader = StreamReader::new(bytes.as_slice(), KIND, &Limits::default()).expect("opens");
        let mut mixed = Vec::new();
        let mut buffer = vec![0; portion];
        for _ in 0..FRAMES_MAX {
            let Some(frame) = reader.next_frame().expect("reads") else { break };
            mixed.extend_from_slice(frame);
            let count = reader.read(&mut buffer).expect("reads");
            mixed.extend_from_slice(&buffer[..count]);
        }
        prop_assert_eq!(&mixed, &content);

        let mut reader = StreamReader::new(bytes.as_slice(), KIND, &Limits::default()).expect("opens");
        let mut read = Vec::new();
        let mut buffer = vec![0; portion];
        for _ in 0..=content.len() {
            match reader.read(&mut buffer).expect("reads") {
                0 => break,
                count => read.extend_from_slice(&buffer[..count]),
            }
        }
        prop_assert_eq!(read, content);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(read_into(bytes.as_slice(), &Limits::default(), &mut Vec::new()).is_err());
    }
}
