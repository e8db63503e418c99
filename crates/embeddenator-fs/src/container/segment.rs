//! Segments: chunks that were compressed as one, perhaps behind a prefix.

use embeddenator_io::{ByteWriter, Codec, Cursor, Decoder, Encoded, Error, Result};

use crate::limits::{DEPTH_MAX, PREFIX_BYTES_MAX, SEGMENT_BYTES_MAX};

/// Bytes before the pieces.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 32;
/// Bytes of a piece.
pub(crate) const PIECE_BYTES: usize = 12;
const FIELDS_BYTES: usize = 24;
const CHECK_BYTES: usize = 8;
const MAGIC: [u8; 4] = *b"EGSG";
const WHAT: &str = "a segment";

/// A part of an earlier segment's raw bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// What the chunk table says of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentRow {
    pub(crate) offset: u64,
    pub(crate) raw_length: u32,
    pub(crate) stored_length: u32,
    pub(crate) chunks: u32,
    pub(crate) codec: Codec,
    pub(crate) depth: u8,
    pub(crate) pieces: u8,
}

/// Bytes of a row.
pub(crate) const SEGMENT_ROW_BYTES: usize = 24;

impl SegmentRow {
    /// Bytes from its first to the end of what is stored.
    pub(crate) fn length(&self) -> u64 {
        (SEGMENT_HEADER_BYTES + PIECE_BYTES * usize::from(self.pieces)) as u64 + u64::from(self.stored_length)
    }

    /// Appends its bytes.
    pub(crate) fn write(&self, writer: &mut ByteWriter) {
        writer.u64(self.offset).u32(self.raw_length).u32(self.stored_length).u32(self.chunks);
        writer.u16(self.codec.number()).u8(self.depth).u8(self.pieces);
    }

    /// Reads one, and holds it against the limits.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let what = "a row of the segments";
        let at = cursor.offset();
        let row = Self {
            offset: cursor.u64(what)?,
            raw_length: cursor.u32(what)?,
            stored_length: cursor.u32(what)?,
            chunks: cursor.u32(what)?,
            codec: Codec::from_number(cursor.u16(what)?, what)?,
            depth: cursor.u8(what)?,
            pieces: cursor.u8(what)?,
        };
        let malformed = |reason| Error::Malformed { what, offset: at, reason };
        if row.raw_length == 0 || row.raw_length > SEGMENT_BYTES_MAX || row.stored_length > row.raw_length {
            return Err(malformed("its lengths are not those of a segment"));
        }
        if row.chunks == 0 || row.chunks > row.raw_length {
            return Err(malformed("it has no chunks, or more than bytes"));
        }
        if row.depth > DEPTH_MAX || (row.depth == 0) != (row.pieces == 0) {
            return Err(malformed("its depth does not fit its prefix"));
        }
        Ok(row)
    }
}

/// Header and pieces of a segment, to be followed by the stored bytes.
pub(crate) fn write_head(number: u32, row: &SegmentRow, pieces: &[Piece], stored: &[u8]) -> Vec<u8> {
    assert_eq!(usize::from(row.pieces), pieces.len(), "a row counts the pieces of its segment");
    assert_eq!(row.stored_length as usize, stored.len(), "a row states the stored bytes of its segment");
    let mut writer = write_fields(number, row);
    let mut list = ByteWriter::with_capacity(PIECE_BYTES * pieces.len());
    for piece in pieces {
        list.u32(piece.segment).u32(piece.offset).u32(piece.length);
    }
    let check = check_of(writer.as_bytes(), list.as_bytes(), stored);
    writer.bytes(&check).bytes(list.as_bytes());
    writer.into_bytes()
}

/// A segment whose check fits.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) pieces: Vec<Piece>,
    row: SegmentRow,
    stored: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Reads the bytes that a row leads to.
    pub(crate) fn read(bytes: &'a [u8], number: u32, row: &SegmentRow) -> Result<Self> {
        let mut cursor = Cursor::with_offset(bytes, row.offset);
        let fields = cursor.array::<FIELDS_BYTES>(WHAT)?;
        let check = cursor.array::<CHECK_BYTES>(WHAT)?;
        let list = cursor.items(u64::from(row.pieces), PIECE_BYTES, "the prefix of a segment")?;
        let stored = cursor.take(row.stored_length as usize, WHAT)?;
        cursor.finish(WHAT)?;
        if check != check_of(&fields, list, stored) {
            return Err(Error::ChecksumMismatch { what: WHAT, offset: row.offset });
        }
        if fields != *write_fields(number, row).as_bytes() {
            let reason = "its header is not what the table of chunks says";
            return Err(Error::Malformed { what: WHAT, offset: row.offset, reason });
        }
        Ok(Self { pieces: read_pieces(list, number, row)?, row: *row, stored })
    }

    /// Decodes it into `output`; `prefix` is what its pieces are, joined.
    pub(crate) fn decode(&self, prefix: &[u8], decoder: &mut Decoder, output: &mut Vec<u8>) -> Result<()> {
        let encoded = Encoded {
            codec: self.row.codec,
            stored: self.stored,
            raw_length: u64::from(self.row.raw_length),
            what: WHAT,
            offset: self.row.offset,
        };
        decoder.decode_with_prefix(encoded, prefix, output)
    }
}

fn write_fields(number: u32, row: &SegmentRow) -> ByteWriter {
    let mut writer = ByteWriter::with_capacity(FIELDS_BYTES);
    writer.bytes(&MAGIC).u32(number).u32(row.raw_length).u32(row.stored_length);
    writer.u16(row.codec.number()).u8(row.depth).u8(row.pieces).zeros(4);
    writer
}

fn read_pieces(list: &[u8], number: u32, row: &SegmentRow) -> Result<Vec<Piece>> {
    let malformed = |reason| Error::Malformed { what: "the prefix of a segment", offset: row.offset, reason };
    let mut cursor = Cursor::with_offset(list, row.offset);
    let mut pieces = Vec::with_capacity(usize::from(row.pieces));
    let mut sum = 0_u64;
    while cursor.remaining() > 0 {
        let what = "a piece of a prefix";
        let piece =
            Piece { segment: cursor.u32(what)?, offset: cursor.u32(what)?, length: cursor.u32(what)? };
        sum = sum.saturating_add(u64::from(piece.length));
        if piece.segment >= number || piece.length == 0 {
            return Err(malformed("a piece is empty, or not in an earlier segment"));
        }
        pieces.push(piece);
    }
    if sum > PREFIX_BYTES_MAX {
        return Err(malformed("it is longer than 16 MiB"));
    }
    Ok(pieces)
}

fn check_of(fields: &[u8], list: &[u8], stored: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(fields).update(list).update(stored);
    let mut check = [0; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut check);
    check
}
