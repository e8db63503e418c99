//! Damage of every simple kind is found, and costs only what needs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use embeddenator_fs::{Category, Engram, EngramPath, Error, ExtractOptions, Profile, VerifyOptions};

use crate::trees::{ingest, noise, text};

/// A tree whose engram has a few KB.
fn small(root: &Path) {
    fs::create_dir_all(root.join("a")).expect("makes a directory");
    fs::write(root.join("a/text"), &text(1, 150)[..4500]).expect("writes");
    fs::write(root.join("a/noise"), noise(2, 400)).expect("writes");
    fs::write(root.join("inline"), b"in the manifest").expect("writes");
}

fn contents(engram: &Engram) -> embeddenator_fs::Result<BTreeMap<EngramPath, Vec<u8>>> {
    let tree = engram.latest()?;
    let mut contents = BTreeMap::new();
    for entry in tree.entries() {
        let entry = entry?;
        let mut content = Vec::new();
        if entry.node.kind() == "file" {
            tree.read(&entry, &mut content)?;
        }
        contents.insert(entry.path, content);
    }
    Ok(contents)
}

fn is_sound(path: &Path) -> bool {
    let Ok(engram) = Engram::open(path) else { return false };
    engram.findings().is_empty()
        && engram
            .verify(VerifyOptions { threads: 1, ..VerifyOptions::default() }, &())
            .expect("reads")
            .is_sound()
}

#[test]
fn flip_of_any_byte_is_found_and_gives_no_wrong_content() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    small(&root);
    ingest(&root, &path, Profile::Balanced, 1);
    let bytes = fs::read(&path).expect("reads");
    let expected = contents(&Engram::open(&path).expect("opens")).expect("reads");
    assert!(is_sound(&path) && bytes.len() < 20_000, "{} bytes", bytes.len());
    let file = fs::OpenOptions::new().write(true).open(&path).expect("opens");
    let put = |at: usize, byte: u8| {
        use std::io::{Seek, SeekFrom, Write};
        (&file).seek(SeekFrom::Start(at as u64)).expect("seeks");
        (&file).write_all(&[byte]).expect("writes");
    };
    for (at, byte) in bytes.iter().enumerate() {
        for mask in [1, 0xff] {
            put(at, byte ^ mask);
            assert!(!is_sound(&path), "byte {at} with {mask:#x} flipped is not found");
            match Engram::open(&path).and_then(|engram| contents(&engram)) {
                Ok(found) => assert_eq!(found, expected, "byte {at}"),
                Err(error) => {
                    let category = error.category();
                    assert!(matches!(category, Category::Damaged | Category::Failure), "byte {at}: {error}");
                    let message = error.to_string();
                    assert!(message.contains("engram") && !message.ends_with('.'), "{message}");
                }
            }
        }
        put(at, *byte);
    }
    assert!(is_sound(&path));
}

#[test]
fn cut_at_any_length_is_found() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    small(&root);
    ingest(&root, &path, Profile::Balanced, 1);
    let bytes = fs::read(&path).expect("reads");
    let cut = directory.path().join("cut");
    for length in (0..bytes.len()).rev() {
        fs::write(&cut, &bytes[..length]).expect("writes");
        let error = Engram::open(&cut).expect_err("a part is missing");
        // Of nothing nobody can tell what it was.
        let expected = if length == 0 { Category::Failure } else { Category::Damaged };
        assert_eq!(error.category(), expected, "{length} bytes: {error}");
    }
}

#[test]
fn either_superblock_is_enough_and_without_both_the_footer_is_found() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    small(&root);
    ingest(&root, &path, Profile::Balanced, 1);
    let bytes = fs::read(&path).expect("reads");
    let expected = contents(&Engram::open(&path).expect("opens")).expect("reads");
    for lost in [0..4096, 4096..8192, 0..8192] {
        let mut damaged = bytes.clone();
        damaged[lost.clone()].fill(0xaa);
        fs::write(&path, damaged).expect("writes");
        let engram = Engram::open(&path).expect("opens");
        assert_eq!(engram.findings().len(), lost.len() / 4096);
        assert!(!engram.is_rolled_back());
        assert_eq!(contents(&engram).expect("reads"), expected);
        let report = engram.verify(VerifyOptions::default(), &()).expect("reads");
        assert_eq!(report.findings.len(), lost.len() / 4096);
    }
}

#[test]
fn what_is_no_engram_is_refused_by_name() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let path = directory.path().join("file");
    fs::write(&path, noise(1, 100_000)).expect("writes");
    let error = Engram::open(&path).expect_err("is no engram");
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("not a valid engram"), "{error}");
    let error = Engram::open(directory.path().join("none")).expect_err("is not there");
    assert_eq!(error.category(), Category::NotFound);
}

#[test]
fn bytes_behind_the_last_commit_are_ignored() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    small(&root);
    ingest(&root, &path, Profile::Balanced, 1);
    let mut bytes = fs::read(&path).expect("reads");
    bytes.extend(noise(3, 1000));
    fs::write(&path, bytes).expect("writes");
    let report = Engram::open(&path).expect("opens").verify(VerifyOptions::default(), &()).expect("reads");
    assert!(report.is_sound());
    assert_eq!(report.uncommitted_bytes, 1000);
}

#[test]
fn damaged_segment_costs_only_the_files_that_need_it() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    fs::create_dir(&root).expect("makes a directory");
    for file in 0..12 {
        fs::write(root.join(format!("{file:02}")), noise(file, 100_000)).expect("writes");
    }
    fs::write(root.join("large"), noise(99, 900_000)).expect("writes");
    ingest(&root, &path, Profile::Fast, 2);
    let mut bytes = fs::read(&path).expect("reads");
    bytes[8192 + 1000] ^= 1;
    fs::write(&path, bytes).expect("writes");
    let engram = Engram::open(&path).expect("opens");
    let tree = engram.latest().expect("has a snapshot");
    let stop = engram.extract(&tree, directory.path().join("stopped"), &ExtractOptions::default(), &());
    let error = stop.expect_err("a segment is damaged");
    assert_eq!(error.category(), Category::Damaged);
    assert!(error.to_string().contains("segment 0, needed by `00`"), "{error}");
    let copy = directory.path().join("copy");
    let options = ExtractOptions { keep_going: true, ..ExtractOptions::default() };
    let report = engram.extract(&tree, &copy, &options, &()).expect("extracts the rest");
    assert_eq!(report.findings.len(), 1);
    let missing: Vec<String> = report.missing.iter().map(ToString::to_string).collect();
    assert!(missing.starts_with(&["00".to_owned(), "01".to_owned()]) && missing.len() <= 3, "{missing:?}");
    for name in fs::read_dir(&root).expect("lists").map(|name| name.expect("lists").file_name()) {
        let gone = missing.iter().any(|missing| name == **missing);
        assert_eq!(copy.join(&name).exists(), !gone);
        if !gone {
            assert_eq!(
                fs::read(copy.join(&name)).expect("reads"),
                fs::read(root.join(&name)).expect("reads")
            );
        }
    }
}
