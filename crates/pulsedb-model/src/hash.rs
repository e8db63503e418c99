//! The hash of the word index, shared by the build script that fills the index and the lookup that reads it.

/// The state before the first byte of a piece at the start of a word.
pub(crate) const WORD_START: u32 = 0x811C_9DC5;
/// The state before the first byte of a piece inside a word, without its `##`.
pub(crate) const WORD_INSIDE: u32 = 0x3C6E_F372;

/// The state after one more byte (FNV-1a's step, so that all prefixes of a word are hashed in one pass).
pub(crate) const fn step(state: u32, byte: u8) -> u32 {
    (state ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The hash of a state: its bits are mixed once more, since the last bytes affect only some of
/// them.
pub(crate) const fn finish(state: u32) -> u32 {
    let mixed = (state ^ (state >> 15)).wrapping_mul(0x2C1B_3C6D);
    mixed ^ (mixed >> 14)
}
