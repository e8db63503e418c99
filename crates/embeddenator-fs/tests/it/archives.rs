//! Tar archives: taken in as directories are, and written so that they come back equal.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use embeddenator_fs::{Engram, EngramPath, Entry, Error, IngestOptions, Node, Source};
use tempfile::tempdir;

use crate::trees::noise;

fn entries(engram: &Engram) -> Vec<Entry> {
    engram.latest().expect("has one").entries().collect::<Result<_, _>>().expect("reads")
}

fn archived(engram: &Path) -> Vec<u8> {
    let engram = Engram::open(engram).expect("opens");
    let mut bytes = Vec::new();
    let report = engram.archive(&engram.latest().expect("has one"), &[], &mut bytes, &()).expect("writes");
    assert!(report.warnings.is_empty());
    bytes
}

/// Takes an archive in.
fn ingest(bytes: &[u8], engram: &Path) -> Result<(), Error> {
    let archive = engram.with_extension("tar");
    fs::write(&archive, bytes).expect("writes");
    let source = Source::archive(File::open(&archive).expect("opens"), &archive);
    let options = IngestOptions { threads: 2, overwrite: true, ..IngestOptions::default() };
    Engram::create(engram, &[source], &options, &()).map(drop)
}

/// A tree with what a header has no room for: long names, odd bytes, old times, links of both kinds.
fn tree(root: &Path) {
    let long = "d".repeat(120);
    let deep = root.join(&long).join(&long);
    fs::create_dir_all(&deep).expect("makes directories");
    fs::create_dir(root.join("empty")).expect("makes a directory");
    fs::write(deep.join("file"), noise(1, 300_000)).expect("writes");
    fs::write(root.join("short"), "inline").expect("writes");
    fs::write(root.join("none"), "").expect("writes");
    fs::hard_link(root.join("short"), root.join("also short")).expect("links");
    std::os::unix::fs::symlink("t".repeat(300), root.join("link")).expect("links");
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"odd \xff\nname");
    fs::write(root.join(odd), "odd").expect("writes");
    let old = std::time::UNIX_EPOCH - std::time::Duration::from_millis(1500);
    File::options().write(true).open(root.join("none")).expect("opens").set_modified(old).expect("sets");
}

#[test]
fn tree_comes_back_equal_through_an_archive() {
    let place = tempdir().expect("makes a directory");
    let (root, first, second) =
        (place.path().join("tree"), place.path().join("first"), place.path().join("second"));
    tree(&root);
    Engram::create(&first, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("takes in");
    let archive = archived(&first);
    ingest(&archive, &second).expect("takes in");
    let (one, other) = (Engram::open(&first).expect("opens"), Engram::open(&second).expect("opens"));
    let hash = |engram: &Engram| engram.snapshots()[0].tree_hash;
    assert_eq!(hash(&one), hash(&other));
    assert!(archived(&second) == archive);
    // The layout is that of the directory, too.
    assert!(fs::read(&first).expect("reads") == fs::read(&second).expect("reads"));
}

#[test]
fn gnu_tar_and_engrams_understand_each_other() {
    let place = tempdir().expect("makes a directory");
    let (root, engram) = (place.path().join("tree"), place.path().join("engram"));
    tree(&root);
    let direct = place.path().join("direct");
    Engram::create(&direct, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("takes in");
    let expected = Engram::open(&direct).expect("opens").snapshots()[0].tree_hash;
    for format in ["gnu", "pax"] {
        let archive = place.path().join(format);
        let mut tar = Command::new("tar");
        tar.arg("--format").arg(format).arg("-C").arg(&root).arg("-cf").arg(&archive).arg(".");
        let Ok(made) = tar.output() else {
            println!("skipped: there is no program `tar`");
            return;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        ingest(&fs::read(&archive).expect("reads"), &engram).expect("takes in");
        let engram = Engram::open(&engram).expect("opens");
        assert_eq!(entries(&engram).len(), 10);
        // The format of GNU has no fractions of seconds.
        assert!(format == "gnu" || engram.snapshots()[0].tree_hash == expected);
    }
    let (written, copy) = (place.path().join("written"), place.path().join("copy"));
    fs::write(&written, archived(&direct)).expect("writes");
    fs::create_dir(&copy).expect("makes a directory");
    let extracted =
        Command::new("tar").arg("-C").arg(&copy).arg("-xpf").arg(&written).output().expect("runs");
    assert!(extracted.status.success(), "{}", String::from_utf8_lossy(&extracted.stderr));
    let again = place.path().join("again");
    Engram::create(&again, &[Source::contents_of(&copy)], &IngestOptions::default(), &()).expect("takes in");
    assert_eq!(Engram::open(&again).expect("opens").snapshots()[0].tree_hash, expected);
}

/// A header and data, filled up to blocks.
fn member(name: &str, kind: u8, link: &str, data: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", data.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(157, link);
    put(257, "ustar\x0000");
    block[156] = kind;
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend_from_slice(data);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

#[test]
fn later_member_replaces_an_earlier_one() {
    let place = tempdir().expect("makes a directory");
    let engram = place.path().join("engram");
    let end = vec![0; 1024];
    let archive = [member("./a", b'0', "", b"old"), member("/a", b'0', "", b"new"), end].concat();
    ingest(&archive, &engram).expect("takes in");
    let engram = Engram::open(&engram).expect("opens");
    let tree = engram.latest().expect("has one");
    let mut content = Cursor::new(Vec::new());
    let entry = tree.entry(&EngramPath::new("a").expect("is a path")).expect("is there");
    tree.read(&entry, &mut content).expect("reads");
    assert_eq!(content.into_inner(), b"new");
    assert_eq!(entries(&engram).iter().filter(|entry| matches!(entry.node, Node::File(_))).count(), 1);
}

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    let place = tempdir().expect("makes a directory");
    let engram = place.path().join("engram");
    let end = || vec![0; 1024];
    let huge = [member("big", b'x', "", b""), end()].concat();
    let mut absurd = huge.clone();
    absurd[124..136].copy_from_slice(b"77777777777\0");
    absurd[148..156].fill(b' ');
    let sum: u32 = absurd[..512].iter().map(|byte| u32::from(*byte)).sum();
    absurd[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    for archive in [
        [member("../up", b'0', "", b"x"), end()].concat(),
        [member("a/../../up", b'0', "", b"x"), end()].concat(),
        [member("link", b'1', "nowhere", b""), end()].concat(),
        [member("link", b'1', "link", b""), end()].concat(),
        [member("sparse", b'S', "", b"x"), end()].concat(),
        [member("odd", b'Z', "", b"x"), end()].concat(),
        [member("a", b'0', "", b"x"), member("a/b", b'0', "", b"y"), end()].concat(),
        [member("pax", b'x', "", b"not a record"), member("a", b'0', "", b"x"), end()].concat(),
        absurd,
        member("cut", b'0', "", &noise(1, 5000)),
        b"no archive at all".repeat(100),
        Vec::new(),
    ] {
        let error = ingest(&archive, &engram).expect_err("is refused");
        let expected =
            matches!(error, Error::Archive { .. } | Error::InvalidPath { .. } | Error::Duplicate { .. });
        assert!(expected && !engram.exists(), "{error}");
    }
}

#[test]
fn damaged_archive_is_an_error_or_another_tree_and_never_a_panic() {
    let place = tempdir().expect("makes a directory");
    let (root, first) = (place.path().join("tree"), place.path().join("first"));
    fs::create_dir(&root).expect("makes a directory");
    fs::write(root.join("x".repeat(150)), "short").expect("writes");
    std::os::unix::fs::symlink("target", root.join("link")).expect("links");
    Engram::create(&first, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("takes in");
    let archive = archived(&first);
    let second = place.path().join("second");
    for at in (0..archive.len()).step_by(7) {
        let mut damaged = archive.clone();
        damaged[at] ^= 1 << (at % 8);
        drop(ingest(&damaged, &second));
    }
    for length in (0..archive.len()).step_by(512) {
        let error = ingest(&archive[..length], &second);
        assert!(error.is_err() || length >= archive.len() - 512, "{length}");
    }
}
