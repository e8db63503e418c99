//! Records whose content is there already: kept, counted or refused.

use std::path::Path;

use pulsedb::{
    CollectiveId, DuplicatePolicy, NewExperience, PulseDBError, Query, SearchOptions, Timestamp,
    ValidationError, WatchEventType,
};

use crate::samples::{directory, events, labelled, open, until_reclaimed};
use crate::worker::{Worker, hear, say};

const PROCESSES: usize = 8;
/// What each process records, again and again.
const TIMES: u32 = 60;
const CONTENTS: usize = 3;

fn same(content: &str, cid: CollectiveId, duplicate: DuplicatePolicy) -> NewExperience {
    NewExperience { content: content.into(), duplicate, ..labelled("same", cid) }
}

/// The role of a process that records what the others record too.
pub(crate) fn reinforce(arguments: &[String]) {
    let [path, tag] = arguments else { panic!("two arguments") };
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective("shared").unwrap();
    say("open");
    hear();
    for time in 0..TIMES {
        for content in 0..CONTENTS {
            let new = same(&format!("content {content}"), cid, DuplicatePolicy::Reinforce);
            let domain = vec![format!("of process {tag}")];
            let new = NewExperience { domain, importance: time as f32 / 1000.0, ..new };
            db.record_experience(new).unwrap();
        }
    }
    say("done");
}

#[test]
fn eight_processes_recording_one_content_make_one_record_and_an_exact_count() {
    let home = directory();
    let path = home.path().join("db");
    let db = open(&path);
    let cid = db.get_or_create_collective("shared").unwrap();
    let start = |tag: usize| Worker::start("duplicates", &[path.to_str().unwrap(), &tag.to_string()]);
    let mut workers: Vec<Worker> = (0..PROCESSES).map(start).collect();
    for worker in &mut workers {
        assert_eq!(worker.expect_line(), "open");
    }
    for worker in &mut workers {
        worker.tell("go");
    }
    for mut worker in workers {
        assert_eq!(worker.expect_line(), "done");
        assert!(worker.finish().success());
    }
    let all = db.list_experiences(cid, 1000, 0).unwrap();
    assert_eq!(all.len(), CONTENTS);
    for one in &all {
        assert_eq!(one.applications, PROCESSES as u32 * TIMES - 1);
        assert_eq!(one.domain.len(), PROCESSES);
        assert_eq!(one.importance.to_bits(), ((TIMES - 1) as f32 / 1000.0).to_bits());
    }
    let kinds = events(&db, cid, 0).into_iter().map(|event| event.event_type);
    assert_eq!(kinds.filter(|kind| *kind == WatchEventType::Created).count(), CONTENTS);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn content_that_is_there_is_kept_twice_reinforced_or_refused() {
    use DuplicatePolicy::{Keep, Refuse, Reinforce};
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let first = db.record_experience(same("text", cid, Refuse)).unwrap();
    let before = db.get_experience(first).unwrap().unwrap();
    let sequence = db.get_current_sequence();
    let error = db.record_experience(same("text", cid, Refuse)).unwrap_err();
    let PulseDBError::Validation(ValidationError::InvalidField { field, reason }) = &error else {
        panic!("{error}")
    };
    assert!(field == "content" && reason.contains(&first.to_string()), "{error}");
    // A batch is refused as a whole, also for what stands in it twice.
    let batch = ["new", "other", "new"].map(|text| same(text, cid, Refuse));
    assert!(db.record_experiences(batch.into()).unwrap_err().is_validation());
    assert_eq!(db.get_current_sequence(), sequence);
    assert_eq!(db.get_experience(first).unwrap(), Some(before.clone()));

    let plain = |duplicate| NewExperience {
        domain: Vec::new(),
        tags: [].into(),
        importance: 0.0,
        confidence: 0.0,
        ..same("text", cid, duplicate)
    };
    assert_eq!(db.record_experience(plain(Reinforce)).unwrap(), first);
    let after = db.get_experience(first).unwrap().unwrap();
    assert_eq!(after.applications, 1);
    assert!(after.last_reinforced >= before.last_reinforced && after.updated_at == after.last_reinforced);
    let times = |one: &pulsedb::Experience| pulsedb::Experience {
        applications: 0,
        updated_at: Timestamp(0),
        last_reinforced: Timestamp(0),
        sequence: 0,
        ..one.clone()
    };
    assert_eq!(times(&after), times(&before));
    let twice = [plain(Reinforce), plain(Reinforce)];
    assert_eq!(db.record_experiences(twice.into()).unwrap(), [first, first]);

    let second = db.record_experience(plain(Keep)).unwrap();
    assert_ne!(second, first);
    // Of several, the oldest counts.
    assert_eq!(db.record_experience(plain(Reinforce)).unwrap(), first);
    assert_eq!(db.get_experience(first).unwrap().unwrap().applications, 4);
    assert_ne!(db.record_experience(same("text ", cid, Reinforce)).unwrap(), first);
    let other = db.create_collective("other").unwrap();
    assert_ne!(db.record_experience(same("text", other, Refuse)).unwrap(), first);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn reinforced_record_takes_over_what_it_lacks_and_is_found_by_it() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let tags = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let new = |domain: &[&str], pairs: &[(&str, &str)], importance, confidence| NewExperience {
        domain: domain.iter().map(|domain| (*domain).to_owned()).collect(),
        tags: tags(pairs),
        importance,
        confidence,
        source_agent: "somebody".into(),
        ..same("a rare text", cid, DuplicatePolicy::Reinforce)
    };
    let id = db.record_experience(new(&["a"], &[("k", "1")], 0.5, 0.5)).unwrap();
    let again = NewExperience {
        source_agent: "another".into(),
        ..new(&["b", "a"], &[("k", "2"), ("l", "3")], 0.75, 0.25)
    };
    assert_eq!(db.record_experience(again).unwrap(), id);
    let found = db.get_experience(id).unwrap().unwrap();
    assert_eq!(
        (found.domain, found.tags),
        (vec!["a".to_owned(), "b".to_owned()], tags(&[("k", "1"), ("l", "3")]))
    );
    assert_eq!((found.importance, found.confidence, found.source_agent.as_str()), (0.75, 0.5, "somebody"));
    for domain in ["a", "b"] {
        let filter = pulsedb::SearchFilter { domains: Some(vec![domain.into()]), ..Default::default() };
        let options = SearchOptions { filter, ..Default::default() };
        assert_eq!(db.search(cid, Query::Lexical("rare"), options).unwrap().len(), 1);
    }
    // What would have too many is refused, and nothing changes.
    let many: Vec<String> = (0..49).map(|at| format!("domain {at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let before = db.get_experience(id).unwrap();
    let error = db.record_experience(new(&many, &[], 0.5, 0.5)).unwrap_err();
    assert!(matches!(error, PulseDBError::Validation(ValidationError::TooManyItems { .. })), "{error}");
    assert_eq!(db.get_experience(id).unwrap(), before);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn archived_expired_and_changed_records_stand_for_no_other() {
    use DuplicatePolicy::{Refuse, Reinforce};
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let archived = db.record_experience(same("text", cid, Refuse)).unwrap();
    db.archive_experience(archived).unwrap();
    let second = db.record_experience(same("text", cid, Refuse)).unwrap();
    let update = |content: &str| pulsedb::ExperienceUpdate {
        content: Some(content.into()),
        embedding: Some(vec![1.0; crate::samples::DIMENSION]),
        ..Default::default()
    };
    db.update_experience(second, update("changed")).unwrap();
    let expires_at = Some(Timestamp::from_millis(1));
    db.record_experience(NewExperience { expires_at, ..same("text", cid, Refuse) }).unwrap();
    let third = db.record_experience(same("text", cid, Refuse)).unwrap();
    assert_eq!(db.record_experience(same("changed", cid, Reinforce)).unwrap(), second);
    db.unarchive_experience(archived).unwrap();
    assert_eq!(db.record_experience(same("text", cid, Reinforce)).unwrap(), archived);
    db.delete_experience(archived).unwrap();
    assert_eq!(db.record_experience(same("text", cid, Reinforce)).unwrap(), third);
    db.delete_collective(cid).unwrap();
    until_reclaimed(&db);
    let rows = db.stats().unwrap().tables.into_iter().find(|table| table.name == "by_content").unwrap().rows;
    assert_eq!(rows, 0);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn key_says_which_record_may_be_the_same() {
    use DuplicatePolicy::{Refuse, Reinforce};
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let keyed = |key: &str, content: &str, policy| NewExperience {
        key: Some(key.into()),
        ..same(content, cid, policy)
    };
    let first = db.record_experience(keyed("k", "text", Refuse)).unwrap();
    assert!(db.record_experience(keyed("k", "text", Refuse)).unwrap_err().is_validation());
    assert_eq!(db.record_experience(keyed("k", "text", Reinforce)).unwrap(), first);
    let second = db.record_experience(keyed("l", "text", Reinforce)).unwrap();
    assert_ne!(second, first, "two keys, two records");
    assert_eq!(db.record_experience(keyed("k", "other", Reinforce)).unwrap(), first);
    assert_eq!(db.get_by_key(cid, "k").unwrap().unwrap().content, "other");
    // Without a key, any record with the content counts.
    assert_eq!(db.record_experience(same("text", cid, Reinforce)).unwrap(), second);
}
