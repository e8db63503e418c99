//! Databases of released formats, kept as files: each opens, and everything in it is what it was.
//!
//! `tests/golden/v2` holds two small databases and, beside each, `expected.json`: all that the public API said of
//! it when it was made. While format 1 has not been released, they are rewritten by
//!
//! ```text
//! PULSEDB_WRITE_GOLDEN=1 cargo test -p pulsedb --test it golden
//! ```
//!
//! Once a format is released its files never change: what reads them must.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use pulsedb::{
    AgentId, CollectiveId, Config, DerivedInsight, EmbeddingDimension, Experience, ExperienceId,
    ExperienceRelation, ExperienceType, ExperienceUpdate, InsightFilter, InsightType, NewDerivedInsight,
    NewExperience, NewExperienceRelation, PulseDB, PulseDBError, Query, RelationType, SearchFilter,
    SearchOptions, Severity, StorageError, TaskId, Timestamp, VectorConfig,
};
use serde_json::{Value, json};

use crate::samples::{directory, until_reclaimed};

/// Dimensions of the external database.
const DIMENSION: usize = 4;
/// When the first experience happened; each further one a second later.
const FIRST_MS: i64 = 1_700_000_000_000;

#[derive(Clone, Copy)]
enum Golden {
    External,
    Builtin,
}

impl Golden {
    const ALL: [Self; 2] = [Self::External, Self::Builtin];

    fn directory(self) -> PathBuf {
        let name = match self {
            Self::External => "external",
            Self::Builtin => "builtin",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v2").join(name)
    }

    fn config(self) -> Config {
        let mut config = match self {
            Self::External => Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION)),
            Self::Builtin => Config::default(),
        };
        config.map_size_gb = 1;
        // So small that the databases hold blocks and a tail.
        config.vector = VectorConfig { seal_rows: 16, ..VectorConfig::default() };
        // The changes are as old as the file, and must be kept.
        config.log.max_age = Duration::from_hours(200 * 365 * 24);
        config
    }

    fn expected(self) -> Value {
        static WRITTEN: Once = Once::new();
        WRITTEN.call_once(|| {
            if std::env::var_os("PULSEDB_WRITE_GOLDEN").is_some() {
                Self::ALL.into_iter().for_each(write);
            }
        });
        let text = fs::read_to_string(self.directory().join("expected.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// A copy of the database that a test may change.
    fn copy(self) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::copy(self.directory().join("data.mdb"), directory.path().join("data.mdb")).unwrap();
        directory
    }
}

#[test]
fn golden_database_says_read_only_what_it_said_when_it_was_made() {
    for golden in Golden::ALL {
        let expected = golden.expected();
        let directory = golden.copy();
        let before = fs::read(directory.path().join("data.mdb")).unwrap();
        let db = PulseDB::open(directory.path(), Config { read_only: true, ..golden.config() }).unwrap();
        compare(&describe(&db, deleted(&expected)), &expected);
        db.close().unwrap();
        assert!(fs::read(directory.path().join("data.mdb")).unwrap() == before, "a reader changed the file");
    }
}

#[test]
fn database_of_format_1_is_refused_by_name_and_left_as_it_is() {
    let home = directory();
    let path = home.path().join("data.mdb");
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1/data.mdb");
    fs::copy(old, &path).unwrap();
    let before = fs::read(&path).unwrap();
    let config = Config { map_size_gb: 1, ..Config::default() };
    let opened = PulseDB::open(home.path(), config.clone()).unwrap_err();
    let read = PulseDB::open(home.path(), Config { read_only: true, ..config.clone() }).unwrap_err();
    let repaired = PulseDB::repair(home.path(), config).unwrap_err();
    for error in [opened, read, repaired] {
        let too_old = matches!(&error, PulseDBError::Storage(StorageError::FormatTooOld { .. }));
        assert!(too_old, "{error}");
    }
    assert!(fs::read(&path).unwrap()[..before.len()] == before, "a refused file was changed");
}

#[test]
fn golden_database_goes_on_where_it_ended() {
    for golden in Golden::ALL {
        let expected = golden.expected();
        let directory = golden.copy();
        let db = PulseDB::open(directory.path(), golden.config()).unwrap();
        compare(&describe(&db, deleted(&expected)), &expected);
        assert!(db.check().unwrap().is_clean());
        let sequence = db.get_current_sequence();
        let cid = db.list_collectives().unwrap()[0].id;
        let id = db.record_experience(new(golden, cid, 20, "one more")).unwrap();
        for one in db.list_experiences(cid, 1000, 0).unwrap() {
            assert!(one.id <= id, "a new id is not the greatest");
            db.reinforce_experience(one.id).unwrap();
            db.delete_experience(one.id).unwrap();
        }
        let (events, _) = db.poll_changes(cid, sequence).unwrap();
        assert_eq!(events[0].sequence, sequence + 1);
        // What its format did not know yet.
        db.rename_collective(cid, "renamed").unwrap();
        db.close().unwrap();
        let db = PulseDB::open(directory.path(), golden.config()).unwrap();
        assert_eq!(db.get_or_create_collective("renamed").unwrap(), cid);
        let report = db.check().unwrap();
        assert!(report.is_clean(), "{report:?}");
    }
}

#[test]
fn golden_database_is_found_whole_by_repair() {
    for golden in Golden::ALL {
        let expected = golden.expected();
        let directory = golden.copy();
        let report = PulseDB::repair(directory.path(), golden.config()).unwrap();
        assert!(report.is_clean() && report.damaged_copy.is_none(), "{report:?}");
        let db = PulseDB::open(directory.path(), golden.config()).unwrap();
        compare(&describe(&db, deleted(&expected)), &expected);
    }
}

fn deleted(expected: &Value) -> CollectiveId {
    expected["deleted_collective"].as_str().unwrap().parse().unwrap()
}

/// Compares part by part, so that a failure names the part.
fn compare(found: &Value, expected: &Value) {
    let (found, expected) = (found.as_object().unwrap(), expected.as_object().unwrap());
    assert!(found.keys().eq(expected.keys()));
    for (part, value) in expected {
        assert_eq!(&found[part], value, "{part}");
    }
}

/// All that the public API says of a database and that does not depend on the time of asking.
fn describe(db: &PulseDB, deleted: CollectiveId) -> Value {
    let stats = db.stats().unwrap();
    let rows: BTreeMap<_, _> = stats.tables.iter().map(|table| (table.name, table.rows)).collect();
    let collectives = db.list_collectives().unwrap();
    let mut description = json!({
        "deleted_collective": deleted.to_string(),
        "dimension": db.embedding_dimension(),
        "sequence": stats.sequence,
        "oldest_change": stats.oldest_change,
        "rows": rows,
        "changes_of_deleted": changes(db, deleted),
    });
    for collective in collectives {
        let id = collective.id;
        let stats = db.get_collective_stats(id).unwrap();
        let experiences = db.list_experiences(id, 1000, 0).unwrap();
        for one in &experiences {
            assert_eq!(db.get_experience(one.id).unwrap().as_ref(), Some(one));
        }
        let recent = db.get_recent_experiences(id, 1000).unwrap();
        let part = json!({
            "id": id.to_string(),
            "owner": collective.owner_id,
            "dimension": collective.embedding_dimension,
            "created_at": collective.created_at.as_millis(),
            "updated_at": collective.updated_at.as_millis(),
            "count": stats.experience_count,
            "bytes": stats.storage_bytes,
            "oldest": stats.oldest_experience.map(Timestamp::as_millis),
            "newest": stats.newest_experience.map(Timestamp::as_millis),
            "experiences": experiences.iter().map(experience).collect::<Vec<_>>(),
            "recent": recent.iter().map(|one| one.id.to_string()).collect::<Vec<_>>(),
            "changes": changes(db, id),
            "relations": db.list_relations(id, 1000, 0).unwrap().iter().map(relation).collect::<Vec<_>>(),
            "insights": db.list_insights(id, 1000, 0).unwrap().iter().map(insight).collect::<Vec<_>>(),
            "insights found": insights_found(db, id),
            "searches": searches(db, id),
        });
        description[format!("collective {}", collective.name)] = part;
    }
    description
}

fn experience(one: &Experience) -> Value {
    let embedding: Vec<String> =
        one.embedding.iter().map(|value| format!("{:08x}", value.to_bits())).collect();
    json!({
        "id": one.id.to_string(),
        "content": one.content,
        "embedding": embedding.concat(),
        "type": one.experience_type,
        "importance": one.importance,
        "confidence": one.confidence,
        "applications": one.applications,
        "domain": one.domain,
        "tags": one.tags,
        "related_files": one.related_files,
        "agent": one.source_agent.as_str(),
        "task": one.source_task.as_ref().map(TaskId::as_str),
        "timestamp": one.timestamp.as_millis(),
        "updated_at": one.updated_at.as_millis(),
        "last_reinforced": one.last_reinforced.as_millis(),
        "archived": one.archived,
        "superseded": one.superseded,
        "key": one.key,
        "expires_at": one.expires_at.map(|end| end.0),
        "sequence": one.sequence,
    })
}

fn changes(db: &PulseDB, id: CollectiveId) -> Value {
    let (events, next) = db.poll_changes(id, 0).unwrap();
    assert_eq!(next, db.get_current_sequence(), "the database has few changes");
    let event = |event: pulsedb::WatchEvent| {
        json!([
            event.sequence,
            format!("{:?}", event.event_type),
            event.experience_id.to_string(),
            event.timestamp.as_millis(),
        ])
    };
    events.into_iter().map(event).collect()
}

/// Searches with every part of a filter, and the bits of each score.
fn searches(db: &PulseDB, id: CollectiveId) -> Value {
    let vector: Vec<f32> = (0..db.embedding_dimension()).map(|at| 1.0 / (at as f32 + 1.0)).collect();
    let default = SearchFilter::default;
    let filters = [
        default(),
        SearchFilter { exclude_archived: false, ..default() },
        SearchFilter { include_superseded: true, ..default() },
        SearchFilter { domains: Some(vec!["odd".into(), "prime".into()]), ..default() },
        SearchFilter { tags_all: Some(BTreeMap::from([("parity".into(), "even".into())])), ..default() },
        SearchFilter { source_agents: Some(vec![AgentId::new("agent-1")]), ..default() },
        SearchFilter { source_tasks: Some(vec![TaskId::new("task")]), ..default() },
        SearchFilter { experience_types: Some(vec![ExperienceType::default()]), ..default() },
        SearchFilter { min_importance: Some(0.5), min_confidence: Some(0.25), ..default() },
        SearchFilter {
            since: Some(Timestamp::from_millis(FIRST_MS + 2000)),
            until: Some(Timestamp::from_millis(FIRST_MS + 5000)),
            ..default()
        },
    ];
    let search = |filter: SearchFilter| {
        let options = SearchOptions { k: 5, filter, ..Default::default() };
        let hits = db.search(id, vector.as_slice().into(), options).unwrap();
        let hit = |hit: pulsedb::SearchResult| {
            json!([hit.experience.id.to_string(), format!("{:08x}", hit.similarity.to_bits())])
        };
        hits.into_iter().map(hit).collect::<Value>()
    };
    let words = |query: Query<'_>| {
        let hits = db.search(id, query, SearchOptions { k: 5, ..Default::default() }).unwrap();
        let hit = |hit: pulsedb::SearchResult| {
            json!([hit.experience.id.to_string(), format!("{:08x}", hit.similarity.to_bits())])
        };
        hits.into_iter().map(hit).collect::<Value>()
    };
    let queries = ["record", "one of a batch", "\u{4e16}\u{754c}", "\"first record\"", "rec* -first"];
    let queries = queries.into_iter().flat_map(|text| [Query::Lexical(text), Query::Text(text)]);
    filters.into_iter().map(search).chain(queries.map(words)).collect()
}

fn insights_found(db: &PulseDB, id: CollectiveId) -> Value {
    let vector: Vec<f32> = (0..db.embedding_dimension()).map(|at| 1.0 / (at as f32 + 1.0)).collect();
    let find = |query: Query<'_>| {
        let found = db.search_insights(id, query, 5, InsightFilter::default()).unwrap();
        let hit = |(one, score): (DerivedInsight, f32)| {
            json!([one.id.to_string(), format!("{:08x}", score.to_bits())])
        };
        found.into_iter().map(hit).collect::<Value>()
    };
    json!([find(Query::Vector(&vector)), find(Query::Lexical("insight caf\u{e9}"))])
}

/// Makes a golden database and what is expected of it.
fn write(golden: Golden) {
    let directory = tempfile::tempdir().unwrap();
    let db = PulseDB::open(directory.path().join("db"), golden.config()).unwrap();
    let deleted = fill(golden, &db);
    until_reclaimed(&db);
    let expected = describe(&db, deleted);
    let copy = directory.path().join("copy");
    db.backup(&copy).unwrap();
    let target = golden.directory();
    fs::create_dir_all(&target).unwrap();
    fs::copy(copy.join("data.mdb"), target.join("data.mdb")).unwrap();
    fs::write(target.join("expected.json"), serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
}

/// Collectives and experiences of every kind and every history; returns the collective that was deleted.
fn fill(golden: Golden, db: &PulseDB) -> CollectiveId {
    let notes = db.create_collective("notes").unwrap();
    let owned = db.create_collective_with_owner("r\u{e9}sum\u{e9} \u{1f980}", "owner").unwrap();
    db.create_collective("empty").unwrap();
    let deleted = db.create_collective("deleted").unwrap();
    let first = db.record_experience(new(golden, notes, 0, "the first record")).unwrap();
    let mut ids = vec![first];
    for (at, experience_type) in experience_types(first).into_iter().enumerate() {
        let content = format!("record {at} of \u{4e16}\u{754c} and caf\u{e9}");
        let new = NewExperience { experience_type, ..new(golden, notes, at + 1, &content) };
        ids.push(db.record_experience(new).unwrap());
    }
    let batch = (11..31).map(|at| new(golden, owned, at, "one of a batch")).collect();
    db.record_experiences(batch).unwrap();
    db.record_experience(new(golden, deleted, 14, "it goes with its collective")).unwrap();
    db.update_experience(ids[1], update(golden)).unwrap();
    db.archive_experience(ids[2]).unwrap();
    db.archive_experience(ids[3]).unwrap();
    db.unarchive_experience(ids[3]).unwrap();
    for _ in 0..3 {
        db.reinforce_experience(ids[4]).unwrap();
    }
    db.delete_experience(ids[5]).unwrap();
    join(golden, db, notes, &ids);
    db.delete_collective(deleted).unwrap();
    deleted
}

/// Relations, one record in the place of another, and enough insights for a block.
fn join(golden: Golden, db: &PulseDB, cid: CollectiveId, ids: &[ExperienceId]) {
    let relate = |source: usize, relation_type, target: usize| {
        db.store_relation(NewExperienceRelation {
            source_id: ids[source],
            target_id: ids[target],
            relation_type,
            strength: 0.25,
            metadata: (source == 0).then(|| "seen twice".to_owned()),
        })
        .unwrap()
    };
    relate(0, RelationType::Supports, 1);
    let gone = relate(1, RelationType::Contradicts, 2);
    relate(4, RelationType::Supersedes, 3);
    db.delete_relation(gone).unwrap();
    db.supersede_experience(ids[6], new(golden, cid, 40, "in the place of another one")).unwrap();
    for at in 50..68 {
        let record = new(golden, cid, at, "");
        let id = db
            .store_insight(NewDerivedInsight {
                collective_id: cid,
                content: format!("insight {at} of caf\u{e9}"),
                embedding: record.embedding,
                source_experience_ids: vec![ids[0], ids[1 + at % 4]],
                insight_type: InsightType::ALL[at % 4],
                confidence: record.confidence,
                domain: record.domain,
            })
            .unwrap();
        if at == 52 {
            db.delete_insight(id).unwrap();
        }
    }
}

fn relation(one: &ExperienceRelation) -> Value {
    json!({
        "id": one.id.to_string(),
        "source": one.source_id.to_string(),
        "target": one.target_id.to_string(),
        "type": one.relation_type,
        "strength": one.strength,
        "metadata": one.metadata,
        "created_at": one.created_at.as_millis(),
    })
}

fn insight(one: &DerivedInsight) -> Value {
    let embedding: Vec<String> =
        one.embedding.iter().map(|value| format!("{:08x}", value.to_bits())).collect();
    json!({
        "id": one.id.to_string(),
        "content": one.content,
        "embedding": embedding.concat(),
        "sources": one.source_experience_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "missing_sources": one.missing_sources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "type": one.insight_type,
        "confidence": one.confidence,
        "domain": one.domain,
        "created_at": one.created_at.as_millis(),
    })
}

fn new(golden: Golden, collective_id: CollectiveId, at: usize, content: &str) -> NewExperience {
    let vector = || (0..DIMENSION).map(|axis| ((at * 7 + axis * 3) % 11) as f32 - 4.5).collect();
    let parity = if at.is_multiple_of(2) { "even" } else { "odd" };
    let mut domain = vec![parity.to_owned()];
    if matches!(at, 2 | 3 | 5 | 7 | 11 | 13) {
        domain.push("prime".into());
    }
    NewExperience {
        collective_id,
        content: content.into(),
        embedding: matches!(golden, Golden::External).then(vector),
        importance: (at % 5) as f32 / 4.0,
        confidence: (at % 3) as f32 / 2.0,
        domain,
        tags: BTreeMap::from([("parity".into(), parity.into()), ("empty".into(), String::new())]),
        related_files: (0..at % 3).map(|file| format!("src/file-{file}.rs")).collect(),
        source_agent: AgentId::new(format!("agent-{}", at % 3)),
        source_task: at.is_multiple_of(2).then(|| TaskId::new("task")),
        timestamp: Some(Timestamp::from_millis(FIRST_MS + at as i64 * 1000)),
        key: (at == 1).then(|| "caf\u{e9}/1".to_owned()),
        expires_at: (at == 2).then(|| Timestamp::from_millis(i64::MAX)),
        ..Default::default()
    }
}

fn update(golden: Golden) -> ExperienceUpdate {
    ExperienceUpdate {
        content: Some("a record with other words".into()),
        embedding: matches!(golden, Golden::External).then(|| vec![0.5; DIMENSION]),
        importance: Some(1.0),
        domain: Some(vec!["changed".into()]),
        tags: Some(BTreeMap::new()),
        ..Default::default()
    }
}

fn experience_types(first: ExperienceId) -> Vec<ExperienceType> {
    let text = |text: &str| text.to_owned();
    vec![
        ExperienceType::Difficulty { description: text("hard"), severity: Severity::Critical },
        ExperienceType::Solution { problem_ref: Some(first), approach: text("try"), worked: true },
        ExperienceType::ErrorPattern {
            signature: text("E0382"),
            fix: text("clone"),
            prevention: text("borrow"),
        },
        ExperienceType::SuccessPattern {
            task_type: text("refactoring"),
            approach: text("small steps"),
            quality: 0.75,
        },
        ExperienceType::UserPreference { category: text("style"), preference: text("short"), strength: 0.5 },
        ExperienceType::ArchitecturalDecision { decision: text("LMDB"), rationale: text("processes") },
        ExperienceType::TechInsight { technology: text("mmap"), insight: text("pages") },
        ExperienceType::Fact { statement: text("water is wet"), source: text("rain") },
        ExperienceType::Generic { category: Some(text("misc")) },
        ExperienceType::Solution { problem_ref: None, approach: String::new(), worked: false },
    ]
}
