//! Tests of what operations of one transaction, and versions of the format, have to do with each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{self, Timestamp};
use crate::config::{LogConfig, SyncMode};
use crate::id::{AgentId, CollectiveId, ExperienceId};
use crate::index::Builder;
use crate::model::{Experience, ExperienceType, NewActivity, NewExperience, ProviderIdentity};
use crate::storage::env::Space;
use crate::storage::format::meta::EmbeddingRow;
use crate::storage::store::{Store, StoreHandle, StoreOptions};
use crate::storage::write::block_builder::BlockBuilder;
use crate::storage::write::operations::{
    PreparedExperience, PreparedRestore, RecordDefaults, record, restore,
};
use crate::storage::write::transaction::Size;
use crate::validate;

fn embedder() -> Arc<EmbeddingRow> {
    let identity = ProviderIdentity { provider: "p".into(), model_digest: String::new(), dimension: 1 };
    Arc::new(EmbeddingRow { identity, ..EmbeddingRow::default() })
}

fn open(path: &Path) -> StoreHandle {
    let identity = embedder().identity.clone();
    let options = StoreOptions {
        seal_rows: 256,
        builder: &(Arc::new(Builder) as Arc<dyn BlockBuilder>),
        path,
        map_size_gb: 1,
        sync_mode: SyncMode::Fast,
        read_only: false,
        log: &LogConfig::default(),
        identity: Some(&identity),
    };
    Store::open(&options).unwrap()
}

fn new(collective_id: CollectiveId) -> PreparedExperience {
    let new = NewExperience { collective_id, content: "new".into(), ..Default::default() };
    let new = validate::new_experience(new).unwrap();
    let indexed = Builder::index_new(new.get());
    PreparedExperience { new, vector: None, embedder: embedder(), indexed }
}

fn restored(collective_id: CollectiveId, id: ExperienceId) -> PreparedRestore {
    let moment = Timestamp::from_millis(1);
    let experience = Experience {
        id,
        collective_id,
        content: "restored".into(),
        embedding: Vec::new(),
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
    };
    let experience = validate::restored_experience(experience).unwrap();
    PreparedRestore { experience, vector: None, embedder: embedder() }
}

#[test]
fn record_behind_a_restored_one_of_the_same_commit_gets_an_id_above_it() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let cid = store.create_collective("c".into(), None).unwrap();
    let defaults = RecordDefaults { collective: None };
    let greater = ExperienceId::from_bytes([0xf0; 16]);
    let ids = store.write(Size { records: 3, bytes: 4096 }, Space::Growth, move |txn| {
        let before = record(txn, &[new(cid)], defaults)?;
        restore(txn, &[restored(cid, greater)])?;
        let after = record(txn, &[new(cid), new(cid)], defaults)?;
        Ok([before, vec![greater], after].concat())
    });
    let ids = ids.unwrap();
    assert!(ids.is_sorted(), "{ids:?}");
    let snapshot = store.snapshot().unwrap();
    let listed = snapshot.view().in_collective(cid).unwrap().listed(10, 0).unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), ids);
}

#[test]
fn registration_removes_some_of_those_that_were_silent_for_too_long() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let cid = store.create_collective("c".into(), None).unwrap();
    let register = |agent: &str, kept| {
        let new = NewActivity { agent_id: agent.into(), collective_id: cid, ..Default::default() };
        store.register_activity(validate::new_activity(new).unwrap(), kept).unwrap();
    };
    let names = || {
        let snapshot = store.snapshot().unwrap();
        let activities = snapshot.view().in_collective(cid).unwrap().activities(cid).unwrap();
        activities.into_iter().map(|one| one.agent_id.as_str().to_owned()).collect::<Vec<_>>()
    };
    let all: Vec<String> = (0..100).map(|at| format!("agent {at:03}")).collect();
    for agent in &all {
        register(agent, Duration::from_secs(1000));
    }
    assert_eq!(names(), all);
    // A few more registrations of any names, and none of the silent ones is left.
    let begun = clock::now();
    let passes = |now: Timestamp| now > begun;
    assert!((0..10_000_000).any(|_| passes(clock::now())), "the clock stands still");
    for agent in ["agent 050x", "agent 010x", "agent 060x", "zoe"] {
        register(agent, Duration::ZERO);
    }
    let left = names();
    assert!(left.iter().all(|name| !all.contains(name)) && left.contains(&"zoe".to_owned()), "{left:?}");
    assert!(store.check().unwrap().is_clean());
}
