//! The two sides of a copy, which are asked for the same: an embedded database and a server.

use pulsedb::backend::{self, Indexed};
use pulsedb::{
    Collective, CollectiveId, DerivedInsight, Experience, ExperienceId, ExperienceRelation, InsightId,
    ProviderIdentity, PulseDB, RelationId, Result, Seq, Timestamp,
};
use uuid::Uuid;

use crate::keys::Id;
use crate::listed::{self, Page};
use crate::restored::{self, Batch};
use crate::session::Access;
use crate::store::PostgresSubstrate;

/// Records that one page has at most.
pub(super) const PAGE: usize = 500;

/// Where a reader has come to in the order of ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<I> {
    /// The last id that was read.
    pub(super) after: Option<I>,
    /// How many records were read.
    pub(super) read: usize,
}

/// What records are copied from or to. A page that is not full is the last one.
pub(super) trait Side {
    fn embedder(&self) -> ProviderIdentity;
    fn sequence(&self) -> Result<Seq>;
    fn collectives(&self) -> Result<Vec<Collective>>;
    fn experiences(&self, of: CollectiveId, place: Place<ExperienceId>) -> Result<Vec<Experience>>;
    fn relations(&self, of: CollectiveId, place: Place<RelationId>) -> Result<Vec<ExperienceRelation>>;
    fn insights(&self, of: CollectiveId, place: Place<InsightId>) -> Result<Vec<DerivedInsight>>;
    fn store_collective(&self, one: Collective) -> Result<()>;
    fn store_experiences(&self, of: CollectiveId, all: Vec<Experience>) -> Result<()>;
    fn store_relations(&self, of: CollectiveId, all: Vec<ExperienceRelation>) -> Result<()>;
    fn store_insights(&self, of: CollectiveId, all: Vec<DerivedInsight>) -> Result<()>;
    fn remove_experiences(&self, of: CollectiveId, ids: Vec<ExperienceId>) -> Result<()>;
    fn remove_relations(&self, of: CollectiveId, ids: Vec<RelationId>) -> Result<()>;
    fn remove_insights(&self, of: CollectiveId, ids: Vec<InsightId>) -> Result<()>;
}

impl Side for PulseDB {
    fn embedder(&self) -> ProviderIdentity {
        self.embedder_identity()
    }

    fn sequence(&self) -> Result<Seq> {
        Ok(self.get_current_sequence())
    }

    fn collectives(&self) -> Result<Vec<Collective>> {
        self.list_collectives()
    }

    fn experiences(&self, of: CollectiveId, place: Place<ExperienceId>) -> Result<Vec<Experience>> {
        self.list_experiences_after(of, place.after, PAGE)
    }

    fn relations(&self, of: CollectiveId, place: Place<RelationId>) -> Result<Vec<ExperienceRelation>> {
        self.list_relations(of, PAGE, place.read)
    }

    fn insights(&self, of: CollectiveId, place: Place<InsightId>) -> Result<Vec<DerivedInsight>> {
        self.list_insights(of, PAGE, place.read)
    }

    fn store_collective(&self, one: Collective) -> Result<()> {
        self.restore_collectives(vec![one])
    }

    fn store_experiences(&self, _: CollectiveId, all: Vec<Experience>) -> Result<()> {
        self.restore_experiences(all)
    }

    fn store_relations(&self, _: CollectiveId, all: Vec<ExperienceRelation>) -> Result<()> {
        self.restore_relations(all)
    }

    fn store_insights(&self, _: CollectiveId, all: Vec<DerivedInsight>) -> Result<()> {
        self.restore_insights(all)
    }

    fn remove_experiences(&self, _: CollectiveId, ids: Vec<ExperienceId>) -> Result<()> {
        self.delete_experiences(&ids)
    }

    fn remove_relations(&self, _: CollectiveId, ids: Vec<RelationId>) -> Result<()> {
        ids.into_iter().try_for_each(|id| self.delete_relation(id))
    }

    fn remove_insights(&self, _: CollectiveId, ids: Vec<InsightId>) -> Result<()> {
        ids.into_iter().try_for_each(|id| self.delete_insight(id))
    }
}

fn page<I: Id>(collective: CollectiveId, place: Place<I>) -> Page {
    Page { collective, after: place.after.map_or(Uuid::nil(), Id::uuid), limit: PAGE as i64 }
}

fn indexed<T>(all: Vec<T>, content: impl Fn(&T) -> &str) -> Vec<(T, Indexed)> {
    let with = |one: T| {
        let indexed = backend::index(content(&one));
        (one, indexed)
    };
    all.into_iter().map(with).collect()
}

impl Side for PostgresSubstrate {
    fn embedder(&self) -> ProviderIdentity {
        self.inner.embedder.identity().clone()
    }

    fn sequence(&self) -> Result<Seq> {
        self.wait(self.current_sequence())
    }

    fn collectives(&self) -> Result<Vec<Collective>> {
        self.wait(pulsedb::SubstrateProvider::list_collectives(self))
    }

    fn experiences(&self, of: CollectiveId, place: Place<ExperienceId>) -> Result<Vec<Experience>> {
        self.wait(self.call(Access::Read, page(of, place), |session, page| {
            Box::pin(async move { listed::experiences(session, *page).await })
        }))
    }

    fn relations(&self, of: CollectiveId, place: Place<RelationId>) -> Result<Vec<ExperienceRelation>> {
        self.wait(self.call(Access::Read, page(of, place), |session, page| {
            Box::pin(async move { listed::relations(session, *page).await })
        }))
    }

    fn insights(&self, of: CollectiveId, place: Place<InsightId>) -> Result<Vec<DerivedInsight>> {
        self.wait(self.call(Access::Read, page(of, place), |session, page| {
            Box::pin(async move { listed::insights(session, *page).await })
        }))
    }

    fn store_collective(&self, one: Collective) -> Result<()> {
        self.wait(self.call(Access::Write, one, |session, one| {
            Box::pin(async move { restored::collective(session, &one).await })
        }))
    }

    fn store_experiences(&self, of: CollectiveId, all: Vec<Experience>) -> Result<()> {
        let batch = Batch { collective: of, records: indexed(all, |one| &one.content) };
        self.wait(self.call(Access::Write, batch, |session, batch| {
            Box::pin(async move { restored::experiences(session, &batch).await })
        }))
    }

    fn store_relations(&self, of: CollectiveId, all: Vec<ExperienceRelation>) -> Result<()> {
        self.wait(self.call(Access::Write, (of, all), |session, asked| {
            Box::pin(async move { restored::relations(session, asked.0, &asked.1).await })
        }))
    }

    fn store_insights(&self, of: CollectiveId, all: Vec<DerivedInsight>) -> Result<()> {
        let batch = Batch { collective: of, records: indexed(all, |one| &one.content) };
        self.wait(self.call(Access::Write, batch, |session, batch| {
            Box::pin(async move { restored::insights(session, &batch).await })
        }))
    }

    fn remove_experiences(&self, of: CollectiveId, ids: Vec<ExperienceId>) -> Result<()> {
        self.wait(self.call(Access::Write, (of, ids), |session, asked| {
            Box::pin(async move { restored::remove_experiences(session, asked.0, &asked.1).await })
        }))
    }

    fn remove_relations(&self, of: CollectiveId, ids: Vec<RelationId>) -> Result<()> {
        self.wait(self.call(Access::Write, (of, ids), |session, asked| {
            Box::pin(async move { restored::remove_relations(session, asked.0, &asked.1).await })
        }))
    }

    fn remove_insights(&self, of: CollectiveId, ids: Vec<InsightId>) -> Result<()> {
        self.wait(self.call(Access::Write, (of, ids), |session, asked| {
            Box::pin(async move { restored::remove_insights(session, asked.0, &asked.1).await })
        }))
    }
}

/// One kind of records, as both sides keep it.
pub(super) trait Record: Sized {
    type Id: Copy + Ord + std::hash::Hash + std::fmt::Display;

    fn id(&self) -> Self::Id;
    fn digest(&self) -> u128;
    /// When it was last changed.
    fn changed_at(&self) -> Timestamp;
    /// When it ends, if it does.
    fn ends_at(&self) -> Option<Timestamp>;
    /// About what it takes in memory.
    fn bytes(&self) -> usize;
    fn page(side: &dyn Side, of: CollectiveId, place: Place<Self::Id>) -> Result<Vec<Self>>;
    fn store(side: &dyn Side, of: CollectiveId, all: Vec<Self>) -> Result<()>;
    fn remove(side: &dyn Side, of: CollectiveId, ids: Vec<Self::Id>) -> Result<()>;
}

impl Record for Experience {
    type Id = ExperienceId;

    fn id(&self) -> ExperienceId {
        self.id
    }

    fn digest(&self) -> u128 {
        super::digest::of_experience(self)
    }

    fn changed_at(&self) -> Timestamp {
        self.updated_at
    }

    fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    fn bytes(&self) -> usize {
        1024 + self.content.len() + self.embedding.len() * 4
    }

    fn page(side: &dyn Side, of: CollectiveId, place: Place<ExperienceId>) -> Result<Vec<Self>> {
        side.experiences(of, place)
    }

    fn store(side: &dyn Side, of: CollectiveId, all: Vec<Self>) -> Result<()> {
        side.store_experiences(of, all)
    }

    fn remove(side: &dyn Side, of: CollectiveId, ids: Vec<ExperienceId>) -> Result<()> {
        side.remove_experiences(of, ids)
    }
}

impl Record for ExperienceRelation {
    type Id = RelationId;

    fn id(&self) -> RelationId {
        self.id
    }

    fn digest(&self) -> u128 {
        super::digest::of_relation(self)
    }

    fn changed_at(&self) -> Timestamp {
        self.created_at
    }

    fn ends_at(&self) -> Option<Timestamp> {
        None
    }

    fn bytes(&self) -> usize {
        256 + self.metadata.as_ref().map_or(0, String::len)
    }

    fn page(side: &dyn Side, of: CollectiveId, place: Place<RelationId>) -> Result<Vec<Self>> {
        side.relations(of, place)
    }

    fn store(side: &dyn Side, of: CollectiveId, all: Vec<Self>) -> Result<()> {
        side.store_relations(of, all)
    }

    fn remove(side: &dyn Side, of: CollectiveId, ids: Vec<RelationId>) -> Result<()> {
        side.remove_relations(of, ids)
    }
}

impl Record for DerivedInsight {
    type Id = InsightId;

    fn id(&self) -> InsightId {
        self.id
    }

    fn digest(&self) -> u128 {
        super::digest::of_insight(self)
    }

    fn changed_at(&self) -> Timestamp {
        self.created_at
    }

    fn ends_at(&self) -> Option<Timestamp> {
        None
    }

    fn bytes(&self) -> usize {
        512 + self.content.len() + self.embedding.len() * 4
    }

    fn page(side: &dyn Side, of: CollectiveId, place: Place<InsightId>) -> Result<Vec<Self>> {
        side.insights(of, place)
    }

    fn store(side: &dyn Side, of: CollectiveId, all: Vec<Self>) -> Result<()> {
        side.store_insights(of, all)
    }

    fn remove(side: &dyn Side, of: CollectiveId, ids: Vec<InsightId>) -> Result<()> {
        side.remove_insights(of, ids)
    }
}
