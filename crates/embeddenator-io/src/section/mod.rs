//! The container of sections: tables that are used where they lie.

mod build;
mod read;

pub use build::SectionsBuilder;
pub use read::{Section, Sections};

use crate::hash::ContentHash;
use crate::header::Format;
use crate::kind::SectionKind;

/// The multiple of bytes at which each section begins, counted from the first byte of the container: a cache line,
/// and the widest vector register. In memory they are aligned if the container is: a memory map begins at a page, a
/// `Vec<u8>` anywhere.
pub const SECTION_ALIGNMENT: usize = 64;

const FORMAT: Format = Format { what: "container of sections", magic: *b"\x89EMBSEC\n", version: 1 };
const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 40;
const TABLE: &str = "the table of sections";
const SECTION: &str = "a section";
const PADDING: &str = "the padding before a section";

/// A row of the table.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: SectionKind,
    offset: u64,
    length: u64,
    hash: ContentHash,
}

/// Where the bytes behind `end` continue; nothing if that is beyond all numbers.
fn aligned(end: u64) -> Option<u64> {
    end.checked_next_multiple_of(SECTION_ALIGNMENT as u64)
}
