//! Commits that are cut off: recorded writes are replayed with those that were not synced lost, torn and out of order.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use embeddenator_vsa::Random;

use super::trees::{alone, contents, create, noise, small};
use crate::engram::Engram;
use crate::error::{Error, Result};
use crate::ingest::run::{IngestOptions, Place, keep, take_in};
use crate::medium::Medium;
use crate::path::EngramPath;
use crate::platform::file;
use crate::snapshot::SnapshotList;
use crate::store::read::Store;
use crate::transaction::Transaction;
use crate::update::compact::{CompactOptions, rewrite};
use crate::update::forget::{ForgetOptions, forget_on};
use crate::update::opened::Opened;
use crate::update::run::{Change, update_on};
use crate::walk::Source;

/// What was asked of a medium.
#[derive(Debug, Clone)]
enum Step {
    Write(u64, Vec<u8>),
    Sync,
}

/// Writes nothing, and keeps all steps.
#[derive(Debug, Default)]
struct Recorder(Vec<Step>);

impl Medium for &mut Recorder {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.push(Step::Write(offset, bytes.to_vec()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.push(Step::Sync);
        Ok(())
    }
}

/// A full disk: writes through until the step of a number, which writes half and fails, as all after it.
#[derive(Debug)]
struct Full<'a> {
    file: &'a File,
    left: usize,
}

impl Full<'_> {
    fn step(&mut self) -> bool {
        let works = self.left > 0;
        self.left = self.left.saturating_sub(1);
        works
    }
}

impl Medium for &mut Full<'_> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.step() {
            return file::write_all_at(self.file, bytes, offset);
        }
        file::write_all_at(self.file, &bytes[..bytes.len() / 2], offset)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.step() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

fn write(image: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let end = offset as usize + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset as usize..end].copy_from_slice(bytes);
}

/// Hands to `look` what may be on the disk after each step, and whether all was synced.
fn crashes(base: &[u8], steps: &[Step], mut look: impl FnMut(&[u8], bool)) {
    let mut random = Random::new(11);
    let mut synced = base.to_vec();
    let mut pending: Vec<(u64, &[u8])> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Write(offset, bytes) => pending.push((*offset, bytes)),
            Step::Sync => pending.drain(..).for_each(|(offset, bytes)| write(&mut synced, offset, bytes)),
        }
        let count = pending.len();
        // Each set of writes that arrived, and of those the one of which only a part did.
        let mut sets: Vec<(Vec<bool>, Option<usize>)> =
            vec![(vec![false; count], None), (vec![true; count], None)];
        if let Some(last) = count.checked_sub(1) {
            let only_last = (0..count).map(|write| write == last).collect();
            sets.push((only_last, None));
            sets.push((vec![true; count], Some(last)));
            for _ in 0..4 {
                let arrived = (0..count).map(|_| random.below(2) == 1).collect();
                sets.push((arrived, Some(random.below(count as u64) as usize)));
            }
        }
        for (arrived, torn) in sets {
            let mut image = synced.clone();
            for (number, (offset, bytes)) in pending.iter().enumerate() {
                let part = if torn == Some(number) { bytes.len() / 2 } else { bytes.len() };
                if arrived[number] {
                    write(&mut image, *offset, &bytes[..part]);
                }
            }
            look(&image, count == 0 && at + 1 == steps.len());
        }
    }
}

struct Crashing {
    directory: tempfile::TempDir,
    root: PathBuf,
    engram: PathBuf,
}

fn two_snapshots() -> Crashing {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    small(&root);
    create(&root, &engram);
    let mut edited = noise(1, 20_000);
    edited[777] ^= 1;
    fs::write(root.join("a/large"), edited).expect("writes");
    let options = IngestOptions { threads: 1, label: "second", ..IngestOptions::default() };
    Engram::modify(&engram, &[Source::contents_of(&root)], &options, &()).expect("modifies");
    let mut edited = noise(1, 20_000);
    edited[777] ^= 1;
    edited[9999] ^= 1;
    fs::write(root.join("a/large"), edited).expect("writes");
    fs::write(root.join("new"), noise(3, 5_000)).expect("writes");
    Crashing { directory, root, engram }
}

type Held = BTreeMap<(u32, String), Vec<u8>>;

/// Holds if after a crash at any step of a change to an engram it is what it was, or what it was to become.
fn assert_old_or_new(place: &Crashing, steps: &[Step], forgets: bool) {
    let crashed = place.directory.path().join("crashed");
    let look = |image: &[u8]| -> Result<Held> {
        fs::write(&crashed, image).expect("writes");
        contents(&crashed)
    };
    let base = fs::read(&place.engram).expect("reads");
    let old = look(&base).expect("is whole");
    let mut whole = base.clone();
    for step in steps {
        if let Step::Write(offset, bytes) = step {
            write(&mut whole, *offset, bytes);
        }
    }
    let new = look(&whole).expect("is whole");
    assert!(old != new && (forgets || old.iter().all(|(path, content)| new.get(path) == Some(content))));
    let (mut images, mut news) = (0, 0);
    crashes(&base, steps, |image, done| {
        let found = look(image).expect("opens after a crash");
        assert!(found == new || (found == old && !done), "neither old nor new");
        images += 1;
        news += u32::from(found == new);
    });
    assert!(images > 20 && news >= 1 && news < images, "{news} of {images}");
}

#[test]
fn crash_in_a_commit_of_a_new_snapshot_leaves_the_old_or_the_new() {
    let _alone = alone();
    let place = two_snapshots();
    let sources = [Source::contents_of(&place.root)];
    let removed = [EngramPath::new("a/other").expect("is a path")];
    for change in [Change::Replace(&sources), Change::Add(&sources), Change::Remove(&removed)] {
        let mut recorder = Recorder::default();
        let opened = Opened::open(&place.engram).expect("opens");
        let options = IngestOptions { threads: 2, ..IngestOptions::default() };
        update_on(&opened, &mut recorder, change, &options, &()).expect("records");
        assert_old_or_new(&place, &recorder.0, false);
    }
}

#[test]
fn crash_in_forgetting_leaves_the_old_or_the_new() {
    let _alone = alone();
    let place = two_snapshots();
    let mut recorder = Recorder::default();
    let opened = Opened::open(&place.engram).expect("opens");
    let options = ForgetOptions { snapshots: vec![1], ..ForgetOptions::default() };
    forget_on(&opened, &mut recorder, &options).expect("records");
    assert_old_or_new(&place, &recorder.0, true);
}

/// Holds if what a new file holds after a crash is all of it, or no engram; it has its name only after the last step.
fn assert_all_or_none(directory: &Path, steps: &[Step], expected: &Held) {
    let crashed = directory.join("crashed");
    let mut whole = 0;
    crashes(&[], steps, |image, done| {
        fs::write(&crashed, image).expect("writes");
        match contents(&crashed) {
            Ok(found) => {
                assert!(found == *expected);
                whole += 1;
            }
            Err(error) => assert!(!done && !matches!(error, Error::Io { .. }), "{error}"),
        }
    });
    assert!(whole >= 1);
}

#[test]
fn crash_in_an_ingest_leaves_no_half_engram() {
    let _alone = alone();
    let place = two_snapshots();
    let fresh = place.directory.path().join("fresh");
    create(&place.root, &fresh);
    let mut recorder = Recorder::default();
    let options = IngestOptions { threads: 2, label: "first", ..IngestOptions::default() };
    let mut transaction = Transaction::begin(
        &mut recorder,
        &fresh,
        None,
        crate::ingest::run::table_compression(options.profile),
    );
    let ingest_place = Place { engram: &fresh, skip: &[], before: None, parent: None };
    let sources = [Source::contents_of(&place.root)];
    let taken = take_in(&sources, &options, &ingest_place, &mut transaction, &()).expect("takes in");
    let snapshot = keep(taken.entries, &options, (1, None), &mut transaction).expect("keeps");
    let list = SnapshotList { next: 2, snapshots: vec![snapshot] };
    transaction.commit(&list, [7; 16]).expect("commits");
    assert_all_or_none(place.directory.path(), &recorder.0, &contents(&fresh).expect("is whole"));
}

#[test]
fn crash_in_compacting_leaves_no_half_engram() {
    let _alone = alone();
    let place = two_snapshots();
    let store = Store::open(File::open(&place.engram).expect("opens"), &place.engram).expect("opens");
    let mut recorder = Recorder::default();
    rewrite(&store, &mut recorder, CompactOptions::default(), &()).expect("records");
    assert_all_or_none(place.directory.path(), &recorder.0, &contents(&place.engram).expect("is whole"));
}

#[test]
fn full_disk_at_any_step_leaves_the_engram_as_it_was() {
    let _alone = alone();
    let place = two_snapshots();
    let before = contents(&place.engram).expect("is whole");
    let base = fs::read(&place.engram).expect("reads");
    let sources = [Source::contents_of(&place.root)];
    let options = IngestOptions { threads: 1, ..IngestOptions::default() };
    for step in 0..1000 {
        fs::write(&place.engram, &base).expect("writes");
        let opened = Opened::open(&place.engram).expect("opens");
        let mut full = Full { file: opened.medium(), left: step };
        let updated = update_on(&opened, &mut full, Change::Replace(&sources), &options, &());
        drop(opened);
        if updated.is_ok() {
            assert!(step > 10);
            return;
        }
        let error = updated.expect_err("the disk is full");
        let full = matches!(&error, Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull);
        assert!(full, "step {step}: {error}");
        let after = contents(&place.engram).expect("opens");
        // The superblock may have arrived when its sync fails.
        assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)), "step {step}");
        // What failed is no obstacle for the next one.
        Engram::modify(&place.engram, &sources, &options, &()).expect("there is room again");
    }
    panic!("a commit has fewer steps");
}

#[test]
fn footer_of_an_unfinished_commit_is_never_taken_for_that_of_a_later_one() {
    let _alone = alone();
    let place = two_snapshots();
    let mut recorder = Recorder::default();
    let opened = Opened::open(&place.engram).expect("opens");
    let sources = [Source::contents_of(&place.root)];
    let options = IngestOptions { threads: 1, ..IngestOptions::default() };
    update_on(&opened, &mut recorder, Change::Replace(&sources), &options, &()).expect("records");
    drop(opened);
    // All arrived but the superblock.
    let mut image = fs::read(&place.engram).expect("reads");
    for step in &recorder.0 {
        if let Step::Write(offset, bytes) = step
            && *offset >= 8192
        {
            write(&mut image, *offset, bytes);
        }
    }
    fs::write(&place.engram, &image).expect("writes");
    let forget = ForgetOptions { snapshots: vec![1], ..ForgetOptions::default() };
    Engram::forget(&place.engram, &forget).expect("forgets");
    let expected = contents(&place.engram).expect("opens");
    let mut image = fs::read(&place.engram).expect("reads");
    image[4096..8192].fill(0xaa);
    fs::write(&place.engram, &image).expect("writes");
    assert!(contents(&place.engram).expect("opens") == expected);
    image[..4096].fill(0xaa);
    fs::write(&place.engram, &image).expect("writes");
    assert!(contents(&place.engram).expect("opens") == expected);
}
