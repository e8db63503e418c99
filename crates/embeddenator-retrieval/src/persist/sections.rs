//! What the stored indexes share: section kinds, ids, and reading a verified section.

use embeddenator_io::{Cursor, Kind, Limits, SectionKind, Sections, SectionsBuilder};

use crate::Id;
use crate::error::{Error, Result};

/// A container of a flat index.
pub(super) const FLAT: Kind = Kind(0x5201);
/// A container of a hierarchy.
pub(super) const HIERARCHY: Kind = Kind(0x5202);
/// A container of an inverted index.
pub(super) const INVERTED: Kind = Kind(0x5203);

pub(super) const HEAD: SectionKind = SectionKind(1);
pub(super) const IDS: SectionKind = SectionKind(2);
pub(super) const CODES: SectionKind = SectionKind(3);
pub(super) const NODES: SectionKind = SectionKind(4);
pub(super) const COUNTS: SectionKind = SectionKind(5);
pub(super) const INDEXES: SectionKind = SectionKind(6);

/// Bytes in an id.
pub(super) const ID_BYTES: usize = 8;

/// The error for more items than an index can hold.
pub(super) const TOO_MANY_ITEMS: Error =
    Error::Malformed { what: "the head", reason: "claims more items than an index can hold" };

/// Turns the refusal of an item that was read into an error about the stored bytes.
pub(super) fn refused(error: Error) -> Error {
    match error {
        Error::DuplicateId { .. } => Error::Malformed { what: "an id", reason: "occurs twice" },
        error => error,
    }
}

/// Opens a container and checks its header and table of sections.
pub(super) fn open_sections(bytes: &[u8], kind: Kind) -> Result<Sections<'_>> {
    Ok(Sections::open(bytes, kind, &Limits::default())?)
}

/// The verified bytes of a section.
pub(super) fn verified<'a>(sections: &Sections<'a>, kind: SectionKind) -> Result<&'a [u8]> {
    sections.verify_section(kind)?;
    Ok(sections.section(kind)?.bytes)
}

pub(super) fn ids_section(builder: &mut SectionsBuilder<'_>, ids: impl Iterator<Item = Id>) {
    let bytes: Vec<u8> = ids.flat_map(|id| id.0.to_le_bytes()).collect();
    builder.push(IDS, bytes);
}

/// The ids in a section, exactly `items` of them.
pub(super) fn read_ids(sections: &Sections<'_>, items: u64) -> Result<Vec<Id>> {
    let bytes = verified(sections, IDS)?;
    let mut cursor = Cursor::new(bytes);
    let (ids, _) = cursor.items(items, ID_BYTES, "the ids")?.as_chunks::<ID_BYTES>();
    cursor.finish("the ids")?;
    Ok(ids.iter().map(|id| Id(u64::from_le_bytes(*id))).collect())
}
