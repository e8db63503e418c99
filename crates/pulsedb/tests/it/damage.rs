//! Flipped bits: the typed error, or the right answer.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use pulsedb::{Config, ExperienceId, ExperienceUpdate, PulseDB, Result, SearchFilter, SearchOptions};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::random::Random;
use crate::samples::{DIMENSION, all, directory, external, labelled, open};
use crate::worker::{Worker, hear, say};

const PAGE: usize = 4096;

/// A small database with rows in every table but that of reclaiming, some on pages of their own.
fn make(path: &Path) {
    let db = open(path);
    for name in ["first", "second"] {
        let cid = db.create_collective(name).unwrap();
        let ids = db.record_experiences((0..25).map(|row| labelled(&format!("row:{row}"), cid)).collect());
        let ids = ids.unwrap();
        db.archive_experience(ids[3]).unwrap();
        db.reinforce_experience(ids[4]).unwrap();
        db.delete_experience(ids[5]).unwrap();
        let update = ExperienceUpdate { importance: Some(0.75), ..Default::default() };
        db.update_experience(ids[6], update).unwrap();
    }
    db.close().unwrap();
}

/// What a read-only handle answers to every kind of question, each by its name.
fn answers(db: &PulseDB, ids: &[ExperienceId]) -> Vec<(String, Result<String>)> {
    fn tell<T: std::fmt::Debug>(outcome: Result<T>) -> Result<String> {
        outcome.map(|value| format!("{value:?}"))
    }
    let collectives = db.list_collectives();
    let mut answers = vec![("collectives".to_owned(), tell(collectives.clone()))];
    for collective in collectives.unwrap_or_default() {
        let cid = collective.id;
        let vector = [1.0; DIMENSION];
        let filter = SearchFilter { domains: Some(vec!["domain 1".into()]), ..Default::default() };
        answers.extend([
            ("list".to_owned(), tell(db.list_experiences(cid, 1000, 0))),
            ("stats".to_owned(), tell(db.get_collective_stats(cid))),
            ("recent".to_owned(), tell(db.get_recent_experiences(cid, 10))),
            ("recent filtered".to_owned(), tell(db.get_recent_experiences_filtered(cid, 10, filter.clone()))),
            ("search".to_owned(), tell(db.search_similar(cid, &vector, 10))),
            ("search filtered".to_owned(), tell(db.search_similar_filtered(cid, &vector, 10, filter))),
            ("text".to_owned(), tell(db.search(cid, "lock timeout agent".into(), SearchOptions::default()))),
            ("changes".to_owned(), tell(db.poll_changes(cid, 0))),
        ]);
    }
    for id in ids {
        answers.push(("get".to_owned(), tell(db.get_experience(*id))));
    }
    answers
}

/// Seconds of the processor after which a worker counts as going round in circles, and the questions that it is
/// asked before it is replaced.
const SECONDS_MAX: u64 = 20;
const QUESTIONS_MAX: usize = 100;

/// The role of the process that looks at a damaged file and may die of it: first it learns the right answers.
pub(crate) fn look(arguments: &[String]) {
    let sound = Path::new(&arguments[0]);
    let limit = Rlimit { current: Some(SECONDS_MAX), maximum: Some(SECONDS_MAX) };
    setrlimit(Resource::Cpu, limit).unwrap();
    let db = PulseDB::open(sound, Config::read_only()).unwrap();
    let collectives = db.list_collectives().unwrap();
    let ids: Vec<ExperienceId> =
        collectives.iter().flat_map(|collective| all(&db, collective.id)).map(|row| row.id).collect();
    let right = answers(&db, &ids);
    say("ready");
    while let Some(path) = hear() {
        let (path, writes) = path.strip_prefix('!').map_or((path.as_str(), false), |path| (path, true));
        say(&look_at(Path::new(path), writes, &right, &ids));
    }
}

fn look_at(path: &Path, writes: bool, right: &[(String, Result<String>)], ids: &[ExperienceId]) -> String {
    let config = if writes { external(DIMENSION) } else { Config::read_only() };
    let db = match PulseDB::open(path, config) {
        Ok(db) => db,
        Err(error) => return format!("refused: {error}"),
    };
    if writes {
        write(&db);
    }
    let found = answers(&db, ids);
    let (mut errors, mut wrong) = (0, None);
    // A list that fails leaves out the questions about what is in it; each `get` is asked all the same.
    let mut expected = right.iter();
    for (name, answer) in &found {
        let expected =
            expected.find(|(expected, _)| expected == name).and_then(|(_, value)| value.as_ref().ok());
        match answer {
            Err(_) => errors += 1,
            Ok(value) if writes || Some(value) == expected => {}
            Ok(_) => wrong = Some(name),
        }
    }
    let clean = db.check().is_ok_and(|report| report.is_clean());
    if let Some(name) = wrong {
        return format!("{}: {name}", if clean { "wrong" } else { "missed, but found by check" });
    }
    match (errors, clean) {
        (0, true) => "right".to_owned(),
        (0, false) => "found by check".to_owned(),
        (_, false) => "error".to_owned(),
        // The damaged row went with its collective before the check came to it.
        (_, true) if writes => "error".to_owned(),
        (_, true) => "wrong: check finds nothing".to_owned(),
    }
}

/// Writes of each kind; whether they succeed is not the question.
fn write(db: &PulseDB) {
    let Ok(collectives) = db.list_collectives() else { return };
    for cid in collectives.iter().map(|collective| collective.id) {
        let _ = db.record_experience(labelled("new", cid));
        let rows = db.list_experiences(cid, 5, 0).unwrap_or_default();
        for (at, row) in rows.iter().enumerate() {
            let update = ExperienceUpdate { confidence: Some(0.5), ..Default::default() };
            let _ = if at.is_multiple_of(2) {
                db.update_experience(row.id, update)
            } else {
                db.delete_experience(row.id)
            };
        }
    }
    let _ = collectives.first().map(|collective| db.delete_collective(collective.id));
}

/// What a byte of the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Meta,
    PageHeader,
    Pointers,
    Unused,
    NodeSize,
    NodeFlags,
    KeySize,
    OverflowNumber,
    Key,
    Value,
    TableDescription,
    BranchNode,
    OverflowHeader,
    FreeList,
}

fn u16_at(page: &[u8], at: usize) -> usize {
    page.get(at..at + 2).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

/// Names each byte of the file, as far as its page says. Pages that are free keep what they were.
fn parts(file: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part::Unused; file.len()];
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    // The newer of the two meta pages, and the root of its tree of free pages.
    let newer = if word(16 + 128) > word(PAGE + 16 + 128) { 0 } else { PAGE };
    let free_root = word(newer + 16 + 24 + 40) as usize;
    parts[..2 * PAGE].fill(Part::Meta);
    let mut number = 2;
    while (number + 1) * PAGE <= file.len() {
        let start = number * PAGE;
        let page = &file[start..start + PAGE];
        let of_page = &mut parts[start..];
        let kind = u16_at(page, 10);
        let mut count = 1;
        if kind & 0x04 != 0 {
            count = u16_at(page, 12).max(1);
            let end = (count * PAGE).min(of_page.len());
            of_page[..end].fill(Part::Value);
            of_page[..16].fill(Part::OverflowHeader);
        } else if kind & 0x03 != 0 {
            name_nodes(page, kind & 0x02 != 0, of_page);
            if number == free_root {
                of_page[16..PAGE].fill(Part::FreeList);
            }
        }
        number += count;
    }
    parts
}

fn name_nodes(page: &[u8], is_leaf: bool, parts: &mut [Part]) {
    let lower = u16_at(page, 12).clamp(16, PAGE);
    parts[..16].fill(Part::PageHeader);
    parts[16..lower].fill(Part::Pointers);
    for pointer in (16..lower).step_by(2) {
        let node = u16_at(page, pointer);
        let (value_bytes, flags) = (u16_at(page, node), u16_at(page, node + 4));
        let key = node + 8;
        let value = key + u16_at(page, node + 6);
        // Of a value on pages of its own only the number of the first page is here.
        let end = value + if flags & 1 == 1 { 8 } else { value_bytes };
        if !is_leaf {
            parts[node.min(PAGE)..value.min(PAGE)].fill(Part::BranchNode);
        } else if end <= PAGE {
            parts[node..node + 4].fill(Part::NodeSize);
            parts[node + 4..node + 6].fill(Part::NodeFlags);
            parts[node + 6..key].fill(Part::KeySize);
            parts[key..value].fill(Part::Key);
            let kind = match flags {
                0 => Part::Value,
                2 => Part::TableDescription,
                _ => Part::OverflowNumber,
            };
            parts[value..end].fill(kind);
        }
    }
}

/// The worker that looks, started again when it has died.
struct Looker {
    sound: PathBuf,
    worker: Option<Worker>,
    asked: usize,
}

impl Looker {
    fn ask(&mut self, question: &str) -> String {
        self.asked += 1;
        if self.asked.is_multiple_of(QUESTIONS_MAX) {
            self.worker = None;
        }
        let worker = self.worker.get_or_insert_with(|| {
            let mut worker = Worker::start_with("damage", &[self.sound.to_str().unwrap()], Stdio::null());
            assert_eq!(worker.expect_line(), "ready");
            worker
        });
        worker.tell(question);
        if let Some(answer) = worker.line() {
            return answer;
        }
        let status = self.worker.take().unwrap().finish();
        status.signal().map_or_else(|| "panic".to_owned(), |signal| format!("signal {signal}"))
    }
}

/// Flips that a usual run makes; `PULSEDB_FLIPS` asks for more.
fn flips() -> usize {
    std::env::var("PULSEDB_FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(400)
}

fn flip(file: &File, place: usize, bit: u8) {
    let mut byte = [0];
    file.read_exact_at(&mut byte, place as u64).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << bit], place as u64).unwrap();
}

/// Flips bits one after the other and counts what comes of it, by the part of the file.
fn outcomes(seed: u64, writes: bool, flips: usize) -> BTreeMap<(Part, String), usize> {
    let mut random = Random::from_environment(seed);
    let home = directory();
    let (sound, damaged) = (home.path().join("sound"), home.path().join("damaged"));
    make(&sound);
    fs::create_dir(&damaged).unwrap();
    let bytes = fs::read(sound.join("data.mdb")).unwrap();
    let used = bytes.chunks(PAGE).rposition(|page| page.iter().any(|byte| *byte != 0)).unwrap() + 1;
    let parts = parts(&bytes[..used * PAGE]);
    let data = damaged.join("data.mdb");
    fs::write(&data, &bytes).unwrap();
    let mut looker = Looker { sound, worker: None, asked: 0 };
    let mut outcomes = BTreeMap::new();
    for _ in 0..flips {
        let (place, bit) = (random.below(parts.len()), random.below(8) as u8);
        if parts[place] == Part::Unused {
            continue;
        }
        if writes {
            fs::write(&data, &bytes).unwrap();
            let _ = fs::remove_file(damaged.join("lock"));
        }
        let file = OpenOptions::new().read(true).write(true).open(&data).unwrap();
        flip(&file, place, bit);
        let question = format!("{}{}", if writes { "!" } else { "" }, damaged.display());
        let mut answer = looker.ask(&question);
        let interesting = answer.starts_with("wrong") || answer.starts_with("signal") || answer == "panic";
        if interesting {
            println!("{:?} {answer}: byte {place} (page {}), bit {bit}", parts[place], place / PAGE);
        }
        if answer.starts_with("refused") {
            "refused".clone_into(&mut answer);
        }
        *outcomes.entry((parts[place], answer)).or_default() += 1;
        if !writes {
            flip(&file, place, bit);
        }
    }
    for ((part, answer), count) in &outcomes {
        println!("{part:?}: {answer}: {count}");
    }
    outcomes
}

fn judge(outcomes: &BTreeMap<(Part, String), usize>) {
    for (part, answer) in outcomes.keys() {
        assert_ne!(answer, "panic", "{part:?}");
        // All of a small file is checked before the engine sees it.
        assert!(!answer.starts_with("signal"), "{part:?}: {answer}");
        assert!(!answer.starts_with("wrong"), "{part:?}: {answer}");
        // A key has no checksum of its own: a record that is looked for under it is not found, but by a check.
        let in_key = matches!(part, Part::Key | Part::KeySize);
        assert!(in_key || !answer.starts_with("missed"), "{part:?}: {answer}");
    }
}

#[test]
fn flipped_bit_in_a_value_is_a_typed_error_or_harmless() {
    judge(&outcomes(21, false, flips()));
}

#[test]
fn writing_to_a_database_with_a_flipped_bit_never_panics() {
    judge(&outcomes(22, true, flips() / 2));
}
