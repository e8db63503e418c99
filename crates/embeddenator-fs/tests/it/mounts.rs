//! Engrams as directories.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use embeddenator_fs::{Engram, IngestOptions, Mount, MountOptions, Profile, Source, unmount};
use tempfile::{TempDir, tempdir};

use crate::trees::{ingest, noise, plain};

/// Whether engrams can be mounted here; says so if not, unless it has to be possible.
fn can_mount() -> bool {
    let Err(error) = File::options().read(true).write(true).open("/dev/fuse") else { return true };
    let needed = std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "fuse"));
    assert!(!needed, "/dev/fuse cannot be opened: {error}");
    println!("skipped: /dev/fuse cannot be opened: {error}");
    false
}

/// A tree, its engram, and a directory to mount at.
fn prepare() -> TempDir {
    let place = tempdir().expect("makes a directory");
    plain(&place.path().join("tree"));
    fs::hard_link(place.path().join("tree/one"), place.path().join("tree/a/also one")).expect("links");
    std::os::unix::fs::symlink("a/text", place.path().join("tree/link")).expect("links");
    ingest(&place.path().join("tree"), &place.path().join("engram"), Profile::Balanced, 1);
    fs::create_dir(place.path().join("at")).expect("makes a directory");
    place
}

/// Looks at a mounted engram.
fn mounted(place: &Path, look: impl FnOnce(&Path)) {
    let (engram, at) = (Engram::open(place.join("engram")).expect("opens"), place.join("at"));
    let snapshot = engram.snapshots().last().expect("has one");
    let options = MountOptions { threads: 4, ..MountOptions::default() };
    let mount = Mount::new(&engram, snapshot, &at, options).expect("mounts");
    let serving = thread::spawn(move || mount.run());
    let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(&at)));
    unmount(&at, looked.is_err()).expect("unmounts");
    serving.join().expect("ends").expect("served");
    if let Err(panic) = looked {
        std::panic::resume_unwind(panic);
    }
}

/// Holds if two trees are equal in names, contents and metadata.
fn assert_equal(left: &Path, right: &Path) {
    let list = |root: &Path| {
        let mut entries: Vec<_> =
            fs::read_dir(root).expect("lists").map(|it| it.expect("lists").file_name()).collect();
        entries.sort();
        entries
    };
    assert_eq!(list(left), list(right));
    for name in list(left) {
        let (left, right) = (left.join(&name), right.join(&name));
        let look = |path: &Path| {
            let found = fs::symlink_metadata(path).expect("is there");
            let links = if found.is_dir() { 0 } else { found.nlink() };
            let size = if found.is_dir() { 0 } else { found.size() };
            (found.mode(), found.uid(), found.gid(), found.mtime(), found.mtime_nsec(), links, size)
        };
        assert_eq!(look(&left), look(&right), "{}", left.display());
        let kind = fs::symlink_metadata(&left).expect("is there").file_type();
        if kind.is_dir() {
            assert_equal(&left, &right);
        } else if kind.is_symlink() {
            assert_eq!(fs::read_link(&left).expect("reads"), fs::read_link(&right).expect("reads"));
        } else {
            assert!(
                fs::read(&left).expect("reads") == fs::read(&right).expect("reads"),
                "{}",
                left.display()
            );
        }
    }
}

#[test]
fn mounted_tree_is_the_tree_to_eight_readers_at_once_while_a_snapshot_is_added() {
    if !can_mount() {
        return;
    }
    let place = prepare();
    let copy = place.path().join("copy");
    let engram = Engram::open(place.path().join("engram")).expect("opens");
    let tree = engram.latest().expect("has one");
    engram.extract(&tree, &copy, &embeddenator_fs::ExtractOptions::default(), &()).expect("extracts");
    mounted(place.path(), |at| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_equal(at, &copy));
            }
            let root = place.path().join("tree");
            fs::write(root.join("later"), noise(9, 50_000)).expect("writes");
            let options = IngestOptions { threads: 1, ..IngestOptions::default() };
            Engram::modify(place.path().join("engram"), &[Source::contents_of(&root)], &options, &())
                .expect("modifies");
        });
        let one = fs::metadata(at.join("one")).expect("is there").ino();
        assert_eq!(one, fs::metadata(at.join("a/also one")).expect("is there").ino());
        let refused = fs::write(at.join("new"), "x").expect_err("is read-only");
        assert_eq!(refused.kind(), io::ErrorKind::ReadOnlyFilesystem);
    });
}

#[test]
fn snapshots_stand_side_by_side() {
    if !can_mount() {
        return;
    }
    let place = prepare();
    let root = place.path().join("tree");
    fs::write(root.join("one"), "other").expect("writes");
    fs::remove_file(root.join("zero")).expect("removes");
    let options = IngestOptions { label: "second", ..IngestOptions::default() };
    Engram::modify(place.path().join("engram"), &[Source::contents_of(&root)], &options, &())
        .expect("modifies");
    mounted(place.path(), |at| {
        let of = |snapshot: &str, name: &str| fs::read(at.join(".snapshots").join(snapshot).join(name));
        assert_eq!(of("1", "one").expect("reads"), [7]);
        assert_eq!(of("first", "one").expect("reads"), [7]);
        assert_eq!(of("second", "one").expect("reads"), b"other");
        assert_eq!(fs::read(at.join("one")).expect("reads"), b"other");
        assert!(of("1", "zero").is_ok() && of("2", "zero").is_err() && of("3", "one").is_err());
        let mut names: Vec<_> = fs::read_dir(at.join(".snapshots"))
            .expect("lists")
            .map(|it| it.expect("lists").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["1", "2", "first", "second"]);
        // A walk does not meet every file as often as there are snapshots.
        assert!(fs::read_dir(at).expect("lists").all(|it| it.expect("lists").file_name() != ".snapshots"));
        assert_equal(at, &root);
    });
}

#[test]
fn engram_that_is_cut_while_mounted_is_an_error_of_the_read() {
    if !can_mount() {
        return;
    }
    let place = prepare();
    mounted(place.path(), |at| {
        assert_eq!(fs::read(at.join("one")).expect("reads"), [7]);
        let file = File::options().write(true).open(place.path().join("engram")).expect("opens");
        file.set_len(9000).expect("cuts");
        let error = fs::read(at.join("a/b/noise")).expect_err("is cut");
        assert_eq!(error.raw_os_error(), Some(5), "{error}");
    });
}
