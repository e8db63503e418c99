//! Two writers, and engrams that are in the way.

use std::fs::{self, OpenOptions};

use embeddenator_fs::{Category, Engram, Error, IngestOptions, Profile, Source};

use crate::trees::{ingest, plain};

#[test]
fn second_writer_is_told_that_it_is_busy() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let engram = directory.path().join("new.egm");
    let aside = directory.path().join(".new.egm.partial");
    let other = OpenOptions::new().write(true).create(true).truncate(false).open(&aside).expect("creates");
    other.lock().expect("locks");
    let create =
        |options: &IngestOptions<'_>| Engram::create(&engram, &[Source::contents_of(&root)], options, &());
    let error = create(&IngestOptions::default()).expect_err("another one writes");
    assert_eq!(error.category(), Category::Busy, "{error}");
    other.unlock().expect("unlocks");
    create(&IngestOptions::default()).expect("what was left behind is used again");
    assert!(!aside.exists());
    let appending = OpenOptions::new().write(true).open(&engram).expect("opens");
    appending.lock().expect("locks");
    let overwrite = IngestOptions { overwrite: true, ..IngestOptions::default() };
    assert_eq!(create(&overwrite).expect_err("another one appends").category(), Category::Busy);
}

#[test]
fn engram_in_the_way_is_kept_unless_it_may_be_overwritten() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Fast, 1);
    let before = fs::read(&engram).expect("reads");
    let error = Engram::create(&engram, &[Source::contents_of(&root)], &IngestOptions::default(), &());
    assert!(matches!(error, Err(Error::Exists { .. })));
    assert_eq!(fs::read(&engram).expect("reads"), before);
}

#[test]
fn failed_ingest_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let engram = directory.path().join("engram");
    let sources = [Source::contents_of(&root), Source::contents_of(&root)];
    let error =
        Engram::create(&engram, &sources, &IngestOptions::default(), &()).expect_err("is there twice");
    assert!(matches!(error, Error::Duplicate { .. }), "{error}");
    assert_eq!(fs::read_dir(directory.path()).expect("lists").count(), 1);
}
