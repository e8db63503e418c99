//! Small trees, and all that an engram holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use embeddenator_vsa::Random;

use crate::engram::Engram;
use crate::entry::Node;
use crate::error::Result;
use crate::ingest::run::IngestOptions;
use crate::walk::Source;

/// Is held by each test that locks an engram or starts a process: a process that is starting holds the locks of all files
/// that are open, until it is another program.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.below(256) as u8).collect()
}

/// A tree of several segments' worth of kinds, but few bytes.
pub(super) fn small(root: &Path) {
    fs::create_dir_all(root.join("a")).expect("makes a directory");
    fs::write(root.join("a/large"), noise(1, 20_000)).expect("writes");
    fs::write(root.join("a/other"), noise(2, 9_000)).expect("writes");
    fs::write(root.join("inline"), "in the manifest").expect("writes");
}

/// Takes a tree in as the first snapshot.
pub(super) fn create(root: &Path, engram: &Path) {
    let options = IngestOptions { threads: 1, label: "first", overwrite: true, ..IngestOptions::default() };
    Engram::create(engram, &[Source::contents_of(root)], &options, &()).expect("takes in");
}

/// What all snapshots hold: contents by number and path.
pub(super) fn contents(path: &Path) -> Result<BTreeMap<(u32, String), Vec<u8>>> {
    let engram = Engram::open(path)?;
    let mut contents = BTreeMap::new();
    for snapshot in engram.snapshots() {
        let tree = engram.tree(snapshot)?;
        for entry in tree.entries() {
            let entry = entry?;
            let mut content = Vec::new();
            if matches!(entry.node, Node::File(_)) {
                tree.read(&entry, &mut content)?;
            }
            contents.insert((snapshot.number, entry.path.to_string()), content);
        }
    }
    Ok(contents)
}
