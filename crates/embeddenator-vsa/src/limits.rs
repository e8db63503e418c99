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
