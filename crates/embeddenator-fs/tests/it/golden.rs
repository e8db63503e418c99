//! An engram of `tests/golden` that an earlier version wrote is read, and the same tree gives its parts again.

use std::path::Path;

use embeddenator_fs::{Engram, EngramPath, Node, VerifyOptions};

#[test]
fn golden_engram_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1.egm");
    let engram = Engram::open(path).expect("opens");
    assert!(engram.verify(VerifyOptions::default(), &()).expect("reads").is_sound());
    let snapshot = engram.snapshot("golden").expect("is there");
    assert_eq!((snapshot.number, snapshot.parent, snapshot.time.seconds), (1, None, 1_700_000_000));
    let tree = engram.tree(snapshot).expect("reads");
    let kinds: Vec<(String, &str)> = tree
        .entries()
        .map(|entry| entry.expect("reads"))
        .map(|entry| (entry.path.to_string(), entry.node.kind()))
        .collect();
    let expected = [
        ("", "directory"),
        ("a", "directory"),
        ("a/chunks", "file"),
        ("a/link", "symbolic link"),
        ("a/sparse", "file"),
        ("character", "character device"),
        ("fifo", "fifo"),
        ("first name", "file"),
        ("second name", "file"),
        ("socket", "socket"),
    ];
    assert_eq!(kinds, expected.map(|(path, kind)| (path.to_owned(), kind)));
    let entry = |path: &str| tree.entry(&EngramPath::new(path).expect("is a path")).expect("is there");
    let content = |path: &str| {
        let mut content = Vec::new();
        tree.read(&entry(path), &mut content).expect("reads");
        content
    };
    let numbers: Vec<u8> = (0..6000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(content("a/chunks"), numbers);
    assert_eq!(content("first name"), b"two names\n");
    let sparse = content("a/sparse");
    assert_eq!((sparse.len(), &sparse[1 << 20..(1 << 20) + 5]), (3 << 20, &b"in it"[..]));
    assert!(matches!(entry("a/link").node, Node::Symlink(target) if target == b"../first name"));
    let first = entry("first name");
    assert_eq!((first.metadata.mode, first.metadata.uid, first.metadata.gid), (0o4640, 12, 34));
    assert_eq!(first.metadata.mtime.to_string(), "1600000000.123456789");
    assert_eq!(first.metadata.xattrs[0].name, b"user.note");
    assert_eq!(first.link_group, Some(0));
    assert_eq!(entry("second name").link_group, Some(0));
}
