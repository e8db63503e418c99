//! The limits of the crate, each with its reason.

/// Items that an index may hold: slots and nodes are counted in `u32`.
pub const ITEMS_MAX: usize = u32::MAX as usize;

/// Threads that share the queries of a batch, or one long scan: memory bandwidth is used up by few.
pub const SEARCH_THREADS_MAX: usize = 16;

/// Bytes of codes that each thread of one scan gets at least: they take some half a millisecond, many times what
/// starting a thread takes.
pub const SCAN_THREAD_BYTES_MIN: usize = 4 << 20;

/// Queries that each thread of a batch gets at least: together they take longer than starting a thread does.
pub const BATCH_THREAD_QUERIES_MIN: usize = 16;

/// Queries of a batch that ask the banks of a hierarchy together: enough that many of them share each cache line of the
/// counters, few enough that what is kept for them takes some megabytes.
pub const BATCH_GROUP_QUERIES: usize = 1024;

/// Bytes of counters from which on the queries of a batch ask the banks together: less stays in the caches anyway.
pub const BATCH_SHARED_BYTES_MIN: usize = 8 << 20;

/// Items that an [`Inverted`](crate::Inverted) index may hold: a posting is a `u32` of which one bit is the sign.
pub const INVERTED_ITEMS_MAX: usize = 1 << 31;

/// Shards of one index: each is searched for every query.
pub const SHARDS_MAX: usize = 1024;

/// Items that each thread which searches shards gets at least: looking through them takes many times what starting a
/// thread takes.
pub const SHARD_THREAD_ITEMS_MIN: usize = 1 << 16;

/// Nodes that a stored hierarchy may have beyond those that [`STORED_NODE_DIVISOR`] allows: a small one has a node for
/// each item.
pub const STORED_NODES_MIN: usize = 256;

/// Nodes of a large stored hierarchy hold on average at least what they could hold, divided by this, so that a made-up
/// table of nodes cannot ask for many more counters than its codes need. What is sparser is packed before it is stored.
pub const STORED_NODE_DIVISOR: usize = 4;
