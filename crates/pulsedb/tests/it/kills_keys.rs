//! Writers killed at random points: keys, counts, ends, mixed commits and activities are as acknowledged, or one step on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pulsedb::{
    Change, CollectiveId, DuplicatePolicy, Experience, ExperienceId, NewActivity, NewExperience, Outcome,
    PulseDB, Timestamp,
};

use crate::kills::{assert_dense, kill_at_random, rounds};
use crate::random::Random;
use crate::samples::{all, directory, label_of, labelled, open};
use crate::worker::{WRITES_MAX, Worker, say};

const NAME: &str = "kills";
/// Keys and agents of each writer.
const LANES: u64 = 4;

/// The role of the writers: path and tag.
pub(crate) fn write_until_killed(arguments: &[String]) {
    let [path, tag] = arguments else { panic!("a writer has two arguments") };
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective(NAME).unwrap();
    let new = |label: String| labelled(&format!("{tag}:{label}"), cid);
    let step = |kind: &str, number: u64, call: &mut dyn FnMut()| {
        say(&format!("try {tag} {kind} {number}"));
        call();
        say(&format!("did {tag} {kind} {number}"));
    };
    let mut before: Option<ExperienceId> = None;
    for number in 0..WRITES_MAX {
        let lane = number % LANES;
        step("key", number, &mut || {
            let key = Some(format!("{tag}/{lane}"));
            db.record_experience(NewExperience { key, ..new(format!("key:{number}")) }).unwrap();
        });
        step("count", number, &mut || {
            let duplicate = DuplicatePolicy::Reinforce;
            db.record_experience(NewExperience { duplicate, ..new("count".into()) }).unwrap();
        });
        step("end", number, &mut || {
            let expires_at = Some(Timestamp::from_millis(1));
            db.record_experience(NewExperience { expires_at, ..new(format!("end:{number}")) }).unwrap();
        });
        step("pair", number, &mut || {
            let first = Change::Record(new(format!("first:{number}")));
            let second = Change::Record(new(format!("second:{number}")));
            let changes = [first, second].into_iter().chain(before.map(Change::Delete)).collect();
            let Outcome::Recorded(id) = db.apply(cid, changes).unwrap()[0] else { panic!("it was recorded") };
            before = Some(id);
        });
        step("agent", number, &mut || {
            let agent_id = format!("{tag}/{lane}").into();
            let current_task = Some(number.to_string());
            let new = NewActivity { agent_id, collective_id: cid, current_task, ..Default::default() };
            db.register_activity(new).unwrap();
        });
    }
    panic!("nobody killed this writer");
}

/// What the writers have said of one thing: the last number that was acknowledged, and the last that was tried.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    did: Option<u64>,
    tried: Option<u64>,
}

#[derive(Default)]
struct Expected(BTreeMap<(String, String, u64), Told>);

impl Expected {
    fn hear(&mut self, line: &str) {
        let [verb, tag, kind, number] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let number: u64 = number.parse().unwrap();
        let thread = if matches!(kind, "key" | "agent") { number % LANES } else { 0 };
        let told = self.0.entry((tag.to_owned(), kind.to_owned(), thread)).or_default();
        match verb {
            "try" => told.tried = Some(number),
            _ => told.did = Some(number),
        }
    }

    fn compare(&self, db: &PulseDB, cid: CollectiveId) {
        let found = all(db, cid);
        let agents = db.get_active_agents(cid).unwrap();
        for ((tag, kind, lane), told) in &self.0 {
            let name = format!("{tag}/{lane}");
            let with = |part: &str| numbers(&found, &format!("{tag}:{part}"));
            let number = match kind.as_str() {
                "key" => {
                    let one = db.get_by_key(cid, &name).unwrap();
                    let label = one.as_ref().map(|one| label_of(one).rsplit_once(':').unwrap().1);
                    label.map(|number| number.parse().unwrap())
                }
                "count" => {
                    let label = format!("{tag}:count");
                    let ones: Vec<_> = found.iter().filter(|one| label_of(one) == label).collect();
                    assert!(ones.len() <= 1, "{ones:?}");
                    ones.first().map(|one| u64::from(one.applications))
                }
                "pair" => {
                    let (first, second) = (with("first:"), with("second:"));
                    let last = second.last().copied();
                    assert_eq!(second, (0..second.len() as u64).collect::<BTreeSet<_>>());
                    assert_eq!(first, last.into_iter().collect::<BTreeSet<_>>(), "half of a commit");
                    last
                }
                "agent" => {
                    let agent = agents.iter().find(|one| one.agent_id.as_str() == name);
                    agent.map(|one| one.current_task.as_ref().unwrap().parse().unwrap())
                }
                _ => {
                    assert!(with("end:").is_empty(), "what has expired is listed");
                    continue;
                }
            };
            assert!(number == told.did || number == told.tried, "{tag} {kind} {lane}: {number:?}, {told:?}");
        }
    }
}

/// The numbers at the ends of the labels that begin so.
fn numbers(found: &[Experience], prefix: &str) -> BTreeSet<u64> {
    let labels = found.iter().filter_map(|one| label_of(one).strip_prefix(prefix));
    labels.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn keys_counts_ends_pairs_and_agents_survive_a_kill() {
    let mut random = Random::from_environment(8);
    let directory = directory();
    let path = directory.path().join("db");
    for round in 0..rounds(3) {
        let mut expected = Expected::default();
        let start =
            |at: usize| Worker::start("kills keys", &[path.to_str().unwrap(), &format!("{round}-{at}")]);
        let said = kill_at_random((0..2).map(start).collect(), &mut random, 120);
        for line in &said {
            expected.hear(line);
        }
        let db = open(&path);
        let cid = db.get_or_create_collective(NAME).unwrap();
        expected.compare(&db, cid);
        let report = db.check().unwrap();
        assert!(report.is_clean(), "{report:?}");
        db.record_experience(labelled(&format!("after {round}"), cid)).unwrap();
        assert_dense(&db, &[cid], 1);
        db.close().unwrap();
    }
}
