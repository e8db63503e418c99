//! The embedded database and the server, driven with the same random operations: their answers are the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulsedb::{
    AgentId, CollectiveId, Config, ContextRequest, DuplicatePolicy, Experience, ExperienceId, ExperienceType,
    ExperienceUpdate, NewDerivedInsight, NewExperience, NewExperienceRelation, OwnedQuery, PulseDB,
    PulseDBSubstrate, RecallWeights, RelationDirection, RelationType, SearchFilter, SearchOptions,
    SearchResult, SubstrateProvider, TaskId, Timestamp,
};
use pulsedb_postgres::{PostgresConfig, PostgresSubstrate};

use crate::server::{new_tenant, runtime, url};

/// Operations, if `PULSEDB_POSTGRES_OPERATIONS` says nothing else: 5000 for a thorough run.
const OPERATIONS: usize = 400;
/// Operations between two comparisons.
const COMPARED_AFTER: usize = 100;

const WORDS: &[&str] = &[
    "deploy",
    "cache",
    "index",
    "timeout",
    "retry",
    "certificate",
    "renewing",
    "database",
    "rust",
    "python",
    "error",
    "user",
    "getUserById",
    "the",
    "why",
    "build",
    "breaks",
    "release",
    "memory",
    "agent",
    "\u{65e5}\u{672c}",
    "caf\u{e9}",
];

/// The numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn text(&mut self) -> String {
        let words: Vec<&str> = (0..2 + self.below(12)).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(" ") + if self.below(5) == 0 { "?" } else { "" }
    }
}

/// The two stores, with the ids that one record has in each.
struct Both {
    stores: [Arc<dyn SubstrateProvider>; 2],
    collectives: [CollectiveId; 2],
    ids: Vec<[ExperienceId; 2]>,
    clock: i64,
}

/// A record without what cannot be the same: ids, numbers and moments of changes.
fn told(one: Experience) -> Experience {
    Experience {
        id: ExperienceId::nil(),
        collective_id: CollectiveId::nil(),
        updated_at: Timestamp(0),
        last_reinforced: Timestamp(0),
        sequence: 0,
        ..one
    }
}

impl Both {
    fn new_experience(&mut self, random: &mut Random) -> NewExperience {
        // Distinct moments, so that no two records tie.
        self.clock += 1 + random.below(1000) as i64;
        NewExperience {
            content: random.text(),
            experience_type: if random.below(2) == 0 {
                ExperienceType::default()
            } else {
                ExperienceType::Fact { statement: "\0 stays".into(), source: "a test".into() }
            },
            importance: random.below(11) as f32 / 10.0,
            confidence: random.below(11) as f32 / 10.0,
            domain: (0..random.below(3)).map(|_| format!("domain {}", random.below(4))).collect(),
            tags: BTreeMap::from([(format!("tag{}", random.below(2)), format!("{}\0", random.below(3)))]),
            source_agent: AgentId::new(["ada", "grace", "linus"][random.below(3)]),
            source_task: (random.below(3) > 0).then(|| TaskId::new(format!("task {}", random.below(6)))),
            timestamp: Some(Timestamp(self.clock)),
            key: (random.below(6) == 0).then(|| format!("key/{}", random.below(8))),
            duplicate: if random.below(8) == 0 { DuplicatePolicy::Reinforce } else { DuplicatePolicy::Keep },
            ..Default::default()
        }
    }

    async fn record(&mut self, random: &mut Random) {
        let new = self.new_experience(random);
        let mut ids = Vec::new();
        for (store, collective_id) in self.stores.iter().zip(self.collectives) {
            let id = store.store_experience(NewExperience { collective_id, ..new.clone() }).await.unwrap();
            ids.push(id);
        }
        let ids = [ids[0], ids[1]];
        match self.ids.iter().find(|known| known[0] == ids[0] || known[1] == ids[1]) {
            Some(known) => assert_eq!(*known, ids, "one replaced another record than the other"),
            None => self.ids.push(ids),
        }
    }

    async fn change(&mut self, random: &mut Random) {
        if self.ids.is_empty() {
            return;
        }
        let at = random.below(self.ids.len());
        let ids = self.ids[at];
        let what = random.below(10);
        let update = ExperienceUpdate {
            content: (random.below(2) == 0).then(|| random.text()),
            importance: Some(random.below(11) as f32 / 10.0),
            ..Default::default()
        };
        let other = self.ids[random.below(self.ids.len())];
        let relation_type =
            if random.below(2) == 0 { RelationType::Supersedes } else { RelationType::Supports };
        let mut outcomes = Vec::new();
        for (side, store) in self.stores.iter().enumerate() {
            let id = ids[side];
            outcomes.push(match what {
                0 => store.delete_experience(id).await.map_err(|error| error.is_not_found()),
                1 => store.archive_experience(id).await.map_err(|error| error.is_not_found()),
                2 | 3 => {
                    store.reinforce_experience(id).await.map(|_| ()).map_err(|error| error.is_not_found())
                }
                4 | 5 => {
                    let new = NewExperienceRelation {
                        source_id: id,
                        target_id: other[side],
                        relation_type,
                        ..Default::default()
                    };
                    store.store_relation(new).await.map(|_| ()).map_err(|error| error.is_not_found())
                }
                6 => {
                    let new = NewDerivedInsight {
                        collective_id: self.collectives[side],
                        content: format!("insight {}", self.clock),
                        source_experience_ids: vec![id],
                        ..Default::default()
                    };
                    store.store_insight(new).await.map(|_| ()).map_err(|error| error.is_not_found())
                }
                _ => store.update_experience(id, update.clone()).await.map_err(|error| error.is_not_found()),
            });
        }
        assert_eq!(outcomes[0], outcomes[1], "operation {what} on {ids:?}");
        if what == 0 && outcomes[0].is_ok() {
            self.ids.swap_remove(at);
        }
    }

    /// The hits of both, which are the same but for ties and the last digits.
    async fn search(&self, query: &OwnedQuery, options: &SearchOptions) {
        let mut found: Vec<Vec<SearchResult>> = Vec::new();
        for (store, collective) in self.stores.iter().zip(self.collectives) {
            found.push(store.search(collective, query.clone(), options.clone()).await.unwrap());
        }
        let (other, one) = (found.pop().unwrap(), found.pop().unwrap());
        let scores = |hits: &[SearchResult]| hits.iter().map(|hit| hit.similarity).collect::<Vec<f32>>();
        let about = format!("{query:?} {options:?}\n{:?}\n{:?}", scores(&one), scores(&other));
        assert_eq!(one.len(), other.len(), "{about}");
        for (place, (one, other)) in one.iter().zip(&other).enumerate() {
            assert!((one.similarity - other.similarity).abs() <= 1e-5, "place {place}: {about}");
        }
        let contents = |hits: Vec<SearchResult>| -> Vec<(i64, Experience)> {
            let mut hits: Vec<_> = hits
                .into_iter()
                .map(|hit| ((hit.similarity * 1e4).round() as i64, told(hit.experience)))
                .collect();
            hits.sort_by_key(|(score, one)| (-*score, one.timestamp));
            hits
        };
        // The last place can be one of several that tie.
        let last = one.last().map(|hit| hit.similarity);
        let above = |hits: Vec<SearchResult>| -> Vec<SearchResult> {
            hits.into_iter().filter(|hit| last.is_none_or(|last| hit.similarity > last + 2e-5)).collect()
        };
        assert_eq!(contents(above(one)), contents(above(other)), "{about}");
    }

    async fn compare(&self, random: &mut Random) {
        for ids in &self.ids {
            let mut found = Vec::new();
            for (store, id) in self.stores.iter().zip(ids) {
                found.push(store.get_experience(*id).await.unwrap().map(told));
            }
            assert_eq!(found[0], found[1]);
        }
        let filters = [
            SearchFilter::default(),
            SearchFilter { domains: Some(vec!["domain 1".into()]), ..Default::default() },
            SearchFilter {
                tags_all: Some(BTreeMap::from([("tag0".into(), "1\0".into())])),
                ..Default::default()
            },
            SearchFilter {
                source_agents: Some(vec!["ada".into()]),
                min_importance: Some(0.5),
                ..Default::default()
            },
            SearchFilter { exclude_archived: false, include_superseded: true, ..Default::default() },
            SearchFilter { key_prefix: Some("key/".into()), ..Default::default() },
            SearchFilter { source_tasks: Some(vec!["task 2".into()]), ..Default::default() },
        ];
        let vector: Vec<f32> = (0..256).map(|_| random.below(2000) as f32 / 1000.0 - 1.0).collect();
        let lexical = ["cache timeout -retry", "\"the build\" rust", "renew* user", "\u{65e5} caf\u{e9}"];
        for filter in filters {
            let energy = Some(RecallWeights::default()).filter(|_| random.below(3) == 0);
            let options = SearchOptions {
                k: 1 + random.below(40),
                filter,
                weights: energy,
                exact: true,
                ..Default::default()
            };
            self.search(&OwnedQuery::Vector(vector.clone()), &options).await;
            self.search(&OwnedQuery::Text(random.text()), &options).await;
            self.search(&OwnedQuery::Text("what did Ada say of the cache?".into()), &options).await;
            self.search(&OwnedQuery::Lexical(lexical[random.below(lexical.len())].into()), &options).await;
        }
        self.compare_lists(&vector).await;
    }

    async fn compare_lists(&self, vector: &[f32]) {
        let mut lists = Vec::new();
        for (side, (store, collective)) in self.stores.iter().zip(self.collectives).enumerate() {
            let recent = store.get_recent(collective, 50).await.unwrap();
            let recent: Vec<Experience> = recent.into_iter().map(told).collect();
            let insights = store.get_insights(collective, vector, 20).await.unwrap();
            let mut insights: Vec<_> = insights
                .into_iter()
                .map(|one| (one.content, one.missing_sources.len(), one.embedding))
                .collect();
            insights.sort_by(|one, other| one.0.cmp(&other.0));
            let mut related = Vec::new();
            for ids in &self.ids {
                let found = store.get_related(ids[side], RelationDirection::Both).await.unwrap();
                related.push(
                    found
                        .into_iter()
                        .map(|(one, relation)| (told(one), relation.relation_type))
                        .collect::<Vec<_>>(),
                );
            }
            let request = ContextRequest {
                collective_id: collective,
                query_text: Some("why does the release build break?".into()),
                ..Default::default()
            };
            let context = store.get_context_candidates(request).await.unwrap();
            lists.push((
                recent,
                insights.len(),
                related,
                context.recent_experiences.len(),
                context.relations.len(),
            ));
        }
        assert_eq!(lists[0], lists[1]);
    }
}

#[test]
fn same_operations_give_the_same_answers_as_the_embedded_database() {
    let Some(url) = url() else { return };
    let operations = std::env::var("PULSEDB_POSTGRES_OPERATIONS").ok();
    let operations = operations.and_then(|text| text.parse().ok()).unwrap_or(OPERATIONS);
    let home = tempfile::tempdir().unwrap();
    let seed = 17;
    println!("seed {seed}, {operations} operations");
    runtime().block_on(async {
        let config = PostgresConfig { tenant: new_tenant(), ..Default::default() };
        let embedded =
            PulseDBSubstrate::new(PulseDB::open(home.path().join("db"), Config::default()).unwrap());
        let server = PostgresSubstrate::connect(&url, config).await.unwrap();
        let stores: [Arc<dyn SubstrateProvider>; 2] = [Arc::new(embedded), Arc::new(server)];
        let mut collectives = Vec::new();
        for store in &stores {
            collectives.push(store.get_or_create_collective("both").await.unwrap());
        }
        let collectives = [collectives[0], collectives[1]];
        let mut both = Both { stores, collectives, ids: Vec::new(), clock: 1_700_000_000_000 };
        let mut random = Random(seed);
        for operation in 1..=operations {
            if random.below(10) < 6 {
                both.record(&mut random).await;
            } else {
                both.change(&mut random).await;
            }
            if operation % COMPARED_AFTER == 0 {
                both.compare(&mut random).await;
            }
        }
    });
}
