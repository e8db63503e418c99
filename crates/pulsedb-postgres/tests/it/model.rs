//! Random operations, compared with a model that is too simple to be wrong.
//!
//! It is that of the embedded store, cut down to what a server has: no restoring, renaming and reopening.

use std::collections::{BTreeMap, BTreeSet};

use pulsedb::{
    CollectiveId, Experience, ExperienceId, ExperienceUpdate, NewExperience, NewExperienceRelation,
    OwnedQuery, PulseDBError, RelationDirection, RelationType, SearchFilter, SearchOptions,
    SubstrateProvider, Timestamp, WatchEventType,
};
use pulsedb_postgres::PostgresSubstrate;

use crate::server::{DIMENSION, new_tenant, runtime, store, url};

/// Operations of a run, if `PULSEDB_POSTGRES_STEPS` says nothing else.
const STEPS: usize = 300;
const SEEDS: [u64; 2] = [1, 7];
const KEYS: usize = 5;
const DOMAINS: usize = 3;

/// The numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    content: String,
    vector: Vec<f32>,
    importance: f32,
    domain: Vec<String>,
    timestamp: i64,
    applications: u32,
    archived: bool,
    key: Option<String>,
}

type Triple = (ExperienceId, ExperienceId, bool);

/// What there is, in plain maps. A relation is its ends, and whether it supersedes.
#[derive(Debug, Default)]
struct Reference {
    rows: BTreeMap<ExperienceId, Row>,
    relations: BTreeSet<Triple>,
    events: Vec<(WatchEventType, ExperienceId)>,
}

impl Reference {
    fn is_superseded(&self, id: ExperienceId) -> bool {
        self.relations.iter().any(|(_, target, supersedes)| *supersedes && *target == id)
    }

    fn holder(&self, key: &str) -> Option<ExperienceId> {
        self.rows.iter().find(|(_, row)| row.key.as_deref() == Some(key)).map(|(id, _)| *id)
    }

    /// A record: in the place of the one that has its key, unless that is superseded and gives it up.
    fn record(&mut self, id: ExperienceId, new: Row) {
        let holder = new.key.as_deref().and_then(|key| self.holder(key));
        match holder {
            Some(holder) if !self.is_superseded(holder) => {
                assert_eq!(id, holder, "the one with the key was not replaced");
                let applications = self.rows[&holder].applications;
                self.rows.insert(id, Row { applications, ..new });
                self.events.push((WatchEventType::Updated, id));
            }
            holder => {
                if let Some(holder) = holder {
                    self.change(holder, |row| row.key = None);
                }
                assert!(self.rows.insert(id, new).is_none(), "the id is taken");
                self.events.push((WatchEventType::Created, id));
            }
        }
    }

    fn change(&mut self, id: ExperienceId, change: impl FnOnce(&mut Row)) {
        change(self.rows.get_mut(&id).unwrap());
    }

    /// Everything that one supersedes, or that supersedes it, at once or through others.
    fn reached(&self, from: ExperienceId, up: bool, down: bool) -> BTreeSet<ExperienceId> {
        let (mut found, mut open) = (BTreeSet::from([from]), vec![from]);
        while let Some(next) = open.pop() {
            for (source, target, supersedes) in &self.relations {
                let far = [(up && *target == next, source), (down && *source == next, target)];
                for (_, far) in far.into_iter().filter(|(is_near, _)| *is_near && *supersedes) {
                    if found.insert(*far) {
                        open.push(*far);
                    }
                }
            }
        }
        found
    }

    /// Whether a relation is stored; then its key goes along.
    fn relate(&mut self, source: ExperienceId, target: ExperienceId, supersedes: bool) -> bool {
        let is_there = self.rows.contains_key(&source) && self.rows.contains_key(&target);
        let is_new = source != target && !self.relations.contains(&(source, target, supersedes));
        if !is_there || !is_new || (supersedes && self.reached(source, true, false).contains(&target)) {
            return false;
        }
        self.relations.insert((source, target, supersedes));
        if supersedes && self.rows[&source].key.is_none() {
            let key = self.rows[&target].key.clone();
            self.change(target, |row| row.key = None);
            self.change(source, |row| row.key = key);
        }
        true
    }

    fn delete(&mut self, id: ExperienceId) {
        let gone = self.rows.remove(&id).unwrap();
        let of = |it: &&Triple| it.0 == id || it.1 == id;
        let loose: Vec<Triple> = self.relations.iter().filter(of).copied().collect();
        let above = loose.iter().filter(|it| it.2 && it.1 == id).map(|it| it.0);
        let below: Vec<ExperienceId> = loose.iter().filter(|it| it.2 && it.0 == id).map(|it| it.1).collect();
        let joined: Vec<Triple> =
            above.flat_map(|newer| below.iter().map(move |older| (newer, *older, true))).collect();
        self.relations.retain(|it| it.0 != id && it.1 != id);
        self.relations.extend(joined);
        let is_heir = |id: &&ExperienceId| !self.is_superseded(**id) && self.rows[*id].key.is_none();
        let heir = below.iter().filter(is_heir).max_by_key(|id| (self.rows[*id].timestamp, **id)).copied();
        if let (Some(heir), Some(key)) = (heir, gone.key) {
            self.change(heir, |row| row.key = Some(key));
        }
        self.events.push((WatchEventType::Deleted, id));
    }

    /// The rows that may be found with a filter.
    fn found(&self, filter: &SearchFilter) -> Vec<(ExperienceId, &Row)> {
        let domains = filter.domains.as_ref();
        let is_found = |id: ExperienceId, row: &Row| {
            (filter.include_superseded || !self.is_superseded(id))
                && !(filter.exclude_archived && row.archived)
                && domains.is_none_or(|domains| row.domain.iter().any(|one| domains.contains(one)))
                && filter.min_importance.is_none_or(|least| row.importance >= least)
        };
        self.rows.iter().filter(|(id, row)| is_found(**id, row)).map(|(id, row)| (*id, row)).collect()
    }
}

fn row_of(one: &Experience) -> Row {
    Row {
        content: one.content.clone(),
        vector: one.embedding.clone(),
        importance: one.importance,
        domain: one.domain.clone(),
        timestamp: one.timestamp.as_millis(),
        applications: one.applications,
        archived: one.archived,
        key: one.key.clone(),
    }
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

struct Run<'s> {
    store: &'s PostgresSubstrate,
    team: CollectiveId,
    random: Random,
    reference: Reference,
    /// Every id that ever was.
    ever: Vec<ExperienceId>,
    clock: i64,
}

impl Run<'_> {
    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSION).map(|_| self.random.below(3) as f32 - 0.5).collect()
    }

    fn row(&mut self) -> Row {
        self.clock += 1 + self.random.below(5) as i64;
        Row {
            content: format!("text {}", self.random.below(1000)),
            vector: self.vector(),
            importance: self.random.below(5) as f32 / 4.0,
            domain: vec![format!("domain {}", self.random.below(DOMAINS))],
            timestamp: self.clock,
            applications: 0,
            archived: false,
            key: (self.random.below(3) == 0).then(|| format!("key {}", self.random.below(KEYS))),
        }
    }

    fn recorded(&self, row: &Row) -> NewExperience {
        NewExperience {
            collective_id: self.team,
            content: row.content.clone(),
            embedding: Some(row.vector.clone()),
            importance: row.importance,
            domain: row.domain.clone(),
            timestamp: Some(Timestamp(row.timestamp)),
            key: row.key.clone(),
            ..Default::default()
        }
    }

    /// One of those that ever were, mostly a living one.
    fn picked(&mut self) -> ExperienceId {
        let at = self.random.below(self.ever.len().max(1));
        self.ever.get(at).copied().unwrap_or(ExperienceId::nil())
    }

    async fn record(&mut self) {
        let row = self.row();
        let id = self.store.store_experience(self.recorded(&row)).await.unwrap();
        self.reference.record(id, row);
        self.ever.push(id);
    }

    async fn record_together(&mut self) {
        let rows: Vec<Row> = (0..=self.random.below(4)).map(|_| self.row()).collect();
        let new = rows.iter().map(|row| self.recorded(row)).collect();
        let ids = self.store.record_experiences(new).await.unwrap();
        for (id, row) in ids.into_iter().zip(rows) {
            self.reference.record(id, row);
            self.ever.push(id);
        }
    }

    async fn supersede(&mut self) {
        let (older, row) = (self.picked(), self.row());
        let outcome = self.store.supersede_experience(older, self.recorded(&row)).await;
        if !self.reference.rows.contains_key(&older) {
            return expect_missing(outcome);
        }
        if row.key.is_some() && row.key == self.reference.rows[&older].key {
            self.reference.change(older, |before| before.key = None);
        }
        let holder = row.key.as_deref().and_then(|key| self.reference.holder(key));
        let replaced = holder.filter(|holder| !self.reference.is_superseded(*holder));
        if replaced.is_some_and(|one| !self.can_supersede(one, older)) {
            // The one that would be replaced is superseded by the old one: refused as a whole.
            assert!(outcome.unwrap_err().is_validation());
            return;
        }
        let id = outcome.unwrap();
        self.reference.record(id, row);
        assert!(self.reference.relate(id, older, true));
        self.ever.push(id);
    }

    fn can_supersede(&self, newer: ExperienceId, older: ExperienceId) -> bool {
        let reference = &self.reference;
        !reference.relations.contains(&(newer, older, true))
            && !reference.reached(newer, true, false).contains(&older)
    }

    async fn change(&mut self) {
        let (id, what) = (self.picked(), self.random.below(6));
        let row = self.row();
        let update = ExperienceUpdate {
            content: Some(row.content.clone()),
            embedding: Some(row.vector.clone()),
            importance: Some(row.importance),
            ..Default::default()
        };
        let outcome = match what {
            0 => self.store.update_experience(id, update).await,
            1 => self.store.archive_experience(id).await,
            2 => self.store.set_archived(vec![id], false).await,
            3 => self.store.reinforce_experience(id).await.map(|_| ()),
            _ => self.store.delete_experiences(vec![id, id]).await,
        };
        let Some(before) = self.reference.rows.get(&id) else { return expect_missing(outcome) };
        outcome.unwrap();
        let was_archived = before.archived;
        let event = match what {
            0 => {
                self.reference.change(id, |to| {
                    *to = Row {
                        content: row.content,
                        vector: row.vector,
                        importance: row.importance,
                        ..to.clone()
                    };
                });
                WatchEventType::Updated
            }
            1 | 2 => {
                self.reference.change(id, |row| row.archived = what == 1);
                if was_archived == (what == 1) {
                    return;
                }
                if what == 1 { WatchEventType::Archived } else { WatchEventType::Updated }
            }
            3 => {
                self.reference.change(id, |row| row.applications += 1);
                WatchEventType::Updated
            }
            _ => return self.reference.delete(id),
        };
        self.reference.events.push((event, id));
    }

    async fn relate(&mut self) {
        let (source_id, target_id) = (self.picked(), self.picked());
        let supersedes = self.random.below(2) == 0;
        let relation_type = if supersedes { RelationType::Supersedes } else { RelationType::Supports };
        let new = NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() };
        let outcome = self.store.store_relation(new).await;
        assert_eq!(outcome.is_ok(), self.reference.relate(source_id, target_id, supersedes), "{outcome:?}");
    }

    /// What changes nothing answers as the reference does.
    async fn look(&mut self) {
        let id = self.picked();
        let found = self.store.get_experience(id).await.unwrap();
        assert_eq!(found.as_ref().map(row_of).as_ref(), self.reference.rows.get(&id));
        if let Some(found) = found {
            assert_eq!(found.superseded, self.reference.is_superseded(id));
            let history = self.store.get_history(id).await.unwrap();
            let ids: BTreeSet<ExperienceId> = history.iter().map(|one| one.id).collect();
            assert_eq!(ids, self.reference.reached(id, true, true));
            assert!(history.is_sorted_by_key(|one| (one.timestamp, one.id)));
            let related = self.store.get_related(id, RelationDirection::Both).await.unwrap();
            let related: BTreeSet<Triple> = related
                .into_iter()
                .map(|(_, it)| (it.source_id, it.target_id, it.relation_type == RelationType::Supersedes))
                .collect();
            let of = |it: &&Triple| it.0 == id || it.1 == id;
            let expected: BTreeSet<Triple> = self.reference.relations.iter().filter(of).copied().collect();
            assert_eq!(related, expected);
        } else {
            expect_missing(self.store.get_history(id).await);
        }
        let key = format!("key {}", self.random.below(KEYS));
        let keyed = self.store.get_by_key(self.team, &key).await.unwrap();
        assert_eq!(keyed.map(|one| one.id), self.reference.holder(&key));
        self.look_up().await;
    }

    async fn look_up(&mut self) {
        let filter = SearchFilter {
            domains: (self.random.below(2) == 0)
                .then(|| vec![format!("domain {}", self.random.below(DOMAINS))]),
            min_importance: (self.random.below(3) == 0).then_some(0.5),
            exclude_archived: self.random.below(2) == 0,
            include_superseded: self.random.below(2) == 0,
            ..Default::default()
        };
        let (vector, k) = (self.vector(), 1 + self.random.below(20));
        let recent = self.store.get_recent_filtered(self.team, k, filter.clone()).await.unwrap();
        let mut expected = self.reference.found(&filter);
        expected.sort_by_key(|(id, row)| (std::cmp::Reverse(row.timestamp), *id));
        let newest: Vec<ExperienceId> = expected.iter().take(k).map(|(id, _)| *id).collect();
        assert_eq!(recent.iter().map(|one| one.id).collect::<Vec<_>>(), newest, "{filter:?}");
        let options = SearchOptions { k, filter: filter.clone(), ..Default::default() };
        let hits = self.store.search(self.team, OwnedQuery::Vector(vector.clone()), options).await.unwrap();
        let mut scores: Vec<f64> = expected.iter().map(|(_, row)| cosine(&vector, &row.vector)).collect();
        scores.sort_by(|one, other| other.total_cmp(one));
        assert_eq!(hits.len(), k.min(scores.len()), "{filter:?}");
        for (hit, score) in hits.iter().zip(scores) {
            let own = cosine(&vector, &self.reference.rows[&hit.experience.id].vector);
            assert!((f64::from(hit.similarity) - score).abs() < 1e-5 && (own - score).abs() < 1e-5);
            assert!(expected.iter().any(|(id, _)| *id == hit.experience.id), "{filter:?}");
        }
    }

    async fn end(&mut self) {
        for id in self.ever.clone() {
            let found = self.store.get_experience(id).await.unwrap();
            assert_eq!(found.as_ref().map(row_of).as_ref(), self.reference.rows.get(&id));
        }
        let (mut events, mut since) = (Vec::new(), 0);
        loop {
            let (more, next) = self.store.poll_changes(self.team, since).await.unwrap();
            if next == since {
                break;
            }
            events.extend(more.into_iter().map(|event| (event.event_type, event.experience_id)));
            since = next;
        }
        assert_eq!(events, self.reference.events);
    }
}

fn expect_missing<T: std::fmt::Debug>(outcome: Result<T, PulseDBError>) {
    assert!(outcome.as_ref().is_err_and(PulseDBError::is_not_found), "{outcome:?}");
}

#[test]
fn server_answers_as_the_model_does() {
    let Some(url) = url() else { return };
    let steps = std::env::var("PULSEDB_POSTGRES_STEPS").ok().and_then(|text| text.parse().ok());
    let steps = steps.unwrap_or(STEPS);
    runtime().block_on(async {
        for seed in SEEDS {
            println!("seed {seed}, {steps} steps");
            let store = store(&url, &new_tenant()).await;
            let team = store.get_or_create_collective("team").await.unwrap();
            let (reference, clock) = (Reference::default(), 1_700_000_000_000);
            let mut run =
                Run { store: &store, team, random: Random(seed), reference, ever: Vec::new(), clock };
            for _ in 0..steps {
                match run.random.below(10) {
                    0..=2 => run.record().await,
                    3 => run.record_together().await,
                    4 => run.supersede().await,
                    5 | 6 => run.change().await,
                    7 => run.relate().await,
                    _ => run.look().await,
                }
            }
            run.end().await;
        }
    });
}
