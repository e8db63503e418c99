//! The container of sections: tables that are used in place.

mod build;
mod read;

pub use build::SectionsBuilder;
pub use read::{Section, Sections};

use crate::hash::ContentHash;
use crate::header::Format;
use crate::kind::SectionKind;

/// Each section starts at a multiple of this many bytes, counted from the first byte of the
/// container: a cache line, and the widest vector register. In memory the sections are aligned if
/// the container is: a memory map starts at a page, a `Vec<u8>` anywhere.
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

/// The first aligned offset at or after `end`, or `None` if it does not fit in a `u64`.
fn aligned(end: u64) -> Option<u64> {
    end.checked_next_multiple_of(SECTION_ALIGNMENT as u64)
}
