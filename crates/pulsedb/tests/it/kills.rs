//! Writers killed at random points: what was acknowledged is there and whole, and the log has no hole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use pulsedb::{
    CollectiveId, Config, Experience, ExperienceId, ExperienceUpdate, PulseDB, SyncMode, WatchEventType,
};

use crate::random::Random;
use crate::samples::{
    self, DIMENSION, all, difference, directory, events, external, fill, label_of, labelled, large_rows, open,
};
use crate::worker::{WRITES_MAX, Worker, say};

/// The collective that all workers write to.
const NAME: &str = "kills";
/// Rounds on one database, each of which begins with what the last one left.
const ROUNDS_EACH: usize = 10;
/// Rows of a batch.
const BATCH: usize = 40;
/// Rows of a collective that is deleted: several steps of reclaiming.
const LARGE: usize = 1200;

/// The role of the writers: path, tag of their labels, what they do.
pub(crate) fn write_until_killed(arguments: &[String]) {
    let [path, tag, mode] = arguments else { panic!("a writer has three arguments") };
    say("start");
    // A kill loses nothing in either mode, since the system goes on.
    let sync_mode = if tag.ends_with('f') { SyncMode::Fast } else { SyncMode::Normal };
    let db = PulseDB::open(path, Config { sync_mode, ..external(DIMENSION) }).unwrap();
    let cid = db.get_or_create_collective(NAME).unwrap();
    say("open");
    match mode.as_str() {
        "single" => for_ever(|label| record(&db, cid, &format!("{tag}:{label}"))),
        "batch" => for_ever(|label| record_batch(&db, cid, &format!("{tag}:{label}"))),
        "changes" => change(&db, cid, tag),
        large => {
            let large = large.parse().unwrap();
            say("try delete");
            db.delete_collective(large).unwrap();
            say("did delete");
            for_ever(|label| record(&db, cid, &format!("{tag}:{label}")));
        }
    }
}

fn for_ever(mut write: impl FnMut(u64)) -> ! {
    for number in 0..WRITES_MAX {
        write(number);
    }
    panic!("nobody killed this writer");
}

fn record(db: &PulseDB, cid: CollectiveId, label: &str) {
    let new = labelled(label, cid);
    let state = State { importance: new.importance, applications: 0, archived: false }.to_string();
    say(&format!("try {label} {state}"));
    db.record_experience(new).unwrap();
    say(&format!("did {label} {state}"));
}

fn record_batch(db: &PulseDB, cid: CollectiveId, label: &str) {
    let rows = (0..BATCH).map(|row| labelled(&format!("{label}:{row}:{BATCH}"), cid)).collect();
    db.record_experiences(rows).unwrap();
    say(&format!("batch {label}"));
}

/// Records some, then changes, archives, reinforces and deletes them for ever.
fn change(db: &PulseDB, cid: CollectiveId, tag: &str) {
    let mut random = Random::new(u64::from(std::process::id()));
    let mut live: Vec<(String, ExperienceId, State)> = Vec::new();
    for number in 0..WRITES_MAX {
        if live.len() < 8 {
            let label = format!("{tag}:{number}");
            let new = labelled(&label, cid);
            let state = State { importance: new.importance, applications: 0, archived: false };
            say(&format!("try {label} {state}"));
            let id = db.record_experience(new).unwrap();
            say(&format!("did {label} {state}"));
            live.push((label, id, state));
            continue;
        }
        let at = random.below(live.len());
        let (label, id, mut state) = live[at].clone();
        let kind = random.below(4);
        match kind {
            0 => state.importance = random.fraction(),
            1 => state.archived = !state.archived,
            2 => state.applications += 1,
            _ => {
                live.swap_remove(at);
                say(&format!("try {label} gone"));
                db.delete_experience(id).unwrap();
                say(&format!("did {label} gone"));
                continue;
            }
        }
        live[at].2 = state;
        say(&format!("try {label} {state}"));
        match kind {
            0 => {
                let importance = Some(state.importance);
                db.update_experience(id, ExperienceUpdate { importance, ..Default::default() }).unwrap();
            }
            1 if state.archived => db.archive_experience(id).unwrap(),
            1 => db.unarchive_experience(id).unwrap(),
            _ => assert_eq!(db.reinforce_experience(id).unwrap(), state.applications),
        }
        say(&format!("did {label} {state}"));
    }
}

/// What changes of a record are about.
#[derive(Debug, Clone, Copy, PartialEq)]
struct State {
    importance: f32,
    applications: u32,
    archived: bool,
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.importance, self.applications, self.archived)
    }
}

/// What the words of the workers let one expect of the database.
#[derive(Default)]
struct Expected {
    /// By label: the state that was acknowledged, and the one that was tried after it.
    records: BTreeMap<String, (Option<String>, Option<String>)>,
    batches: BTreeSet<String>,
    deleted: bool,
}

impl Expected {
    fn hear(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["start" | "open"] | ["try", "delete"] => {}
            ["did", "delete"] => self.deleted = true,
            ["batch", label] => assert!(self.batches.insert((*label).to_owned())),
            ["try", label, state] => {
                self.records.entry((*label).to_owned()).or_default().1 = Some((*state).to_owned());
            }
            ["did", label, state] => {
                let record = self.records.entry((*label).to_owned()).or_default();
                *record = (Some((*state).to_owned()), None);
            }
            _ => panic!("a worker says nothing like {line}"),
        }
    }

    /// Compares with the database, then takes it as it is.
    fn compare(&mut self, found: &[Experience]) {
        let mut batches: BTreeMap<String, usize> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for experience in found {
            let label = label_of(experience);
            assert!(seen.insert(label.to_owned()), "{label} stands there twice");
            let mut given = labelled(label, experience.collective_id);
            given.importance = experience.importance;
            assert_eq!(difference(experience, &given), None);
            if let [tag, number, _, size] = label.split(':').collect::<Vec<_>>()[..] {
                assert_eq!(size, BATCH.to_string());
                *batches.entry(format!("{tag}:{number}")).or_default() += 1;
                continue;
            }
            let Experience { importance, applications, archived, .. } = *experience;
            let state = Some(State { importance, applications, archived }.to_string());
            let Some(expected) = self.records.get_mut(label) else { panic!("nobody has tried {label}") };
            let fits = expected.0 == state || (expected.1.is_some() && expected.1 == state);
            assert!(fits, "{label} is {state:?}, not one of {expected:?}");
            *expected = (state, None);
        }
        for (label, size) in &batches {
            assert_eq!(*size, BATCH, "half of the batch {label}");
        }
        for label in &self.batches {
            assert!(batches.contains_key(label), "batch {label} was acknowledged and is gone");
        }
        self.batches.extend(batches.into_keys());
        self.records.retain(|label, (acknowledged, tried)| {
            let may_be_absent = [&*acknowledged, &*tried]
                .iter()
                .any(|state| state.as_deref().is_some_and(|state| state == "gone"))
                || acknowledged.is_none();
            let there = seen.contains(label);
            assert!(there || may_be_absent, "{label} was acknowledged as {acknowledged:?} and is gone");
            there
        });
    }
}

/// Rounds of one scenario: its share of the sixteen of a usual run, or of `PULSEDB_KILL_ROUNDS`.
pub(crate) fn rounds(share: usize) -> usize {
    let rounds =
        std::env::var("PULSEDB_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(16);
    (share * rounds).div_ceil(16)
}

/// Lets the workers write for a random while, kills them, and returns what they have said.
pub(crate) fn kill_at_random(workers: Vec<Worker>, random: &mut Random, lines_max: usize) -> Vec<String> {
    let mut said = Vec::new();
    for mut worker in workers {
        let lines = random.below(lines_max);
        said.extend((0..lines).map(|_| worker.expect_line()));
        for _ in 0..random.below(300_000) {
            std::hint::spin_loop();
        }
        said.extend(worker.kill());
    }
    said
}

/// Opens after a kill and compares; the database must go on as if nothing had happened.
fn verify(path: &Path, expected: &mut Expected, said: &[String], random: &mut Random) {
    for line in said {
        expected.hear(line);
    }
    let db = open(path);
    let cid = db.get_or_create_collective(NAME).unwrap();
    let found = all(&db, cid);
    expected.compare(&found);
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, found.len() as u64);
    let created =
        events(&db, cid, 0).iter().filter(|event| event.event_type == WatchEventType::Created).count();
    assert!(created >= found.len());
    assert_clean(&db);
    let label = format!("after:{}", random.next());
    let before = db.get_current_sequence();
    record_after(&db, cid, &label, expected);
    assert_eq!(db.get_current_sequence(), before + 1);
    db.close().unwrap();
}

fn record_after(db: &PulseDB, cid: CollectiveId, label: &str, expected: &mut Expected) {
    let new = labelled(label, cid);
    let state = State { importance: new.importance, applications: 0, archived: false }.to_string();
    let id = db.record_experience(new.clone()).unwrap();
    assert_eq!(difference(&db.get_experience(id).unwrap().unwrap(), &new), None);
    expected.records.insert(label.to_owned(), (Some(state), None));
}

fn assert_clean(db: &PulseDB) {
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// The sequence has every number from 1 to the last one: those of events, and one for each collective that was
/// made or deleted, which are no events.
pub(crate) fn assert_dense(db: &PulseDB, collectives: &[CollectiveId], without_event: usize) {
    let sequences: BTreeSet<u64> =
        collectives.iter().flat_map(|cid| events(db, *cid, 0)).map(|event| event.sequence).collect();
    let last = db.get_current_sequence();
    assert!(sequences.last().is_none_or(|greatest| *greatest <= last));
    assert_eq!(sequences.len() + without_event, last as usize);
}

/// Every other round waits for one flush less; the workers read it from their tags.
fn sync_of(round: usize) -> &'static str {
    if round.is_multiple_of(2) { "n" } else { "f" }
}

fn scenario(modes: &[&str], share: usize, seed: u64) {
    let mut random = Random::from_environment(seed);
    let mut directory = directory();
    let mut expected = Expected::default();
    for round in 0..rounds(share) {
        if round % ROUNDS_EACH == ROUNDS_EACH - 1 {
            directory = samples::directory();
            expected = Expected::default();
        }
        let path = directory.path().join("db");
        let start = |(at, mode): (usize, &&str)| {
            Worker::start(
                "kills",
                &[path.to_str().unwrap(), &format!("{round}-{at}{}", sync_of(round)), mode],
            )
        };
        let workers = modes.iter().enumerate().map(start).collect();
        let said = kill_at_random(workers, &mut random, 50);
        verify(&path, &mut expected, &said, &mut random);
        let db = open(&path);
        let cid = db.get_or_create_collective(NAME).unwrap();
        assert_dense(&db, &[cid], 1);
    }
}

#[test]
fn acknowledged_records_survive_a_kill() {
    scenario(&["single"], 3, 1);
}

#[test]
fn batches_are_whole_or_absent_after_a_kill() {
    scenario(&["batch"], 3, 2);
}

#[test]
fn acknowledged_changes_survive_a_kill() {
    scenario(&["changes"], 3, 3);
}

#[test]
fn what_four_killed_processes_have_acknowledged_survives() {
    scenario(&["single", "batch", "changes", "single"], 3, 4);
}

#[test]
fn kill_while_the_database_is_made_leaves_one_that_opens() {
    let mut random = Random::from_environment(5);
    for round in 0..rounds(2) {
        let directory = directory();
        let path = directory.path().join("db");
        let arguments = [path.to_str().unwrap(), &format!("{round}{}", sync_of(round)), "single"];
        let workers = (0..2).map(|_| Worker::start("kills", &arguments)).collect();
        let said = kill_at_random(workers, &mut random, 3);
        // Two workers of one tag: which of them has got how far does not matter here.
        let opened = said.iter().any(|line| line == "open");
        let db = open(&path);
        assert!(!opened || db.get_current_sequence() >= 1);
        assert_clean(&db);
        let cid = db.get_or_create_collective(NAME).unwrap();
        record_after(&db, cid, "after", &mut Expected::default());
        assert_dense(&db, &[cid], 1);
    }
}

#[test]
fn kill_while_a_large_collective_is_deleted_leaves_all_of_it_or_nothing() {
    let mut random = Random::from_environment(6);
    let directory = directory();
    let path = directory.path().join("db");
    let mut expected = Expected::default();
    let (mut collectives, mut without_event) = (Vec::new(), 0);
    for round in 0..rounds(2) {
        let db = open(&path);
        let large = db.create_collective(&format!("large {round}")).unwrap();
        let rows = (0..LARGE).map(|row| labelled(&format!("large:{row}"), large)).collect();
        let ids = db.record_experiences(rows).unwrap();
        db.close().unwrap();
        let name = large.to_string();
        let worker =
            Worker::start("kills", &[path.to_str().unwrap(), &format!("{round}{}", sync_of(round)), &name]);
        let said = kill_at_random(vec![worker], &mut random, 12);
        expected.deleted = false;
        verify(&path, &mut expected, &said, &mut random);

        let db = open(&path);
        let deleted = db.get_collective(large).unwrap().is_none();
        assert!(deleted || !expected.deleted, "the deletion was acknowledged and is undone");
        let last = db.get_experience(*ids.last().unwrap()).unwrap();
        assert_eq!(last.is_none(), deleted);
        let gone = events(&db, large, 0);
        let gone = gone.iter().filter(|event| event.event_type == WatchEventType::Deleted).count();
        assert_eq!(gone, if deleted { LARGE } else { 0 });
        if !deleted {
            assert_eq!(all(&db, large).len(), LARGE);
        }
        collectives.push(large);
        without_event += 1 + usize::from(deleted);
        let cid = db.get_or_create_collective(NAME).unwrap();
        let everyone: Vec<_> = collectives.iter().copied().chain([cid]).collect();
        assert_dense(&db, &everyone, without_event + 1);
    }
}

/// The times are printed for who runs it by hand at the size that matters; nothing depends on them.
#[test]
fn large_database_reopens_after_a_kill() {
    let mut random = Random::from_environment(7);
    let directory = directory();
    let path = directory.path().join("db");
    let db = open(&path);
    let cid = db.create_collective("large").unwrap();
    fill(&db, cid, large_rows());
    db.close().unwrap();
    let mut expected = Expected::default();
    for round in 0..4 {
        let tag = format!("{round}{}", sync_of(round));
        let worker = Worker::start("kills", &[path.to_str().unwrap(), &tag, "changes"]);
        let said = kill_at_random(vec![worker], &mut random, 60);
        let begin = Instant::now();
        let db = open(&path);
        let opened = begin.elapsed();
        assert_eq!(db.search_similar(cid, &[1.0; DIMENSION], 10).unwrap().len(), 10);
        println!("{} rows: opened after {opened:?}, searched after {:?}", large_rows(), begin.elapsed());
        assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, large_rows() as u64);
        db.close().unwrap();
        verify(&path, &mut expected, &said, &mut random);
    }
}
