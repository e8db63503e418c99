//! Processes that are killed: a child kills itself at each step of a change, and what it leaves behind is looked at.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::trees::{alone, contents, create, noise, small};
use crate::create::NewFile;
use crate::engram::Engram;
use crate::error::Result;
use crate::ingest::run::{IngestOptions, Place, keep, table_compression, take_in};
use crate::medium::Medium;
use crate::snapshot::SnapshotList;
use crate::store::read::Store;
use crate::transaction::Transaction;
use crate::update::compact::{CompactOptions, rewrite};
use crate::update::forget::{ForgetOptions, forget_on};
use crate::update::opened::Opened;
use crate::update::run::{Change, update_on};
use crate::walk::Source;

/// What the child is to do, where, and at which step it dies.
const CHILD: &str = "EMBEDDENATOR_KILLED_CHILD";

/// Writes through until the step of a number: there half of the bytes arrive, and the process ends.
#[derive(Debug)]
struct Dying<M> {
    medium: M,
    left: usize,
}

impl<M: Medium> Medium for Dying<M> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.left == 0 {
            self.medium.write_at(offset, &bytes[..bytes.len() / 2])?;
            die();
        }
        self.left -= 1;
        self.medium.write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.left == 0 {
            die();
        }
        self.left -= 1;
        self.medium.sync()
    }
}

/// `kill -9` of this process.
fn die() -> ! {
    let myself = rustix::process::getpid();
    rustix::process::kill_process(myself, rustix::process::Signal::KILL).expect("may end itself");
    unreachable!("nobody survives this signal")
}

/// Does what the parent asked for; without it there is nothing to do.
#[test]
fn child_that_is_killed() {
    let Some(asked) = env::var_os(CHILD) else { return };
    let asked = asked.into_string().expect("is text");
    let mut parts = asked.splitn(3, ' ');
    let mut next = || parts.next().expect("has three parts");
    let (change, left, directory) = (next(), next().parse().expect("is a number"), PathBuf::from(next()));
    run(change, left, &directory).expect("works");
}

fn run(change: &str, left: usize, directory: &Path) -> Result<()> {
    let (root, engram) = (directory.join("tree"), directory.join("engram"));
    let sources = [Source::contents_of(&root)];
    let options = IngestOptions { threads: 1, ..IngestOptions::default() };
    match change {
        "ingest" => {
            let created = NewFile::create(&engram, true)?;
            let mut dying = Dying { medium: created.file(), left };
            let mut transaction =
                Transaction::begin(&mut dying, &engram, None, table_compression(options.profile));
            let place = Place { engram: &engram, skip: &[], before: None, parent: None };
            let taken = take_in(&sources, &options, &place, &mut transaction, &())?;
            let snapshot = keep(taken.entries, &options, (1, None), &mut transaction)?;
            transaction.commit(&SnapshotList { next: 2, snapshots: vec![snapshot] }, [7; 16])?;
            dying.sync().expect("syncs");
            let left = dying.left;
            put_in_place(created, left)
        }
        "compact" => {
            let created = NewFile::create(&engram, true)?;
            let opened = fs::File::open(&engram).expect("opens");
            let store = Store::open(opened, &engram)?;
            let mut dying = Dying { medium: created.file(), left };
            rewrite(&store, &mut dying, CompactOptions::default(), &())?;
            dying.sync().expect("syncs");
            let left = dying.left;
            put_in_place(created, left)
        }
        "add" | "modify" | "forget" => {
            let opened = Opened::open(&engram)?;
            let mut dying = Dying { medium: opened.medium(), left };
            match change {
                "add" => update_on(&opened, &mut dying, Change::Add(&sources), &options, &()).map(drop),
                "modify" => {
                    update_on(&opened, &mut dying, Change::Replace(&sources), &options, &()).map(drop)
                }
                _ => {
                    let options = ForgetOptions { snapshots: vec![1], ..ForgetOptions::default() };
                    forget_on(&opened, &mut dying, &options).map(drop)
                }
            }
        }
        other => unreachable!("{other} is no change"),
    }
}

/// The last step of a file aside, with which it has its name.
fn put_in_place(created: NewFile, left: usize) -> Result<()> {
    created.place()?;
    if left == 0 {
        die();
    }
    Ok(())
}

impl<M: Medium> Medium for &mut Dying<M> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write_at(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }
}

fn child(change: &str, left: usize, directory: &Path) -> ExitStatus {
    let myself = env::current_exe().expect("has a name");
    let arguments = ["--exact", "tests::killed::child_that_is_killed", "--test-threads=1"];
    let asked = format!("{change} {left} {}", directory.display());
    let output = Command::new(myself).args(arguments).env(CHILD, asked).output().expect("starts");
    let killed = output.status.signal() == Some(9);
    assert!(killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    output.status
}

/// A tree whose first two states are in an engram, and which has changed since.
fn two_snapshots(directory: &Path) {
    let (root, engram) = (directory.join("tree"), directory.join("engram"));
    small(&root);
    create(&root, &engram);
    let options = IngestOptions { threads: 1, ..IngestOptions::default() };
    for at in [777, 9999] {
        let mut edited = noise(1, 20_000);
        edited[at] ^= 1;
        fs::write(root.join("a/large"), edited).expect("writes");
        if at == 777 {
            Engram::modify(&engram, &[Source::contents_of(&root)], &options, &()).expect("modifies");
        }
    }
}

/// Kills a child at each step of a change, and holds if the engram is then what it was or what it is to become, and the
/// same change works afterwards.
fn assert_survives(change: &str) {
    let _alone = alone();
    let directory = tempfile::tempdir().expect("makes a directory");
    two_snapshots(directory.path());
    let engram = directory.path().join("engram");
    let (base, old) = (fs::read(&engram).expect("reads"), contents(&engram).expect("opens"));
    assert!(child(change, usize::MAX, directory.path()).success());
    let new = contents(&engram).expect("opens");
    for step in 0..200 {
        fs::write(&engram, &base).expect("writes");
        let ended = child(change, step, directory.path());
        let left = contents(&engram).expect("opens after the kill");
        assert!(left == old || left == new, "{change}, step {step}");
        if ended.success() {
            assert!(step > 5 && left == new, "{change} has {step} steps");
            return;
        }
        if left == old {
            assert!(child(change, usize::MAX, directory.path()).success(), "{change} after step {step}");
            assert!(contents(&engram).expect("opens") == new, "{change} after step {step}");
        }
    }
    panic!("{change} has fewer steps");
}

#[test]
fn killed_ingest_leaves_the_engram_that_it_was_to_replace() {
    assert_survives("ingest");
}

#[test]
fn killed_add_leaves_the_snapshots_before() {
    assert_survives("add");
}

#[test]
fn killed_modify_leaves_the_snapshots_before() {
    assert_survives("modify");
}

#[test]
fn killed_forget_leaves_the_list_before_or_after() {
    assert_survives("forget");
}

#[test]
fn killed_compact_leaves_the_old_file_or_the_new() {
    assert_survives("compact");
}
