//! What comes out is what went in, to the last bit of metadata.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use embeddenator_fs::{
    Engram, EngramPath, ExtractOptions, IngestOptions, Node, Profile, Source, VerifyOptions,
};
use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps, XattrFlags, mkfifoat, mknodat, utimensat};

use crate::trees::{ingest, noise, plain, text};

/// All that is known of a name, without its number on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    mode: u32,
    owner: (u32, u32),
    mtime: (i64, i64),
    size: u64,
    device: u64,
    content: Vec<u8>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The first name of the same file.
    first: PathBuf,
}

fn see(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut first = BTreeMap::new();
    let mut paths = vec![root.to_owned()];
    let mut at = 0;
    while at < paths.len() {
        let path = paths[at].clone();
        at += 1;
        if fs::symlink_metadata(&path).expect("looks").is_dir() {
            paths.extend(fs::read_dir(&path).expect("lists").map(|name| name.expect("lists").path()));
        }
    }
    paths.sort();
    for path in paths {
        let metadata = fs::symlink_metadata(&path).expect("looks");
        let name = path.strip_prefix(root).expect("is below").to_owned();
        let content = if metadata.is_file() {
            fs::read(&path).expect("reads")
        } else if metadata.is_symlink() {
            fs::read_link(&path).expect("reads").into_os_string().into_vec()
        } else {
            Vec::new()
        };
        let id = (metadata.dev(), metadata.ino());
        let first = first.entry(id).or_insert_with(|| name.clone()).clone();
        let seen_here = Seen {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            size: if metadata.is_dir() { 0 } else { metadata.size() },
            device: metadata.rdev(),
            content,
            xattrs: xattrs(&path),
            first,
        };
        seen.insert(name, seen_here);
    }
    seen
}

fn xattrs(path: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut names = vec![0; 4096];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap_or(0);
    names.truncate(length);
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let mut value = vec![0; 4096];
        let length = rustix::fs::lgetxattr(path, name, &mut value[..]).expect("reads an attribute");
        value.truncate(length);
        value
    };
    names.map(|name| (name.to_vec(), value(name))).collect()
}

fn stamp(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("sets the time");
}

/// Every kind of file, strange names, and metadata of all sorts.
fn everything(root: &Path) {
    plain(root);
    let at = |name: &str| root.join(name);
    symlink("a/text", at("link")).expect("links");
    symlink("/nowhere/../else", at("dangling")).expect("links");
    symlink(OsStr::from_bytes(b"\xff\xfe"), at("strange target")).expect("links");
    fs::hard_link(at("a/text"), at("another name")).expect("links");
    fs::hard_link(at("a/text"), at("empty/third name")).expect("links");
    fs::hard_link(at("link"), at("link to link")).expect("links");
    mkfifoat(CWD, at("fifo"), Mode::from_raw_mode(0o640)).expect("makes a fifo");
    drop(UnixListener::bind(at("socket")).expect("makes a socket"));
    if rustix::process::geteuid().is_root() {
        for (name, kind) in [
            ("block", rustix::fs::FileType::BlockDevice),
            ("character", rustix::fs::FileType::CharacterDevice),
        ] {
            let device = rustix::fs::makedev(7, 300);
            mknodat(CWD, at(name), kind, Mode::from_raw_mode(0o600), device).expect("makes a device");
        }
        for name in ["one", "link", "empty"] {
            std::os::unix::fs::lchown(at(name), Some(1234), Some(70_000)).expect("gives away");
        }
    }
    for name in [&b"not \xff utf-8"[..], b"new\nline", b"tab\t", b" space ", b"-", b"...", &[b'x'; 255]] {
        fs::write(root.join(OsStr::from_bytes(name)), name).expect("writes");
    }
    let mut deep = at("deep");
    for level in 0..100 {
        deep.push(format!("level {level}"));
    }
    fs::create_dir_all(&deep).expect("makes directories");
    fs::write(deep.join("bottom"), text(9, 300)).expect("writes");
    for (name, mode) in
        [("one", 0o4755), ("zero", 0o2000), ("a/inline", 0), ("a/b", 0o1777), ("empty", 0o500)]
    {
        fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).expect("sets the mode");
    }
    for (name, key, value) in [
        ("one", "user.comment", &b"value"[..]),
        ("one", "user.empty", b""),
        ("a", "user.of directory", b"\0\xff"),
    ] {
        rustix::fs::setxattr(at(name), key, value, XattrFlags::empty()).expect("sets an attribute");
    }
    sparse(&at("sparse"));
    let hole = File::create(at("only a hole")).expect("creates");
    hole.set_len(5_000_000).expect("sets the length");
    for (name, time) in
        [("a/text", (1, 1)), ("link", (-5, 999_999_999)), ("a/b/c", (4_000_000_000, 5)), ("a", (0, 0))]
    {
        stamp(&at(name), time.0, time.1);
    }
    stamp(root, 1_700_000_000, 123_456_789);
}

/// A file with a hole at its start, between data, and at its end; some data is zeros.
fn sparse(path: &Path) {
    let file = File::create(path).expect("creates");
    file.write_all_at(&noise(11, 100_000), 1 << 20).expect("writes");
    file.write_all_at(&vec![0; 65_536], 3 << 20).expect("writes");
    file.write_all_at(b"a few", 5 << 20).expect("writes");
    file.set_len(9 << 20).expect("sets the length");
}

fn extract(engram: &Path, target: &Path, threads: usize) {
    let engram = Engram::open(engram).expect("opens");
    let tree = engram.latest().expect("has a snapshot");
    let options = ExtractOptions { threads, ..ExtractOptions::default() };
    let report = engram.extract(&tree, target, &options, &()).expect("extracts");
    assert!(report.warnings.is_empty() && report.missing.is_empty(), "{report:?}");
}

#[test]
fn every_kind_of_file_comes_back_in_every_profile() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    everything(&root);
    let before = see(&root);
    for (profile, threads) in
        [(Profile::Fast, 1), (Profile::Balanced, 2), (Profile::Archive, 3), (Profile::Max, 8)]
    {
        let (engram, copy) = (directory.path().join("engram"), directory.path().join(profile.name()));
        ingest(&root, &engram, profile, threads);
        let report =
            Engram::open(&engram).expect("opens").verify(VerifyOptions::default(), &()).expect("reads");
        assert!(report.is_sound() && report.dead_bytes == 0, "{report:?}");
        extract(&engram, &copy, threads);
        let after = see(&copy);
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (name, seen) in &before {
            assert_eq!(after[name], *seen, "{}", name.display());
        }
        fs::remove_file(&engram).expect("removes");
    }
}

#[test]
fn holes_come_back_as_holes() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, copy) = (directory.path().join("tree"), directory.path().join("copy"));
    fs::create_dir(&root).expect("makes a directory");
    sparse(&root.join("sparse"));
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Balanced, 2);
    extract(&engram, &copy, 2);
    let blocks = |root: &Path| fs::metadata(root.join("sparse")).expect("looks").blocks();
    assert_eq!(fs::read(root.join("sparse")).expect("reads"), fs::read(copy.join("sparse")).expect("reads"));
    // Where the file system has no holes, both are full.
    assert!(blocks(&copy) <= blocks(&root) + 64, "{} and {}", blocks(&copy), blocks(&root));
}

#[test]
fn files_of_every_length_around_the_borders_come_back() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, copy) = (directory.path().join("tree"), directory.path().join("copy"));
    fs::create_dir(&root).expect("makes a directory");
    let borders = [256, 4096, 16 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20];
    for length in borders.iter().flat_map(|border| border - 2..=border + 2) {
        for (kind, mut content) in [("noise", noise(length as u64, length)), ("zeros", vec![0; length])] {
            fs::write(root.join(format!("{kind} {length}")), &content).expect("writes");
            content[length / 2..].fill(0);
            fs::write(root.join(format!("{kind} {length} and zeros")), &content).expect("writes");
        }
    }
    let engram = directory.path().join("engram");
    ingest(&root, &engram, Profile::Fast, 2);
    extract(&engram, &copy, 2);
    assert_eq!(see(&root), see(&copy));
}

#[test]
fn named_sources_come_back_under_their_names() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (left, right) = (directory.path().join("left"), directory.path().join("right"));
    plain(&left);
    plain(&right);
    let single = directory.path().join("single");
    File::create(&single).expect("creates").write_all(b"one file").expect("writes");
    let sources: Vec<Source> =
        [&left, &right, &single].into_iter().map(|path| Source::named(path).expect("has a name")).collect();
    let engram = directory.path().join("engram");
    Engram::create(&engram, &sources, &IngestOptions::default(), &()).expect("takes in");
    let copy = directory.path().join("copy");
    extract(&engram, &copy, 2);
    assert_eq!(see(&left), see(&copy.join("left")));
    assert_eq!(see(&right), see(&copy.join("right")));
    assert_eq!(fs::read(copy.join("single")).expect("reads"), b"one file");
}

#[test]
fn engram_in_its_own_tree_is_left_out() {
    let directory = tempfile::tempdir().expect("makes a directory");
    plain(directory.path());
    let engram = directory.path().join("self.egm");
    // Another time of the directory would take other bytes.
    stamp(directory.path(), 5, 5);
    ingest(directory.path(), &engram, Profile::Balanced, 2);
    let first = fs::read(&engram).expect("reads");
    let options = IngestOptions { overwrite: true, label: "first", ..IngestOptions::default() };
    stamp(directory.path(), 5, 5);
    Engram::create(&engram, &[Source::contents_of(directory.path())], &options, &()).expect("takes in");
    let opened = Engram::open(&engram).expect("opens");
    let path = EngramPath::new("self.egm").expect("is a path");
    assert!(opened.latest().expect("has a snapshot").find(&path).expect("reads").is_none());
    assert!(first.len().abs_diff(fs::read(&engram).expect("reads").len()) < 64);
}

#[test]
fn excluded_paths_are_left_out_with_all_below() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    plain(&root);
    let exclude = |path: &EngramPath, node: &Node| path.name() == b"b" && *node == Node::Directory;
    let options = IngestOptions { exclude: Some(&exclude), all_root: true, ..IngestOptions::default() };
    let engram = directory.path().join("engram");
    Engram::create(&engram, &[Source::contents_of(&root)], &options, &()).expect("takes in");
    let opened = Engram::open(&engram).expect("opens");
    let tree = opened.latest().expect("has a snapshot");
    let entries: Vec<_> = tree.entries().map(|entry| entry.expect("reads")).collect();
    let paths: Vec<String> = entries.iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(paths, ["", "a", "a/inline", "a/text", "a/text again", "empty", "one", "zero"]);
    assert!(entries.iter().all(|entry| (entry.metadata.uid, entry.metadata.gid) == (0, 0)));
}
