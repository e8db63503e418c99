//! Snapshots on snapshots: what each holds, what it costs, and what is left when some are forgotten.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use embeddenator_fs::{
    Category, CompactOptions, Engram, EngramPath, Error, ExtractOptions, ForgetOptions, IngestOptions, Keep,
    Node, Profile, Source, VerifyOptions,
};

use crate::trees::{ingest, noise, plain, text};

fn options(label: &str) -> IngestOptions<'_> {
    IngestOptions { label, threads: 2, ..IngestOptions::default() }
}

fn path(path: &str) -> EngramPath {
    EngramPath::new(path).expect("is a path")
}

/// Everything that a snapshot holds.
fn contents(engram: &Engram, snapshot: &str) -> BTreeMap<String, Vec<u8>> {
    let tree = engram.tree(engram.snapshot(snapshot).expect("is there")).expect("reads");
    let entries = tree.entries().map(|entry| entry.expect("reads"));
    let content = |entry: embeddenator_fs::Entry| {
        let mut content = entry.node.kind().as_bytes().to_vec();
        if matches!(entry.node, Node::File(_)) {
            tree.read(&entry, &mut content).expect("reads");
        }
        (entry.path.to_string(), content)
    };
    entries.map(content).collect()
}

fn assert_sound(path: &Path) -> Engram {
    let engram = Engram::open(path).expect("opens");
    let report = engram.verify(VerifyOptions { threads: 2, ..VerifyOptions::default() }, &()).expect("reads");
    assert!(report.is_sound(), "{report:?}");
    engram
}

struct Place {
    _directory: tempfile::TempDir,
    root: PathBuf,
    engram: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    plain(&root);
    ingest(&root, &engram, Profile::Balanced, 2);
    Place { root, engram, _directory: directory }
}

#[test]
fn each_snapshot_is_readable_by_itself() {
    let Place { root, engram, _directory } = place();
    let mut expected = vec![("first".to_owned(), contents(&Engram::open(&engram).expect("opens"), "first"))];
    for round in 0..6_u64 {
        let label = format!("round {round}");
        fs::write(root.join("a/text"), text(2, 200 + 20 * round as usize)).expect("writes");
        fs::write(root.join(format!("new {round}")), noise(round + 50, 30_000)).expect("writes");
        fs::remove_file(root.join("one")).unwrap_or_default();
        let report =
            Engram::modify(&engram, &[Source::contents_of(&root)], &options(&label), &()).expect("modifies");
        assert_eq!(
            (report.snapshot.number, report.snapshot.parent),
            (round as u32 + 2, Some(round as u32 + 1))
        );
        assert!(report.unchanged_files >= 4, "{report:?}");
        let opened = assert_sound(&engram);
        let found = contents(&opened, &label);
        assert_eq!(found["a/text"][4..], text(2, 200 + 20 * round as usize));
        assert!(!found.contains_key("one"));
        expected.push((label, found));
        for (label, expected) in &expected {
            assert!(contents(&opened, label) == *expected, "{label}");
        }
    }
}

#[test]
fn tree_hash_is_that_of_the_same_tree_taken_in_at_once() {
    let Place { root, engram, _directory } = place();
    fs::write(root.join("a/text"), text(3, 300)).expect("writes");
    fs::hard_link(root.join("a/text"), root.join("linked")).expect("links");
    let modified =
        Engram::modify(&engram, &[Source::contents_of(&root)], &options("second"), &()).expect("modifies");
    let fresh = root.with_file_name("fresh");
    assert_eq!(ingest(&root, &fresh, Profile::Balanced, 1).snapshot.tree_hash, modified.snapshot.tree_hash);
}

#[test]
fn added_sources_lie_over_what_is_there() {
    let Place { root, engram, _directory } = place();
    let other = root.with_file_name("other");
    fs::create_dir_all(other.join("b")).expect("makes a directory");
    fs::write(other.join("b/noise"), "quiet now").expect("writes");
    fs::write(other.join("text"), text(9, 100)).expect("writes");
    fs::write(other.join("more"), text(8, 100)).expect("writes");
    let source = Source::at(other.clone(), path("a"));
    Engram::add(&engram, &[source], &options("over"), &()).expect("adds");
    let opened = assert_sound(&engram);
    let mut expected = contents(&opened, "first");
    expected.insert("a/b/noise".to_owned(), b"filequiet now".to_vec());
    expected.insert("a/text".to_owned(), [b"file".to_vec(), text(9, 100)].concat());
    expected.insert("a/more".to_owned(), [b"file".to_vec(), text(8, 100)].concat());
    assert!(contents(&opened, "over") == expected);
    // A directory of no source keeps what it was.
    let root_of = |label: &str| {
        let tree = opened.tree(opened.snapshot(label).expect("is there")).expect("reads");
        tree.entry(&EngramPath::root()).expect("is there").metadata
    };
    assert_eq!(root_of("first"), root_of("over"));
    // A file in the place of a directory takes all below with it.
    let source = Source::at(root.join("one"), path("a/b"));
    Engram::add(&engram, &[source], &options("file"), &()).expect("adds");
    let opened = assert_sound(&engram);
    expected.retain(|name, _| !name.starts_with("a/b"));
    expected.insert("a/b".to_owned(), b"file\x07".to_vec());
    assert!(contents(&opened, "file") == expected);
    let below = Source::at(root.join("one"), path("a/b/c/one"));
    let error = Engram::add(&engram, &[below], &options("below"), &()).expect_err("is below a file");
    assert!(matches!(error, Error::WrongKind { .. }), "{error}");
}

#[test]
fn removed_paths_stay_in_older_snapshots() {
    let Place { engram, _directory, .. } = place();
    Engram::remove(&engram, &[path("a/b"), path("one")], &options("less")).expect("removes");
    let opened = assert_sound(&engram);
    let names: Vec<String> = contents(&opened, "less").into_keys().collect();
    assert_eq!(names, ["", "a", "a/inline", "a/text", "a/text again", "empty", "zero"]);
    assert!(contents(&opened, "first").contains_key("a/b/c/zeros"));
    let error = Engram::remove(&engram, &[path("one")], &options("again")).expect_err("is gone");
    assert_eq!(error.category(), Category::NotFound);
    let error = Engram::remove(&engram, &[EngramPath::root()], &options("all")).expect_err("is the root");
    assert_eq!(error.category(), Category::Usage);
}

#[test]
fn unchanged_files_are_not_read_and_touched_ones_are() {
    let Place { root, engram, _directory } = place();
    let before = fs::metadata(root.join("a/b/noise")).expect("looks").modified().expect("has a time");
    // Same size, same time, other content: only the change of the inode tells.
    fs::write(root.join("a/b/noise"), noise(77, 300_000)).expect("writes");
    OpenOptions::new()
        .write(true)
        .open(root.join("a/b/noise"))
        .expect("opens")
        .set_modified(before)
        .expect("sets");
    let report =
        Engram::modify(&engram, &[Source::contents_of(&root)], &options("second"), &()).expect("modifies");
    assert_eq!(report.unchanged_files, 6, "{report:?}");
    assert_eq!(contents(&assert_sound(&engram), "second")["a/b/noise"][4..], noise(77, 300_000));
    let reread = IngestOptions { reread: true, ..options("third") };
    let report = Engram::modify(&engram, &[Source::contents_of(&root)], &reread, &()).expect("modifies");
    assert_eq!((report.unchanged_files, report.fresh_chunks), (0, 0));
    assert!(report.added_bytes < 2000, "{report:?}");
}

/// Sixty files without a common part, of which each version edits some bytes.
fn version(root: &Path, version: usize) {
    fs::create_dir_all(root).expect("makes a directory");
    for file in 0..60 {
        let mut content = noise(file, 40_000);
        for edit in 0..version {
            content[(edit * 6007 + file as usize * 131) % 40_000] ^= 0x55;
        }
        fs::write(root.join(format!("{file}")), content).expect("writes");
    }
}

#[test]
fn later_versions_cost_little_and_are_decoded_in_three_steps() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    version(&root, 0);
    let first = ingest(&root, &engram, Profile::Fast, 2).engram_bytes;
    for round in 1..8 {
        version(&root, round);
        let report =
            Engram::modify(&engram, &[Source::contents_of(&root)], &options(&round.to_string()), &())
                .expect("modifies");
        assert!(report.fresh_bytes > 2_000_000, "{report:?}");
        assert!(report.added_bytes < first / 30, "round {round}: {report:?}");
    }
    let opened = assert_sound(&engram);
    let last = opened.latest().expect("is there");
    let copy = directory.path().join("copy");
    opened.extract(&last, &copy, &ExtractOptions::default(), &()).expect("extracts");
    for file in 0..60 {
        let name = format!("{file}");
        assert_eq!(fs::read(copy.join(&name)).expect("reads"), fs::read(root.join(&name)).expect("reads"));
    }
}

#[test]
fn edit_of_few_files_costs_little() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    for file in 0..300 {
        let place = root.join(format!("{}", file % 10));
        fs::create_dir_all(&place).expect("makes a directory");
        fs::write(place.join(format!("{file}.txt")), text(file, 300)).expect("writes");
    }
    let first = ingest(&root, &engram, Profile::Balanced, 2).engram_bytes;
    for file in [7, 100, 222] {
        let path = root.join(format!("{}/{file}.txt", file % 10));
        let mut content = fs::read(&path).expect("reads");
        content.splice(2000..2000, b"one more line\n".iter().copied());
        fs::write(path, content).expect("writes");
    }
    let report =
        Engram::modify(&engram, &[Source::contents_of(&root)], &options("edit"), &()).expect("modifies");
    assert_eq!(report.unchanged_files, 297);
    assert!(report.added_bytes * 50 < first, "{} after {first}", report.added_bytes);
}

#[test]
fn compacting_keeps_all_snapshots_and_drops_the_rest() {
    let Place { root, engram, _directory } = place();
    for round in 0..4_u64 {
        fs::write(root.join("large"), noise(round + 20, 200_000)).expect("writes");
        fs::write(root.join("a/text"), text(2, 300 + round as usize)).expect("writes");
        Engram::modify(&engram, &[Source::contents_of(&root)], &options(&format!("round {round}")), &())
            .expect("modifies");
    }
    let link = root.with_file_name("link");
    symlink(&engram, &link).expect("links");
    let before = Engram::open(&engram).expect("opens");
    let labels = ["first", "round 1", "round 3"];
    let expected: Vec<_> = labels.iter().map(|label| contents(&before, label)).collect();
    let forgotten =
        Engram::forget(&engram, &ForgetOptions { snapshots: vec![2, 4], ..ForgetOptions::default() });
    assert_eq!(forgotten.expect("forgets").kept.len(), 3);
    let opened = assert_sound(&engram);
    assert!(opened.snapshot("round 0").is_err());
    let (uuid, hashes) = (opened.info().expect("reads").uuid, hashes(&opened));
    let mode = fs::metadata(&engram).expect("looks").mode();
    let report = Engram::compact(&link, CompactOptions::default(), &()).expect("compacts");
    assert!(report.bytes_after + 350_000 < report.bytes_before, "{report:?}");
    assert!(link.is_symlink());
    let opened = assert_sound(&engram);
    for (label, expected) in labels.iter().zip(expected) {
        assert!(contents(&opened, label) == expected, "{label}");
    }
    assert_eq!((opened.info().expect("reads").uuid, self::hashes(&opened)), (uuid, hashes));
    assert_eq!(fs::metadata(&engram).expect("looks").mode(), mode);
    assert_eq!(opened.verify(VerifyOptions::default(), &()).expect("reads").dead_bytes, 0);
    // Numbers go on where they were.
    let report = Engram::remove(&engram, &[path("large")], &options("after")).expect("removes");
    assert_eq!((report.snapshot.number, report.snapshot.parent), (6, Some(5)));
    // Who had it open before reads what it was.
    assert!(contents(&before, "round 2")["large"][4..] == noise(22, 200_000));
}

fn hashes(engram: &Engram) -> Vec<(u32, [u8; 32], String)> {
    let facts =
        |snapshot: &embeddenator_fs::Snapshot| (snapshot.number, snapshot.tree_hash, snapshot.label.clone());
    engram.snapshots().iter().map(facts).collect()
}

#[test]
fn forgetting_by_rules_says_what_it_would_do_and_does_it() {
    let Place { engram, _directory, .. } = place();
    for round in 0..4 {
        Engram::remove(&engram, &[path(["a/b/c/zeros", "a/b/noise", "one", "zero"][round])], &options(""))
            .expect("removes");
    }
    let keep = Some(Keep { last: 2, labels: vec!["first".to_owned()], ..Keep::default() });
    let mut options = ForgetOptions { keep, dry_run: true, ..ForgetOptions::default() };
    let numbers = |snapshots: &[embeddenator_fs::Snapshot]| -> Vec<u32> {
        snapshots.iter().map(|snapshot| snapshot.number).collect()
    };
    let would = Engram::forget(&engram, &options).expect("looks");
    assert_eq!((numbers(&would.kept), numbers(&would.forgotten)), (vec![1, 4, 5], vec![2, 3]));
    assert_eq!(Engram::open(&engram).expect("opens").snapshots().len(), 5);
    options.dry_run = false;
    assert_eq!(Engram::forget(&engram, &options).expect("forgets"), would);
    assert_eq!(numbers(assert_sound(&engram).snapshots()), [1, 4, 5]);
    let unknown = ForgetOptions { snapshots: vec![2], ..ForgetOptions::default() };
    assert_eq!(Engram::forget(&engram, &unknown).expect_err("is gone").category(), Category::NotFound);
}

#[test]
fn all_snapshots_may_be_forgotten() {
    let Place { root, engram, _directory } = place();
    let all = ForgetOptions { keep: Some(Keep::default()), ..ForgetOptions::default() };
    assert_eq!(Engram::forget(&engram, &all).expect("forgets").kept, []);
    let opened = assert_sound(&engram);
    assert_eq!(opened.latest().expect_err("there is none").category(), Category::NotFound);
    Engram::modify(&engram, &[Source::contents_of(&root)], &options("again"), &()).expect("modifies");
    assert_eq!(contents(&assert_sound(&engram), "again").len(), 12);
}

#[test]
fn second_writer_of_each_change_is_told_that_it_is_busy() {
    let Place { root, engram, _directory } = place();
    let other = OpenOptions::new().write(true).open(&engram).expect("opens");
    other.lock().expect("locks");
    let sources = [Source::contents_of(&root)];
    let busy = [
        Engram::add(&engram, &sources, &options(""), &()).map(drop),
        Engram::modify(&engram, &sources, &options(""), &()).map(drop),
        Engram::remove(&engram, &[path("one")], &options("")).map(drop),
        Engram::forget(&engram, &ForgetOptions::default()).map(drop),
        Engram::compact(&engram, CompactOptions::default(), &()).map(drop),
    ];
    for result in busy {
        assert_eq!(result.expect_err("another one writes").category(), Category::Busy);
    }
    other.unlock().expect("unlocks");
    Engram::modify(&engram, &sources, &options(""), &()).expect("modifies");
}

#[test]
fn engram_goes_back_one_commit_if_the_last_footer_is_damaged_and_is_not_written_then() {
    let Place { root, engram, _directory } = place();
    let first = contents(&Engram::open(&engram).expect("opens"), "first");
    fs::write(root.join("new"), noise(5, 50_000)).expect("writes");
    let report =
        Engram::modify(&engram, &[Source::contents_of(&root)], &options("lost"), &()).expect("modifies");
    let mut bytes = fs::read(&engram).expect("reads");
    let end = report.engram_bytes as usize;
    bytes[end - 100] ^= 1;
    fs::write(&engram, bytes).expect("writes");
    let opened = Engram::open(&engram).expect("goes back");
    assert!(opened.is_rolled_back() && opened.findings().len() == 1);
    assert!(contents(&opened, "first") == first);
    assert!(opened.snapshot("lost").is_err());
    let error = Engram::modify(&engram, &[Source::contents_of(&root)], &options("over"), &());
    let error = error.expect_err("would overwrite what can be rescued");
    assert_eq!(error.category(), Category::Damaged, "{error}");
}

#[test]
fn manifest_of_a_second_snapshot_costs_what_changed() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    for file in 0..2000_u32 {
        let at = root.join(format!("{}/{}", file % 40, file.wrapping_mul(2_654_435_761)));
        fs::create_dir_all(at.parent().expect("has one")).expect("makes a directory");
        fs::write(at, file.to_string()).expect("writes");
    }
    let first = ingest(&root, &path, Profile::Balanced, 1);
    // One file in each directory, so that every block of the manifest is another.
    for file in 0..40_u32 {
        fs::write(root.join(format!("{file}/{}", file.wrapping_mul(2_654_435_761))), "changed")
            .expect("writes");
    }
    let second = Engram::modify(&path, &[Source::contents_of(&root)], &IngestOptions::default(), &())
        .expect("modifies");
    assert!(second.added_bytes * 5 < first.added_bytes, "{} of {}", second.added_bytes, first.added_bytes);
    assert_sound(&path);
}
