//! The edges of the public API: closed and read-only handles, settings, ids, messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use pulsedb::{
    AgentId, Change, CollectiveId, Config, EmbeddingDimension, Experience, ExperienceId, ExperienceType,
    ExperienceUpdate, NewActivity, NewExperience, NotFoundError, PulseDB, PulseDBError, Query, Result,
    SearchFilter, SearchOptions, SignalWeights, StorageError, TaskId, Timestamp, ValidationError,
};

const VECTOR: &[f32] = &[1.0, 2.0];

fn config() -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(2))
}

fn note(collective_id: CollectiveId) -> NewExperience {
    let embedding = Some(VECTOR.to_vec());
    NewExperience { collective_id, content: "note".into(), embedding, ..Default::default() }
}

fn activity(collective_id: CollectiveId) -> NewActivity {
    NewActivity { agent_id: AgentId::new("agent"), collective_id, ..Default::default() }
}

/// An experience that a caller has kept.
fn kept(collective_id: CollectiveId) -> Experience {
    let moment = Timestamp::from_millis(0);
    Experience {
        id: ExperienceId::new(),
        collective_id,
        content: "note".into(),
        embedding: VECTOR.to_vec(),
        experience_type: ExperienceType::default(),
        importance: 0.5,
        confidence: 0.5,
        applications: 0,
        domain: Vec::new(),
        tags: BTreeMap::new(),
        related_files: Vec::new(),
        source_agent: AgentId::new("agent"),
        source_task: None,
        timestamp: moment,
        updated_at: moment,
        last_reinforced: moment,
        archived: false,
        superseded: false,
        key: None,
        expires_at: None,
        sequence: 0,
    }
}

/// Every call that changes something, by name.
fn changes(db: &PulseDB, cid: CollectiveId, id: ExperienceId) -> Vec<(&'static str, Result<()>)> {
    vec![
        ("create", db.create_collective("new").map(drop)),
        ("create with owner", db.create_collective_with_owner("new", "me").map(drop)),
        ("get or create", db.get_or_create_collective("new").map(drop)),
        ("record", db.record_experience(note(cid)).map(drop)),
        ("record many", db.record_experiences(vec![note(cid)]).map(drop)),
        ("restore", db.restore_experiences(vec![kept(cid)])),
        ("update", db.update_experience(id, ExperienceUpdate::default())),
        ("update many", db.update_experiences(vec![(id, ExperienceUpdate::default())])),
        ("archive", db.archive_experience(id)),
        ("archive many", db.archive_experiences(&[id])),
        ("unarchive", db.unarchive_experience(id)),
        ("reinforce", db.reinforce_experience(id).map(drop)),
        ("delete", db.delete_experience(id)),
        ("delete many", db.delete_experiences(&[id])),
        ("apply", db.apply(cid, vec![Change::Delete(id)]).map(drop)),
        ("register activity", db.register_activity(activity(cid))),
        ("heartbeat", db.update_heartbeat("agent", cid)),
        ("end activity", db.end_activity("agent", cid)),
        ("rename collective", db.rename_collective(cid, "renamed")),
        ("delete collective", db.delete_collective(cid)),
    ]
}

/// Every call that asks something, by name.
fn questions(db: &PulseDB, cid: CollectiveId, id: ExperienceId) -> Vec<(&'static str, Result<()>)> {
    let all = SearchFilter::default;
    vec![
        ("get collective", db.get_collective(cid).map(drop)),
        ("list collectives", db.list_collectives().map(drop)),
        ("by owner", db.list_collectives_by_owner("me").map(drop)),
        ("get or create", db.get_or_create_collective("there").map(drop)),
        ("collective stats", db.get_collective_stats(cid).map(drop)),
        ("get by key", db.get_by_key(cid, "key").map(drop)),
        ("list keys", db.list_keys(cid, "", None, 1).map(drop)),
        ("active agents", db.get_active_agents(cid).map(drop)),
        ("get", db.get_experience(id).map(drop)),
        ("energy", db.energy(id).map(drop)),
        ("list", db.list_experiences(cid, 1, 0).map(drop)),
        ("list after", db.list_experiences_after(cid, None, 1).map(drop)),
        ("list cold", db.list_cold_experiences(cid, 1.0, 1).map(drop)),
        ("search", db.search(cid, Query::Vector(VECTOR), SearchOptions::default()).map(drop)),
        ("similar", db.search_similar(cid, VECTOR, 1).map(drop)),
        ("similar filtered", db.search_similar_filtered(cid, VECTOR, 1, all()).map(drop)),
        ("recent", db.get_recent_experiences(cid, 1).map(drop)),
        ("recent filtered", db.get_recent_experiences_filtered(cid, 1, all()).map(drop)),
        ("poll", db.poll_changes(cid, 0).map(drop)),
        ("stats", db.stats().map(drop)),
        ("check", db.check().map(drop)),
    ]
}

fn filled(path: &Path) -> (PulseDB, CollectiveId, ExperienceId) {
    let db = PulseDB::open(path, config()).unwrap();
    let cid = db.create_collective("there").unwrap();
    let id = db.record_experience(note(cid)).unwrap();
    (db, cid, id)
}

/// Every file but the engine's lock file, with its bytes and when it was changed.
fn files(path: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    let others = named.filter(|(name, _)| name != "lock.mdb");
    others
        .map(|(name, path)| {
            (name, (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap()))
        })
        .collect()
}

#[test]
fn closed_handle_and_its_clones_refuse_every_call() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid, id) = filled(directory.path());
    let clone = db.clone();
    let other = PulseDB::open(directory.path(), config()).unwrap();
    db.close().unwrap();
    let calls = changes(&clone, cid, id).into_iter().chain(questions(&clone, cid, id));
    for (name, outcome) in calls {
        assert!(matches!(outcome, Err(PulseDBError::Closed)), "{name}: {outcome:?}");
    }
    assert!(matches!(clone.embed("text"), Err(PulseDBError::Closed)));
    let backup = clone.backup(directory.path().join("copy"));
    assert!(matches!(backup, Err(PulseDBError::Closed)));
    assert!(format!("{clone:?}").contains("open: false"));
    assert_eq!(clone.path(), other.path());
    drop(clone);
    // A handle of its own goes on.
    other.record_experience(note(cid)).unwrap();
    assert!(other.get_experience(id).unwrap().is_some());
    other.close().unwrap();
    let db = PulseDB::open(directory.path(), config()).unwrap();
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count, 2);
}

#[test]
fn read_only_handle_answers_every_question_and_refuses_every_change() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid, id) = filled(directory.path());
    db.close().unwrap();
    let before = files(directory.path());
    let db = PulseDB::open(directory.path(), Config::read_only()).unwrap();
    assert!(db.is_read_only() && db.config().read_only);
    assert_eq!(db.embedding_dimension(), 2);
    for (name, outcome) in changes(&db, cid, id) {
        assert!(outcome.is_err_and(|error| error.is_read_only()), "{name}");
    }
    for (name, outcome) in questions(&db, cid, id) {
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(db.get_current_sequence(), 2);
    db.close().unwrap();
    assert!(files(directory.path()) == before, "a read-only handle has changed a file");
    let db = PulseDB::open(directory.path(), Config::read_only()).unwrap();
    let copy = directory.path().join("copy");
    assert_eq!(db.backup(&copy).unwrap().sequence, 2);
    assert_eq!(PulseDB::open(copy, config()).unwrap().get_current_sequence(), 2);
}

#[test]
fn unknown_names_are_not_found_and_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (db, _, _) = filled(directory.path());
    let (cid, id) = (CollectiveId::new(), ExperienceId::new());
    let absent = ["create", "create with owner", "get or create"];
    let before = db.get_current_sequence();
    for (name, outcome) in changes(&db, cid, id).into_iter().filter(|(name, _)| !absent.contains(name)) {
        assert!(outcome.is_err_and(|error| error.is_not_found()), "{name}");
    }
    // Two collectives of the same name were asked for first: the second is refused.
    assert_eq!(db.get_current_sequence(), before + 1);
    let not_about_one =
        ["get collective", "list collectives", "by owner", "get or create", "get", "stats", "check"];
    for (name, outcome) in questions(&db, cid, id) {
        if not_about_one.contains(&name) {
            outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        } else {
            assert!(outcome.is_err_and(|error| error.is_not_found()), "{name}");
        }
    }
}

#[test]
fn record_without_a_collective_goes_to_the_default_one() {
    let directory = tempfile::tempdir().unwrap();
    let (db, cid, _) = filled(directory.path());
    let nowhere = || note(CollectiveId::nil());
    let id = db.record_experience(nowhere()).unwrap();
    let default = db.get_experience(id).unwrap().unwrap().collective_id;
    assert_eq!(db.get_collective(default).unwrap().unwrap().name, "default");
    db.close().unwrap();
    let open =
        |default| PulseDB::open(directory.path(), Config { default_collective: Some(default), ..config() });
    let db = open(cid).unwrap();
    let id = db.record_experience(nowhere()).unwrap();
    assert_eq!(db.get_experience(id).unwrap().unwrap().collective_id, cid);
    db.close().unwrap();
    let gone = CollectiveId::new();
    let refused = open(gone).unwrap().record_experience(nowhere()).unwrap_err();
    assert!(matches!(refused, PulseDBError::NotFound(NotFoundError::Collective(id)) if id == gone));
}

#[test]
fn cold_experiences_are_those_below_the_bound_and_not_archived() {
    let directory = tempfile::tempdir().unwrap();
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    let record = |importance| db.record_experience(NewExperience { importance, ..note(cid) }).unwrap();
    let [cold, warm, zero, archived] = [0.2, 0.9, 0.0, 0.1].map(record);
    db.archive_experience(archived).unwrap();
    let ids = |below, limit| {
        let found = db.list_cold_experiences(cid, below, limit).unwrap();
        assert!(found.iter().all(|(_, energy)| *energy < below));
        found.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(ids(0.5, 10), [cold, zero]);
    assert_eq!(ids(0.5, 1), [cold]);
    assert_eq!(ids(1.5, 10), [cold, warm, zero]);
    assert_eq!(ids(-1.0, 10), []);
    assert_eq!(db.energy(zero).unwrap().to_bits(), 0);
    assert!(db.list_cold_experiences(cid, f32::NAN, 1).unwrap_err().is_validation());
    // Used often and just now, it lasts.
    for applications in 1..=50 {
        assert_eq!(db.reinforce_experience(warm).unwrap(), applications);
    }
    assert!(db.energy(warm).unwrap() > 0.99);
}

#[test]
fn collective_names_are_unique_and_owners_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let mine = db.create_collective_with_owner("mine", "me").unwrap();
    let taken = db.create_collective("mine").unwrap_err();
    assert!(taken.is_validation() && taken.to_string().contains("mine"), "{taken}");
    for refused in [
        db.create_collective("").unwrap_err(),
        db.create_collective(" \t").unwrap_err(),
        db.create_collective(&"n".repeat(256)).unwrap_err(),
        db.create_collective_with_owner("n", "").unwrap_err(),
        db.get_or_create_collective(" ").unwrap_err(),
    ] {
        assert!(refused.is_validation(), "{refused}");
    }
    db.create_collective(&"n".repeat(255)).unwrap();
    assert_eq!(db.get_or_create_collective("mine").unwrap(), mine);
    let owned = db.list_collectives_by_owner("me").unwrap();
    assert_eq!(owned.iter().map(|one| one.id).collect::<Vec<_>>(), [mine]);
    // A deleted name is free again, under another id.
    db.delete_collective(mine).unwrap();
    assert_ne!(db.create_collective("mine").unwrap(), mine);
}

#[test]
fn ids_are_read_as_they_are_written() {
    let id = ExperienceId::new();
    assert_eq!(id.to_string().parse::<ExperienceId>().unwrap(), id);
    assert_eq!(ExperienceId::from_bytes(*id.as_bytes()), id);
    assert!(format!("{id:?}").starts_with("ExperienceId("));
    assert!(CollectiveId::nil().is_nil() && !CollectiveId::new().is_nil());
    let refused = "no id".parse::<CollectiveId>().unwrap_err();
    assert!(matches!(&refused, ValidationError::InvalidField { field, .. } if field == "collective id"));
    let json = serde_json::to_string(&(id, AgentId::from("a"), TaskId::from("t".to_owned()))).unwrap();
    assert_eq!(json, format!("[\"{id}\",\"a\",\"t\"]"));
    let back: (ExperienceId, AgentId, TaskId) = serde_json::from_str(&json).unwrap();
    assert_eq!((back.0, back.1.as_str(), back.2.to_string()), (id, "a", "t".to_owned()));
    let mut last = ExperienceId::nil();
    for _ in 0..1000 {
        let next = ExperienceId::new();
        assert!(next > last, "ids ascend");
        last = next;
    }
    assert!(Timestamp::now() > Timestamp::from_millis(0));
}

#[test]
fn errors_name_the_thing_and_keep_their_cause() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = PulseDB::open(&missing, Config::read_only()).unwrap_err();
    assert!(error.is_storage() && error.to_string().contains("missing"), "{error}");
    assert!(
        matches!(error, PulseDBError::Storage(StorageError::DatabaseNotFound { path }) if path == missing)
    );
    assert!(!missing.exists());
    // A file in the place of the directory.
    std::fs::write(&missing, "text").unwrap();
    let error = PulseDB::open(&missing, config()).unwrap_err();
    let PulseDBError::Io { path, source, .. } = &error else { panic!("{error}") };
    assert_eq!(path, &missing);
    assert!(source.raw_os_error().is_some() || source.kind() != std::io::ErrorKind::Other);
    assert!(std::error::Error::source(&error).is_some());
    assert!(!error.is_validation() && !error.is_not_found() && !error.is_config());
    let (db, cid, _) = filled(&directory.path().join("db"));
    let refused = [
        (db.search_similar(cid, &[1.0], 1).unwrap_err(), "2"),
        (db.search_similar(cid, &[0.0, 0.0], 1).unwrap_err(), "zero"),
        (db.search_similar(cid, &[f32::NAN, 0.0], 1).unwrap_err(), "NaN"),
        (db.search_similar(cid, VECTOR, 0).unwrap_err(), "1000"),
        (db.search(cid, " ".into(), SearchOptions::default()).unwrap_err(), "query"),
        (db.list_experiences(cid, 1001, 0).unwrap_err(), "1001"),
        (db.record_experience(NewExperience { embedding: None, ..note(cid) }).unwrap_err(), "embedding"),
        (db.record_experience(NewExperience { content: String::new(), ..note(cid) }).unwrap_err(), "content"),
    ];
    for (error, word) in refused {
        assert!(error.is_validation() && error.to_string().contains(word), "{word}: {error}");
    }
    let signals = SignalWeights { lexical: 0.0, late: 0.0, ..Default::default() };
    let options = SearchOptions { signals: Some(signals), ..Default::default() };
    let error = db.search(cid, "text".into(), options).unwrap_err();
    assert!(matches!(error, PulseDBError::Embedding { .. }), "{error}");
}
