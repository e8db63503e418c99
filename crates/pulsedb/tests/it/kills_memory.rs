//! Writers killed at random points: relations, superseding and insights are as acknowledged, or one step on.

use std::collections::BTreeMap;
use std::path::Path;

use pulsedb::{
    CollectiveId, Experience, ExperienceId, NewDerivedInsight, NewExperienceRelation, PulseDB, RelationType,
};

use crate::kills::{kill_at_random, rounds};
use crate::random::Random;
use crate::samples::{all, directory, label_of, labelled, open};
use crate::worker::{WRITES_MAX, Worker, say};

const NAME: &str = "kills";

/// The role of the writers: path and tag. Each fact supersedes the one before it, supports the first one, and has an
/// insight; of three facts, one is deleted again.
pub(crate) fn write_until_killed(arguments: &[String]) {
    let [path, tag] = arguments else { panic!("a writer has two arguments") };
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective(NAME).unwrap();
    let step = |kind: &str, number: u64, call: &mut dyn FnMut()| {
        say(&format!("try {tag} {kind} {number}"));
        call();
        say(&format!("did {tag} {kind} {number}"));
    };
    let first = db.record_experience(labelled(&format!("{tag}:first"), cid)).unwrap();
    let mut last: Option<ExperienceId> = None;
    for number in 0..WRITES_MAX {
        let before = last;
        step("fact", number, &mut || {
            let new = labelled(&format!("{tag}:fact:{number}"), cid);
            last = Some(match before {
                Some(before) => db.supersede_experience(before, new).unwrap(),
                None => db.record_experience(new).unwrap(),
            });
        });
        let fact = last.expect("it was recorded");
        step("support", number, &mut || {
            db.store_relation(NewExperienceRelation {
                source_id: fact,
                target_id: first,
                relation_type: RelationType::Supports,
                ..Default::default()
            })
            .unwrap();
        });
        step("insight", number, &mut || {
            let embedding = labelled(&format!("{number}"), cid).embedding;
            db.store_insight(NewDerivedInsight {
                collective_id: cid,
                content: format!("{tag}:insight:{number}"),
                embedding,
                source_experience_ids: vec![fact, first],
                ..Default::default()
            })
            .unwrap();
        });
        if number % 3 == 2 {
            db.delete_experience(before.expect("there is one before")).unwrap();
        }
    }
    panic!("nobody killed this writer");
}

/// The last number that was acknowledged, and the last that was tried.
type Told = (Option<u64>, Option<u64>);

fn compare(db: &PulseDB, cid: CollectiveId, told: &BTreeMap<(String, String), Told>) {
    let found = all(db, cid);
    let insights = db.list_insights(cid, 1000, 0).unwrap();
    for ((tag, kind), (did, tried)) in told {
        let prefix = format!("{tag}:fact:");
        let number =
            |one: &Experience| label_of(one).strip_prefix(&prefix).map(|at| at.parse::<u64>().unwrap());
        let facts: Vec<&Experience> = found.iter().filter(|one| number(one).is_some()).collect();
        let living: Vec<&&Experience> = facts.iter().filter(|one| !one.superseded).collect();
        let last = facts.last().and_then(|one| number(one));
        let is_told = |at: Option<u64>| at == *did || at == *tried;
        match kind.as_str() {
            "fact" => {
                assert!(is_told(last), "{tag}: {last:?}, {did:?}, {tried:?}");
                assert!(living.len() <= 1, "{tag}: {living:?}");
                assert_eq!(living.first().and_then(|one| number(one)), last);
                for one in &facts {
                    let history = db.get_history(one.id).unwrap();
                    assert_eq!(history.len(), facts.len(), "{tag}: a history is torn");
                }
            }
            "support" => {
                let supporting = facts.iter().rev().find(|one| {
                    let related = db.get_related_experiences(one.id, pulsedb::RelationDirection::Outgoing);
                    related.unwrap().iter().any(|(_, one)| one.relation_type == RelationType::Supports)
                });
                assert!(is_told(supporting.and_then(|one| number(one))), "{tag}: {did:?}, {tried:?}");
            }
            _ => {
                let prefix = format!("{tag}:insight:");
                let numbers =
                    insights.iter().filter_map(|one| one.content.strip_prefix(&prefix)?.parse::<u64>().ok());
                assert!(is_told(numbers.max()), "{tag}: {did:?}, {tried:?}");
            }
        }
    }
}

#[test]
fn relations_superseding_and_insights_survive_a_kill() {
    let mut random = Random::from_environment(9);
    let directory = directory();
    let path = directory.path().join("db");
    for round in 0..rounds(3) {
        let start =
            |at: usize| Worker::start("kills memory", &[path.to_str().unwrap(), &format!("{round}-{at}")]);
        let said = kill_at_random((0..2).map(start).collect(), &mut random, 120);
        let mut told: BTreeMap<(String, String), Told> = BTreeMap::new();
        for line in &said {
            let [verb, tag, kind, number] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let (did, tried) = told.entry((tag.to_owned(), kind.to_owned())).or_default();
            let number = Some(number.parse().unwrap());
            if verb == "try" { *tried = number } else { *did = number }
        }
        let db = open(&path);
        let cid = db.get_or_create_collective(NAME).unwrap();
        compare(&db, cid, &told);
        let report = db.check().unwrap();
        assert!(report.is_clean(), "{report:?}");
        let before = db.get_current_sequence();
        db.record_experience(labelled(&format!("after {round}"), cid)).unwrap();
        assert_eq!(db.get_current_sequence(), before + 1);
        db.close().unwrap();
    }
}
