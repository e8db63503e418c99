//! Names: of collectives, tags, domains, agents and tasks, in one Unicode form, and of kinds.

use std::collections::{BTreeMap, BTreeSet};

use pulsedb::{
    AgentId, CollectiveId, Experience, ExperienceKind, ExperienceType, ExperienceUpdate, NewExperience,
    NotFoundError, PulseDB, PulseDBError, SearchFilter, TaskId, ValidationError,
};

use crate::random::Random;
use crate::samples::{DIMENSION, all, directory, experience_type, external, labelled, open};
use crate::worker::Worker;

/// Words in two spellings: as one code point where there is one (NFC), and taken apart.
const SPELLINGS: [(&str, &str); 4] = [
    ("caf\u{e9}", "cafe\u{301}"),
    ("\u{ac00}", "\u{1100}\u{1161}"),
    ("\u{c5}", "\u{212b}"),
    ("\u{1e69}", "s\u{307}\u{323}"),
];

fn record(db: &PulseDB, cid: CollectiveId, word: &str) -> Experience {
    let new = NewExperience {
        collective_id: cid,
        content: format!("content {word}"),
        embedding: Some(vec![1.0; DIMENSION]),
        experience_type: ExperienceType::Fact { statement: word.into(), source: word.into() },
        domain: vec![word.into()],
        tags: BTreeMap::from([(word.into(), word.into())]),
        related_files: vec![word.into()],
        source_agent: AgentId::new(word),
        source_task: Some(TaskId::new(word)),
        ..Default::default()
    };
    let id = db.record_experience(new).unwrap();
    db.get_experience(id).unwrap().unwrap()
}

#[test]
fn two_spellings_of_a_word_are_one_name_and_contents_stay_as_they_are() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    for (composed, apart) in SPELLINGS {
        for given in [composed, apart] {
            let found = record(&db, cid, given);
            assert_eq!(found.domain, [composed]);
            assert_eq!(found.tags, BTreeMap::from([(composed.into(), composed.into())]));
            assert_eq!(found.source_agent.as_str(), composed);
            assert_eq!(found.source_task.as_ref().map(TaskId::as_str), Some(composed));
            // Neither texts nor paths are names.
            assert_eq!(found.content, format!("content {given}"));
            assert_eq!(found.related_files, [given]);
            let fact = ExperienceType::Fact { statement: given.into(), source: given.into() };
            assert_eq!(found.experience_type, fact);
        }
        for asked in [composed, apart] {
            for filter in [
                SearchFilter { domains: Some(vec![asked.into()]), ..Default::default() },
                SearchFilter { tags_all: Some([(asked.into(), asked.into())].into()), ..Default::default() },
                SearchFilter { source_agents: Some(vec![AgentId::new(asked)]), ..Default::default() },
            ] {
                let hits = db.search_similar_filtered(cid, &[1.0; DIMENSION], 10, filter.clone()).unwrap();
                let recent = db.get_recent_experiences_filtered(cid, 10, filter.clone()).unwrap();
                assert_eq!((hits.len(), recent.len()), (2, 2), "{filter:?}");
            }
        }
    }
    let id = all(&db, cid)[0].id;
    let (composed, apart) = SPELLINGS[1];
    let update = ExperienceUpdate {
        domain: Some(vec![apart.into()]),
        tags: Some([(apart.into(), apart.into())].into()),
        ..Default::default()
    };
    db.update_experience(id, update).unwrap();
    let updated = db.get_experience(id).unwrap().unwrap();
    assert_eq!((updated.domain[0].as_str(), updated.tags[composed].as_str()), (composed, composed));
}

#[test]
fn key_in_two_spellings_is_refused_where_a_value_would_be_lost() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let (composed, apart) = SPELLINGS[0];
    let tags = |first: &str, second: &str| {
        BTreeMap::from([(composed.to_owned(), first.to_owned()), (apart.to_owned(), second.to_owned())])
    };
    let new = |tags| NewExperience { tags, ..labelled("one", cid) };
    assert!(db.record_experience(new(tags("a", "b"))).unwrap_err().is_validation());
    let filter = SearchFilter { tags_all: Some(tags("a", "b")), ..Default::default() };
    assert!(db.get_recent_experiences_filtered(cid, 1, filter).unwrap_err().is_validation());
    let id = db.record_experience(new(tags("a", "a"))).unwrap();
    assert_eq!(db.get_experience(id).unwrap().unwrap().tags, [(composed.into(), "a".into())].into());
}

#[test]
fn collectives_and_owners_are_found_in_either_spelling() {
    let home = directory();
    let db = open(home.path());
    for (composed, apart) in SPELLINGS {
        let id = db.create_collective_with_owner(apart, apart).unwrap();
        let made = db.get_collective(id).unwrap().unwrap();
        assert_eq!((made.name.as_str(), made.owner_id.as_deref()), (composed, Some(composed)));
        for asked in [composed, apart] {
            assert_eq!(db.get_or_create_collective(asked).unwrap(), id);
            assert!(db.create_collective(asked).unwrap_err().is_validation());
            assert_eq!(db.list_collectives_by_owner(asked).unwrap(), std::slice::from_ref(&made));
        }
    }
}

#[test]
fn white_space_around_a_name_is_refused_by_the_name_of_the_domain() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let new = || labelled("one", cid);
    let before = db.get_current_sequence();
    for bad in [" x", "x\t", "\u{a0}x", "x\n"] {
        let text = || bad.to_owned();
        let outcomes = [
            ("domain", db.record_experience(NewExperience { domain: vec![text()], ..new() }).map(drop)),
            (
                "tags key",
                db.record_experience(NewExperience { tags: [(text(), "v".into())].into(), ..new() })
                    .map(drop),
            ),
            (
                "source_agent",
                db.record_experience(NewExperience { source_agent: AgentId::new(bad), ..new() }).map(drop),
            ),
            (
                "source_task",
                db.record_experience(NewExperience { source_task: Some(TaskId::new(bad)), ..new() })
                    .map(drop),
            ),
            ("name", db.create_collective(bad).map(drop)),
            ("name", db.get_or_create_collective(bad).map(drop)),
            ("name", db.rename_collective(cid, bad)),
            ("owner_id", db.create_collective_with_owner("d", bad).map(drop)),
        ];
        for (expected, outcome) in outcomes {
            let Err(PulseDBError::Validation(ValidationError::InvalidField { field, .. })) = outcome else {
                panic!("{expected} {bad:?}: {outcome:?}")
            };
            assert_eq!(field, expected, "{bad:?}");
        }
    }
    assert_eq!(db.get_current_sequence(), before);
    // Within a name, and around what is a text, white space is a letter like others.
    let new = NewExperience {
        content: " text ".into(),
        domain: vec!["two words".into()],
        tags: [("k".into(), " v ".into())].into(),
        ..new()
    };
    let id = db.record_experience(new.clone()).unwrap();
    let found = db.get_experience(id).unwrap().unwrap();
    assert_eq!((found.content, found.domain, found.tags), (new.content, new.domain, new.tags));
}

#[test]
fn renamed_collective_keeps_its_id_and_its_records() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective_with_owner("old", "me").unwrap();
    db.record_experiences((0..5).map(|row| labelled(&format!("{row}"), cid)).collect()).unwrap();
    let (rows, made) = (all(&db, cid), db.get_collective(cid).unwrap().unwrap());
    let second = open(home.path());
    let sequence = db.get_current_sequence();
    db.rename_collective(cid, "ne\u{301}w").unwrap();
    let renamed = db.get_collective(cid).unwrap().unwrap();
    assert_eq!(renamed.name, "n\u{e9}w");
    assert!(renamed.updated_at >= made.updated_at);
    assert_eq!((renamed.owner_id, renamed.created_at), (made.owner_id, made.created_at));
    assert_eq!(db.stats().unwrap().collectives[0].name, "n\u{e9}w");
    // It is a change of the collective: it takes a number and is no event of an experience.
    assert_eq!(db.get_current_sequence(), sequence + 1);
    assert_eq!(db.poll_changes(cid, sequence).unwrap(), (Vec::new(), sequence + 1));
    for db in [&db, &second] {
        assert_eq!(db.get_or_create_collective("n\u{e9}w").unwrap(), cid);
        assert_eq!(all(db, cid), rows);
        assert_eq!(db.search_similar(cid, &[1.0; DIMENSION], 10).unwrap().len(), 5);
    }
    // The old name is free again.
    let other = db.create_collective("old").unwrap();
    assert_ne!(other, cid);
    assert!(db.check().unwrap().is_clean());
    db.close().unwrap();
    second.close().unwrap();
    let db = open(home.path());
    assert_eq!(db.get_or_create_collective("n\u{e9}w").unwrap(), cid);
    assert_eq!(db.get_or_create_collective("old").unwrap(), other);
}

#[test]
fn taken_name_is_refused_and_the_own_one_changes_nothing() {
    let home = directory();
    let db = open(home.path());
    let [one, two] = ["one", "two"].map(|name| db.create_collective(name).unwrap());
    let before = (db.list_collectives().unwrap(), db.get_current_sequence());
    let taken = db.rename_collective(one, "two").unwrap_err();
    let PulseDBError::Validation(ValidationError::InvalidField { field, reason }) = &taken else {
        panic!("{taken}")
    };
    assert!(field == "name" && reason.contains(&two.to_string()), "{taken}");
    db.rename_collective(one, "one").unwrap();
    for bad in ["", "  ", &"x".repeat(256)] {
        assert!(db.rename_collective(one, bad).unwrap_err().is_validation(), "{bad:?}");
    }
    let unknown = CollectiveId::new();
    let missing = db.rename_collective(unknown, "three").unwrap_err();
    assert!(matches!(missing, PulseDBError::NotFound(NotFoundError::Collective(id)) if id == unknown));
    assert_eq!((db.list_collectives().unwrap(), db.get_current_sequence()), before);
}

#[test]
fn other_process_sees_a_new_name_at_once_and_after_it_opens_again() {
    let home = directory();
    let db = PulseDB::open(home.path(), external(3)).unwrap();
    let mut worker = Worker::start("model", &[home.path().to_str().unwrap()]);
    let cid = db.create_collective("old").unwrap();
    let id = format!("{cid:?}");
    assert_eq!(worker.ask("get-or-create old"), id);
    db.rename_collective(cid, "new").unwrap();
    assert_eq!(worker.ask("get-or-create new"), id);
    assert_eq!(worker.ask(&format!("rename {cid} newer")), "()");
    assert_eq!(db.get_or_create_collective("newer").unwrap(), cid);
    assert_eq!(worker.ask("reopen"), "ok");
    assert_eq!(worker.ask("get-or-create newer"), id);
    assert!(worker.finish().success());
}

#[test]
fn every_type_has_a_kind_and_a_filter_by_kind_finds_it() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let random = &mut Random::new(3);
    let types: Vec<ExperienceType> = (0..200).map(|_| experience_type(random)).collect();
    let rows = types.iter().map(|one| NewExperience { experience_type: one.clone(), ..labelled("x", cid) });
    db.record_experiences(rows.collect()).unwrap();
    let kinds: BTreeSet<ExperienceKind> = types.iter().map(ExperienceType::kind).collect();
    assert_eq!(kinds, ExperienceKind::ALL.into());
    for kind in ExperienceKind::ALL {
        assert_eq!(ExperienceType::from(kind).kind(), kind);
        let filter = SearchFilter { experience_types: Some(vec![kind.into()]), ..Default::default() };
        let found = db.get_recent_experiences_filtered(cid, 1000, filter).unwrap();
        assert!(found.iter().all(|one| one.experience_type.kind() == kind));
        assert_eq!(found.len(), types.iter().filter(|one| one.kind() == kind).count(), "{kind:?}");
    }
    // As JSON a kind is written as the tag of its type is.
    for kind in ExperienceKind::ALL {
        let tagged = serde_json::to_value(ExperienceType::from(kind)).unwrap();
        assert_eq!(serde_json::to_value(kind).unwrap(), tagged["kind"]);
    }
}
