//! Indexes as bytes: sections with checksums, and what can be derived rebuilt instead of believed.
//!
//! The formats are written down byte by byte in `docs/embeddenator-retrieval-format.md` of the repository.

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

/// Bytes of an id.
const ID_BYTES: usize = 8;

/// A hierarchy that was opened from bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The index.
    pub index: Hierarchy,
    /// What was found damaged, if anything: the table of nodes, which was rebuilt from the codes. The bytes should be
    /// written anew.
    pub damage: Option<Error>,
}

impl Flat {
    /// The index as bytes.
    ///
    /// # Errors
    /// [`Error::Bytes`] if memory is short.
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

    /// The index of bytes that [`to_bytes`](Self::to_bytes) made; they may be a memory map. Everything is verified
    /// and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`], [`Error::Code`] for bytes that are damaged or something else.
    pub fn open(bytes: &[u8]) -> Result<Flat> {
        codes::open_flat(bytes)
    }
}

impl Hierarchy {
    /// The index as bytes: its codes, their ids, and which of them share a node.
    ///
    /// Counters are not stored: counting them costs little more than reading them would, takes a third of the bytes,
    /// and cannot be wrong.
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
    /// [`Error::Bytes`] if memory is short.
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

    /// The index of bytes that [`to_bytes`](Self::to_bytes) made; they may be a memory map. Everything is verified and
    /// copied, and the counters are counted anew.
    ///
    /// A damaged table of nodes is rebuilt by inserting the codes again, and [`Opened::damage`] tells of it.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`], [`Error::Code`] for bytes that are something else, or whose ids or
    /// codes are damaged.
    pub fn open(bytes: &[u8], options: HierarchyOptions) -> Result<Opened> {
        codes::open_hierarchy(bytes, options)
    }
}

impl Inverted {
    /// The index as bytes: its vectors and their ids. The lists are not stored, since they follow from these.
    ///
    /// # Errors
    /// [`Error::Bytes`] if memory is short.
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

    /// The index of bytes that [`to_bytes`](Self::to_bytes) made; they may be a memory map. Everything is verified
    /// and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`], [`Error::Malformed`], [`Error::Code`] for bytes that are damaged or something else.
    pub fn open(bytes: &[u8]) -> Result<Inverted> {
        inverted::open(bytes)
    }
}

/// More items than an index can have.
const TOO_MANY_ITEMS: Error =
    Error::Malformed { what: "the head", reason: "tells of more items than can be" };

/// Why an item that was read cannot be in an index, told to who reads it.
fn refused(error: Error) -> Error {
    match error {
        Error::DuplicateId { .. } => Error::Malformed { what: "an id", reason: "is there twice" },
        error => error,
    }
}

/// Opens a container whose header and table of sections fit.
fn open_sections(bytes: &[u8], kind: Kind) -> Result<Sections<'_>> {
    Ok(Sections::open(bytes, kind, &Limits::default())?)
}

/// The bytes of a section, which are as they were written.
fn verified<'a>(sections: &Sections<'a>, kind: SectionKind) -> Result<&'a [u8]> {
    sections.verify_section(kind)?;
    Ok(sections.section(kind)?.bytes)
}

fn ids_section(builder: &mut SectionsBuilder<'_>, ids: impl Iterator<Item = Id>) {
    let bytes: Vec<u8> = ids.flat_map(|id| id.0.to_le_bytes()).collect();
    builder.push(IDS, bytes);
}

/// The ids of a section, as many as `items`.
fn read_ids(sections: &Sections<'_>, items: u64) -> Result<Vec<Id>> {
    let bytes = verified(sections, IDS)?;
    let mut cursor = Cursor::new(bytes);
    let (ids, _) = cursor.items(items, ID_BYTES, "the ids")?.as_chunks::<ID_BYTES>();
    cursor.finish("the ids")?;
    Ok(ids.iter().map(|id| Id(u64::from_le_bytes(*id))).collect())
}
