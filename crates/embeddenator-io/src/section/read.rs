//! Opening, finding and verifying sections, without copying them.

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
/// It borrows the bytes, which may be a memory map, and copies nothing. See [`SectionsBuilder`](crate::SectionsBuilder)
/// for an example.
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
    /// What it is to its owner.
    pub kind: SectionKind,
    /// Where it begins in the container: a multiple of [`SECTION_ALIGNMENT`](crate::SECTION_ALIGNMENT).
    pub offset: u64,
    /// What it holds. Unless the container was opened with [`Sections::open_verified`] or one of the calls to verify
    /// was made, these bytes are as they were found.
    pub bytes: &'a [u8],
}

impl<'a> Sections<'a> {
    /// Opens `bytes`, which are exactly one container of that kind.
    ///
    /// Looks at the header and the table only, in time linear in the number of sections, and touches no page beyond
    /// them. What the sections hold is not compared with its checksums; a caller that indexes by numbers found there
    /// verifies first or checks each.
    ///
    /// # Errors
    /// [`Error::NotRecognised`], [`Error::WrongKind`] and the `Unsupported` ones for another thing;
    /// [`Error::Truncated`], [`Error::TrailingBytes`], [`Error::ChecksumMismatch`] and [`Error::Malformed`] for
    /// damage; [`Error::LimitExceeded`] for more than [`Limits::sections_max`] sections.
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
                reason: "its length is not that of its sections",
            });
        }
        let mut whole = Cursor::new(bytes);
        whole.take_u64(end, FORMAT.what)?;
        whole.finish(FORMAT.what)?;
        Ok(Self { bytes, table, kind })
    }

    /// Opens a container and verifies all of it: every byte is as it was written.
    pub fn open_verified(bytes: &'a [u8], kind: Kind, limits: &Limits) -> Result<Self> {
        let sections = Self::open(bytes, kind, limits)?;
        sections.verify()?;
        Ok(sections)
    }

    /// What the container is to its owner.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many sections there are.
    pub fn len(&self) -> usize {
        self.table.len() / ENTRY_BYTES
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The sections in their order.
    pub fn iter(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let bytes = self.bytes;
        // What `open` has checked cannot fail here; were it otherwise, a section would be missing, not wrong.
        entries(self.table).filter_map(move |entry| section(bytes, &entry.ok()?).ok())
    }

    /// The one section of that kind.
    ///
    /// # Errors
    /// [`Error::SectionCount`] if there is none or more than one.
    pub fn section(&self, kind: SectionKind) -> Result<Section<'a>> {
        let mut found = self.iter().filter(|section| section.kind == kind);
        match (found.next(), found.count()) {
            (Some(section), 0) => Ok(section),
            (first, more) => {
                Err(Error::SectionCount { kind: kind.0, count: more + usize::from(first.is_some()) })
            }
        }
    }

    /// Compares every section and the padding with what was written.
    ///
    /// # Errors
    /// [`Error::ChecksumMismatch`] or [`Error::Malformed`] at the first that differs.
    pub fn verify(&self) -> Result<()> {
        self.verify_where(|_| true)
    }

    /// Compares the sections of that kind, and the padding before each, with what was written.
    ///
    /// Of a kind that there is none of, nothing is wrong; [`Sections::section`] tells that it is missing.
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
    /// Its kind and its table; not what the sections hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<_> = self.iter().collect();
        f.debug_struct("Sections").field("kind", &self.kind).field("sections", &sections).finish()
    }
}

impl fmt::Debug for Section<'_> {
    /// Its row of the table; not what it holds.
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

/// Checks that each section begins where it must, and returns where the last one ends.
fn check_table(table: &[u8]) -> Result<u64> {
    let mut end = (HEADER_BYTES + table.len()) as u64;
    for (at, entry) in entries(table).enumerate() {
        let entry = entry?;
        let offset = (HEADER_BYTES + at * ENTRY_BYTES) as u64;
        let malformed = |reason| Error::Malformed { what: TABLE, offset, reason };
        if aligned(end) != Some(entry.offset) {
            return Err(malformed("a section does not begin behind the one before it"));
        }
        end = entry
            .offset
            .checked_add(entry.length)
            .ok_or_else(|| malformed("a section ends beyond all numbers"))?;
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
