//! The index and several processes: every change is in the very next search, and searches leave memory as it is.

use std::collections::BTreeMap;
use std::path::Path;

use pulsedb::{
    CollectiveId, ExperienceId, ExperienceUpdate, NewExperience, PulseDB, Query, SearchFilter, SearchOptions,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, open, vector};
use crate::worker::{Worker, hear, say};

const PROCESSES: usize = 4;
/// Rounds in each of which every process records, changes, archives and, in some, deletes a record. With blocks of
/// sixteen rows, they are sealed and merged meanwhile.
const ROUNDS: usize = 24;
/// One round in so many deletes its records.
const DELETING: usize = 3;

/// A word that only one record has.
fn word(tag: &str, round: &str, changed: bool) -> String {
    format!("{}{tag}x{round}", if changed { "changed" } else { "fresh" })
}

/// The role of a process that changes records and searches for them when it is told to: path, its tag.
pub(crate) fn change_and_search(arguments: &[String]) {
    let [path, tag] = arguments else { panic!("two arguments") };
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective("shared").unwrap();
    let mut ids: BTreeMap<String, ExperienceId> = BTreeMap::new();
    let mut random = Random::new(tag.parse().unwrap());
    say("open");
    while let Some(line) = hear() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["record", round] => {
                let new = NewExperience {
                    collective_id: cid,
                    content: format!("{} common", word(tag, round, false)),
                    embedding: Some(vector(&mut random, DIMENSION)),
                    domain: vec![word(tag, round, false)],
                    ..Default::default()
                };
                ids.insert(round.to_owned(), db.record_experience(new).unwrap());
            }
            ["change", round] => {
                let update = ExperienceUpdate {
                    content: Some(format!("{} common", word(tag, round, true))),
                    embedding: Some(vector(&mut random, DIMENSION)),
                    ..Default::default()
                };
                db.update_experience(ids[round], update).unwrap();
            }
            ["archive", round] => db.archive_experience(ids[round]).unwrap(),
            ["delete", round] => db.delete_experience(ids[round]).unwrap(),
            ["find", word] => {
                say(&found(&db, cid, word));
                continue;
            }
            _ => panic!("nobody says {line}"),
        }
        say("done");
    }
}

/// How many records with a word each kind of search finds: by words, archived ones too, by vector.
fn found(db: &PulseDB, cid: CollectiveId, word: &str) -> String {
    let everything = SearchFilter { exclude_archived: false, ..Default::default() };
    let options = |filter: SearchFilter| SearchOptions { k: 1000, filter, ..Default::default() };
    let lexical = |filter| db.search(cid, Query::Lexical(word), options(filter)).unwrap().len();
    let near = db.search(cid, Query::Vector(&[1.0; DIMENSION]), options(SearchFilter::default())).unwrap();
    let near = near.iter().filter(|hit| hit.experience.content.contains(word)).count();
    format!("{} {} {near}", lexical(SearchFilter::default()), lexical(everything))
}

fn tell_all(workers: &mut [Worker], line: &str) {
    for worker in &mut *workers {
        worker.tell(line);
    }
    for worker in workers {
        assert_eq!(worker.expect_line(), "done");
    }
}

/// Asks every process for a record of every process.
fn expect_everywhere(workers: &mut [Worker], round: usize, changed: bool, expected: &str) {
    for worker in workers {
        for tag in 0..PROCESSES {
            let word = word(&tag.to_string(), &round.to_string(), changed);
            assert_eq!(worker.ask(&format!("find {word}")), expected, "{word} in round {round}");
        }
    }
}

#[test]
fn what_four_writing_processes_change_is_in_the_very_next_search_of_each() {
    let home = directory();
    let path = home.path().join("db");
    drop(open(&path));
    let start = |tag: usize| Worker::start("see", &[path.to_str().unwrap(), &tag.to_string()]);
    let mut workers: Vec<Worker> = (0..PROCESSES).map(start).collect();
    for worker in &mut workers {
        assert_eq!(worker.expect_line(), "open");
    }
    for round in 0..ROUNDS {
        tell_all(&mut workers, &format!("record {round}"));
        expect_everywhere(&mut workers, round, false, "1 1 1");
        tell_all(&mut workers, &format!("change {round}"));
        expect_everywhere(&mut workers, round, false, "0 0 0");
        expect_everywhere(&mut workers, round, true, "1 1 1");
        tell_all(&mut workers, &format!("archive {round}"));
        expect_everywhere(&mut workers, round, true, "0 1 0");
        if round.is_multiple_of(DELETING) {
            tell_all(&mut workers, &format!("delete {round}"));
            expect_everywhere(&mut workers, round, true, "0 0 0");
        }
    }
    for worker in workers {
        assert!(worker.finish().success());
    }
    let report = open(&path).check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// Collectives of the test of memory, and records of each: some blocks and a tail. `PULSEDB_COLLECTIVES=1000x500` makes
/// others.
const COLLECTIVES: (usize, usize) = (150, 40);
/// What searches of all collectives but the first few may add to the memory of a process.
const GROWTH_MAX: u64 = 2 << 20;

fn collectives_and_records() -> (usize, usize) {
    let Ok(chosen) = std::env::var("PULSEDB_COLLECTIVES") else { return COLLECTIVES };
    let (collectives, records) = chosen.split_once('x').expect("two numbers, as in 1000x500");
    (collectives.parse().unwrap(), records.parse().unwrap())
}

/// The role of a process that searches all collectives and says its memory after a few and after all.
#[cfg(target_os = "linux")]
pub(crate) fn search_all(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    let collectives = db.list_collectives().unwrap();
    let count = collectives.len();
    assert_eq!(count, collectives_and_records().0);
    for (at, collective) in collectives.iter().enumerate() {
        for query in [Query::Lexical("common"), Query::Vector(&[1.0; DIMENSION])] {
            assert_eq!(db.search(collective.id, query, SearchOptions::default()).unwrap().len(), 10);
        }
        if at + 1 == count / 10 || at + 1 == count {
            let memory = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
            let line = memory.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap();
            say(line.trim().strip_suffix(" kB").unwrap());
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn searches_of_many_collectives_leave_memory_as_it_is() {
    let home = directory();
    let path = home.path().join("db");
    let db = open(&path);
    let mut random = Random::from_environment(4);
    let (collectives, records) = collectives_and_records();
    for number in 0..collectives {
        let cid = db.create_collective(&format!("collective {number}")).unwrap();
        let mut new = |row: usize| NewExperience {
            collective_id: cid,
            content: format!("common {row} of {number}"),
            embedding: Some(vector(&mut random, DIMENSION)),
            ..Default::default()
        };
        for half in [0, records / 2] {
            db.record_experiences((half..half + records / 2).map(&mut new).collect()).unwrap();
        }
    }
    db.close().unwrap();
    let mut worker = Worker::start("search all", &[path.to_str().unwrap()]);
    let mut kibibytes = || worker.expect_line().parse::<u64>().unwrap();
    let (few, all) = (kibibytes(), kibibytes());
    println!("anonymous memory after a tenth of the collectives {few} KiB, after all {all} KiB");
    assert!(all.saturating_sub(few) * 1024 <= GROWTH_MAX, "{few} KiB have become {all} KiB");
    assert!(worker.finish().success());
}
