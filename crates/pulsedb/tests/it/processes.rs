//! Several processes on one database: nothing is lost, nobody is locked out, nobody stops the others.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, PulseDB, Query, SearchFilter, SearchOptions};

use crate::random::Random;
use crate::samples::{
    DIMENSION, all, difference, directory, events, fill, label_of, labelled, large_rows, open, until, vector,
};
use crate::worker::{WRITES_MAX, Worker, hear, say};

const PROCESSES: usize = 8;
/// What each process records: rounds of ten single records and a batch.
const ROUNDS: usize = 25;
const SINGLES: usize = 10;
const BATCH: usize = 40;
const RECORDS_EACH: usize = ROUNDS * (SINGLES + BATCH);

/// The longest that calls have taken; printed, never judged.
#[derive(Default)]
struct Longest {
    write: Duration,
    read: Duration,
}

impl Longest {
    fn write<T>(&mut self, call: impl FnOnce() -> T) -> T {
        Self::timed(&mut self.write, call)
    }

    fn read<T>(&mut self, call: impl FnOnce() -> T) -> T {
        Self::timed(&mut self.read, call)
    }

    fn timed<T>(longest: &mut Duration, call: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let value = call();
        *longest = begin.elapsed().max(*longest);
        value
    }
}

impl std::fmt::Display for Longest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "longest write {:?}, longest read {:?}", self.write, self.read)
    }
}

/// The role of a process that records its share and reads between.
pub(crate) fn record_and_read(arguments: &[String]) {
    let [path, tag] = arguments else { panic!("two arguments") };
    let mut random = Random::new(tag.parse().unwrap());
    let mut longest = Longest::default();
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective("shared").unwrap();
    for round in 0..ROUNDS {
        for number in 0..SINGLES {
            let new = labelled(&format!("{tag}:{round}:{number}"), cid);
            let id = longest.write(|| db.record_experience(new.clone())).unwrap();
            // What this process was told is there, whatever the others do.
            let found = longest.read(|| db.get_experience(id)).unwrap().unwrap();
            assert_eq!(difference(&found, &new), None);
        }
        let rows = (0..BATCH).map(|row| labelled(&format!("{tag}:{round}:b{row}"), cid)).collect();
        let ids = longest.write(|| db.record_experiences(rows)).unwrap();
        read(&db, cid, &mut random, &mut longest);
        assert!(db.get_experience(ids[BATCH - 1]).unwrap().is_some());
    }
    say(&longest.to_string());
}

fn read(db: &PulseDB, cid: CollectiveId, random: &mut Random, longest: &mut Longest) {
    let query = vector(random, DIMENSION);
    let options = SearchOptions { k: 10, ..Default::default() };
    let hits = longest.read(|| db.search(cid, Query::Vector(&query), options)).unwrap();
    assert_eq!(hits.len(), 10);
    assert!(hits.is_sorted_by(|a, b| a.similarity >= b.similarity));
    let filter = SearchFilter { domains: Some(vec!["domain 1".into()]), ..Default::default() };
    let recent = longest.read(|| db.get_recent_experiences_filtered(cid, 20, filter)).unwrap();
    assert!(recent.is_sorted_by(|a, b| a.timestamp >= b.timestamp));
    assert!(recent.iter().all(|row| row.domain.iter().any(|domain| domain == "domain 1")));
    let offset = random.below(20);
    let listed = longest.read(|| db.list_experiences(cid, 20, offset)).unwrap();
    assert!(listed.len() == 20 && listed.is_sorted_by_key(|row| row.id));
}

#[test]
fn eight_processes_lose_nothing_and_each_gets_its_turn() {
    let directory = directory();
    let path = directory.path().join("db");
    let start = |tag: usize| Worker::start("share", &[path.to_str().unwrap(), &tag.to_string()]);
    let workers: Vec<Worker> = (0..PROCESSES).map(start).collect();
    for (tag, mut worker) in workers.into_iter().enumerate() {
        println!("process {tag}: {}", worker.expect_line());
        assert!(worker.finish().success());
    }
    let db = open(&path);
    let cid = db.get_or_create_collective("shared").unwrap();
    let found = all(&db, cid);
    assert_eq!(found.len(), PROCESSES * RECORDS_EACH);
    let mut each: BTreeMap<&str, usize> = BTreeMap::new();
    for experience in &found {
        let label = label_of(experience);
        assert_eq!(difference(experience, &labelled(label, cid)), None);
        *each.entry(label.split(':').next().unwrap()).or_default() += 1;
    }
    assert!(each.len() == PROCESSES && each.values().all(|count| *count == RECORDS_EACH));
    assert_eq!(db.get_current_sequence() as usize, 1 + found.len());
    println!("most commits of others between two of one process: {}", longest_pause(&db, cid));
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// How many records of others lie at the most between two of one process. Not a time, so it does not depend on the
/// machine; still it is only printed, since a process may read for as long as it likes.
fn longest_pause(db: &PulseDB, cid: CollectiveId) -> u64 {
    let of: BTreeMap<_, _> = all(db, cid).iter().map(|row| (row.id, row.source_agent.clone())).collect();
    let mut last = BTreeMap::new();
    let mut longest = 0;
    for event in events(db, cid, 0) {
        let before = last.insert(of[&event.experience_id].clone(), event.sequence);
        longest = longest.max(before.map_or(0, |before| event.sequence - before));
    }
    longest
}

/// The role of a process whose threads all ask for one collective when they are told to.
pub(crate) fn ask_for_collective(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    say("ready");
    hear();
    let together = Barrier::new(THREADS);
    let ids: Vec<CollectiveId> = std::thread::scope(|scope| {
        let ask = || {
            together.wait();
            db.get_or_create_collective("one for all").unwrap()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for id in ids {
        say(&id.to_string());
    }
}

const THREADS: usize = 4;

#[test]
fn sixteen_callers_in_four_processes_get_one_collective() {
    let directory = directory();
    let path = directory.path().join("db");
    let mut workers: Vec<Worker> =
        (0..4).map(|_| Worker::start("collective", &[path.to_str().unwrap()])).collect();
    for worker in &mut workers {
        assert_eq!(worker.expect_line(), "ready");
    }
    for worker in &mut workers {
        worker.tell("go");
    }
    let mut ids = Vec::new();
    for worker in &mut workers {
        ids.extend((0..THREADS).map(|_| worker.expect_line()));
    }
    let db = open(&path);
    let collectives = db.list_collectives().unwrap();
    assert_eq!(collectives.len(), 1);
    assert_eq!(ids, vec![collectives[0].id.to_string(); 16]);
    assert_eq!(db.get_current_sequence(), 1);
}

/// The role of a process that records until its parent has heard enough.
pub(crate) fn record_for_ever(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    let cid = db.get_or_create_collective("others").unwrap();
    let mut longest = Longest::default();
    for number in 0..WRITES_MAX {
        longest.write(|| db.record_experience(labelled(&format!("other:{number}"), cid))).unwrap();
        say(&format!("{number} {}", longest.write.as_micros()));
    }
    panic!("nobody ended this writer");
}

#[test]
fn others_write_while_a_large_collective_is_deleted() {
    let rows = large_rows();
    let directory = directory();
    let path = directory.path().join("db");
    let db = open(&path);
    let large = db.create_collective("large").unwrap();
    fill(&db, large, rows);
    let mut other = Worker::start("for ever", &[path.to_str().unwrap()]);
    let before: usize = number_of(&other.expect_line());
    let deletion = Instant::now();
    db.delete_collective(large).unwrap();
    let deletion = deletion.elapsed();
    assert!(matches!(db.get_collective_stats(large), Err(error) if error.is_not_found()));
    let mut last = String::new();
    until("the large collective is reclaimed", || {
        last = other.expect_line();
        db.stats().unwrap().collectives_reclaiming == 0
    });
    println!("deletion of {rows} took {deletion:?}; longest write of another process so far: {last} us");
    assert!(number_of(&last) > before, "the other process wrote while rows were reclaimed");
    drop(other);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(events(&db, large, 0).len(), 2 * rows);
}

fn number_of(line: &str) -> usize {
    line.split(' ').next().unwrap().parse().unwrap()
}
