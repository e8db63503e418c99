//! Opening, finding and verifying sections without copying them.

use std::fmt;

use super::{ENTRY_BYTES, Entry, FORMAT, HEADER_BYTES, PADDING, SECTION, TABLE, aligned};
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::hash::ContentHash;
use crate::header::{read_header, take_header};
use crate::kind::{Kind, SectionKind};
use crate::limits::Limits;

/// A container whose header and table have been checked; its sections are verified on demand.
///
/// Borrows the bytes, which may be a memory map, and copies nothing. See
/// [`SectionsBuilder`](crate::SectionsBuilder) for an example.
#[derive(Clone, Copy)]
pub struct Sections<'a> {
    bytes: &'a [u8],
    /// Rows of `ENTRY_BYTES`, each of which has been decoded once.
    table: &'a [u8],
    kind: Kind,
}

/// A section of a container.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Section<'a> {
    /// What the section is; the caller's number.
    pub kind: SectionKind,
    /// Where it starts in the container: a multiple of
    /// [`SECTION_ALIGNMENT`](crate::SECTION_ALIGNMENT).
    pub offset: u64,
    /// Its content. It is unverified unless the container was opened with
    /// [`Sections::open_verified`] or one of the verifying calls has succeeded.
    pub bytes: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Opens `bytes`, which must be exactly one container of this kind.
    ///
    /// Reads only the header and the table, in time linear in the number of sections, and touches
    /// no page beyond them. The sections are not checked against their checksums; a caller that
    /// uses numbers found there as indexes must verify first or check each one.
    ///
    /// # Errors
    /// [`Error::NotRecognised`], [`Error::WrongKind`], [`Error::UnsupportedVersion`] or
    /// [`Error::UnsupportedFlags`] if it is something else; [`Error::Truncated`],
    /// [`Error::TrailingBytes`], [`Error::ChecksumMismatch`] or [`Error::Malformed`] if it is
    /// damaged; [`Error::LimitExceeded`] if it has more than [`Limits::sections_max`] sections.
    pub fn open(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let header_bytes = take_header::<HEADER_BYTES>(&FORMAT, &mut cursor)?;
        let header = read_fields(&header_bytes, kind)?;
        if header.count > limits.sections_max {
            return Err(Error::LimitExceeded {
                what: "the number of sections",
                value: u64::from(header.count),
                limit: u64::from(limits.sections_max),
            });
        }
        let table = cursor.items(u64::from(header.count), ENTRY_BYTES, TABLE)?;
        if ContentHash::of(table) != header.table_hash {
            return Err(Error::ChecksumMismatch { what: TABLE, offset: HEADER_BYTES as u64 });
        }
        let end = check_table(table)?;
        if end != header.length {
            return Err(Error::Malformed {
                what: FORMAT.what,
                offset: 24,
                reason: "its length does not match its sections",
            });
        }
        let mut whole = Cursor::new(bytes);
        whole.take_u64(end, FORMAT.what)?;
        whole.finish(FORMAT.what)?;
        Ok(Self { bytes, table, kind })
    }

    /// Opens a container and verifies all of it: every byte is as it was written.
    ///
    /// # Errors
    /// Those of [`Sections::open`] and [`Sections::verify`].
    pub fn open_verified(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<Self> {
        let sections = Self::open(bytes, kind, limits)?;
        sections.verify()?;
        Ok(sections)
    }

    /// What the container is; the caller's number.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many sections there are.
    pub fn len(&self) -> usize {
        self.table.len() / ENTRY_BYTES
    }

    /// Whether there are no sections.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The sections in order.
    pub fn iter(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let bytes = self.bytes;
        // `open` has checked this, so it cannot fail here; if it did, a section would be missing,
        // not wrong.
        entries(self.table).filter_map(move |entry| section(bytes, &entry.ok()?).ok())
    }

    /// The only section of this kind.
    ///
    /// # Errors
    /// [`Error::SectionCount`] unless there is exactly one.
    pub fn section(&self, kind: SectionKind) -> Result<Section<'a>> {
        let mut found = self.iter().filter(|section| section.kind == kind);
        match (found.next(), found.count()) {
            (Some(section), 0) => Ok(section),
            (first, more) => {
                Err(Error::SectionCount { kind: kind.0, count: more + usize::from(first.is_some()) })
            }
        }
    }

    /// Verifies every section and the padding.
    ///
    /// # Errors
    /// [`Error::ChecksumMismatch`] or [`Error::Malformed`] at the first difference from what was
    /// written.
    pub fn verify(&self) -> Result<()> {
        self.verify_where(|_| true)
    }

    /// Verifies the sections of this kind, and the padding before each.
    ///
    /// If there is no section of this kind, nothing fails here; [`Sections::section`] reports that
    /// it is missing.
    ///
    /// # Errors
    /// As [`Sections::verify`].
    pub fn verify_section(&self, kind: SectionKind) -> Result<()> {
        self.verify_where(|found| found == kind)
    }

    fn verify_where(&self, chosen: impl Fn(SectionKind) -> bool) -> Result<()> {
        let mut end = (HEADER_BYTES + self.table.len()) as u64;
        for entry in entries(self.table) {
            let entry = entry?;
            if chosen(entry.kind) {
                let mut cursor = Cursor::new(self.bytes);
                cursor.take_u64(end, PADDING)?;
                cursor.zeros(entry.offset.saturating_sub(end) as usize, PADDING)?;
                if ContentHash::of(cursor.take_u64(entry.length, SECTION)?) != entry.hash {
                    return Err(Error::ChecksumMismatch { what: SECTION, offset: entry.offset });
                }
            }
            end = entry.offset.saturating_add(entry.length);
        }
        Ok(())
    }
}

impl fmt::Debug for Sections<'_> {
    /// Shows the kind and the table, not the contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<_> = self.iter().collect();
        f.debug_struct("Sections").field("kind", &self.kind).field("sections", &sections).finish()
    }
}

impl fmt::Debug for Section<'_> {
    /// Shows its row of the table, not its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("kind", &self.kind)
            .field("offset", &self.offset)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// What a header says.
struct Header {
    count: u32,
    length: u64,
    table_hash: ContentHash,
}

fn read_fields(bytes: &[u8; HEADER_BYTES], kind: Kind) -> Result<Header> {
    let what = FORMAT.what;
    let mut cursor = read_header(&FORMAT, bytes, 0, kind)?;
    cursor.zeros(2, what)?;
    let count = cursor.u32(what)?;
    cursor.zeros(4, what)?;
    let length = cursor.u64(what)?;
    let table_hash = ContentHash(cursor.array(what)?);
    cursor.zeros(8, what)?;
    Ok(Header { count, length, table_hash })
}

/// Checks that each section starts where it must, and returns where the last one ends.
fn check_table(table: &[u8]) -> Result<u64> {
    let mut end = (HEADER_BYTES + table.len()) as u64;
    for (at, entry) in entries(table).enumerate() {
        let entry = entry?;
        let offset = (HEADER_BYTES + at * ENTRY_BYTES) as u64;
        let malformed = |reason| Error::Malformed { what: TABLE, offset, reason };
        if aligned(end) != Some(entry.offset) {
            return Err(malformed("a section does not start right after the one before it"));
        }
        end = entry
            .offset
            .checked_add(entry.length)
            .ok_or_else(|| malformed("a section ends past the largest offset"))?;
    }
    Ok(end)
}

fn entries(table: &[u8]) -> impl Iterator<Item = Result<Entry>> + use<'_> {
    let (rows, _) = table.as_chunks::<ENTRY_BYTES>();
    rows.iter().enumerate().map(|(at, row)| read_entry(row, (HEADER_BYTES + at * ENTRY_BYTES) as u64))
}

fn read_entry(row: &[u8; ENTRY_BYTES], offset: u64) -> Result<Entry> {
    let mut cursor = Cursor::with_offset(row, offset);
    let kind = SectionKind(cursor.u16(TABLE)?);
    cursor.zeros(6, TABLE)?;
    let offset = cursor.u64(TABLE)?;
    let length = cursor.u64(TABLE)?;
    let hash = ContentHash(cursor.array(TABLE)?);
    Ok(Entry { kind, offset, length, hash })
}

fn section<'a>(bytes: &'a [u8], entry: &Entry) -> Result<Section<'a>> {
    let mut cursor = Cursor::new(bytes);
    cursor.take_u64(entry.offset, SECTION)?;
    let bytes = cursor.take_u64(entry.length, SECTION)?;
    Ok(Section { kind: entry.kind, offset: entry.offset, bytes })
}
