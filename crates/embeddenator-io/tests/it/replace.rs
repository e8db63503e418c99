//! Replacing files, on the real file system.

use std::fs;
use std::io::Write;
use std::path::Path;

use embeddenator_io::{
    Compression, Error, Kind, Limits, Replacement, StreamReader, StreamWriter, replace_file,
};

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn file_is_created_and_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    for content in [&b"first"[..], b"", &vec![7; 100_000]] {
        replace_file(&path, content).expect("replaces");
        assert_eq!(fs::read(&path).expect("reads"), content);
        assert_eq!(names(directory.path()), ["file"]);
    }
}

#[test]
fn replacement_that_is_dropped_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    fs::write(&path, "old").expect("writes");
    let mut replacement = Replacement::create(&path).expect("creates");
    replacement.write_all(b"new").expect("writes");
    replacement.flush().expect("flushes");
    assert_eq!(names(directory.path()).len(), 2);
    drop(replacement);
    assert_eq!(names(directory.path()), ["file"]);
    assert_eq!(fs::read(&path).expect("reads"), b"old");
}

#[test]
fn stream_is_written_into_a_replacement() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    let replacement = Replacement::create(&path).expect("creates");
    let mut writer = StreamWriter::new(replacement, Kind(1), Compression::None).expect("begins");
    writer.append(b"all or nothing").expect("appends");
    assert!(!path.exists());
    writer.finish().expect("finishes").commit().expect("replaces");
    let mut content = Vec::new();
    let file = fs::File::open(&path).expect("opens");
    let mut reader = StreamReader::new(file, Kind(1), &Limits::default()).expect("opens");
    std::io::Read::read_to_end(&mut reader, &mut content).expect("reads");
    assert_eq!(content, b"all or nothing");
}

#[test]
fn two_replacements_of_one_file_do_not_interfere() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    let mut one = Replacement::create(&path).expect("creates");
    let mut two = Replacement::create(&path).expect("creates");
    one.write_all(b"one").expect("writes");
    two.write_all(b"two").expect("writes");
    two.commit().expect("replaces");
    assert_eq!(fs::read(&path).expect("reads"), b"two");
    one.commit().expect("replaces");
    assert_eq!(fs::read(&path).expect("reads"), b"one");
    assert_eq!(names(directory.path()), ["file"]);
}

#[test]
fn many_threads_replace_one_file_and_readers_see_it_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    replace_file(&path, &[0; 5000]).expect("makes");
    let check = || {
        let content = fs::read(&path).expect("it is there at any moment");
        assert_eq!(content.len(), 5000);
        assert!(content.iter().all(|byte| *byte == content[0]), "each content is whole");
    };
    std::thread::scope(|scope| {
        for thread in 1..=8_u8 {
            let (path, check) = (&path, &check);
            scope.spawn(move || {
                for _ in 0..4 {
                    replace_file(path, &[thread; 5000]).expect("replaces");
                    check();
                }
            });
        }
    });
    check();
    assert_eq!(names(directory.path()), ["file"]);
}

#[test]
fn new_file_appears_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("file");
    let mut replacement = Replacement::create(&path).expect("creates");
    replacement.write_all(&[1; 10]).expect("writes");
    assert!(!path.exists(), "it must not appear before it is complete");
    replacement.commit().expect("replaces");
    assert_eq!(fs::read(&path).expect("reads"), [1; 10]);
}

#[test]
fn anything_but_a_file_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).expect("creates");
    let (slash, dot) = (directory.path().join("new/"), directory.path().join("new/."));
    for path in [&inner, &slash, &dot, Path::new("/"), Path::new(""), Path::new("..")] {
        // It is refused before anything is written.
        let error = Replacement::create(path).map(drop).expect_err("no file");
        assert!(matches!(error, Error::NotAFile { .. }), "{error}");
    }
    assert_eq!(names(directory.path()), ["inner"]);
}

#[test]
fn error_names_the_path() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("missing").join("file");
    let error = replace_file(&path, b"content").expect_err("there is no such directory");
    let Error::Io { path: named, .. } = &error else { panic!("{error}") };
    assert_eq!(*named, path, "the caller's path");
    assert!(error.to_string().contains("missing"), "{error}");
}

/// Set in the child process that runs one test in another directory.
const CHILD: &str = "EMBEDDENATOR_IO_TEST_CHILD";

#[test]
fn bare_name_is_in_the_current_directory() {
    if std::env::var_os(CHILD).is_some() {
        replace_file("file", b"first").expect("makes");
        replace_file("file", b"second").expect("replaces");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let output = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "replace::bare_name_is_in_the_current_directory"])
        .current_dir(directory.path())
        .env(CHILD, "1")
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(names(directory.path()), ["file"], "the child ran its test");
    assert_eq!(fs::read(directory.path().join("file")).expect("reads"), b"second");
}

#[cfg(unix)]
mod unix {
    //! Links and modes.

    use std::ffi::OsStr;
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn permissions_are_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        for mode in [0o600, 0o644, 0o640, 0o755, 0o444, 0o4755] {
            fs::write(&path, "old").expect("writes");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("sets");
            replace_file(&path, b"new").expect("replaces");
            assert_eq!(fs::read(&path).expect("reads"), b"new");
            let kept = fs::metadata(&path).expect("there").mode() & 0o7777;
            assert_eq!(kept, mode & 0o777, "without setuid and setgid");
            fs::remove_file(&path).expect("removes");
        }
    }

    #[test]
    fn new_file_has_the_permissions_of_new_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let (ours, other) = (directory.path().join("ours"), directory.path().join("other"));
        replace_file(&ours, b"").expect("replaces");
        fs::write(&other, "").expect("writes");
        let mode = |path| fs::metadata(path).expect("there").mode();
        assert_eq!(mode(&ours), mode(&other));
    }

    #[test]
    fn file_behind_a_link_is_replaced_and_the_link_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let elsewhere = directory.path().join("elsewhere");
        fs::create_dir(&elsewhere).expect("creates");
        fs::write(elsewhere.join("file"), "old").expect("writes");
        symlink("elsewhere/file", directory.path().join("first")).expect("links");
        symlink("first", directory.path().join("second")).expect("links");
        replace_file(directory.path().join("second"), b"new").expect("replaces");
        assert_eq!(fs::read(elsewhere.join("file")).expect("reads"), b"new");
        assert_eq!(names(&elsewhere), ["file"]);
        for link in ["first", "second"] {
            let found = fs::symlink_metadata(directory.path().join(link)).expect("there");
            assert!(found.is_symlink(), "{link}");
        }
    }

    #[test]
    fn link_to_nothing_or_to_no_regular_file_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("link");
        symlink("missing", &path).expect("links");
        let error = replace_file(&path, b"new").expect_err("it leads nowhere");
        assert!(matches!(error, Error::Io { action: "follow the link", .. }), "{error}");
        fs::remove_file(&path).expect("removes");
        symlink("/dev/null", &path).expect("links");
        let error = replace_file(&path, b"new").expect_err("it leads to a device");
        assert!(matches!(error, Error::NotAFile { .. }), "{error}");
        assert_eq!(names(directory.path()), ["link"]);
    }

    #[test]
    fn open_file_keeps_the_old_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "old").expect("writes");
        let mut open = fs::File::open(&path).expect("opens");
        replace_file(&path, b"new").expect("replaces");
        let mut content = String::new();
        open.read_to_string(&mut content).expect("reads");
        assert_eq!(content, "old");
    }

    #[test]
    fn any_name_that_the_system_takes_is_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in [&[b'x'; 255][..], b"caf\xe9", b"new\nline", b" ", b"..."] {
            let path = directory.path().join(OsStr::from_bytes(name));
            // Some systems take only names in UTF-8.
            if fs::write(&path, "old").is_err() {
                continue;
            }
            replace_file(&path, b"new").expect("replaces");
            assert_eq!(fs::read(&path).expect("reads"), b"new");
            fs::remove_file(&path).expect("removes");
            assert!(names(directory.path()).is_empty(), "nothing is left beside it");
        }
    }

    #[test]
    fn hard_link_keeps_the_old_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "old").expect("writes");
        fs::hard_link(&path, directory.path().join("other")).expect("links");
        replace_file(&path, b"new").expect("replaces");
        assert_eq!(fs::read(directory.path().join("other")).expect("reads"), b"old");
    }
}
