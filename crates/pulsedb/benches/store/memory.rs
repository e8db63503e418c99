//! Calls on what joins records: relations beside a bare transaction, neighbours, and whole contexts.

use std::time::Instant;

use pulsedb::{
    ContextRequest, DerivedInsight, ExperienceId, ExperienceRelation, InsightId, InsightType, NewActivity,
    NewExperienceRelation, PulseDB, RelationDirection, RelationId, RelationType, Timestamp,
};

use crate::bare::Bare;
use crate::data::Source;
use crate::database::Database;
use crate::report::{Report, median, seconds};

/// Neighbours of one record.
const NEIGHBOURS: usize = 100;
/// Insights beside the records.
const INSIGHTS: usize = 1000;
/// Queries that contexts take in turn.
const QUERIES: usize = 256;
/// Relations that are compared with bare transactions.
const PAIRS: usize = 300;

pub(crate) fn measure(database: &Database, report: &mut Report) {
    let size = database.size;
    let db = database.open();
    let mut source = Source::new(11);
    fill(&db, database, &mut source);

    let hub = database.ids[0];
    report.time("get_related_experiences, 100 neighbours", "<= 100 us", size, || {
        let related = db.get_related_experiences(hub, RelationDirection::Both).expect("the record exists");
        assert!(related.len() == NEIGHBOURS);
    });

    let queries: Vec<_> = (0..QUERIES).map(|_| source.vector()).collect();
    let mut next = queries.iter().cycle();
    report.time("get_context_candidates, everything on", "<= 3 ms at 100 000", size, || {
        let query = next.next().expect("a cycle has no end").clone();
        let request = ContextRequest {
            collective_id: database.collective,
            query_embedding: Some(query),
            ..ContextRequest::default()
        };
        let found = db.get_context_candidates(request).expect("a context is gathered");
        assert!(found.similar_experiences.len() == 20 && found.recent_experiences.len() == 10);
        assert!(found.insights.len() == 20 && found.active_agents.len() == 3);
        assert!(found.relations.len() >= 10);
    });
    db.close().expect("the database closes");
    beside_bare(database, report);
}

/// A record with neighbours, relations of the newest ones, insights, and agents at work.
fn fill(db: &PulseDB, database: &Database, source: &mut Source) {
    let ids = &database.ids;
    let between = |at: usize, source_id: ExperienceId, target_id: ExperienceId| {
        let mut id = [3; 16];
        id[8..].copy_from_slice(&(at as u64).to_be_bytes());
        ExperienceRelation {
            id: RelationId::from_bytes(id),
            source_id,
            target_id,
            relation_type: RelationType::Supports,
            strength: 0.5,
            metadata: None,
            created_at: Timestamp::from_millis(0),
        }
    };
    let neighbours =
        (0..NEIGHBOURS).map(|at| between(at, ids[0], ids[1 + at * (ids.len() - 200) / NEIGHBOURS]));
    let newest = db.get_recent_experiences(database.collective, NEIGHBOURS + 1).expect("a list");
    let newest = newest.windows(2).zip(NEIGHBOURS..).map(|(pair, at)| between(at, pair[0].id, pair[1].id));
    db.restore_relations(neighbours.chain(newest).collect()).expect("relations are stored");
    let insights = (0..INSIGHTS).map(|at| {
        let mut id = [4; 16];
        id[8..].copy_from_slice(&(at as u64).to_be_bytes());
        let record = source.record(database.collective);
        DerivedInsight {
            id: InsightId::from_bytes(id),
            collective_id: database.collective,
            content: record.content,
            embedding: record.embedding.expect("it has a vector"),
            source_experience_ids: vec![ids[source.below(ids.len())], ids[source.below(ids.len())]],
            missing_sources: Vec::new(),
            insight_type: InsightType::Pattern,
            confidence: 0.5,
            domain: Vec::new(),
            created_at: Timestamp::from_millis(at as i64),
        }
    });
    db.restore_insights(insights.collect()).expect("insights are stored");
    for agent in ["one", "two", "three"] {
        let new = NewActivity {
            agent_id: agent.into(),
            collective_id: database.collective,
            ..NewActivity::default()
        };
        db.register_activity(new).expect("an agent registers");
    }
}

/// Relations and bare transactions in turns, so that both meet the same disk.
fn beside_bare(database: &Database, report: &mut Report) {
    let relation = |at: usize| NewExperienceRelation {
        source_id: database.ids[at % 500],
        target_id: database.ids[500 + at % 499],
        relation_type: RelationType::Implies,
        ..NewExperienceRelation::default()
    };
    let before = database.copy("before a relation");
    let db = database.open();
    db.store_relation(relation(0)).expect("a relation is stored");
    db.close().expect("the database closes");
    let mut bare = Bare::new(&before, &database.copy("after a relation"));

    let db = database.open();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for at in 1..=PAIRS {
        let new = relation(at);
        let start = Instant::now();
        db.store_relation(new).expect("a relation is stored");
        ours.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        bare.put();
        theirs.push(start.elapsed().as_secs_f64());
    }
    bare.check(PAIRS);
    let (ours, theirs) = (median(ours), median(theirs));
    report.add("store_relation, durable, p50", "", database.size, seconds(ours));
    report.add("bare LMDB transaction with its rows, p50", "", database.size, seconds(theirs));
    report.add("ratio of the two", "<= 1.5", database.size, format!("{:.2}", ours / theirs));
}
