//! Views: any part of a snapshot, read in place by many threads.

use std::fs::{self, File};
use std::thread;

use embeddenator_fs::{Category, Engram, EngramPath, Entry, IngestOptions, Node, Profile, Source, View};
use embeddenator_vsa::Random;
use tempfile::tempdir;

use crate::trees::{ingest, noise, plain, text};

fn entries(engram: &Engram) -> Vec<Entry> {
    engram.latest().expect("has one").entries().collect::<Result<_, _>>().expect("reads")
}

fn content(engram: &Engram, entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    engram.latest().expect("has one").read(entry, &mut bytes).expect("reads");
    bytes
}

/// Reads parts of a file at offsets that follow from a seed, and compares them.
fn compare(view: &View, place: u64, expected: &[u8], seed: u64) {
    let file = view.open(place).expect("opens");
    assert_eq!(file.size(), expected.len() as u64);
    let mut random = Random::new(seed);
    for _ in 0..20 {
        let start = random.below(expected.len() as u64 + 10) as usize;
        let mut buffer = vec![9; random.below(200_000) as usize];
        let count = file.read_at(view, start as u64, &mut buffer).expect("reads");
        let part = expected.get(start..).unwrap_or_default();
        assert_eq!(count, part.len().min(buffer.len()));
        assert!(buffer[..count] == part[..count], "{start}, {count}");
    }
}

#[test]
fn view_shows_what_the_tree_has() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    plain(&root);
    let sparse = File::create(root.join("sparse")).expect("creates");
    sparse.set_len(5_000_000).expect("makes a hole");
    std::os::unix::fs::FileExt::write_all_at(&sparse, &noise(8, 100_000), 2_000_000).expect("writes");
    fs::hard_link(root.join("one"), root.join("a/also one")).expect("links");
    ingest(&root, &path, Profile::Balanced, 1);
    let engram = Engram::open(&path).expect("opens");
    let view = engram.view(&engram.snapshots()[0]).expect("opens");
    for (place, entry) in (0..).zip(entries(&engram)) {
        assert_eq!(view.entry(place).expect("is there"), entry);
        assert_eq!(view.lookup(&entry.path).expect("reads"), Some((place, entry.clone())));
        let names = |children: Vec<Entry>| children.into_iter().map(|child| child.path).collect::<Vec<_>>();
        let children = engram.latest().expect("has one").children(&entry.path).expect("reads");
        let in_view = view.children(&entry.path).expect("reads");
        assert!(in_view.iter().all(|(place, child)| view.entry(*place).expect("is there") == *child));
        assert_eq!(names(in_view.into_iter().map(|(_, child)| child).collect()), names(children));
        if matches!(entry.node, Node::File(_)) {
            compare(&view, place, &content(&engram, &entry), place);
        } else {
            assert_eq!(view.open(place).expect_err("is no file").category(), Category::Usage);
        }
        let (first, count) = view.links(place, &entry).expect("reads");
        assert!(if entry.link_group.is_some() { count == 2 } else { (first, count) == (place, 1) });
    }
    assert_eq!(view.entry(10_000).expect_err("is beyond").category(), Category::NotFound);
    assert!(view.lookup(&EngramPath::new("missing").expect("is a path")).expect("reads").is_none());
}

#[test]
fn eight_readers_see_the_right_bytes_while_a_snapshot_is_added() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    fs::create_dir(&root).expect("makes a directory");
    for file in 0..40 {
        fs::write(root.join(format!("{file:02}")), text(file, 2000)).expect("writes");
    }
    ingest(&root, &path, Profile::Fast, 1);
    let engram = Engram::open(&path).expect("opens");
    let view = engram.view(&engram.snapshots()[0]).expect("opens");
    let files: Vec<(u64, Vec<u8>)> = (0..)
        .zip(entries(&engram))
        .filter(|(_, entry)| matches!(entry.node, Node::File(_)))
        .map(|(place, entry)| (place, content(&engram, &entry)))
        .collect();
    thread::scope(|scope| {
        for reader in 0..8 {
            let (view, files) = (&view, &files);
            scope.spawn(move || {
                for (place, expected) in files.iter().cycle().skip(reader * 5).take(files.len()) {
                    compare(view, *place, expected, reader as u64);
                }
            });
        }
        fs::write(root.join("00"), text(77, 3000)).expect("writes");
        let options = IngestOptions { threads: 1, ..IngestOptions::default() };
        Engram::modify(&path, &[Source::contents_of(&root)], &options, &()).expect("modifies");
    });
}

#[test]
fn file_that_is_cut_while_it_is_read_is_an_error() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    plain(&root);
    ingest(&root, &path, Profile::Balanced, 1);
    let engram = Engram::open(&path).expect("opens");
    let view = engram.view(&engram.snapshots()[0]).expect("opens");
    let (place, _) =
        view.lookup(&EngramPath::new("a/b/noise").expect("is a path")).expect("reads").expect("is there");
    let file = view.open(place).expect("opens");
    File::options().write(true).open(&path).expect("opens").set_len(9000).expect("cuts");
    let error = file.read_at(&view, 0, &mut [0; 100]).expect_err("is cut");
    assert_eq!(error.category(), Category::Damaged);
    assert!(error.to_string().contains("a/b/noise"), "{error}");
}
