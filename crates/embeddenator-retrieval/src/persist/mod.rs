//! Indexes as bytes: sections with checksums; anything that can be derived is rebuilt rather than trusted.
//!
//! The formats are specified byte by byte in `docs/embeddenator-retrieval-format.md` in the
//! repository.

mod codes;
mod inverted;

use std::io::Write;

use embeddenator_io::{Cursor, Kind, Limits, SectionKind, Sections, SectionsBuilder};

use crate::error::{Error, Result};
use crate::{Flat, Hierarchy, HierarchyOptions, Id, Inverted};

/// A container of a [`Flat`].
const FLAT: Kind = Kind(0x5201);
/// A container of a [`Hierarchy`].
const HIERARCHY: Kind = Kind(0x5202);
/// A container of an [`Inverted`].
const INVERTED: Kind = Kind(0x5203);

const HEAD: SectionKind = SectionKind(1);
const IDS: SectionKind = SectionKind(2);
const CODES: SectionKind = SectionKind(3);
const NODES: SectionKind = SectionKind(4);
const COUNTS: SectionKind = SectionKind(5);
const INDEXES: SectionKind = SectionKind(6);

/// Bytes in an id.
const ID_BYTES: usize = 8;

/// A hierarchy that was opened from bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The index.
    pub index: Hierarchy,
    /// The damage that was found, if any: the table of nodes was damaged and has been rebuilt from
    /// the codes. Write the index again to repair the stored bytes.
    pub damage: Option<Error>,
}

impl Flat {
    /// The index as bytes.
    ///
    /// # Errors
    /// [`Error::Bytes`] if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(codes::flat_sections(self).into_bytes()?)
    }

    /// Writes the index without a copy of it in memory; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`] if the writer fails.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        Ok(codes::flat_sections(self).write_to(writer)?)
    }

    /// Opens bytes from [`to_bytes`](Self::to_bytes), which may be a memory map. Everything is
    /// verified and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`] or [`Error::Code`] if the bytes are damaged or
    /// something else.
    pub fn open(bytes: &[u8]) -> Result<Flat> {
        codes::open_flat(bytes)
    }
}

impl Hierarchy {
    /// The index as bytes: its codes, their ids, and which of them share a node.
    ///
    /// Counters are not stored: counting them takes little more time than reading them would, needs
    /// a third of the bytes, and cannot be wrong.
    ///
    /// ```
    /// use embeddenator_retrieval::{Hierarchy, HierarchyOptions, Id, Index};
    /// use embeddenator_vsa::{BlockCode, Random, Shape};
    ///
    /// let mut index = Hierarchy::new(Shape::DEFAULT);
    /// index.insert(Id(7), &BlockCode::random(Shape::DEFAULT, &mut Random::new(1)))?;
    /// let opened = Hierarchy::open(&index.to_bytes()?, HierarchyOptions::default())?;
    /// assert_eq!(opened.index, index);
    /// assert!(opened.damage.is_none());
    /// # Ok::<(), embeddenator_retrieval::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Bytes`] if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        codes::with_hierarchy_sections(self, |sections| Ok(sections.into_bytes()?))
    }

    /// Writes the index; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`] if the writer fails.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        codes::with_hierarchy_sections(self, |sections| Ok(sections.write_to(writer)?))
    }

    /// Opens bytes from [`to_bytes`](Self::to_bytes), which may be a memory map. Everything is
    /// verified and copied, and the counters are counted again.
    ///
    /// A damaged table of nodes is rebuilt by inserting the codes again, and [`Opened::damage`]
    /// reports it.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`] or [`Error::Code`] if the bytes are something else,
    /// or if ids or codes are damaged.
    pub fn open(bytes: &[u8], options: HierarchyOptions) -> Result<Opened> {
        codes::open_hierarchy(bytes, options)
    }
}

impl Inverted {
    /// The index as bytes: its vectors and their ids. The posting lists are not stored, since they
    /// follow from the vectors.
    ///
    /// # Errors
    /// [`Error::Bytes`] if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(inverted::sections(self).into_bytes()?)
    }

    /// Writes the index; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`] if the writer fails.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        Ok(inverted::sections(self).write_to(writer)?)
    }

    /// Opens bytes from [`to_bytes`](Self::to_bytes), which may be a memory map. Everything is
    /// verified and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`] or [`Error::Code`] if the bytes are damaged or
    /// something else.
    pub fn open(bytes: &[u8]) -> Result<Inverted> {
        inverted::open(bytes)
    }
}

/// More items than an index can have.
const TOO_MANY_ITEMS: Error =
    Error::Malformed { what: "the head", reason: "claims more items than an index can hold" };

/// Turns the refusal of an item that was read into an error about the stored bytes.
fn refused(error: Error) -> Error {
    match error {
        Error::DuplicateId { .. } => Error::Malformed { what: "an id", reason: "occurs twice" },
        error => error,
    }
}

/// Opens a container and checks its header and table of sections.
fn open_sections(bytes: &[u8], kind: Kind) -> Result<Sections<'_>> {
    Ok(Sections::open(bytes, kind, &Limits::default())?)
}

/// The verified bytes of a section.
fn verified<'a>(sections: &Sections<'a>, kind: SectionKind) -> Result<&'a [u8]> {
    sections.verify_section(kind)?;
    Ok(sections.section(kind)?.bytes)
}

fn ids_section(builder: &mut SectionsBuilder<'_>, ids: impl Iterator<Item = Id>) {
    let bytes: Vec<u8> = ids.flat_map(|id| id.0.to_le_bytes()).collect();
    builder.push(IDS, bytes);
}

/// The ids in a section, exactly `items` of them.
fn read_ids(sections: &Sections<'_>, items: u64) -> Result<Vec<Id>> {
    let bytes = verified(sections, IDS)?;
    let mut cursor = Cursor::new(bytes);
    let (ids, _) = cursor.items(items, ID_BYTES, "the ids")?.as_chunks::<ID_BYTES>();
    cursor.finish("the ids")?;
    Ok(ids.iter().map(|id| Id(u64::from_le_bytes(*id))).collect())
}
