//! Recording, changing, finding and counting experiences through the public API.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use pulsedb::{
    AgentId, Config, DuplicatePolicy, EmbeddingDimension, ExperienceType, ExperienceUpdate, NewExperience,
    NotFoundError, PulseDB, PulseDBError, Query, SearchFilter, SearchOptions, Severity, TaskId, Timestamp,
    WatchEventType::{Archived, Created, Deleted, Updated},
};

/// Records of a writer that nobody ends.
const RECORDS_MAX: u32 = 1_000_000;

fn external(dimension: usize) -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(dimension))
}

fn open(directory: &tempfile::TempDir, config: Config) -> PulseDB {
    PulseDB::open(directory.path().join("db"), config).unwrap()
}

#[test]
fn record_with_nothing_but_content_is_found_by_its_meaning() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory, Config::default());
    let id = db
        .record_experience(NewExperience {
            content: "the database needs a vacuum".into(),
            ..Default::default()
        })
        .unwrap();
    let other = NewExperience { content: "bananas are yellow".into(), ..Default::default() };
    db.record_experience(other).unwrap();
    let collectives = db.list_collectives().unwrap();
    assert_eq!(collectives.len(), 1);
    assert_eq!(collectives[0].name, "default");
    let hits = db.search(collectives[0].id, "clean up databases".into(), SearchOptions::default()).unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(hits[0].experience.id, id);
    assert!(hits[0].similarity > hits[1].similarity);
}

#[test]
fn every_field_comes_back_as_it_was_given() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory, external(3));
    let cid = db.create_collective_with_owner("c", "me").unwrap();
    let new = NewExperience {
        collective_id: cid,
        content: "content \u{1f980}".into(),
        embedding: Some(vec![1.0, -2.5, 3e38]),
        experience_type: ExperienceType::Difficulty { description: "d".into(), severity: Severity::High },
        importance: 1.0,
        confidence: 0.0,
        domain: vec!["b".into(), "a".into(), "b".into()],
        tags: BTreeMap::from([("k".into(), "v".into()), ("k2".into(), String::new())]),
        related_files: vec!["src/lib.rs".into()],
        source_agent: AgentId::new("agent"),
        source_task: Some(TaskId::new("task")),
        timestamp: Some(Timestamp::from_millis(-5)),
        duplicate: DuplicatePolicy::Refuse,
        key: Some("k/1".into()),
        expires_at: Some(Timestamp::from_millis(i64::MAX)),
    };
    let id = db.record_experience(new.clone()).unwrap();
    for db in [db.clone(), {
        db.close().unwrap();
        open(&directory, external(3))
    }] {
        let Ok(found) = db.get_experience(id) else { continue };
        let found = found.unwrap();
        assert_eq!(found.content, new.content);
        assert_eq!(Some(&found.embedding), new.embedding.as_ref());
        assert_eq!(found.experience_type, new.experience_type);
        assert_eq!((found.importance, found.confidence), (1.0, 0.0));
        assert_eq!(found.domain, new.domain);
        assert_eq!(found.tags, new.tags);
        assert_eq!((&found.key, found.expires_at), (&new.key, new.expires_at));
        assert_eq!(found.related_files, new.related_files);
        assert_eq!(found.source_agent, new.source_agent);
        assert_eq!(found.source_task, new.source_task);
        assert_eq!(Some(found.timestamp), new.timestamp);
        assert_eq!(found.sequence, 2);
        assert!(!found.archived);
    }
}

#[test]
fn changes_are_seen_by_searches_counts_and_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory, external(2));
    let cid = db.create_collective("c").unwrap();
    let record = |x: f32, y: f32| {
        db.record_experience(NewExperience {
            collective_id: cid,
            content: "x".into(),
            embedding: Some(vec![x, y]),
            ..Default::default()
        })
        .unwrap()
    };
    let (a, b) = (record(1.0, 0.0), record(0.0, 1.0));
    let best = |filter: SearchFilter| {
        let hits = db.search_similar_filtered(cid, &[1.0, 0.1], 10, filter).unwrap();
        hits.into_iter().map(|hit| hit.experience.id).collect::<Vec<_>>()
    };
    assert_eq!(best(SearchFilter::default()), [a, b]);
    let update =
        ExperienceUpdate { embedding: Some(vec![-1.0, 0.0]), importance: Some(0.9), ..Default::default() };
    db.update_experience(a, update).unwrap();
    assert_eq!(best(SearchFilter::default()), [b, a]);
    assert_eq!(best(SearchFilter { min_importance: Some(0.8), ..Default::default() }), [a]);
    db.archive_experience(b).unwrap();
    assert_eq!(best(SearchFilter::default()), [a]);
    assert_eq!(best(SearchFilter { exclude_archived: false, ..Default::default() }), [b, a]);
    db.unarchive_experience(b).unwrap();
    assert_eq!(db.reinforce_experience(b).unwrap(), 1);
    db.delete_experience(a).unwrap();
    assert_eq!(best(SearchFilter::default()), [b]);
    assert_eq!(db.get_experience(a).unwrap(), None);
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, 1);
    let (events, next) = db.poll_changes(cid, 0).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| (event.sequence, event.event_type)).collect();
    let expected =
        [(2, Created), (3, Created), (4, Updated), (5, Archived), (6, Updated), (7, Updated), (8, Deleted)];
    assert_eq!(kinds, expected);
    assert_eq!(next, 8);
    assert_eq!(db.get_current_sequence(), 8);
    db.delete_collective(cid).unwrap();
    let (events, next) = db.poll_changes(cid, 8).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event_type, next), (Deleted, 10));
    assert!(matches!(
        db.search(cid, Query::Vector(&[1.0, 0.0]), SearchOptions::default()),
        Err(PulseDBError::NotFound(NotFoundError::Collective(_)))
    ));
    assert_eq!(db.get_experience(b).unwrap(), None);
}

#[test]
fn recent_orders_by_time_then_id_also_in_groups_of_equal_times() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory, external(1));
    let cid = db.create_collective("c").unwrap();
    let mut expected = Vec::new();
    for time in [5, 1, 3, 3, 3, 5, 2, 9] {
        let domain = if time == 3 { vec!["three".into(), "odd".into()] } else { vec!["odd".into()] };
        let id = db
            .record_experience(NewExperience {
                collective_id: cid,
                content: "x".into(),
                embedding: Some(vec![1.0]),
                timestamp: Some(Timestamp::from_millis(time)),
                domain,
                ..Default::default()
            })
            .unwrap();
        expected.push((std::cmp::Reverse(time), id));
    }
    expected.sort();
    for limit in 1..=9 {
        let found = db.get_recent_experiences(cid, limit).unwrap();
        let found: Vec<_> = found.iter().map(|one| (std::cmp::Reverse(one.timestamp.0), one.id)).collect();
        assert_eq!(found, expected[..limit.min(8)]);
    }
    let filter = SearchFilter { domains: Some(vec!["odd".into(), "three".into()]), ..Default::default() };
    assert_eq!(db.get_recent_experiences_filtered(cid, 100, filter.clone()).unwrap().len(), 8);
    let filter = SearchFilter { since: Some(Timestamp(2)), until: Some(Timestamp(3)), ..filter };
    assert_eq!(db.get_recent_experiences_filtered(cid, 100, filter).unwrap().len(), 4);
}

#[test]
fn large_collective_gives_the_same_hits_as_its_parts_also_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&directory, external(3));
    let cid = db.create_collective("c").unwrap();
    let rows = (0..5000_u16).map(|row| NewExperience {
        collective_id: cid,
        content: "x".into(),
        embedding: Some(vec![f32::from(row % 71) - 35.0, f32::from(row % 13) + 0.5, 1.0]),
        domain: vec![format!("part {}", row % 4)],
        timestamp: Some(Timestamp::from_millis(i64::from(row % 5))),
        ..Default::default()
    });
    db.record_experiences(rows.collect()).unwrap();
    let ranked = |filter: SearchFilter| {
        let hits = db.search_similar_filtered(cid, &[3.0, 2.0, 1.0], 1000, filter).unwrap();
        let rank = |hit: pulsedb::SearchResult| {
            let one = hit.experience;
            (std::cmp::Reverse(hit.similarity.to_bits()), std::cmp::Reverse(one.timestamp), one.id)
        };
        hits.into_iter().map(rank).collect::<Vec<_>>()
    };
    // Parts are small enough for one thread each; their best thousand have positive scores, whose bits sort.
    let mut parts: Vec<_> = (0..4)
        .flat_map(|part| {
            let domains = Some(vec![format!("part {part}")]);
            ranked(SearchFilter { domains, ..Default::default() })
        })
        .filter(|(bits, _, _)| f32::from_bits(bits.0) > 0.0)
        .collect();
    parts.sort();
    parts.truncate(1000);
    let elsewhere = db.create_collective("elsewhere").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..RECORDS_MAX {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let row = NewExperience {
                    collective_id: elsewhere,
                    content: "x".into(),
                    embedding: Some(vec![1.0; 3]),
                    ..Default::default()
                };
                db.record_experience(row).unwrap();
            }
            panic!("the searches did not end while {RECORDS_MAX} records were written");
        });
        let same = (0..20).all(|_| ranked(SearchFilter::default()) == parts);
        // Also if they differ, so that the writer ends.
        done.store(true, Ordering::Relaxed);
        assert!(same, "a search beside a writer finds something else");
    });
}
