//! Where what lies on the wake page.

/// Bytes of the file: one page of memory, of any system.
pub(super) const PAGE_BYTES: u64 = 4096;
/// What it begins with.
pub(super) const MAGIC: [u8; 8] = *b"PDBWAKE1";
/// Where the word is.
pub(super) const WORD: u64 = 16;
