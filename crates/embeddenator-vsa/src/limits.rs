//! The limits of the crate, each with its reason.

/// Blocks that a code may have: a dot product of two codes and the counters of a node stay far inside their integers,
/// and a damaged header cannot ask for more than 4 KiB a code.
pub const BLOCKS_MAX: usize = 4096;

/// Positions that a block may have: seven bits of its byte.
pub const POSITIONS_MAX: usize = 128;

/// Dimensions that a [`Planes`](crate::Planes) or a [`SparseTernary`](crate::SparseTernary) may have: indexes are
/// `u32`, and a vector of two bit planes has 4 MiB at most.
pub const DIMENSION_MAX: usize = 1 << 24;

/// Bundles that a [`CounterBank`](crate::CounterBank) keeps side by side: one cache line of `i8` counters.
pub const BANK_SLOTS: usize = 64;

/// Threads that share one scan: memory bandwidth is used up by few.
pub const SCAN_THREADS_MAX: usize = 4;

/// Bytes of rows that each thread of a scan gets at least: they take some half a millisecond, many times what starting
/// a thread takes.
pub const SCAN_THREAD_BYTES_MIN: usize = 4 << 20;

/// Bytes of the payload of one message: some 500 million codes of 128 bytes, more than one machine scans in a second. A
/// header that asks for more is damaged.
pub const MESSAGE_PAYLOAD_BYTES_MAX: u64 = 1 << 36;

/// Factors that a [`Resonator`](crate::Resonator) takes a product apart into: its capacity falls with each, and with
/// eight it is used up by two or three codes a factor.
pub const FACTORS_MAX: usize = 8;

/// Updates of all factors that one search of a [`Resonator`](crate::Resonator) may make, all restarts together: a
/// search that succeeds takes some tens, and one that does not has to end.
pub const RESONATOR_STEPS_MAX: usize = 100_000;

/// Characters of a word that the text encoder takes as one; a longer one is taken in pieces of so many. The longest
/// words of dictionaries have some 50, and what is longer, such as encoded data, must not cost more a byte.
pub const WORD_CHARACTERS_MAX: usize = 64;

/// Distinct words of a text whose counts the text encoder keeps, in some 3 MiB: more than a long novel has. A text with
/// more begins to count anew.
pub const TEXT_WORDS_MAX: usize = 1 << 16;

/// Positions of words that the text encoder keeps, 4 MiB of them, so that it need not hash a word again.
pub const TEXT_SPOTS_MAX: usize = 1 << 20;

/// Characters that an n-gram of the text encoder may have: a longer one is a word.
pub const GRAM_CHARACTERS_MAX: usize = 16;

/// Bytes that an n-gram of the bytes encoder may have: the window of the last bytes is a `u64`.
pub const GRAM_BYTES_MAX: usize = 8;

/// Positions that a feature of an encoder may have: more than that would fill a code of the usual dimension with four
/// features, and an option must not make encoding endless.
pub const FEATURE_POSITIONS_MAX: u32 = 4096;

/// Bytes that a shingle may have: what is longer is better taken as a whole, and the rolling hash tells all byte strings
/// of this length apart, while there are strings of 2048 bytes that it does not.
pub const SHINGLE_BYTES_MAX: usize = 256;
