//! The limits of the crate, each with its reason.

/// Items that an index can hold: slots and nodes are counted in `u32`.
pub const ITEMS_MAX: usize = u32::MAX as usize;

/// Threads that share the queries of a batch or one long scan: a few use up the memory bandwidth.
pub const SEARCH_THREADS_MAX: usize = 16;

/// The least bytes of codes per thread of a scan: these take about half a millisecond, many times
/// the cost of starting a thread.
pub const SCAN_THREAD_BYTES_MIN: usize = 4 << 20;

/// The least queries per thread of a batch: together they take longer than starting a thread.
pub const BATCH_THREAD_QUERIES_MIN: usize = 16;

/// Queries of a batch that visit the banks of a hierarchy together: enough that many of them share
/// each cache line of the counters, few enough that their state takes only some megabytes.
pub const BATCH_GROUP_QUERIES: usize = 1024;

/// Bytes of counters from which the queries of a batch visit the banks together: fewer stay in the
/// caches anyway.
pub const BATCH_SHARED_BYTES_MIN: usize = 8 << 20;

/// Items that an [`Inverted`](crate::Inverted) index can hold: a posting is a `u32`, and one of its
/// bits is the sign.
pub const INVERTED_ITEMS_MAX: usize = 1 << 31;

/// Shards of one index: each is searched for every query.
pub const SHARDS_MAX: usize = 1024;

/// The least items per thread when searching shards: searching them takes many times the cost of
/// starting a thread.
pub const SHARD_THREAD_ITEMS_MIN: usize = 1 << 16;

/// Nodes that a stored hierarchy may have beyond what [`STORED_NODE_DIVISOR`] allows: a small one
/// has a node for each item.
pub const STORED_NODES_MIN: usize = 256;

/// On average, the nodes of a large stored hierarchy hold at least their capacity divided by this,
/// so that a forged table of nodes cannot demand many more counters than its codes need. A sparser
/// index is packed before it is stored.
pub const STORED_NODE_DIVISOR: usize = 4;
