//! Building a container of sections.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use super::{ENTRY_BYTES, FORMAT, HEADER_BYTES, aligned};
use crate::byte_writer::ByteWriter;
use crate::compress::reserve;
use crate::error::{Error, Result};
use crate::hash::ContentHash;
use crate::header::{begin_header, end_header};
use crate::kind::{Kind, SectionKind};

/// Collects sections and writes them as one container.
///
/// A container of more than [`SECTIONS_MAX_DEFAULT`](crate::SECTIONS_MAX_DEFAULT) sections opens
/// only with a higher limit.
///
/// ```
/// use embeddenator_io::{Kind, Limits, SectionKind, Sections, SectionsBuilder};
///
/// const INDEX: Kind = Kind(7);
/// const NAMES: SectionKind = SectionKind(1);
/// const CODES: SectionKind = SectionKind(2);
///
/// let mut builder = SectionsBuilder::new(INDEX);
/// builder.push(NAMES, b"alice bob".as_slice());
/// builder.push(CODES, vec![0; 256]);
/// let bytes = builder.into_bytes()?;
///
/// let sections = Sections::open_verified(&bytes, INDEX, &Limits::default())?;
/// assert_eq!(sections.section(NAMES)?.bytes, b"alice bob");
/// assert_eq!(sections.section(CODES)?.offset % 64, 0);
/// # Ok::<(), embeddenator_io::Error>(())
/// ```
#[derive(Clone)]
pub struct SectionsBuilder<'a> {
    kind: Kind,
    sections: Vec<(SectionKind, Cow<'a, [u8]>)>,
}

impl<'a> SectionsBuilder<'a> {
    /// An empty container of this kind.
    pub fn new(kind: Kind) -> Self {
        Self { kind, sections: Vec::new() }
    }

    /// Appends a section; several may have the same kind.
    pub fn push(&mut self, kind: SectionKind, bytes: impl Into<Cow<'a, [u8]>>) -> &mut Self {
        self.sections.push((kind, bytes.into()));
        self
    }

    /// The container.
    ///
    /// # Errors
    /// As [`SectionsBuilder::write_to`], and [`Error::OutOfMemory`] if memory runs out.
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        let (head, length) = self.head()?;
        let mut bytes = Vec::new();
        reserve(&mut bytes, length, FORMAT.what)?;
        self.write_with(&head, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the container section by section, without a copy of it in memory; the writer is not
    /// flushed.
    ///
    /// # Errors
    /// [`Error::Stream`] if the writer fails; [`Error::LimitExceeded`] for more than `u32::MAX` sections.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        let (head, _) = self.head()?;
        self.write_with(&head, writer)
    }

    fn write_with(&self, head: &[u8], writer: &mut impl Write) -> Result<()> {
        let failed = |source| Error::Stream { action: "write a container of sections", source };
        writer.write_all(head).map_err(failed)?;
        let mut end = head.len() as u64;
        for (_, bytes) in &self.sections {
            let start = aligned(end).expect("the head was laid out with the same sum");
            let padding = [0; super::SECTION_ALIGNMENT];
            writer.write_all(&padding[..(start - end) as usize]).map_err(failed)?;
            writer.write_all(bytes).map_err(failed)?;
            end = start + bytes.len() as u64;
        }
        Ok(())
    }

    /// Header and table, and the length of the container.
    fn head(&self) -> Result<(Vec<u8>, u64)> {
        let count = u32::try_from(self.sections.len()).map_err(|_| Error::LimitExceeded {
            what: "the number of sections",
            value: self.sections.len() as u64,
            limit: u64::from(u32::MAX),
        })?;
        let table_bytes = self.sections.len() * ENTRY_BYTES;
        let mut table = ByteWriter::with_capacity(table_bytes);
        let mut end = (HEADER_BYTES + table_bytes) as u64;
        for (kind, bytes) in &self.sections {
            // Slices in memory add up to less than 2^64 bytes unless one is pushed billions of
            // times.
            let start = aligned(end).filter(|start| start.checked_add(bytes.len() as u64).is_some());
            let start = start.ok_or(Error::LimitExceeded {
                what: "the length of a container in bytes",
                value: u64::MAX,
                limit: u64::MAX - 1,
            })?;
            table.u16(kind.0).zeros(6).u64(start).u64(bytes.len() as u64).bytes(&ContentHash::of(bytes).0);
            end = start + bytes.len() as u64;
        }
        let mut header = begin_header(&FORMAT, self.kind, HEADER_BYTES);
        header.zeros(2).u32(count).zeros(4).u64(end);
        header.bytes(&ContentHash::of(table.as_bytes()).0).zeros(8);
        let mut head = end_header::<HEADER_BYTES>(header).to_vec();
        head.extend_from_slice(table.as_bytes());
        Ok((head, end))
    }
}

impl fmt::Debug for SectionsBuilder<'_> {
    /// Shows the kinds and lengths of the sections, not their contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<_> = self.sections.iter().map(|(kind, bytes)| (kind, bytes.len())).collect();
        f.debug_struct("SectionsBuilder").field("kind", &self.kind).field("sections", &sections).finish()
    }
}
