//! Finding entries and reading files inside an engram.

use std::fs;

use embeddenator_fs::{Category, Engram, EngramPath, Error, Profile};

use crate::trees::{ingest, noise, plain};

fn path(path: &str) -> EngramPath {
    EngramPath::new(path).expect("is a path")
}

#[test]
fn files_are_read_as_they_were() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Balanced, 2);
    let engram = Engram::open(&engram).expect("opens");
    let tree = engram.latest().expect("has a snapshot");
    for name in ["zero", "one", "a/inline", "a/text", "a/b/noise", "a/b/c/zeros"] {
        let mut content = Vec::new();
        tree.read(&tree.entry(&path(name)).expect("is there"), &mut content).expect("reads");
        assert_eq!(content, fs::read(root.join(name)).expect("reads"), "{name}");
    }
    let directory = tree.entry(&path("a")).expect("is there");
    let error = tree.read(&directory, &mut Vec::new()).expect_err("is no file");
    assert!(matches!(error, Error::WrongKind { .. }), "{error}");
    let error = tree.entry(&path("a/none")).expect_err("is not there");
    assert_eq!(error.category(), Category::NotFound);
    let error = engram.snapshot("2").expect_err("is not there");
    assert_eq!(error.category(), Category::NotFound);
    assert_eq!(engram.snapshot("first").expect("is there"), engram.snapshot("1").expect("is there"));
}

#[test]
fn children_are_found_in_trees_of_many_blocks() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    for outer in 0..7 {
        for inner in 0..300 {
            let place = root.join(format!("{outer}/{inner}"));
            fs::create_dir_all(&place).expect("makes a directory");
            fs::write(place.join("file"), noise(inner, 30)).expect("writes");
        }
        fs::write(root.join(format!("{outer}-beside")), "beside").expect("writes");
    }
    let engram = directory.path().join("engram");
    let report = ingest(&root, &engram, Profile::Fast, 2);
    assert_eq!(report.snapshot.entries, 1 + 7 * 602);
    let engram = Engram::open(&engram).expect("opens");
    let tree = engram.latest().expect("has a snapshot");
    let entries: Vec<_> = tree.entries().map(|entry| entry.expect("reads")).collect();
    assert!(entries.is_sorted_by(|left, right| left.path < right.path));
    assert_eq!(entries.len(), 1 + 7 * 602);
    for directory in ["", "0", "3", "6", "3/299", "3/299/file", "none"] {
        let directory = path(directory);
        let expected = entries.iter().filter(|entry| entry.path.parent().as_ref() == Some(&directory));
        let children = tree.children(&directory).expect("reads");
        assert_eq!(children, expected.cloned().collect::<Vec<_>>(), "{directory}");
    }
    for entry in &entries {
        assert_eq!(tree.find(&entry.path).expect("reads").as_ref(), Some(entry));
    }
}
