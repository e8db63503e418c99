//! Tests of what operations of one transaction, and versions of the format, have to do with each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::config::{LogConfig, SyncMode};
use crate::id::{AgentId, CollectiveId, ExperienceId};
use crate::index::Builder;
use crate::model::{Experience, ExperienceType, NewExperience, ProviderIdentity};
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
