//! Trees to take in: random but the same each time, and one with every kind of file.

use std::fs;
use std::path::Path;

use embeddenator_fs::{Engram, IngestOptions, IngestReport, Profile, Source};
use embeddenator_vsa::Random;

/// Bytes that follow from a seed and that no codec makes smaller.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.below(256) as u8).collect()
}

/// Lines of words that follow from a seed.
pub(crate) fn text(seed: u64, lines: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = Vec::new();
    for _ in 0..lines {
        for _ in 0..4 + random.below(6) {
            text.extend_from_slice(format!("w{:x} ", random.below(5000)).as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// A small tree of regular files: empty, inline, one chunk, several chunks.
pub(crate) fn plain(root: &Path) {
    fs::create_dir_all(root.join("a/b/c")).expect("makes directories");
    fs::create_dir_all(root.join("empty")).expect("makes directories");
    for (name, content) in [
        ("zero", Vec::new()),
        ("one", vec![7]),
        ("a/inline", text(1, 5)),
        ("a/text", text(2, 200)),
        ("a/text again", text(2, 200)),
        ("a/b/noise", noise(3, 300_000)),
        ("a/b/c/zeros", vec![0; 700_000]),
    ] {
        fs::write(root.join(name), content).expect("writes");
    }
}

/// Takes a directory in.
pub(crate) fn ingest(root: &Path, engram: &Path, profile: Profile, threads: usize) -> IngestReport {
    let options = IngestOptions { profile, threads, label: "first", ..IngestOptions::default() };
    Engram::create(engram, &[Source::contents_of(root)], &options, &()).expect("takes the tree in")
}
