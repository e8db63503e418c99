//! Indexes as bytes: sections with checksums; anything that can be derived is rebuilt rather than trusted.
//!
//! The formats are specified byte by byte in `docs/embeddenator-retrieval-format.md` in the
//! repository.

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
    /// [`Error::Bytes`](crate::Error::Bytes) if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(codes::flat_sections(self).into_bytes()?)
    }

    /// Writes the index without a copy of it in memory; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`](crate::Error::Bytes) if the writer fails.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        Ok(codes::flat_sections(self).write_to(writer)?)
    }

    /// Opens bytes from [`to_bytes`](Self::to_bytes), which may be a memory map. Everything is
    /// verified and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`](crate::Error::Bytes), [`Error::Malformed`](crate::Error::Malformed) or [`Error::Code`](crate::Error::Code) if the bytes are damaged or
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
    /// [`Error::Bytes`](crate::Error::Bytes) if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        codes::with_hierarchy_sections(self, |sections| Ok(sections.into_bytes()?))
    }

    /// Writes the index; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`](crate::Error::Bytes) if the writer fails.
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
    /// [`Error::Bytes`](crate::Error::Bytes), [`Error::Malformed`](crate::Error::Malformed) or [`Error::Code`](crate::Error::Code) if the bytes are something else,
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
    /// [`Error::Bytes`](crate::Error::Bytes) if memory runs out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(inverted::sections(self).into_bytes()?)
    }

    /// Writes the index; the writer is not flushed.
    ///
    /// # Errors
    /// [`Error::Bytes`](crate::Error::Bytes) if the writer fails.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<()> {
        Ok(inverted::sections(self).write_to(writer)?)
    }

    /// Opens bytes from [`to_bytes`](Self::to_bytes), which may be a memory map. Everything is
    /// verified and copied.
    ///
    /// # Errors
    /// [`Error::Bytes`](crate::Error::Bytes), [`Error::Malformed`](crate::Error::Malformed) or [`Error::Code`](crate::Error::Code) if the bytes are damaged or
    /// something else.
    pub fn open(bytes: &[u8]) -> Result<Inverted> {
        inverted::open(bytes)
    }
}
