//! The limits of the crate, each with its reason.

/// Blocks in a code: the dot product of two codes and the counters of a node stay far within their
/// integers, and a damaged header cannot ask for more than 4 KiB per code.
pub const BLOCKS_MAX: usize = 4096;

/// Positions in a block: seven bits of its byte.
pub const POSITIONS_MAX: usize = 128;

/// Dimensions of a [`Planes`](crate::Planes) or a [`SparseTernary`](crate::SparseTernary): indexes
/// are `u32`, and a vector of two bit planes has 4 MiB at most.
pub const DIMENSION_MAX: usize = 1 << 24;

/// Bundles that a [`CounterBank`](crate::CounterBank) keeps side by side: one cache line of `i8` counters.
pub const BANK_SLOTS: usize = 64;

/// Threads that share one scan: a few use up the memory bandwidth.
pub const SCAN_THREADS_MAX: usize = 4;

/// The least bytes of rows per thread of a scan: these take about half a millisecond, many times
/// the cost of starting a thread.
pub const SCAN_THREAD_BYTES_MIN: usize = 4 << 20;

/// Bytes in the payload of a message: about 500 million codes of 128 bytes, more than one machine
/// scans in a second. A header that asks for more is damaged.
pub const MESSAGE_PAYLOAD_BYTES_MAX: u64 = 1 << 36;

/// Factors that a [`Resonator`](crate::Resonator) can find in a product: its capacity falls with
/// each, and with eight factors two or three codes per factor use it up.
pub const FACTORS_MAX: usize = 8;

/// Updates of all factors in one search of a [`Resonator`](crate::Resonator), over all restarts: a
/// search that succeeds takes some tens, and one that does not must end.
pub const RESONATOR_STEPS_MAX: usize = 100_000;

/// Characters in a word of the text encoder; a longer word is split into pieces of this length. The
/// longest dictionary words have about 50, and longer ones, such as encoded data, must not cost
/// more per byte.
pub const WORD_CHARACTERS_MAX: usize = 64;

/// Distinct words of a text that the text encoder counts, in about 3 MiB: more than a long novel
/// has. With more words, counting starts over.
pub const TEXT_WORDS_MAX: usize = 1 << 16;

/// Positions of words that the text encoder caches, in 4 MiB, so that it need not hash a word
/// again.
pub const TEXT_SPOTS_MAX: usize = 1 << 20;

/// Characters in an n-gram of the text encoder: a longer one is a word.
pub const GRAM_CHARACTERS_MAX: usize = 16;

/// Bytes in an n-gram of the bytes encoder: the window of the last bytes is a `u64`.
pub const GRAM_BYTES_MAX: usize = 8;

/// Positions of a feature of an encoder: four features with more would fill a code of the usual
/// dimension, and an option must not make encoding endless.
pub const FEATURE_POSITIONS_MAX: u32 = 4096;

/// Bytes in a shingle: longer pieces are better hashed as a whole. The rolling hash tells all byte
/// strings of this length apart, but not all strings of 2048 bytes.
pub const SHINGLE_BYTES_MAX: usize = 256;
