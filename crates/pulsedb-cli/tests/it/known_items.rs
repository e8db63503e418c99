//! Known items: questions about this repository's own documents and sources, each with the file that answers it.
//!
//! The questions were written before anything was measured with them. Nothing may be lost to context and late
//! interaction on documents: the ranking of a text finds at least as many as plain fusion of words and vectors.

use std::path::Path;

use pulsedb::{Config, ContextWeights, PulseDB, Query, SearchOptions, SignalWeights};

use crate::shell::{Shell, command_in};

const TREES: &[&str] = &[
    "docs",
    "crates/pulsedb/src",
    "crates/pulsedb-cli/src",
    "crates/embeddenator-fs/src",
    "crates/embeddenator-retrieval/src",
];

/// What is asked, and the end of the path of the file that answers it.
const ITEMS: &[(&str, &str)] = &[
    ("what happens when the disk is full?", "storage/env/space.rs"),
    ("why are deletes still possible on a disk without room", "storage/env/space.rs"),
    ("how do several threads share one sync to disk", "storage/commit/committer.rs"),
    ("is a backup possible while others write", "storage/env/backup.rs"),
    ("shrink the data file after deleting a lot", "storage/env/compact.rs"),
    ("which process holds an old snapshot", "storage/env/readers.rs"),
    ("fair turns between writing processes", "storage/env/turn.rs"),
    ("open file description locks on Linux", "byte_lock/linux.rs"),
    ("the directory was replaced while the database was open", "storage/env/presence.rs"),
    ("two handles of one process on the same path", "storage/env/registry.rs"),
    ("refuse a truncated file before it is mapped", "env/lmdb/header.rs"),
    ("translate engine errors into typed errors", "storage/env/failure.rs"),
    ("rescue rows from a broken database", "env/lmdb/salvage.rs"),
    ("repair keeps the damaged file", "upkeep/repair.rs"),
    ("compare every record with its index rows", "upkeep/check.rs"),
    ("eight blocks are joined into a larger one", "write/merge.rs"),
    ("remove the rows of a deleted collective little by little", "write/reclaim.rs"),
    ("trimming of old changes", "write/retention.rs"),
    ("how is a checksum keyed with table and key", "format/seal.rs"),
    ("big-endian keys that sort by time", "format/keys.rs"),
    ("random rotation of a vector before it is coded", "codes/rotation.rs"),
    ("order of additions in a dot product", "vector/arch/mod.rs"),
    ("how many candidates are compared exactly until the error bound cannot win", "codes/rescore.rs"),
    ("english words that a query can do without", "lexical/stop.rs"),
    ("cut an identifier like getUserById into words", "lexical/parts.rs"),
    ("okapi term frequency saturation and document length", "lexical/bm25.rs"),
    ("a quoted phrase must stand in the text", "lexical/phrase.rs"),
    ("words of chinese and thai without spaces", "lexical/script.rs"),
    ("newest experiences first through the shortest index", "search/recent.rs"),
    ("how does a filter become a bitmap", "search/filter.rs"),
    ("how energy fades with the half life", "model/experience.rs"),
    ("unicode normal form of tags and names", "validate/normal.rs"),
    ("the largest number of tags of a record", "src/limits.rs"),
    ("import of a telegram export", "chat/telegram.rs"),
    ("slack channels and days", "chat/slack.rs"),
    ("branches of a chatgpt conversation", "chat/chatgpt.rs"),
    ("claude code sessions and sub-agents", "chat/session.rs"),
    ("jupyter cells without their output", "import/notebook.rs"),
    ("guess the encoding of a file that is not utf-8", "import/encoding.rs"),
    ("base64 pictures inside of markdown", "import/data_url.rs"),
    ("which files does gitignore leave out", "import/tree.rs"),
    ("headings above a chunk of markdown", "import/markdown.rs"),
    ("run the same import twice at once", "import/lock.rs"),
    ("exit code when the database is busy", "pulsedb-cli/src/exit.rs"),
    ("parse an age such as 3h or a date with a time zone", "time/reading.rs"),
    ("escape sequences must not reach the terminal", "pulsedb-cli/src/text.rs"),
    ("shell completions", "cmd/completions.rs"),
    ("content defined chunking", "embeddenator-fs/src/chunk.rs"),
    ("put near-duplicate files beside each other for compression", "ingest/layout.rs"),
    ("a symbolic link must not lead out of the directory of an extraction", "unix/target.rs"),
    ("extended attributes and sparse files", "unix/look.rs"),
    ("keep only the last snapshots of each week", "update/forget.rs"),
    ("hash of a whole tree", "manifest/tree_hash.rs"),
    ("which commit of an engram is in force", "container/superblock.rs"),
    ("cache of decoded segments", "store/cache.rs"),
    ("search a hierarchy with a beam", "hierarchy/beam.rs"),
    ("find the clean name of a noisy code", "retrieval/src/cleanup.rs"),
    ("min-hash signatures of files", "retrieval/src/signature.rs"),
    ("divide items among shards by their hash", "retrieval/src/shard.rs"),
    ("why are codes block sparse", "0003-codes-are-block-sparse.md"),
    ("publishing the crates in the right order", "docs/release.md"),
    ("moving from the published crates", "docs/migration.md"),
    ("bytes of a row of postings", "docs/pulsedb-words.md"),
    ("json document of a search on the command line", "docs/pulsedb-cli.md"),
];

/// How many of the items are among the first ten hits.
fn found(db: &PulseDB, options: &SearchOptions) -> usize {
    let collective = db.list_collectives().unwrap()[0].id;
    let is_found = |(question, file): &&(&str, &str)| {
        let hits = db.search(collective, Query::Text(question), options.clone()).unwrap();
        hits.iter().any(|hit| hit.experience.tags["source"].replace('\\', "/").ends_with(file))
    };
    ITEMS.iter().filter(is_found).count()
}

#[test]
fn known_items_are_found_as_often_as_by_plain_fusion() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("docs").is_dir() {
        println!("skipped: this is a package without the repository around it");
        return;
    }
    let shell = Shell::new();
    let imported = command_in(&root, &shell.database(), ["import"].iter().chain(TREES)).output().unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let db = PulseDB::open(shell.database(), Config::read_only()).unwrap();
    let ranked = found(&db, &SearchOptions::default());
    let fusion = SearchOptions {
        signals: Some(SignalWeights { late: 0.0, ..SignalWeights::default() }),
        context: Some(ContextWeights::NONE),
        ..SearchOptions::default()
    };
    let fused = found(&db, &fusion);
    println!("of {} items: {ranked} by the ranking, {fused} by plain fusion", ITEMS.len());
    assert!(ITEMS.len() >= 60 && ranked >= fused, "{ranked} of {fused}");
}
