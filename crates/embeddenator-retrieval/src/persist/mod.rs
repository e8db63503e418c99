//! Indexes as bytes: sections with checksums, and what can be derived rebuilt instead of believed.
//!
//! The formats are written down byte by byte in `docs/embeddenator-retrieval-format.md` of the repository.

mod codes;
mod inverted;
mod sections;

use std::io::Write;

use crate::error::Result;
use crate::{Flat, Hierarchy, HierarchyOptions, Inverted};

pub use codes::Opened;

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
