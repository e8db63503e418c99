//! What the headers of the three formats share: magic, version, kind, flags and a hash of the header itself.

use crate::byte_writer::ByteWriter;
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::hash::check_of;
use crate::kind::Kind;

/// One of the formats.
#[derive(Debug)]
pub(crate) struct Format {
    /// What it is called in errors.
    pub(crate) what: &'static str,
    /// Its first bytes.
    pub(crate) magic: [u8; 8],
    /// The version written and read.
    pub(crate) version: u16,
}

/// Bytes of the hash that ends each header.
const CHECK_BYTES: usize = 8;

/// Checks that `first` matches the start of the format, as far as it reaches. Bytes too short for a
/// header are truncated if they match, and something else if they do not.
pub(crate) fn recognise(format: &Format, first: &[u8]) -> Result<()> {
    if first.iter().zip(&format.magic).all(|(byte, magic)| byte == magic) {
        return Ok(());
    }
    let mut found = [0; 8];
    for (to, from) in found.iter_mut().zip(first) {
        *to = *from;
    }
    Err(Error::NotRecognised { what: format.what, found })
}

/// Takes a header of `N` bytes without checking it.
pub(crate) fn take_header<const N: usize>(format: &Format, cursor: &mut Cursor<'_>) -> Result<[u8; N]> {
    cursor.array(format.what).or_else(|cut| recognise(format, cursor.rest()).and(Err(cut)))
}

/// Checks a header of `N` bytes and returns a cursor at byte 14, after the flags.
///
/// The order is that of the format document: magic, version, hash, and only then what the header
/// says.
pub(crate) fn read_header<'a, const N: usize>(
    format: &Format,
    header: &'a [u8; N],
    offset: u64,
    expected: Kind,
) -> Result<Cursor<'a>> {
    let what = format.what;
    let mut cursor = Cursor::with_offset(header, offset);
    recognise(format, &cursor.array::<8>(what)?)?;
    let version = cursor.u16(what)?;
    if version != format.version {
        return Err(Error::UnsupportedVersion { what, found: version, supported: format.version });
    }
    let mut whole = Cursor::new(header);
    let covered = whole.take(N.saturating_sub(CHECK_BYTES), what)?;
    if whole.array::<CHECK_BYTES>(what)? != check_of(covered) {
        return Err(Error::ChecksumMismatch { what, offset });
    }
    let kind = cursor.u16(what)?;
    let flags = cursor.u16(what)?;
    if flags != 0 {
        return Err(Error::UnsupportedFlags { what, found: flags });
    }
    if kind != expected.0 {
        return Err(Error::WrongKind { what, expected: expected.0, found: kind });
    }
    Ok(cursor)
}

/// Starts a header: everything up to byte 14, the end of the flags.
pub(crate) fn begin_header(format: &Format, kind: Kind, capacity: usize) -> ByteWriter {
    let mut writer = ByteWriter::with_capacity(capacity);
    writer.bytes(&format.magic).u16(format.version).u16(kind.0).u16(0);
    writer
}

/// Ends a header of `N` bytes: appends the hash of the bytes so far.
pub(crate) fn end_header<const N: usize>(mut writer: ByteWriter) -> [u8; N] {
    let check = check_of(writer.as_bytes());
    writer.bytes(&check);
    writer.as_bytes().try_into().expect("each header is as long as the format document says")
}
