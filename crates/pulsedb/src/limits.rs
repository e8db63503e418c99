//! Every limit of the crate, with its reason.

use std::time::Duration;

/// Bytes of an experience's content: a chunk of text, not a document. Callers split longer texts.
pub const CONTENT_BYTES_MAX: usize = 102_400;
/// Domains of an experience: they are index entries, so each costs a row.
pub const DOMAINS_MAX: usize = 50;
/// Bytes of a domain: it is part of a key, and keys hold 511 bytes.
pub const DOMAIN_BYTES_MAX: usize = 100;
/// Tags of an experience: they are index entries, so each costs a row.
pub const TAGS_MAX: usize = 50;
/// Bytes of a tag's key: with its value it is part of a key, and keys hold 511 bytes.
pub const TAG_KEY_BYTES_MAX: usize = 100;
/// Bytes of a tag's value.
pub const TAG_VALUE_BYTES_MAX: usize = 200;
/// Related files of an experience.
pub const RELATED_FILES_MAX: usize = 100;
/// Bytes of the path of a related file.
pub const RELATED_FILE_BYTES_MAX: usize = 500;
/// Bytes of an agent's name: it is part of a key.
pub const AGENT_BYTES_MAX: usize = 256;
/// Bytes of a task's name.
pub const TASK_BYTES_MAX: usize = 256;
/// Bytes of the name of an agent that registers an activity.
pub const ACTIVITY_AGENT_BYTES_MAX: usize = 255;
/// Bytes of each text of an activity: a line or two for other agents to read.
pub const ACTIVITY_TEXT_BYTES_MAX: usize = 1024;
/// Bytes of the key of an experience: with the number of the collective it is a key of the engine, which holds 511.
pub const EXPERIENCE_KEY_BYTES_MAX: usize = 400;
/// Bytes of each string inside an experience type.
pub const TYPE_STRING_BYTES_MAX: usize = 10_240;
/// Bytes of an insight's content: what several experiences come to, and no longer than half of one.
pub const INSIGHT_BYTES_MAX: usize = 51_200;
/// Sources of an insight: each is an index entry, and costs a row.
pub const INSIGHT_SOURCES_MAX: usize = 100;
/// Bytes of the metadata of a relation: a note, not a document.
pub const RELATION_METADATA_BYTES_MAX: usize = 10_240;
/// Bytes of a collective's name: it is part of a key.
pub const COLLECTIVE_NAME_BYTES_MAX: usize = 255;
/// Bytes of a collective's owner.
pub const OWNER_BYTES_MAX: usize = 255;
/// Dimensions of a vector: above it one vector takes more than four pages.
pub const DIMENSION_MAX: usize = 4096;
/// Experiences in one call that takes several: bounds how long one transaction holds the writer's lock.
pub const BATCH_ROWS_MAX: usize = 10_000;
/// Bytes of texts and vectors in one call that takes several: bounds the memory of one transaction.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// The greatest `k` and `limit` of a query: answers are copied out while a read transaction is open.
pub const RESULTS_MAX: usize = 1000;
/// Bytes that count as one token of a context: English prose has about four a token in common vocabularies.
pub const BYTES_A_TOKEN: usize = 4;
/// The cosine from which on two texts say the same to a context.
pub const NEAR_DUPLICATE_COSINE: f32 = 0.97;
/// Events of one `poll_changes`.
pub const EVENTS_MAX: usize = 1000;
/// Entries of each list in a filter: each is a range scan.
pub const FILTER_ITEMS_MAX: usize = 1000;
/// Bytes of a text that is embedded for a query: the same as of a content.
pub const QUERY_BYTES_MAX: usize = CONTENT_BYTES_MAX;

/// The greatest weight of a part of a score: far more than one part can need, far less than what spoils sums of `f32`.
pub const WEIGHT_MAX: f32 = 1000.0;

/// The largest map in GiB: 16 TiB, a quarter of the address space of the smallest 64-bit systems.
pub const MAP_SIZE_GB_MAX: usize = 16 * 1024;
/// The longest poll interval of a stream, in milliseconds: an hour. A longer one would look like a stream that is stuck.
pub const POLL_INTERVAL_MS_MAX: u64 = 3_600_000;
/// The most events that a stream holds: their room is set aside when it begins, some 100 MB here.
pub const WATCH_BUFFER_MAX: usize = 1_000_000;
/// The most rows that a search compares exactly instead of by their codes.
pub const RESCORE_MAX: usize = 100_000;
/// The fewest rows of a new block: fewer would make more blocks than a search should visit.
pub const SEAL_ROWS_MIN: usize = 16;
/// The most rows of a new block: a commit that makes one must stay short, and rows that wait are compared one by one.
pub const SEAL_ROWS_MAX: usize = 4096;

/// The major version of the disk format: older files are refused, newer ones too.
pub(crate) const FORMAT_MAJOR: u16 = 2;
/// The longest key that the engine accepts.
pub(crate) const KEY_BYTES_MAX: usize = 511;
/// Values of the index that a process remembers to have checked: some megabytes at most.
pub(crate) const CHECKED_VALUES_MAX: usize = 1 << 19;
/// Rows of the largest block that the store makes: the fewer blocks there are, the fewer look-ups a word takes.
pub(crate) const SEALED_ROWS_MAX: u32 = 1 << 17;
/// Rows of the tail that one commit turns into a block at most.
pub(crate) const SEALED_AT_ONCE_MAX: usize = 1 << 14;
/// Rows of a slice of a block: what a merge copies in one step. A power of two.
pub(crate) const SLICE_ROWS: usize = 1 << 13;
/// Bytes of rows of the tail that one commit turns into a block, so that long contents do not make it long.
pub(crate) const SEALED_TAIL_BYTES_MAX: usize = 4 << 20;
/// Rows of one value of refinements: a merge copies them value by value.
pub(crate) const REFINEMENT_RUN_ROWS_MAX: usize = 2048;
/// Frames of codes that a thread keeps: a few kilobytes each.
pub(crate) const FRAMES_MAX: usize = 4;
/// Blocks that one merge joins.
pub(crate) const MERGED_BLOCKS: usize = 8;
/// Bytes of postings that one step of a merge reads.
pub(crate) const MERGE_STEP_BYTES: usize = 128 << 10;
/// Changed records for which a commit takes one step of a merge, at the least one.
pub(crate) const RECORDS_A_MERGE_STEP: usize = 64;
/// Operations of one commit.
pub(crate) const COMMIT_OPERATIONS_MAX: usize = 256;
/// Bytes of one commit after which no further operation joins it.
pub(crate) const COMMIT_BYTES_MAX: usize = 1 << 20;
/// How long a committer waits for callers that the last batch lets it expect.
pub(crate) const COMMIT_LINGER: Duration = Duration::from_micros(200);
/// The longest span within which a second heartbeat is not written: each one that is written waits for the disk.
pub(crate) const HEARTBEAT_INTERVAL_MAX: Duration = Duration::from_secs(1);
/// How long an activity is kept whose agent has fallen silent without ending it, at least.
pub(crate) const SILENT_ACTIVITY_KEPT: Duration = Duration::from_hours(7 * 24);
/// Activities that a registration looks at for silent ones: more than it adds, so that they cannot pile up.
pub(crate) const ACTIVITIES_LOOKED_AT: usize = 32;
/// Expired experiences that a commit removes at most, besides one for each change that it makes: more than it can add, so
/// that they cannot pile up, and few enough that it stays short.
pub(crate) const EXPIRED_A_COMMIT: usize = 8;
/// Expired experiences that one step of a compaction removes.
pub(crate) const EXPIRED_A_STEP: usize = 500;
/// Rows that one step of reclaiming a deleted collective removes: a step stays below some 20 ms.
pub(crate) const RECLAIM_ROWS: usize = 2000;
/// Parts of blocks that one step of removing old codes takes: each has up to a mebibyte.
pub(crate) const RECLAIM_PARTS: usize = 16;
/// Records that a move to another embedder takes at once: what a kill costs, and how long a transaction is.
pub(crate) const REEMBED_ROWS: usize = 512;
/// Bytes of texts after which it takes no more at once.
pub(crate) const REEMBED_BYTES: usize = 1 << 20;
/// Records that it embeds in the transaction that ends it, while every writer waits.
pub(crate) const REEMBED_LAST_ROWS: usize = 64;
/// How often it follows the writers; then it lets them wait until it has caught up.
pub(crate) const REEMBED_PASSES: usize = 16;
/// How often it waits for old vectors to be removed, which another move may leave again.
pub(crate) const REEMBED_ATTEMPTS: usize = 16;
/// Bytes of a file of a model: several times those of the largest that anyone runs without an accelerator.
#[cfg(feature = "neural")]
pub(crate) const MODEL_BYTES_MAX: u64 = 4 << 30;
/// Texts that a model takes at once: more are no faster, and need more memory.
#[cfg(feature = "neural")]
pub(crate) const MODEL_BATCH_TEXTS: usize = 32;
/// Log rows that a commit trims at most, so that retention never makes a commit slow.
pub(crate) const TRIM_ROWS: usize = 256;
/// Commits between two sweeps for readers whose process has died, and between two attempts at postponed work.
pub(crate) const UPKEEP_COMMITS: u64 = 64;
/// Faults that a check lists; it counts all of them.
pub(crate) const FAULTS_LISTED: usize = 100;
/// Bytes of each text of an embedder's identity, which is stored once per database.
pub const IDENTITY_BYTES_MAX: usize = 1024;

/// Tables of one database: twice as many as there are, about. Each takes a slot, which every transaction clears.
pub(crate) const TABLES_MAX: u32 = 64;
/// Snapshots that all processes together may hold at once: 64 KiB of the engine's lock file.
pub(crate) const READER_SLOTS: u32 = 1024;
/// Sleeping subscribers that a commit wakes itself, each by a call of the system; the feeder thread wakes the others.
pub(crate) const WAKES_OF_A_COMMIT: usize = 4;
/// Attempts to take a snapshot while every slot is taken; with `READER_WAIT`, about 2 s in all.
pub(crate) const READER_ATTEMPTS: u32 = 20;
/// Milliseconds between two looks of those who read at whether their files are still in place: half of what is promised.
pub(crate) const PRESENCE_INTERVAL_MS: u64 = 500;
/// The first wait for a slot; each later one is longer by as much.
pub(crate) const READER_WAIT: Duration = Duration::from_millis(10);
/// How long `open` waits for another process that opens the same database.
pub(crate) const SETUP_WAIT: Duration = Duration::from_secs(10);
/// How long a compaction waits for the snapshots of its own process: longer than any but a check or a backup lasts.
pub(crate) const EXCHANGE_WAIT: Duration = Duration::from_secs(3);
/// Bytes of rows that a compaction copies in one transaction.
pub(crate) const COPY_BYTES: usize = 8 << 20;
/// Processes that write one database: 128 KiB of its lock file.
pub(crate) const WRITERS_MAX: u64 = 1024;
/// Bytes behind the last page that only deletes may use, on disk and at the end of the map: a delete copies the pages
/// that it changes before it frees any.
pub(crate) const RESERVE_BYTES: u64 = 2 << 20;
/// The smallest step by which the data file is extended.
pub(crate) const EXTEND_BYTES_MIN: u64 = 1 << 20;
/// The largest step; in between, it is a sixteenth of the file.
pub(crate) const EXTEND_BYTES_MAX: u64 = 64 << 20;
/// Pages that a transaction copies, whatever it does: the paths to the rows of some twenty tables, three levels each.
pub(crate) const PAGES_OF_PATHS: u64 = 64;
/// Pages that each operation of a transaction copies in addition: leaves that no other operation touches. There are
/// few, since most tables are appended to; if the plan was too tight, the file is extended after the commit.
pub(crate) const PAGES_OF_OPERATION: u64 = 4;
/// The longest value that can be genuine: a longer one is damage, and may reach beyond the end of the file. This many
/// bytes are kept behind the last page, so that reading a value of at most this length never leaves the file.
pub(crate) const VALUE_BYTES_MAX: usize = 1 << 20;
/// How many times a check takes a new snapshot because two commits were made before it had read the file.
pub(crate) const SNAPSHOT_ATTEMPTS: usize = 100;

/// Bytes of a term of the word index: longer than any word, short enough for a key and for the one byte of a length.
pub(crate) const TERM_BYTES_MAX: usize = 128;
/// Bytes of a value of postings: one page of the engine, with its header and the store's seal.
pub(crate) const POSTING_VALUE_BYTES_MAX: usize = 4080;
/// Rows of a block: eight times those of the highest level.
pub(crate) const BLOCK_ROWS_MAX: u32 = 1 << 20;
/// Distinct terms of a query that are scored: each is looked up in every block.
pub(crate) const QUERY_TERMS_MAX: usize = 1024;
/// Prefixes, phrases and exclusions of a query: each reads more than a word does.
pub(crate) const QUERY_CLAUSES_MAX: usize = 32;
/// Bytes of a term that stands for a part of an attribute: what one byte of a length holds.
pub(crate) const ATTRIBUTE_BYTES_MAX: usize = 255;
/// Rows that a text is compared with in full; where more match, candidates are found by words and vectors first.
pub(crate) const RANKED_WHOLE_MAX: usize = 200;
/// Candidates of each signal of a text, if no more hits than this are asked for: within half a point of all.
pub(crate) const CANDIDATES_MIN: usize = 100;
/// By how much candidates are multiplied where they were too few.
pub(crate) const CANDIDATES_GROWTH: usize = 4;
/// Of a hundred candidates of a signal, how many of the best bring their neighbours in their session with them.
pub(crate) const NEIGHBOURED_PERCENT: usize = 30;
/// Records on each side of one in its session that count for it.
pub(crate) const WINDOW_RECORDS: usize = 3;
/// Pieces of a query that are compared one by one: a longer text is found by its first ones and by all of its words.
pub(crate) const LATE_PIECES_MAX: usize = 256;
/// Agents of a collective among whom a name is looked for, one look into an index each.
pub(crate) const NAMED_AGENTS_MAX: usize = 1000;
