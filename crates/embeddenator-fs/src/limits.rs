//! Every limit of the crate, with its reason.

/// Least bytes of a chunk but the last of its file: a quarter of the average, as the paper of `FastCDC` does.
pub(crate) const CHUNK_BYTES_MIN: usize = 16 << 10;
/// Bytes of a chunk on average: about 42 bytes of tables a chunk are then below a thousandth of what is stored.
pub(crate) const CHUNK_BYTES_AVERAGE: usize = 64 << 10;
/// Most bytes of a chunk: it must fit into the smallest segment.
pub(crate) const CHUNK_BYTES_MAX: usize = 256 << 10;
/// Data up to this is kept in the manifest: a row of the chunk table and a seek cost more.
pub(crate) const INLINE_BYTES_MAX: usize = 256;
/// Data from this on has a signature at rest: below, 128 bytes would be a large share of what is stored.
pub(crate) const SIGNATURE_BYTES_MIN: u64 = 4096;
/// Raw bytes of a segment that a reader takes: what one damaged number can make it allocate.
pub(crate) const SEGMENT_BYTES_MAX: u32 = 16 << 20;
/// Bytes of the prefix of a segment; as many as that of a segment.
pub(crate) const PREFIX_BYTES_MAX: u64 = 16 << 20;
/// Deltas on deltas: a read decodes at most so many segments more.
pub(crate) const DEPTH_MAX: u8 = 2;
/// Bytes of a blob's content: a file of several TB has extents of a few MB, so only a lie needs more.
pub(crate) const BLOB_BYTES_MAX: u64 = 64 << 20;
/// Bytes of a path: what its `u16` lengths can say, with room for a sign; eight times what Linux takes at once.
pub(crate) const PATH_BYTES_MAX: usize = 32_767;
/// Bytes of one name: 255 characters of UTF-16 have up to 765 bytes, and Linux stops at 255.
pub(crate) const NAME_BYTES_MAX: usize = 1024;
/// Bytes of the target of a symbolic link: what its `u16` length can say; Linux stops at 4095.
pub(crate) const TARGET_BYTES_MAX: usize = 65_535;
/// Bytes of the extended attributes of one entry: Linux stops at 64 KiB a value and 64 KiB of names.
pub(crate) const XATTR_BYTES_MAX: usize = 16 << 20;
/// Bytes that describe one member of a tar archive: its extended attributes, path and target, with room for keys.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 32 << 20;
/// Bytes of a snapshot's label: a sentence, not a document.
pub(crate) const LABEL_BYTES_MAX: usize = 1024;
/// Entries of a block of the manifest from which on it may end, and at which it ends: smaller blocks compress worse,
/// larger ones change more often and take longer to read for one entry.
pub(crate) const BLOCK_ENTRIES: std::ops::Range<usize> = 64..1024;
/// Bytes at which a block of the manifest ends.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;
/// A block ends behind a path whose hash is 0 in these bits: 128 entries behind the least on average.
pub(crate) const BLOCK_END_MASK: u16 = 127;
/// Blocks that a block of a manifest is compressed behind at most, each of which is read with it.
pub(crate) const BLOCK_BASES_MAX: usize = 2;
/// Bytes of plain blocks that a commit keeps in memory to compress others behind them.
pub(crate) const BASE_BYTES_MAX: usize = 32 << 20;
/// Chunks from which on a blob of the chunk table ends: about 300 KB in memory, which is what one look-up loads.
pub(crate) const TABLE_CHUNKS: usize = 8192;
/// Fingerprints of a blob beyond which the next one begins: half of what a blob may hold, so that those of one segment more
/// always fit.
pub(crate) const TABLE_FINGERPRINTS: usize = (BLOB_BYTES_MAX / 8) as usize;
/// Signatures of a blob: 1 MiB.
pub(crate) const TABLE_SIGNATURES: usize = 8192;
/// Bytes of decoded segments that a reader keeps.
pub(crate) const CACHE_BYTES: usize = 64 << 20;
/// Bytes of parts of segments that a view keeps: a stretch of a walk, and half of what a process may take.
pub(crate) const VIEW_BYTES: usize = 96 << 20;
/// Entries behind one that is read whose chunks a view keeps: at 20 KB a file, less than it may keep.
pub(crate) const VIEW_WALK: u64 = 2048;
/// Decoded blocks of a manifest that a view keeps: 200 entries each, a few MB.
pub(crate) const VIEW_BLOCKS: usize = 64;
/// Chunks that a query compares byte by byte for a short fragment, beside their neighbours: as many as it has hits.
pub(crate) const QUERY_CHUNKS: usize = 16;
/// Bytes from which on a passage ends with its line: a few sentences, which a code can still tell apart.
pub(crate) const PASSAGE_BYTES: usize = 1024;
/// Bytes of a file that may be a text: it is read into memory.
pub(crate) const TEXT_BYTES_MAX: u64 = 16 << 20;
/// Bytes that a scan reads at once: several chunks, and little beside what a thread needs to compress.
pub(crate) const READ_BYTES: usize = 1 << 20;
/// Threads at most: beyond, memory grows and nothing else.
pub(crate) const THREADS_MAX: usize = 64;
/// Segments that may wait for each thread until those before them are written: it bounds memory, and one slow segment
/// does not stop the others.
pub(crate) const SEGMENTS_AHEAD: usize = 4;
/// Files that may be looked through ahead of the first that is not finished, for each thread.
pub(crate) const FILES_AHEAD: usize = 1024;
/// Signatures of one band that are compared with one: a share of 2^14 values is beyond chance, so more are copies of copies.
pub(crate) const BAND_CANDIDATES_MAX: usize = 64;
