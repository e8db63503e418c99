//! The same tree gives the same bytes.

use std::fs;

use embeddenator_fs::{Engram, Profile};

use crate::trees::{ingest, plain, text};

#[test]
fn same_tree_gives_the_same_file_on_any_number_of_threads() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    for file in 0..300 {
        fs::write(root.join(format!("a/{file}")), text(file % 70, 40 + file as usize)).expect("writes");
    }
    for profile in [Profile::Fast, Profile::Balanced] {
        let engram = |threads| {
            let path = directory.path().join(format!("{profile} {threads}"));
            ingest(&root, &path, profile, threads);
            fs::read(path).expect("reads")
        };
        let first = engram(1);
        for threads in [2, 3, 16] {
            assert!(engram(threads) == first, "{threads} threads give another file");
        }
    }
}

#[test]
fn tree_hash_does_not_depend_on_the_profile() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let hash = |profile: Profile| {
        let path = directory.path().join(profile.name());
        ingest(&root, &path, profile, 2);
        Engram::open(&path).expect("opens").snapshots()[0].tree_hash
    };
    assert_eq!(hash(Profile::Fast), hash(Profile::Max));
    let before = hash(Profile::Archive);
    fs::write(root.join("one"), [8]).expect("writes");
    fs::remove_file(directory.path().join("archive")).expect("removes");
    assert_ne!(hash(Profile::Archive), before);
}
