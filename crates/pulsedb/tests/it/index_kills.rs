//! A process killed at each step of sealing and merging: nothing acknowledged is lost, and the next process goes on.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulsedb::{CollectiveId, ExperienceId, NewExperience, PulseDB, Query, SearchOptions};
use rustix::process::{Signal, getpid, kill_process};

use crate::random::Random;
use crate::samples::{DIMENSION, all, directory, external, open, vector};
use crate::steps::{STEPS, watch};
use crate::worker::{Worker, say};

/// Records: eight blocks of sixteen rows, which are merged meanwhile, and some more.
const RECORDS: usize = 150;
/// Words of a record: so many that a merge takes several steps.
const WORDS: usize = 300;
/// Which of the first records are deleted after that, so that their block is made smaller.
const DELETED: usize = 40;

/// The step at which this process kills itself, and those that it has come to.
static KILL_AT: AtomicUsize = AtomicUsize::new(usize::MAX);
static STEP: AtomicUsize = AtomicUsize::new(0);

/// A record with words of its own and one that all have.
fn new(number: usize, cid: CollectiveId) -> NewExperience {
    let mut random = Random::new(number as u64);
    let words: Vec<String> = (0..WORDS).map(|_| format!("w{:x}", random.next() >> 32)).collect();
    NewExperience {
        collective_id: cid,
        content: format!("label{number} common {}", words.join(" ")),
        embedding: Some(vector(&mut random, DIMENSION)),
        ..Default::default()
    }
}

fn number_of(content: &str) -> usize {
    content.split(' ').next().unwrap().strip_prefix("label").unwrap().parse().unwrap()
}

/// The role of the writer: path, and the step at which it kills itself. It goes on with what it finds.
pub(crate) fn write_until_step(arguments: &[String]) {
    let [path, kill_at] = arguments else { panic!("a writer has two arguments") };
    KILL_AT.store(kill_at.parse().unwrap(), Ordering::Relaxed);
    watch(|step| {
        say(&format!("step {step}"));
        if STEP.fetch_add(1, Ordering::Relaxed) == KILL_AT.load(Ordering::Relaxed) {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    });
    write_the_rest(Path::new(path), say);
}

/// Records and deletes what is not recorded and deleted yet.
fn write_the_rest(path: &Path, acknowledged: impl Fn(&str)) {
    let db = PulseDB::open(path, external(DIMENSION)).unwrap();
    let cid = db.get_or_create_collective("c").unwrap();
    let mut found = numbers(&db, cid);
    let last = found.iter().map(|(number, _)| *number + 1).max().unwrap_or(0);
    for number in last..RECORDS {
        found.push((number, db.record_experience(new(number, cid)).unwrap()));
        acknowledged(&format!("recorded {number}"));
    }
    for (number, id) in found.into_iter().filter(|(number, _)| *number < DELETED) {
        db.delete_experience(id).unwrap();
        acknowledged(&format!("deleted {number}"));
    }
    // Each takes a step of what is under way.
    let last = db.record_experience(new(RECORDS, cid)).unwrap();
    for _ in 0..20 {
        db.reinforce_experience(last).unwrap();
    }
    db.delete_experience(last).unwrap();
    db.close().unwrap();
}

fn numbers(db: &PulseDB, cid: CollectiveId) -> Vec<(usize, ExperienceId)> {
    all(db, cid).iter().map(|row| (number_of(&row.content), row.id)).collect()
}

/// Compares a database with what its writer has said.
fn compare(path: &Path, said: &[String], what: &str) {
    let db = open(path);
    let cid = db.get_or_create_collective("c").unwrap();
    let found: BTreeSet<usize> = numbers(&db, cid).into_iter().map(|(number, _)| number).collect();
    let about = |verb: &str| -> BTreeSet<usize> {
        said.iter().filter_map(|line| line.strip_prefix(verb)?.trim().parse().ok()).collect()
    };
    let (recorded, deleted) = (about("recorded "), about("deleted "));
    let lost: Vec<_> = recorded.difference(&found).filter(|number| !deleted.contains(number)).collect();
    // One that was tried last may be gone without a word.
    assert!(lost.len() <= 1 && lost.iter().all(|number| **number < DELETED), "{what}: {lost:?} are lost");
    assert!(found.is_disjoint(&deleted), "{what}: what was deleted is there");
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{what}: {report:?}");
    let options = || SearchOptions { k: 1000, ..Default::default() };
    let by_words = db.search(cid, Query::Lexical("common"), options()).unwrap();
    let by_vector = db.search(cid, Query::Vector(&[1.0; DIMENSION]), options()).unwrap();
    for hits in [by_words, by_vector] {
        let hits: BTreeSet<usize> = hits.iter().map(|hit| number_of(&hit.experience.content)).collect();
        assert_eq!(hits, found, "{what}");
    }
    db.close().unwrap();
}

/// What a writer says until its end.
fn run(path: &Path, kill_at: usize) -> Vec<String> {
    let mut worker = Worker::start("steps", &[path.to_str().unwrap(), &kill_at.to_string()]);
    std::iter::from_fn(|| worker.line()).collect()
}

#[test]
fn kill_at_any_step_of_sealing_and_merging_loses_nothing_and_the_next_process_goes_on() {
    let home = directory();
    let whole = home.path().join("whole");
    let said = run(&whole, usize::MAX);
    compare(&whole, &said, "without a kill");
    let steps: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("step ")).collect();
    for step in STEPS {
        assert!(steps.iter().any(|found| found.starts_with(step)), "{step} is not among {steps:?}");
    }
    assert!(steps.contains(&"took a step of a merge: 2"), "terms are merged in several steps: {steps:?}");
    let merges = steps.iter().filter(|step| **step == "ended a merge").count();
    assert!(merges >= 2, "a block is made smaller too: {steps:?}");
    for (at, step) in steps.iter().enumerate() {
        let path = home.path().join(at.to_string());
        let what = format!("killed at step {at}, {step}");
        let said = run(&path, at);
        let killed = said.last().is_some_and(|line| *line == format!("step {step}"));
        assert!(killed, "{what}: {:?}", said.last());
        compare(&path, &said, &what);
        write_the_rest(&path, |_| ());
        let last = [format!("recorded {}", RECORDS - 1)];
        compare(&path, &last, &what);
        std::fs::remove_dir_all(&path).unwrap();
    }
}
