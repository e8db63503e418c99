//! What is refused changes nothing: no row, no number, no byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pulsedb::{
    AgentId, CollectiveId, ExperienceId, ExperienceType, ExperienceUpdate, NewExperience, PulseDB, Query,
    Result, SearchFilter, SearchOptions, TaskId, limits,
};

use crate::samples::{DIMENSION, directory, labelled, open};

/// A database and what must stay as it is.
struct Guarded {
    db: PulseDB,
    cid: CollectiveId,
    id: ExperienceId,
    bytes: Vec<u8>,
    sequence: u64,
}

impl Guarded {
    fn new(path: &Path) -> Self {
        let db = open(path);
        let cid = db.create_collective("c").unwrap();
        let id = db.record_experience(labelled("kept", cid)).unwrap();
        let (bytes, sequence) = (data(&db), db.get_current_sequence());
        Self { db, cid, id, bytes, sequence }
    }

    /// The call is refused and nothing has changed.
    fn refuses<T: std::fmt::Debug>(&self, what: &str, outcome: Result<T>) {
        assert!(outcome.as_ref().is_err_and(pulsedb::PulseDBError::is_validation), "{what}: {outcome:?}");
        assert_eq!(self.db.get_current_sequence(), self.sequence, "{what}");
        assert!(data(&self.db) == self.bytes, "{what}: a byte has changed");
    }

    fn record(&self) -> NewExperience {
        NewExperience {
            collective_id: self.cid,
            content: "text".into(),
            embedding: Some(vec![1.0; DIMENSION]),
            ..Default::default()
        }
    }
}

fn data(db: &PulseDB) -> Vec<u8> {
    fs::read(db.path().join("data.mdb")).unwrap()
}

fn bad_vectors() -> Vec<(&'static str, Vec<f32>)> {
    let with = |component: f32| {
        let mut vector = vec![0.5; DIMENSION];
        vector[DIMENSION - 1] = component;
        vector
    };
    vec![
        ("not a number", with(f32::NAN)),
        ("infinite", with(f32::INFINITY)),
        ("infinite below zero", with(f32::NEG_INFINITY)),
        ("zero", vec![0.0; DIMENSION]),
        ("zero below zero", vec![-0.0; DIMENSION]),
        ("short", vec![1.0; DIMENSION - 1]),
        ("long", vec![1.0; DIMENSION + 1]),
        ("empty", Vec::new()),
    ]
}

#[test]
fn vectors_without_direction_are_refused_in_records_updates_and_queries() {
    let home = directory();
    let guarded = Guarded::new(home.path());
    let (db, cid) = (&guarded.db, guarded.cid);
    for (what, vector) in bad_vectors() {
        let bad = NewExperience { embedding: Some(vector.clone()), ..guarded.record() };
        guarded.refuses(what, db.record_experience(bad.clone()));
        guarded.refuses(what, db.record_experiences(vec![guarded.record(), bad, guarded.record()]));
        let update = ExperienceUpdate { embedding: Some(vector.clone()), ..Default::default() };
        guarded.refuses(what, db.update_experience(guarded.id, update));
        guarded.refuses(what, db.search(cid, Query::Vector(&vector), SearchOptions::default()));
        guarded.refuses(what, db.search_similar(cid, &vector, 3));
        let filter = SearchFilter::default();
        guarded.refuses(what, db.search_similar_filtered(cid, &vector, 3, filter));
    }
    // The smallest and the largest that have a direction.
    for component in [f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX] {
        let vector = vec![component; DIMENSION];
        let new = NewExperience { embedding: Some(vector.clone()), ..guarded.record() };
        let id = db.record_experience(new).unwrap();
        let hits = db.search_similar(cid, &vector, 10).unwrap();
        let hit = hits.iter().find(|hit| hit.experience.id == id).unwrap();
        assert!((hit.similarity - 1.0).abs() < 1e-5, "{component}: {}", hit.similarity);
        assert!(hits.iter().all(|hit| hit.similarity.is_finite()));
    }
}

type Change = Box<dyn Fn(&mut NewExperience, usize)>;

/// Each limit with how to reach a number of it.
fn bounds() -> Vec<(&'static str, usize, Change)> {
    fn change(set: impl Fn(&mut NewExperience, usize) + 'static) -> Change {
        Box::new(set)
    }
    fn text(length: usize) -> String {
        "x".repeat(length)
    }
    fn many(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("{at}")).collect()
    }
    vec![
        ("content", limits::CONTENT_BYTES_MAX, change(|new, size| new.content = text(size))),
        ("domains", limits::DOMAINS_MAX, change(|new, size| new.domain = many(size))),
        ("domain", limits::DOMAIN_BYTES_MAX, change(|new, size| new.domain = vec![text(size)])),
        (
            "tags",
            limits::TAGS_MAX,
            change(|new, size| new.tags = many(size).into_iter().map(|key| (key, String::new())).collect()),
        ),
        (
            "tag key",
            limits::TAG_KEY_BYTES_MAX,
            change(|new, size| new.tags = BTreeMap::from([(text(size), text(limits::TAG_VALUE_BYTES_MAX))])),
        ),
        (
            "tag value",
            limits::TAG_VALUE_BYTES_MAX,
            change(|new, size| new.tags = BTreeMap::from([(text(limits::TAG_KEY_BYTES_MAX), text(size))])),
        ),
        ("files", limits::RELATED_FILES_MAX, change(|new, size| new.related_files = many(size))),
        ("file", limits::RELATED_FILE_BYTES_MAX, change(|new, size| new.related_files = vec![text(size)])),
        ("agent", limits::AGENT_BYTES_MAX, change(|new, size| new.source_agent = AgentId::new(text(size)))),
        ("task", limits::TASK_BYTES_MAX, change(|new, size| new.source_task = Some(TaskId::new(text(size))))),
        (
            "string of a type",
            limits::TYPE_STRING_BYTES_MAX,
            change(|new, size| {
                new.experience_type = ExperienceType::Fact { statement: text(3), source: text(size) };
            }),
        ),
    ]
}

#[test]
fn every_limit_of_a_record_holds_at_its_bound_and_refuses_one_more() {
    let home = directory();
    let guarded = Guarded::new(home.path());
    for (what, bound, change) in bounds() {
        let mut new = guarded.record();
        change(&mut new, bound + 1);
        guarded.refuses(what, guarded.db.record_experience(new));
    }
    let mut blank = guarded.record();
    blank.content.clear();
    guarded.refuses("no content", guarded.db.record_experience(blank));
    let nobody = NewExperience { source_agent: AgentId::new(""), ..guarded.record() };
    guarded.refuses("no agent", guarded.db.record_experience(nobody));
    let bare = NewExperience { embedding: None, ..guarded.record() };
    guarded.refuses("no vector where callers bring it", guarded.db.record_experience(bare));
    let update = ExperienceUpdate { content: Some("new".into()), ..Default::default() };
    guarded.refuses("new content without a vector", guarded.db.update_experience(guarded.id, update));
    for share in [-0.001, 1.001, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let bad = [
            NewExperience { importance: share, ..guarded.record() },
            NewExperience { confidence: share, ..guarded.record() },
            NewExperience { experience_type: with_quality(share), ..guarded.record() },
            NewExperience { experience_type: with_strength(share), ..guarded.record() },
        ];
        for new in bad {
            guarded.refuses("a share", guarded.db.record_experience(new));
        }
    }
    // Now that no byte has changed, what is just allowed.
    for (what, bound, change) in bounds() {
        let mut new = guarded.record();
        change(&mut new, bound);
        let id = guarded.db.record_experience(new.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = guarded.db.get_experience(id).unwrap().unwrap();
        assert_eq!(crate::samples::difference(&found, &new), None, "{what}");
    }
    assert!(guarded.db.check().unwrap().is_clean());
}

fn with_quality(quality: f32) -> ExperienceType {
    ExperienceType::SuccessPattern { task_type: String::new(), approach: String::new(), quality }
}

fn with_strength(strength: f32) -> ExperienceType {
    ExperienceType::UserPreference { category: String::new(), preference: String::new(), strength }
}

#[test]
fn batches_queries_and_names_hold_at_their_bounds() {
    let home = directory();
    let guarded = Guarded::new(home.path());
    let (db, cid) = (&guarded.db, guarded.cid);
    guarded.refuses("rows", db.record_experiences(vec![guarded.record(); limits::BATCH_ROWS_MAX + 1]));
    let large = NewExperience { content: "x".repeat(limits::CONTENT_BYTES_MAX), ..guarded.record() };
    let rows = limits::BATCH_BYTES_MAX / (limits::CONTENT_BYTES_MAX + 4 * DIMENSION) + 1;
    guarded.refuses("bytes", db.record_experiences(vec![large; rows]));
    for count in [0, limits::RESULTS_MAX + 1, usize::MAX] {
        guarded.refuses("k", db.search_similar(cid, &[1.0; DIMENSION], count));
        guarded.refuses("recent", db.get_recent_experiences(cid, count));
        guarded.refuses("list", db.list_experiences(cid, count, 0));
        guarded.refuses("cold", db.list_cold_experiences(cid, 0.5, count));
    }
    guarded.refuses("cold", db.list_cold_experiences(cid, f32::NAN, 5));
    let filter = SearchFilter { min_importance: Some(f32::NAN), ..Default::default() };
    guarded.refuses("filter", db.get_recent_experiences_filtered(cid, 5, filter));
    let names = [String::new(), " \t".to_owned(), "x".repeat(limits::COLLECTIVE_NAME_BYTES_MAX + 1)];
    for name in &names {
        guarded.refuses("name", db.create_collective(name));
        guarded.refuses("name", db.get_or_create_collective(name));
    }
    guarded.refuses("taken name", db.create_collective("c"));
    guarded.refuses("owner", db.create_collective_with_owner("d", &"x".repeat(limits::OWNER_BYTES_MAX + 1)));
    db.create_collective(&"\u{e9}".repeat(127)).unwrap();
    assert_eq!(db.record_experiences(Vec::new()).unwrap(), []);
    let rows = vec![guarded.record(); limits::BATCH_ROWS_MAX];
    assert_eq!(db.record_experiences(rows).unwrap().len(), limits::BATCH_ROWS_MAX);
    assert_eq!(
        db.search_similar(cid, &[1.0; DIMENSION], limits::RESULTS_MAX).unwrap().len(),
        limits::RESULTS_MAX
    );
    assert_eq!(db.list_experiences(cid, 1000, usize::MAX).unwrap(), []);
}
