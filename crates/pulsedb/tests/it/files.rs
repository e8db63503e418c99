//! Files and places that are not as they should be: the typed error that names it, and nothing lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulsedb::{CollectiveId, Config, ExperienceId, PulseDB, PulseDBError, StorageError};

use crate::random::Random;
use crate::samples::{
    DIMENSION, all, difference, directory, external, label_of, labelled, open, until_reclaimed,
};
use crate::skips::skip;
use crate::worker::{Worker, say};

fn filled(path: &Path) -> CollectiveId {
    let db = open(path);
    let cid = db.create_collective("c").unwrap();
    db.record_experiences((0..60).map(|row| labelled(&format!("row:{row}"), cid)).collect()).unwrap();
    db.close().unwrap();
    cid
}

fn whole(path: &Path, cid: CollectiveId) {
    let db = open(path);
    has_all(&db, cid);
    db.close().unwrap();
}

fn has_all(db: &PulseDB, cid: CollectiveId) {
    let found = all(db, cid);
    assert_eq!(found.len(), 60);
    for row in &found {
        assert_eq!(difference(row, &labelled(label_of(row), cid)), None);
    }
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn directory_that_was_swapped_under_an_open_handle_is_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("database");
    let record = |db: &PulseDB| {
        let content = "kept".to_owned();
        db.record_experience(pulsedb::NewExperience { content, ..Default::default() })
    };
    let db = PulseDB::open(&path, Config::default()).unwrap();
    record(&db).unwrap();
    db.backup(home.path().join("backup")).unwrap();
    record(&db).unwrap();
    std::fs::rename(&path, home.path().join("aside")).unwrap();
    std::fs::rename(home.path().join("backup"), &path).unwrap();
    let error = record(&db).unwrap_err();
    let expected = path.canonicalize().unwrap();
    assert!(
        matches!(&error, PulseDBError::Storage(StorageError::Replaced { path }) if *path == expected),
        "{error}"
    );
    // The last look of those who read may be half a second old.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while db.list_collectives().is_ok() {
        assert!(std::time::Instant::now() < deadline, "a reader is never told");
        std::thread::yield_now();
    }
    db.close().unwrap();
    let db = PulseDB::open(&path, Config::default()).unwrap();
    assert_eq!(db.stats().unwrap().collectives[0].experience_count, 1);
    record(&db).unwrap();
}

#[test]
fn truncated_file_is_refused_by_name_or_lacks_nothing() {
    let mut random = Random::from_environment(31);
    let home = directory();
    let (path, cut) = (home.path().join("db"), home.path().join("cut"));
    let cid = filled(&path);
    let bytes = fs::read(path.join("data.mdb")).unwrap();
    let used = bytes.chunks(4096).rposition(|page| page.iter().any(|byte| *byte != 0)).unwrap() * 4096;
    let edges = [1, 15, 100, 4095, 4096, 4097, 8191, 8192, 8193, used, used + 4095, bytes.len() - 1];
    let inside = (0..40).map(|_| random.below(used)).collect::<Vec<_>>();
    for length in edges.into_iter().chain(inside) {
        for config in [external(DIMENSION), Config::read_only()] {
            let _ = fs::remove_dir_all(&cut);
            fs::create_dir(&cut).unwrap();
            fs::write(cut.join("data.mdb"), &bytes[..length]).unwrap();
            if random.one_in(2) {
                fs::copy(path.join("lock"), cut.join("lock")).unwrap();
            }
            match PulseDB::open(&cut, config) {
                Err(PulseDBError::Storage(StorageError::Corrupted { table: "file", key })) => {
                    assert!(key.contains("data.mdb"), "{key}");
                }
                Err(error) => panic!("cut to {length}: {error:?}"),
                Ok(db) => {
                    assert!(length > used, "cut to {length} of {used} that are used");
                    has_all(&db, cid);
                }
            }
        }
    }
    whole(&path, cid);
}

#[test]
fn foreign_file_is_refused_and_left_alone() {
    let home = directory();
    let mut random = Random::new(32);
    let noise: Vec<u8> = (0..50_000).map(|_| random.next() as u8).collect();
    let foreign: [&[u8]; 5] = [b"x", b"SQLite format 3\0 and more of it", &[0; 4096], &[0xff; 9000], &noise];
    for (at, bytes) in foreign.into_iter().enumerate() {
        let path = home.path().join(at.to_string());
        fs::create_dir(&path).unwrap();
        fs::write(path.join("data.mdb"), bytes).unwrap();
        for config in [external(DIMENSION), Config::read_only()] {
            let error = PulseDB::open(&path, config).unwrap_err();
            let named = match &error {
                PulseDBError::Storage(StorageError::Unsupported { reason }) => reason.contains("data.mdb"),
                PulseDBError::Storage(StorageError::Corrupted { key, .. }) => key.contains("data.mdb"),
                _ => false,
            };
            assert!(named, "{error:?}");
        }
        assert_eq!(fs::read(path.join("data.mdb")).unwrap(), bytes);
    }
}

#[test]
fn directory_where_the_data_file_should_be_is_refused() {
    let home = directory();
    fs::create_dir_all(home.path().join("data.mdb")).unwrap();
    let error = PulseDB::open(home.path(), external(DIMENSION)).unwrap_err();
    assert!(error.is_storage(), "{error:?}");
}

#[test]
fn missing_directory_is_made_by_a_writer_and_named_to_a_reader() {
    let home = directory();
    let path = home.path().join("a/b/c");
    let error = PulseDB::open(&path, Config::read_only()).unwrap_err();
    assert!(matches!(&error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. })), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    whole(&path, filled(&path));
}

#[test]
fn empty_directory_is_no_database_to_a_reader_and_stays_empty() {
    let home = directory();
    let error = PulseDB::open(home.path(), Config::read_only()).unwrap_err();
    assert!(matches!(&error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. })), "{error:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn file_in_the_place_of_the_directory_is_named() {
    let home = directory();
    let path = home.path().join("file");
    fs::write(&path, "text").unwrap();
    for config in [external(DIMENSION), Config::read_only()] {
        let error = PulseDB::open(&path, config).unwrap_err();
        assert!(matches!(&error, PulseDBError::Io { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"text");
}

/// The role of a process that may not do everything: opens in both ways and says what came of it.
pub(crate) fn open_both_ways(arguments: &[String]) {
    for config in [external(DIMENSION), Config::read_only()] {
        say(&match PulseDB::open(&arguments[0], config) {
            Ok(db) => format!("open with {}", db.list_collectives().unwrap().len()),
            Err(PulseDBError::Io { path, source, .. }) => format!("{:?} {}", source.kind(), path.display()),
            Err(error) => format!("{error:?}"),
        });
    }
}

#[cfg(unix)]
#[test]
fn lack_of_permission_is_named_with_the_file() {
    use std::os::unix::fs::PermissionsExt;
    /// Nobody, who owns nothing.
    const NOBODY: u32 = 65_534;
    let home = directory();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (closed, readable) = (home.path().join("closed"), home.path().join("readable"));
    for path in [&closed, &readable] {
        filled(path);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    for path in [closed, readable] {
        let Some(mut worker) = Worker::start_as(NOBODY, "permission", &[path.to_str().unwrap()]) else {
            skip("users", "this user cannot start a process as another one");
            return;
        };
        for _ in 0..2 {
            let line = worker.expect_line();
            assert!(line.starts_with("PermissionDenied /") || line.starts_with("open with 1"), "{line}");
        }
        whole(&path, open(&path).list_collectives().unwrap()[0].id);
    }
}

/// A file system of its own that ends with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with the reason printed, where nothing can be mounted.
    fn mount(at: &Path, mebibytes: usize) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => {
                skip("mount", format!("cannot mount: {}", String::from_utf8_lossy(&output.stderr).trim()));
                None
            }
            Err(error) => {
                skip("mount", format!("cannot mount: {error}"));
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Nothing can be done about a failure here.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn is_full<T>(outcome: &pulsedb::Result<T>) -> bool {
    matches!(outcome, Err(PulseDBError::Storage(StorageError::Full { .. })))
}

/// Batches of records that are more than any small disk has room for.
const BATCHES_MAX: u32 = 10_000;

/// Records until there is no room; what was acknowledged.
fn fill(db: &PulseDB, cid: CollectiveId, tag: &str) -> Vec<ExperienceId> {
    let mut ids = Vec::new();
    for number in 0..BATCHES_MAX {
        let rows = (0..20).map(|row| labelled(&format!("{tag}{number}:{row}"), cid)).collect();
        match db.record_experiences(rows) {
            Ok(more) => ids.extend(more),
            outcome => {
                assert!(is_full(&outcome), "{outcome:?}");
                return ids;
            }
        }
    }
    panic!("the small disk took {} records and is not full", ids.len());
}

fn present(db: &PulseDB, ids: &[ExperienceId]) {
    for id in ids {
        let row = db.get_experience(*id).unwrap().expect("what was acknowledged is there");
        assert_eq!(difference(&row, &labelled(label_of(&row), row.collective_id)), None);
    }
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn full_disk_refuses_records_loses_nothing_and_lets_delete() {
    let home = directory();
    let Some(disk) = SmallDisk::mount(&home.path().join("disk"), 12) else { return };
    let path = disk.0.join("db");
    let db = open(&path);
    let cid = db.create_collective("c").unwrap();
    let other = db.create_collective("other").unwrap();
    db.record_experiences((0..300).map(|row| labelled(&format!("other:{row}"), other)).collect()).unwrap();
    let mut ids = fill(&db, cid, "a");
    assert!(ids.len() > 100);
    present(&db, &ids);
    db.close().unwrap();
    let db = open(&path);
    present(&db, &ids);
    for id in ids.drain(..60) {
        db.delete_experience(id).unwrap();
    }
    db.delete_collective(other).unwrap();
    until_reclaimed(&db);
    let more = fill(&db, cid, "b");
    assert!(!more.is_empty(), "the room of deleted records is used again");
    ids.extend(more);
    present(&db, &ids);
    db.close().unwrap();
}

#[test]
fn disk_that_others_have_filled_can_be_written_again_when_they_go() {
    let home = directory();
    let Some(disk) = SmallDisk::mount(&home.path().join("disk"), 16) else { return };
    let path = disk.0.join("db");
    let db = open(&path);
    let cid = db.create_collective("c").unwrap();
    let filler = disk.0.join("filler");
    let is_refused = |mebibytes: usize| fs::write(&filler, vec![1; mebibytes << 20]).is_err();
    assert!((1..=16).any(is_refused), "the disk has room for as much as it has in all, beside a database");
    let mut ids = fill(&db, cid, "a");
    present(&db, &ids);
    for id in ids.drain(..ids.len() / 2) {
        db.delete_experience(id).unwrap();
    }
    fs::remove_file(&filler).unwrap();
    for number in 0..50 {
        ids.push(db.record_experience(labelled(&format!("b:{number}"), cid)).unwrap());
    }
    present(&db, &ids);
    db.close().unwrap();
    present(&open(&path), &ids);
}
