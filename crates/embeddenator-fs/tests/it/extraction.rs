//! What extraction touches, and what it refuses to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use embeddenator_fs::{Category, Engram, EngramPath, Error, ExtractOptions, Profile};

use crate::trees::{ingest, plain};

fn extract(engram: &Path, target: &Path, options: &ExtractOptions) -> embeddenator_fs::Result<()> {
    let engram = Engram::open(engram)?;
    let tree = engram.latest()?;
    engram.extract(&tree, target, options, &()).map(|_| ())
}

#[test]
fn part_of_a_tree_comes_out_at_its_place() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, copy) = (directory.path().join("tree"), directory.path().join("copy"));
    plain(&root);
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Balanced, 2);
    let paths =
        vec![EngramPath::new("a/b/c").expect("is a path"), EngramPath::new("one").expect("is a path")];
    extract(&engram, &copy, &ExtractOptions { paths, ..ExtractOptions::default() }).expect("extracts");
    assert_eq!(fs::read(copy.join("a/b/c/zeros")).expect("reads"), vec![0; 700_000]);
    assert_eq!(fs::read(copy.join("one")).expect("reads"), [7]);
    assert!(!copy.join("a/b/noise").exists() && !copy.join("empty").exists());
    let paths = vec![EngramPath::new("none").expect("is a path")];
    let error = extract(&engram, &copy, &ExtractOptions { paths, ..ExtractOptions::default() });
    assert_eq!(error.expect_err("there is none").category(), Category::NotFound);
}

#[test]
fn file_in_the_way_is_kept_unless_it_may_be_overwritten() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, copy) = (directory.path().join("tree"), directory.path().join("copy"));
    plain(&root);
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Balanced, 2);
    fs::create_dir_all(copy.join("a")).expect("makes a directory");
    fs::write(copy.join("a/text"), "mine").expect("writes");
    let error = extract(&engram, &copy, &ExtractOptions::default()).expect_err("is in the way");
    assert!(matches!(&error, Error::Exists { path } if path.ends_with("a/text")), "{error}");
    assert_eq!(fs::read(copy.join("a/text")).expect("reads"), b"mine");
    let overwrite = ExtractOptions { overwrite: true, ..ExtractOptions::default() };
    extract(&engram, &copy, &overwrite).expect("extracts");
    assert_eq!(fs::read(copy.join("a/text")).expect("reads"), fs::read(root.join("a/text")).expect("reads"));
}

#[test]
fn link_in_the_target_is_not_followed() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, copy, outside) =
        (directory.path().join("tree"), directory.path().join("copy"), directory.path().join("outside"));
    plain(&root);
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Balanced, 2);
    fs::create_dir(&copy).expect("makes a directory");
    fs::create_dir(&outside).expect("makes a directory");
    fs::write(outside.join("file"), "not yours").expect("writes");
    symlink(&outside, copy.join("a")).expect("links");
    extract(&engram, &copy, &ExtractOptions::default()).expect_err("a link is in the way");
    assert_eq!(fs::read_dir(&outside).expect("lists").count(), 1);
    fs::remove_file(copy.join("a")).expect("removes");
    symlink(outside.join("file"), copy.join("one")).expect("links");
    let overwrite = ExtractOptions { overwrite: true, ..ExtractOptions::default() };
    extract(&engram, &copy, &overwrite).expect("replaces the link");
    assert_eq!(fs::read(outside.join("file")).expect("reads"), b"not yours");
    assert_eq!(fs::read(copy.join("one")).expect("reads"), [7]);
}
