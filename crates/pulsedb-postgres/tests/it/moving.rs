//! Collectives on their way between an embedded database and a server.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use pulsedb::{
    AgentId, CollectiveId, Config, DerivedInsight, DuplicatePolicy, EmbeddingDimension, Experience,
    ExperienceId, ExperienceRelation, ExperienceType, InsightType, NewDerivedInsight, NewExperience,
    NewExperienceRelation, PulseDB, RelationType, SubstrateProvider, TaskId, Timestamp,
};
use pulsedb_postgres::{MoveError, MoveOptions, Moved, PostgresConfig, PostgresSubstrate, pull, push};

use crate::server::{DIMENSION, config, new_tenant, runtime, store, url};

/// Far enough in the future.
const LATER: Timestamp = Timestamp(4_000_000_000_000);

fn database(home: &Path, name: &str) -> PulseDB {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION));
    PulseDB::open(home.join(name), Config { map_size_gb: 1, ..config }).unwrap()
}

fn vector(number: usize) -> Vec<f32> {
    let mut vector: Vec<f32> =
        (0..DIMENSION).map(|at| ((number * 7 + at * 3) % 11) as f32 / 3.0 - 1.5).collect();
    // Two that only their bits tell apart from others.
    vector[0] = -0.0;
    vector[1] = f32::MIN_POSITIVE / 2.0;
    vector
}

fn new(collective_id: CollectiveId, number: usize) -> NewExperience {
    NewExperience {
        collective_id,
        content: format!("note {number}\0 with a NUL, \u{65e5}\u{672c} and caf\u{e9}"),
        embedding: Some(vector(number)),
        experience_type: ExperienceType::SuccessPattern {
            task_type: "deploy".into(),
            approach: "slowly".into(),
            quality: 0.1 + (number % 1000) as f32 / 3000.0,
        },
        importance: 1.0 / (1 + number) as f32,
        domain: vec!["b".into(), "a".into()],
        tags: BTreeMap::from([("k".into(), format!("v{number}\0"))]),
        related_files: vec!["src/main.rs".into()],
        source_agent: AgentId::new("ada"),
        source_task: Some(TaskId::new("task")),
        timestamp: Some(Timestamp(1_700_000_000_000 - number as i64)),
        key: number.is_multiple_of(3).then(|| format!("key/{number}")),
        expires_at: number.is_multiple_of(7).then_some(LATER),
        ..Default::default()
    }
}

/// A collective with everything that one can hold.
fn filled(db: &PulseDB, name: &str, records: usize) -> (CollectiveId, Vec<ExperienceId>) {
    let team = db.create_collective_with_owner(name, "grace").unwrap();
    let ids = db.record_experiences((0..records).map(|number| new(team, number)).collect()).unwrap();
    for pair in ids.chunks_exact(2).take(20) {
        let relation = NewExperienceRelation {
            source_id: pair[0],
            target_id: pair[1],
            relation_type: RelationType::Supports,
            metadata: Some("why\0".into()),
            strength: 0.7,
        };
        db.store_relation(relation).unwrap();
    }
    // A chain, and a key that goes on to the newest.
    for number in [3, 4] {
        let relation = NewExperienceRelation {
            source_id: ids[number + 1],
            target_id: ids[number],
            relation_type: RelationType::Supersedes,
            ..Default::default()
        };
        db.store_relation(relation).unwrap();
    }
    for number in 0..3 {
        let insight = NewDerivedInsight {
            collective_id: team,
            content: format!("it follows {number}"),
            embedding: Some(vector(number)),
            source_experience_ids: vec![ids[number], ids[number + 8]],
            insight_type: InsightType::Pattern,
            confidence: 0.3,
            domain: vec!["d".into()],
        };
        db.store_insight(insight).unwrap();
    }
    db.archive_experience(ids[6]).unwrap();
    db.reinforce_experience(ids[7]).unwrap();
    // One of the sources of an insight is missing.
    db.delete_experience(ids[8]).unwrap();
    (team, ids)
}

type All = (Vec<Experience>, Vec<ExperienceRelation>, Vec<DerivedInsight>);

/// All that a collective holds, with the bits of the vectors, but for the numbers of changes.
fn all(db: &PulseDB, name: &str) -> (All, Vec<Vec<u32>>) {
    let team = db.list_collectives().unwrap().into_iter().find(|one| one.name == name).unwrap();
    assert_eq!(team.owner_id.as_deref(), Some("grace"));
    let mut experiences = Vec::new();
    loop {
        let last = experiences.last().map(|one: &Experience| one.id);
        let page = db.list_experiences_after(team.id, last, 1000).unwrap();
        if page.is_empty() {
            break;
        }
        experiences.extend(page.into_iter().map(|one| Experience { sequence: 0, ..one }));
    }
    let bits = experiences.iter().map(|one| one.embedding.iter().map(|it| it.to_bits()).collect()).collect();
    let relations = db.list_relations(team.id, 1000, 0).unwrap();
    ((experiences, relations, db.list_insights(team.id, 1000, 0).unwrap()), bits)
}

fn pushed(db: &PulseDB, store: &PostgresSubstrate) -> Vec<Moved> {
    push(db, store, MoveOptions::default(), |_| {}).unwrap()
}

#[test]
fn collectives_come_back_bit_for_bit() {
    let Some(url) = url() else { return };
    let (runtime, home, tenant) = (runtime(), tempfile::tempdir().unwrap(), new_tenant());
    let server = runtime.block_on(store(&url, &tenant));
    let db = database(home.path(), "one");
    let (team, ids) = filled(&db, "team", 1200);
    filled(&db, "notes", 40);
    let moved = pushed(&db, &server);
    let counts: Vec<_> = moved.iter().map(|one| (&*one.name, one.experiences, one.insights)).collect();
    assert_eq!(counts, [("team", 1199, 3), ("notes", 39, 3)]);
    let again = pushed(&db, &server);
    for (one, again) in moved.iter().zip(&again) {
        assert_eq!((one.copied, again.copied), (one.experiences + one.relations + one.insights, 0));
        assert_eq!((one.digest, again.removed), (again.digest, 0));
    }

    let other = database(home.path(), "other");
    let only = MoveOptions { collective: Some(team), ..Default::default() };
    assert_eq!(pull(&server, &other, only, |_| {}).unwrap()[0].digest, moved[0].digest);
    assert_eq!(other.list_collectives().unwrap().len(), 1);
    pull(&server, &other, MoveOptions::default(), |_| {}).unwrap();
    for name in ["team", "notes"] {
        assert_eq!(all(&db, name), all(&other, name), "{name}");
    }
    assert!(other.check().unwrap().faults.is_empty());

    // The server finds what the database finds.
    let hits = db.search_similar(team, &vector(77), 10).unwrap();
    let there = runtime.block_on(server.search_similar(team, &vector(77), 10)).unwrap();
    let told = |hits: Vec<pulsedb::SearchResult>| -> Vec<_> {
        hits.into_iter().map(|hit| (hit.experience.id, hit.similarity.to_bits())).collect()
    };
    assert_eq!(told(hits), told(there));
    let changed = runtime.block_on(server.get_experience(ids[3])).unwrap().unwrap();
    assert!(changed.superseded && changed.key.is_none());
}

#[test]
fn interrupted_copies_go_on_and_store_nothing_twice() {
    let Some(url) = url() else { return };
    let (runtime, home) = (runtime(), tempfile::tempdir().unwrap());
    let server = runtime.block_on(store(&url, &new_tenant()));
    let (db, other) = (database(home.path(), "one"), database(home.path(), "other"));
    filled(&db, "team", 1200);
    // The caller dies after the first and the second transaction, on the way there and on the way back.
    for interrupted_at in [500, 1000] {
        let interrupted = std::panic::catch_unwind(AssertUnwindSafe(|| {
            push(&db, &server, MoveOptions::default(), |progress| {
                assert!(progress.done == 0 || progress.total - progress.done > 1224 - interrupted_at);
            })
        }));
        assert!(interrupted.is_err(), "nothing stopped at {interrupted_at}");
    }
    let moved = pushed(&db, &server);
    assert!(moved[0].copied < 300, "{moved:?}");
    let interrupted = std::panic::catch_unwind(AssertUnwindSafe(|| {
        pull(&server, &other, MoveOptions::default(), |progress| assert!(progress.done == 0))
    }));
    assert!(interrupted.is_err());
    let back = pull(&server, &other, MoveOptions::default(), |_| {}).unwrap();
    assert_eq!((back[0].digest, back[0].copied), (moved[0].digest, moved[0].copied + 500));
    assert_eq!(all(&db, "team"), all(&other, "team"));
}

#[test]
fn what_has_expired_at_the_server_is_in_nobodys_way() {
    let Some(url) = url() else { return };
    let (runtime, home) = (runtime(), tempfile::tempdir().unwrap());
    let server = runtime.block_on(store(&url, &new_tenant()));
    let db = database(home.path(), "one");
    let (team, _) = filled(&db, "team", 20);
    pushed(&db, &server);
    let keyed = |expires_at| NewExperience { key: Some("one".into()), expires_at, ..new(team, 1) };
    let soon = Timestamp(Timestamp::now().as_millis() + 300);
    runtime.block_on(server.store_experience(keyed(Some(soon)))).unwrap();
    let is_gone = |_| runtime.block_on(server.get_by_key(team, "one")).unwrap().is_none();
    assert!((0..100_000).any(is_gone), "it never expires");
    let id = db.record_experience(keyed(None)).unwrap();
    assert_eq!(pushed(&db, &server)[0].copied, 1);
    assert_eq!(runtime.block_on(server.get_by_key(team, "one")).unwrap().unwrap().id, id);
}

#[test]
fn experience_does_not_supersede_itself_at_the_server_either() {
    let Some(url) = url() else { return };
    let (runtime, home) = (runtime(), tempfile::tempdir().unwrap());
    let server = runtime.block_on(store(&url, &new_tenant()));
    let db = database(home.path(), "one");
    let (team, ids) = filled(&db, "team", 20);
    pushed(&db, &server);
    let again = || NewExperience { duplicate: DuplicatePolicy::Reinforce, key: None, ..new(team, 5) };
    let refused = runtime.block_on(server.supersede_experience(ids[5], again())).unwrap_err();
    assert_eq!(refused.to_string(), db.supersede_experience(ids[5], again()).unwrap_err().to_string());
    assert!(!runtime.block_on(server.get_experience(ids[5])).unwrap().unwrap().superseded);
}

#[test]
fn later_changes_follow_and_those_of_the_destination_are_kept() {
    let Some(url) = url() else { return };
    let (runtime, home) = (runtime(), tempfile::tempdir().unwrap());
    let server = runtime.block_on(store(&url, &new_tenant()));
    let (db, other) = (database(home.path(), "one"), database(home.path(), "other"));
    let (team, ids) = filled(&db, "team", 60);
    pushed(&db, &server);
    // In the middle of a chain, with a key that moves on.
    db.reinforce_experience(ids[4]).unwrap();
    let newest = db.supersede_experience(ids[9], new(team, 1000)).unwrap();
    let content = "another text".to_owned();
    let update = pulsedb::ExperienceUpdate {
        content: Some(content),
        embedding: Some(vector(5)),
        ..Default::default()
    };
    db.update_experience(ids[12], update).unwrap();
    let moved = pushed(&db, &server);
    assert!(moved[0].copied >= 4 && moved[0].removed >= 2, "{moved:?}");
    pull(&server, &other, MoveOptions::default(), |_| {}).unwrap();
    assert_eq!(all(&db, "team"), all(&other, "team"));

    // The server goes on by itself: what it has is not lost.
    let theirs = runtime.block_on(server.store_experience(new(team, 2000))).unwrap();
    runtime.block_on(server.reinforce_experience(newest)).unwrap();
    let refused = push(&db, &server, MoveOptions::default(), |_| {}).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, MoveError::Diverged { surplus: 1, newer: 1, .. }), "{refused:?}");
    assert!(said.contains("`team`") && said.contains("overwrite"), "{said}");
    assert!(runtime.block_on(server.get_experience(theirs)).unwrap().is_some());
    let back = pull(&server, &db, MoveOptions::default(), |_| {}).unwrap();
    assert_eq!(back[0].copied, 3, "the new one, the reinforced one and its relation");
    assert_eq!(pushed(&db, &server)[0].copied, 0);

    // Unless that is wanted.
    runtime.block_on(server.store_experience(new(team, 2002))).unwrap();
    let overwrite = MoveOptions { overwrite: true, ..Default::default() };
    assert_eq!(push(&db, &server, overwrite, |_| {}).unwrap()[0].removed, 1);
    assert_eq!(pushed(&db, &server)[0].digest, back[0].digest);
}

#[test]
fn other_embedders_and_names_that_are_taken_are_refused() {
    let Some(url) = url() else { return };
    let (runtime, home, tenant) = (runtime(), tempfile::tempdir().unwrap(), new_tenant());
    let bundled = PulseDB::open(home.path().join("bundled"), Config::default()).unwrap();
    let server = runtime.block_on(store(&url, &tenant));
    let refused = push(&bundled, &server, MoveOptions::default(), |_| {}).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, MoveError::OtherEmbedder { .. }), "{refused:?}");
    assert!(said.contains("builtin") && said.contains("external"), "{said}");

    let db = database(home.path(), "one");
    filled(&db, "team", 20);
    runtime.block_on(server.get_or_create_collective("team")).unwrap();
    let refused = push(&db, &server, MoveOptions::default(), |_| {}).unwrap_err();
    assert!(matches!(refused, MoveError::NameTaken { .. }), "{refused:?}");

    let nobody = config(&new_tenant());
    let found = runtime.block_on(PostgresSubstrate::stored_embedder(&url, &nobody)).unwrap();
    assert_eq!(found, None);
    let found = runtime.block_on(PostgresSubstrate::stored_embedder(&url, &config(&tenant))).unwrap();
    assert_eq!(found, Some(db.embedder_identity()));
    let other = PostgresConfig { tenant, ..Default::default() };
    assert!(runtime.block_on(PostgresSubstrate::connect(&url, other)).is_err());
}

#[test]
fn copy_beside_a_writer_is_whole_in_the_end() {
    let Some(url) = url() else { return };
    let (runtime, home) = (runtime(), tempfile::tempdir().unwrap());
    let server = runtime.block_on(store(&url, &new_tenant()));
    let db = database(home.path(), "one");
    let (team, ids) = filled(&db, "team", 600);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..60 {
                db.record_experience(new(team, 3000 + number)).unwrap();
                db.delete_experience(ids[100 + number]).unwrap();
            }
        });
        // It may end before the writer does, and may find that the writer was faster.
        let outcome = push(&db, &server, MoveOptions::default(), |_| {});
        assert!(
            matches!(outcome, Ok(_) | Err(MoveError::Differs { .. } | MoveError::Diverged { .. })),
            "{outcome:?}"
        );
    });
    // What was deleted here while it was copied there has to go there too.
    let overwrite = MoveOptions { overwrite: true, ..Default::default() };
    let moved = push(&db, &server, overwrite, |_| {}).unwrap();
    assert_eq!(moved[0].experiences, 599);
}
