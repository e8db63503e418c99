//! Fails each operation of a replacement in turn: the file is then the old or the new one, and nothing is left beside it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::aside::Aside;
use super::system::{FileOperations, Found, Permissions, System};
use crate::error::{Error, Result};
use crate::limits::ASIDE_NAMES_MAX;

/// How a chosen operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Only this one; later operations work.
    Once,
    /// This one and all later ones.
    FromThere,
}

/// The system with a failure at operation `at`; records each operation.
#[derive(Debug)]
struct Faulty<'a> {
    at: usize,
    fault: Fault,
    calls: &'a mut Vec<&'static str>,
}

impl Faulty<'_> {
    fn step(&mut self, name: &'static str) -> io::Result<()> {
        let number = self.calls.len();
        self.calls.push(name);
        if number == self.at || (number > self.at && self.fault == Fault::FromThere) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl FileOperations for Faulty<'_> {
    type Directory = <System as FileOperations>::Directory;

    fn look(&mut self, path: &Path) -> io::Result<Found> {
        self.step("look")?;
        System.look(path)
    }

    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.step("resolve")?;
        System.resolve(path)
    }

    fn create(&mut self, path: &Path, private: bool) -> io::Result<File> {
        self.step("create")?;
        System.create(path, private)
    }

    /// Writes at most seven bytes at a time, so that there are several writes and the failing one
    /// comes after some have succeeded.
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(7)];
        if let Err(error) = self.step("write") {
            System.write(file, &part[..part.len() / 2])?;
            return Err(error);
        }
        System.write(file, part)
    }

    fn set_permissions(&mut self, file: &File, permissions: &Permissions) -> io::Result<()> {
        self.step("set_permissions")?;
        System.set_permissions(file, permissions)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        self.step("sync")?;
        System.sync(file)
    }

    fn open_directory(&mut self, path: &Path) -> io::Result<Self::Directory> {
        self.step("open_directory")?;
        System.open_directory(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename")?;
        System.rename(from, to)
    }

    fn sync_directory(&mut self, directory: &Self::Directory) -> io::Result<()> {
        self.step("sync_directory")?;
        System.sync_directory(directory)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.step("remove")?;
        System.remove(path)
    }
}

const OLD: &[u8] = b"the old content";
const NEW: &[u8] = b"the new content, which is longer";

/// Replaces the file at `path` and also returns the operations.
fn replace(path: &Path, at: usize, fault: Fault) -> (Result<()>, Vec<&'static str>) {
    let mut calls = Vec::new();
    let system = Faulty { at, fault, calls: &mut calls };
    let replaced = Aside::create(system, path).and_then(|mut aside| {
        aside.write_all(NEW)?;
        aside.commit()
    });
    (replaced, calls)
}

/// More operations than replacing a file takes.
const OPERATIONS_MAX: usize = 100;

/// Fails each operation in turn until a run succeeds, and checks what is left after each.
fn fail_each(prepare: impl Fn(&Path) -> PathBuf, old: Option<&[u8]>, fault: Fault) -> Vec<&'static str> {
    for at in 0..OPERATIONS_MAX {
        let directory = tempfile::tempdir().expect("a directory");
        let path = prepare(directory.path());
        let before = fs::read_dir(directory.path()).expect("a directory").count();
        let (replaced, calls) = replace(&path, at, fault);
        let found = fs::read(&path).ok();
        let after = fs::read_dir(directory.path()).expect("a directory").count();
        let added = usize::from(old.is_none() && found.is_some());
        let Err(error) = replaced else {
            assert_eq!(calls.len(), at, "it succeeds when nothing fails");
            assert_eq!(found.as_deref(), Some(NEW));
            assert_eq!(after, before + added);
            return calls;
        };
        let failed = calls[at];
        let path_is_named = error.to_string().contains(&*directory.path().to_string_lossy());
        assert!(path_is_named, "{failed}: {error}");
        if failed == "sync_directory" {
            assert!(matches!(error, Error::NotDurable { .. }), "{error}");
            assert_eq!(found.as_deref(), Some(NEW), "the rename was done");
        } else {
            assert!(
                matches!(&error, Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull),
                "{failed}: {error}"
            );
            assert_eq!(found.as_deref(), old, "{failed} failed");
        }
        // If the removal fails too, a leftover cannot be avoided.
        let leftover = usize::from(fault == Fault::FromThere && calls.last() == Some(&"remove"));
        assert_eq!(after, before + added + leftover, "beside the file after {failed} failed");
    }
    panic!("replacing a file takes more than {OPERATIONS_MAX} operations")
}

fn with_old_file(directory: &Path) -> PathBuf {
    let path = directory.join("file");
    fs::write(&path, OLD).expect("writes");
    path
}

#[test]
fn failure_at_any_step_leaves_the_old_file_whole() {
    for fault in [Fault::Once, Fault::FromThere] {
        let calls = fail_each(with_old_file, Some(OLD), fault);
        let mut expected = vec!["look", "create"];
        expected.extend(["write"; 5]);
        expected.extend(["set_permissions", "sync", "open_directory", "rename", "sync_directory"]);
        assert_eq!(calls, expected);
    }
}

#[test]
fn failure_at_any_step_leaves_a_missing_file_missing() {
    for fault in [Fault::Once, Fault::FromThere] {
        let calls = fail_each(|directory| directory.join("file"), None, fault);
        assert!(!calls.contains(&"set_permissions"), "there is no old file to have permissions of");
    }
}

#[cfg(unix)]
#[test]
fn failure_at_any_step_leaves_the_file_behind_a_link_whole() {
    for fault in [Fault::Once, Fault::FromThere] {
        let prepare = |directory: &Path| {
            let link = directory.join("link");
            std::os::unix::fs::symlink(with_old_file(directory), &link).expect("links");
            link
        };
        let calls = fail_each(prepare, Some(OLD), fault);
        assert_eq!(calls[..3], ["look", "resolve", "look"]);
    }
}

#[test]
fn after_a_failed_write_nothing_is_committed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = with_old_file(directory.path());
    let mut calls = Vec::new();
    // The write that follows the look at the target, the creation and the first write.
    let system = Faulty { at: 3, fault: Fault::Once, calls: &mut calls };
    let mut aside = Aside::create(system, &path).expect("creates");
    aside.write_all(&NEW[..7]).expect("writes");
    assert!(aside.write_all(NEW).is_err());
    let error = aside.write_all(NEW).expect_err("it has failed");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    let error = aside.commit().expect_err("it has failed");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    assert_eq!(fs::read(&path).expect("reads"), OLD);
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1);
    assert_eq!(calls.last(), Some(&"remove"));
}

/// Answers `create` as if names were taken, and `write` as if a signal interrupted it or the disk
/// accepted nothing.
#[derive(Debug, Default)]
struct Busy {
    taken: u32,
    /// Taken names have no files, since creating them would take long.
    without_files: bool,
    interruptions: u32,
    takes_nothing: bool,
}

impl FileOperations for Busy {
    type Directory = <System as FileOperations>::Directory;

    fn look(&mut self, path: &Path) -> io::Result<Found> {
        System.look(path)
    }

    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf> {
        System.resolve(path)
    }

    fn create(&mut self, path: &Path, private: bool) -> io::Result<File> {
        if self.taken > 0 {
            self.taken -= 1;
            if self.without_files {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::write(path, "left by another").expect("writes");
        }
        System.create(path, private)
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        if self.interruptions > 0 {
            self.interruptions -= 1;
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.takes_nothing {
            return Ok(0);
        }
        System.write(file, bytes)
    }

    fn set_permissions(&mut self, file: &File, permissions: &Permissions) -> io::Result<()> {
        System.set_permissions(file, permissions)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        System.sync(file)
    }

    fn open_directory(&mut self, path: &Path) -> io::Result<Self::Directory> {
        System.open_directory(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        System.rename(from, to)
    }

    fn sync_directory(&mut self, directory: &Self::Directory) -> io::Result<()> {
        System.sync_directory(directory)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        System.remove(path)
    }
}

#[test]
fn taken_names_are_skipped_and_left_alone() {
    for taken in [0, 1, 65] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = with_old_file(directory.path());
        let mut aside =
            Aside::create(Busy { taken, interruptions: 2, ..Busy::default() }, &path).expect("creates");
        aside.write_all(NEW).expect("writes");
        aside.commit().expect("replaces");
        assert_eq!(fs::read(&path).expect("reads"), NEW);
        let left = fs::read_dir(directory.path()).expect("a directory").count();
        assert_eq!(left, 1 + taken as usize);
    }
}

/// A process in a container always has the same ID, and leaves one file behind each time it is
/// killed.
#[test]
fn thousands_of_leftovers_are_skipped_and_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = with_old_file(directory.path());
    for (taken, creates) in [(4000, true), (ASIDE_NAMES_MAX - 1, true), (ASIDE_NAMES_MAX, false)] {
        let created = Aside::create(Busy { taken, without_files: true, ..Busy::default() }, &path);
        assert_eq!(created.is_ok(), creates, "{taken} names are taken");
        if let Err(error) = created {
            assert!(error.to_string().contains("next to"), "{error}");
            let Error::Io { path: named, source, .. } = error else { panic!("{error}") };
            assert_eq!((named, source.kind()), (path.clone(), io::ErrorKind::AlreadyExists));
        }
    }
}

#[test]
fn write_that_takes_nothing_is_not_committed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = with_old_file(directory.path());
    let mut aside = Aside::create(Busy { takes_nothing: true, ..Busy::default() }, &path).expect("creates");
    assert_eq!(aside.write(&[]).expect("nothing is asked for"), 0);
    assert_eq!(aside.write(NEW).expect("nothing is taken"), 0);
    let error = aside.commit().expect_err("the new content is not there");
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    assert_eq!(fs::read(&path).expect("reads"), OLD);
}
