//! The conformance suite: kept by this database in every kind of runtime, and broken by whoever breaks a promise.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::iter;
use tokio::runtime::{Builder, Runtime};

use super::conformance::{Options, Report, check};
use super::{PulseDBSubstrate, SubstrateProvider};
use crate::config::{Config, EmbeddingDimension, WatchConfig};
use crate::db::PulseDB;
use crate::error::Result;
use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId};
use crate::model::{
    Activity, Collective, ContextCandidates, ContextRequest, DerivedInsight, Experience, ExperienceRelation,
    ExperienceUpdate, NewActivity, NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery,
    RelationDirection, SearchOptions, SearchResult, WatchEvent,
};

const DIMENSION: usize = 8;

fn options() -> Options {
    Options { dimension: DIMENSION, changes: 160, ..Options::default() }
}

/// With a buffer that overflows all the time, so that streams read the log too.
fn database(path: &std::path::Path) -> PulseDB {
    let watch = WatchConfig { buffer_size: 4, ..WatchConfig::default() };
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION));
    PulseDB::open(path, Config { watch, ..config }).unwrap()
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn assert_kept(name: &str, report: &Report) {
    assert!(report.broken.is_empty(), "{name}: {:#?}", report.broken);
    assert!(report.kept.len() > 30, "{name}: {} promises", report.kept.len());
}

#[test]
fn every_promise_is_kept_in_each_kind_of_runtime_and_without_one() {
    let home = home();
    let db = database(home.path());
    let here = || -> Arc<dyn SubstrateProvider> { Arc::new(PulseDBSubstrate::new(db.clone())) };
    assert_kept("one thread", &current_thread().block_on(check(here(), &options())));
    assert_kept("threads", &multi_thread().block_on(check(here(), &options())));
    assert_kept("no runtime", &futures_executor::block_on(check(here(), &options())));
    let elsewhere = multi_thread();
    let there = PulseDBSubstrate::new_with_runtime(db.clone(), elsewhere.handle().clone());
    assert_kept("another runtime", &futures_executor::block_on(check(Arc::new(there), &options())));
    assert!(db.check().unwrap().is_clean());
}

/// What is wrong with an implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    LosesEvents,
    RepeatsEvents,
    WatchesLate,
    IgnoresFilters,
    ShortensAnswers,
    TurnsRecentAround,
    AcceptsAnything,
    ForgetsUpdates,
    LosesRelations,
}

/// The database, with a fault.
struct Faulty {
    inner: PulseDBSubstrate,
    fault: Fault,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

#[async_trait]
impl SubstrateProvider for Faulty {
    async fn store_experience(&self, exp: NewExperience) -> Result<ExperienceId> {
        let exp = if self.has(Fault::AcceptsAnything) {
            NewExperience { importance: exp.importance.clamp(0.0, 1.0), ..exp }
        } else {
            exp
        };
        self.inner.store_experience(exp).await
    }

    async fn get_experience(&self, id: ExperienceId) -> Result<Option<Experience>> {
        self.inner.get_experience(id).await
    }

    async fn update_experience(&self, id: ExperienceId, update: ExperienceUpdate) -> Result<()> {
        let update = if self.has(Fault::ForgetsUpdates) {
            ExperienceUpdate { domain: None, ..update }
        } else {
            update
        };
        self.inner.update_experience(id, update).await
    }

    async fn search_similar(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<SearchResult>> {
        self.inner.search_similar(collective, query, k).await
    }

    async fn search(
        &self,
        collective: CollectiveId,
        query: OwnedQuery,
        mut options: SearchOptions,
    ) -> Result<Vec<SearchResult>> {
        if self.has(Fault::IgnoresFilters) {
            options.filter.min_importance = None;
        }
        let mut hits = self.inner.search(collective, query, options).await?;
        if self.has(Fault::ShortensAnswers) {
            hits.truncate(50);
        }
        Ok(hits)
    }

    async fn get_recent(&self, collective: CollectiveId, limit: usize) -> Result<Vec<Experience>> {
        let mut recent = self.inner.get_recent(collective, limit).await?;
        if self.has(Fault::TurnsRecentAround) {
            recent.reverse();
        }
        Ok(recent)
    }

    async fn store_relation(&self, rel: NewExperienceRelation) -> Result<RelationId> {
        self.inner.store_relation(rel).await
    }

    async fn get_related(
        &self,
        exp_id: ExperienceId,
        dir: RelationDirection,
    ) -> Result<Vec<(Experience, ExperienceRelation)>> {
        let dir = if self.has(Fault::LosesRelations) { RelationDirection::Outgoing } else { dir };
        self.inner.get_related(exp_id, dir).await
    }

    async fn store_insight(&self, insight: NewDerivedInsight) -> Result<InsightId> {
        self.inner.store_insight(insight).await
    }

    async fn get_insights(
        &self,
        collective: CollectiveId,
        query: &[f32],
        k: usize,
    ) -> Result<Vec<DerivedInsight>> {
        self.inner.get_insights(collective, query, k).await
    }

    async fn register_activity(&self, activity: NewActivity) -> Result<()> {
        self.inner.register_activity(activity).await
    }

    async fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        self.inner.get_active_agents(collective).await
    }

    async fn get_context_candidates(&self, request: ContextRequest) -> Result<ContextCandidates> {
        self.inner.get_context_candidates(request).await
    }

    fn watch(&self, collective: CollectiveId) -> Pin<Box<dyn Stream<Item = WatchEvent> + Send>> {
        let fault = self.fault;
        if fault == Fault::WatchesLate {
            let inner = self.inner.clone();
            // It subscribes when it is first polled.
            return Box::pin(futures_util::stream::once(async move { inner.watch(collective) }).flatten());
        }
        let events = self.inner.watch(collective).enumerate();
        Box::pin(events.flat_map(move |(number, event)| {
            let copies = match fault {
                Fault::LosesEvents if number % 7 == 3 => 0,
                Fault::RepeatsEvents if number % 7 == 3 => 2,
                _ => 1,
            };
            iter(std::iter::repeat_n(event, copies))
        }))
    }

    async fn get_or_create_collective(&self, name: &str) -> Result<CollectiveId> {
        self.inner.get_or_create_collective(name).await
    }

    async fn list_collectives(&self) -> Result<Vec<Collective>> {
        self.inner.list_collectives().await
    }

    async fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        self.inner.update_heartbeat(agent, collective).await
    }

    async fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        self.inner.end_activity(agent, collective).await
    }

    async fn archive_experience(&self, id: ExperienceId) -> Result<()> {
        self.inner.archive_experience(id).await
    }

    async fn delete_experience(&self, id: ExperienceId) -> Result<()> {
        self.inner.delete_experience(id).await
    }

    async fn reinforce_experience(&self, id: ExperienceId) -> Result<u32> {
        self.inner.reinforce_experience(id).await
    }

    async fn poll_changes(&self, collective: CollectiveId, since: u64) -> Result<(Vec<WatchEvent>, u64)> {
        self.inner.poll_changes(collective, since).await
    }
}

#[test]
fn suite_notices_each_broken_promise() {
    let faults = [
        Fault::LosesEvents,
        Fault::RepeatsEvents,
        Fault::WatchesLate,
        Fault::IgnoresFilters,
        Fault::ShortensAnswers,
        Fault::TurnsRecentAround,
        Fault::AcceptsAnything,
        Fault::ForgetsUpdates,
        Fault::LosesRelations,
    ];
    let home = home();
    let inner = PulseDBSubstrate::new(database(home.path()));
    // Events that were lost are waited for.
    let options = Options { patience: std::time::Duration::from_millis(300), ..options() };
    for fault in faults {
        let provider = Arc::new(Faulty { inner: inner.clone(), fault });
        let report = multi_thread().block_on(check(provider, &options));
        assert!(!report.broken.is_empty(), "{fault:?} is not noticed");
        // A fault breaks its own promises, not all of them.
        assert!(report.kept.len() > report.broken.len(), "{fault:?}: {:#?}", report.broken);
    }
}
