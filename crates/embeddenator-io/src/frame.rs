//! The parts of the stream format: its header, and the frames that hold a content of any length.

use crate::byte_writer::ByteWriter;
use crate::codec::Codec;
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::hash::{ContentHash, prefix};
use crate::header::{Format, begin_header, end_header, read_header};
use crate::kind::Kind;

pub(crate) const FORMAT: Format = Format { what: "stream", magic: *b"\x89EMBSTR\n", version: 1 };
/// What a frame's header is called in errors.
pub(crate) const FRAME: &str = "the header of a frame";
/// What a frame's stored bytes are called in errors.
pub(crate) const BODY: &str = "the body of a frame";
/// What the last frame is called in errors.
pub(crate) const END: &str = "the end frame of a stream";

pub(crate) const STREAM_HEADER_BYTES: usize = 32;
pub(crate) const FRAME_HEADER_BYTES: usize = 32;
/// Bytes in a frame's header before its chain.
const FIELDS_BYTES: usize = 16;
/// Bytes stored by the end frame.
pub(crate) const END_BYTES: usize = 40;

/// The header of a stream with this kind and frame size.
pub(crate) fn write_stream_header(kind: Kind, frame_bytes: u32) -> [u8; STREAM_HEADER_BYTES] {
    let mut writer = begin_header(&FORMAT, kind, STREAM_HEADER_BYTES);
    writer.zeros(2).u32(frame_bytes).zeros(4);
    end_header(writer)
}

/// Reads the frame size from a stream's header.
pub(crate) fn read_stream_header(bytes: &[u8; STREAM_HEADER_BYTES], kind: Kind) -> Result<u32> {
    let what = FORMAT.what;
    let mut cursor = read_header(&FORMAT, bytes, 0, kind)?;
    cursor.zeros(2, what)?;
    let frame_bytes = cursor.u32(what)?;
    cursor.zeros(4, what)?;
    if frame_bytes == 0 {
        return Err(Error::Malformed { what, offset: 16, reason: "its frame size is 0" });
    }
    Ok(frame_bytes)
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// A part of the content.
    Data,
    /// The length and the hash of all parts.
    End,
}

/// A frame's header without its chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) tag: Tag,
    pub(crate) codec: Codec,
    pub(crate) raw_length: u32,
    pub(crate) stored_length: u32,
}

/// The hash that binds each frame to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain([u8; 16]);

impl Chain {
    /// The chain before the first frame.
    pub(crate) fn begin(header: &[u8; STREAM_HEADER_BYTES]) -> Self {
        Self(ContentHash::of(header).0)
    }

    /// The chain of the frame that follows.
    pub(crate) fn next(self, fields: &[u8; FIELDS_BYTES], stored: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(fields).update(stored);
        Self(prefix(&hasher.finalize()))
    }
}

/// The header of a frame that follows `chain`, and the chain after it.
pub(crate) fn write_frame_header(
    chain: Chain,
    fields: Fields,
    stored: &[u8],
) -> ([u8; FRAME_HEADER_BYTES], Chain) {
    assert_eq!(fields.stored_length as usize, stored.len(), "a frame's header states its stored bytes");
    let mut writer = ByteWriter::with_capacity(FRAME_HEADER_BYTES);
    let tag = match fields.tag {
        Tag::Data => 1,
        Tag::End => 2,
    };
    writer.u16(tag).u16(fields.codec.number()).u32(fields.raw_length).u32(fields.stored_length).zeros(4);
    let chain = chain.next(&exactly(&writer), stored);
    writer.bytes(&chain.0);
    (exactly(&writer), chain)
}

/// A frame's header as it was read; it cannot be trusted before its chain is verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameHeader {
    bytes: [u8; FIELDS_BYTES],
    chain: Chain,
    /// How many stored bytes follow.
    pub(crate) stored_length: u32,
    offset: u64,
}

impl FrameHeader {
    /// Reads a header at byte `offset` of the stream.
    pub(crate) fn read(bytes: &[u8; FRAME_HEADER_BYTES], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::with_offset(bytes, offset);
        let fields = cursor.array(FRAME)?;
        let chain = Chain(cursor.array(FRAME)?);
        let mut lengths = Cursor::new(&fields);
        lengths.take(8, FRAME)?;
        Ok(Self { bytes: fields, chain, stored_length: lengths.u32(FRAME)?, offset })
    }

    /// Checks the header and the stored bytes against the chain, and only then returns what the
    /// header holds.
    pub(crate) fn verify(&self, before: Chain, stored: &[u8]) -> Result<(Fields, Chain)> {
        if before.next(&self.bytes, stored) != self.chain {
            return Err(Error::ChecksumMismatch { what: "a frame", offset: self.offset });
        }
        let mut cursor = Cursor::with_offset(&self.bytes, self.offset);
        let tag = match cursor.u16(FRAME)? {
            1 => Tag::Data,
            2 => Tag::End,
            _ => {
                let reason = "its tag is neither data nor end";
                return Err(Error::Malformed { what: FRAME, offset: self.offset, reason });
            }
        };
        let codec = Codec::from_number(cursor.u16(FRAME)?, FRAME)?;
        let raw_length = cursor.u32(FRAME)?;
        let stored_length = cursor.u32(FRAME)?;
        cursor.zeros(4, FRAME)?;
        Ok((Fields { tag, codec, raw_length, stored_length }, self.chain))
    }
}

/// What the end frame stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Bytes in the whole content.
    pub(crate) length: u64,
    /// The hash of the whole content.
    pub(crate) hash: [u8; 32],
}

impl Sum {
    /// The stored bytes.
    pub(crate) fn write(&self) -> [u8; END_BYTES] {
        let mut writer = ByteWriter::with_capacity(END_BYTES);
        writer.u64(self.length).bytes(&self.hash);
        exactly(&writer)
    }

    /// Reads stored bytes at byte `offset` of the stream.
    pub(crate) fn read(stored: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::with_offset(stored, offset);
        let sum = Self { length: cursor.u64(END)?, hash: cursor.array(END)? };
        cursor.finish(END)?;
        Ok(sum)
    }
}

fn exactly<const N: usize>(writer: &ByteWriter) -> [u8; N] {
    writer.as_bytes().try_into().expect("each part is as long as the format document says")
}
