//! What differs between snapshots, what a path was, and which files are alike.

use std::fs;

use embeddenator_fs::{
    Category, ChangeKind, Engram, EngramPath, IngestOptions, Profile, SimilarOptions, Source,
};

use crate::trees::{ingest, noise, plain, text};

fn path(path: &str) -> EngramPath {
    EngramPath::new(path).expect("is a path")
}

#[test]
fn diff_names_each_path_that_differs_and_how() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    plain(&root);
    ingest(&root, &engram, Profile::Balanced, 2);
    fs::write(root.join("a/text"), text(2, 201)).expect("writes");
    fs::remove_file(root.join("one")).expect("removes");
    fs::write(root.join("new"), "new").expect("writes");
    fs::remove_file(root.join("zero")).expect("removes");
    fs::create_dir(root.join("zero")).expect("makes a directory");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000);
    fs::File::open(root.join("a/inline")).expect("opens").set_modified(time).expect("sets");
    Engram::modify(&engram, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("modifies");
    let opened = Engram::open(&engram).expect("opens");
    let tree = |number: &str| opened.tree(opened.snapshot(number).expect("is there")).expect("reads");
    let changes = opened.diff(&tree("1"), &tree("2")).expect("compares");
    let found: Vec<(String, &str)> =
        changes.iter().map(|change| (change.path.to_string(), change.kind.name())).collect();
    let expected = [
        ("", "metadata"),
        ("a/inline", "metadata"),
        ("a/text", "content"),
        ("new", "added"),
        ("one", "removed"),
        ("zero", "replaced"),
    ];
    assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
    let back = opened.diff(&tree("2"), &tree("1")).expect("compares");
    assert_eq!(back.iter().filter(|change| change.kind == ChangeKind::Added).count(), 1);
    assert_eq!(opened.diff(&tree("1"), &tree("1")).expect("compares"), []);
}

#[test]
fn few_changes_among_many_files_are_all_found() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    for file in 0..3000 {
        let place = root.join(format!("{:02}", file % 40));
        fs::create_dir_all(&place).expect("makes a directory");
        fs::write(place.join(format!("{file:04}")), format!("file {file}")).expect("writes");
    }
    ingest(&root, &engram, Profile::Fast, 2);
    let mut expected = Vec::new();
    for file in [3, 777, 1500, 2999] {
        let path = format!("{:02}/{file:04}", file % 40);
        fs::write(root.join(&path), "edited").expect("writes");
        expected.push(path);
    }
    expected.sort();
    Engram::modify(&engram, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("modifies");
    let opened = Engram::open(&engram).expect("opens");
    let tree = |number: &str| opened.tree(opened.snapshot(number).expect("is there")).expect("reads");
    let changes = opened.diff(&tree("1"), &tree("2")).expect("compares");
    let found: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(found, expected);
}

#[test]
fn history_has_the_versions_of_a_path_with_their_similarity() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    plain(&root);
    ingest(&root, &engram, Profile::Balanced, 2);
    let modify = || {
        Engram::modify(&engram, &[Source::contents_of(&root)], &IngestOptions::default(), &())
            .expect("modifies")
    };
    fs::write(root.join("other"), "another file").expect("writes");
    modify();
    let mut edited = text(2, 200);
    edited.extend(text(77, 20));
    fs::write(root.join("a/text"), &edited).expect("writes");
    modify();
    fs::remove_file(root.join("a/text")).expect("removes");
    modify();
    let opened = Engram::open(&engram).expect("opens");
    let versions = opened.history(&path("a/text")).expect("looks");
    let kinds: Vec<(u32, &str)> =
        versions.iter().map(|version| (version.snapshot.number, version.kind.name())).collect();
    assert_eq!(kinds, [(1, "added"), (3, "content"), (4, "removed")]);
    assert_eq!(versions[1].entry.as_ref().map(embeddenator_fs::Entry::size), Some(edited.len() as u64));
    assert!(versions[1].similarity.is_some_and(|similarity| similarity > 0.7), "{versions:?}");
    assert_eq!(opened.history(&path("none")).expect("looks"), []);
}

#[test]
fn edited_copies_are_found_inside_and_from_outside() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    fs::create_dir(&root).expect("makes a directory");
    for file in 0..50 {
        fs::write(root.join(format!("{file:02}")), noise(file, 20_000)).expect("writes");
    }
    let mut copy = noise(7, 20_000);
    copy.splice(5_000..6_000, noise(100, 1_500));
    fs::write(root.join("edited"), &copy).expect("writes");
    fs::write(root.join("same"), noise(7, 20_000)).expect("writes");
    ingest(&root, &engram, Profile::Fast, 2);
    let opened = Engram::open(&engram).expect("opens");
    let tree = opened.latest().expect("is there");
    let options = SimilarOptions::default();
    let names = |found: Vec<embeddenator_fs::SimilarFile>| -> Vec<String> {
        found.iter().map(|file| file.path.to_string()).collect()
    };
    let found = opened.similar(&tree, &path("07"), options).expect("looks");
    assert!(found[0].similarity > 0.999);
    assert_eq!(names(found), ["same", "edited"]);
    let outside = directory.path().join("outside");
    copy.truncate(18_000);
    fs::write(&outside, copy).expect("writes");
    assert_eq!(names(opened.similar_to(&tree, &outside, options).expect("looks")), ["edited", "07", "same"]);
    let pairs = opened.near_duplicates(&tree, options).expect("looks");
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|pair| (pair.left.to_string(), pair.right.to_string())).collect();
    assert_eq!(pairs, [("07", "same"), ("07", "edited")].map(|(l, r)| (l.to_owned(), r.to_owned())));
    let one = SimilarOptions { limit: 1, ..options };
    assert_eq!(names(opened.similar(&tree, &path("07"), one).expect("looks")), ["same"]);
    let error = opened.similar(&tree, &EngramPath::root(), options).expect_err("is a directory");
    assert_eq!(error.category(), Category::Usage);
}

#[test]
fn bundled_signatures_find_what_a_scan_finds() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    fs::create_dir(&root).expect("makes a directory");
    for file in 0..200 {
        fs::write(root.join(format!("{file:03}")), noise(file, 5_000)).expect("writes");
    }
    fs::write(root.join("copy"), noise(3, 5_000)).expect("writes");
    ingest(&root, &engram, Profile::Fast, 2);
    let opened = Engram::open(&engram).expect("opens");
    let bundles = opened.bundle_hier(&opened.latest().expect("is there")).expect("bundles");
    assert_eq!((bundles.stats().items, bundles.files().len()), (200, 200));
    for (at, (path, _)) in bundles.files().iter().enumerate() {
        let code =
            bundles.hierarchy().get_ref(embeddenator_retrieval::Id(at as u64)).expect("is there").to_code();
        assert_eq!(bundles.search(&code, 1).expect("searches")[0].path, *path);
    }
}
