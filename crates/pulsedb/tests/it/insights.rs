//! Insights: stored, found as experiences are, and kept when their sources go.

use pulsedb::{
    AgentId, CollectiveId, DerivedInsight, Experience, ExperienceId, ExperienceType, InsightFilter,
    InsightId, InsightType, NewDerivedInsight, NotFoundError, PulseDB, PulseDBError, Query, SearchFilter,
    SearchOptions, Timestamp, ValidationError,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, events, external, labelled, open, text, until_reclaimed, vector};

/// A database with some records in one collective.
struct Filled {
    home: tempfile::TempDir,
    db: PulseDB,
    cid: CollectiveId,
    ids: Vec<ExperienceId>,
}

fn filled(records: usize) -> Filled {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let ids =
        db.record_experiences((0..records).map(|at| labelled(&format!("{at}"), cid)).collect()).unwrap();
    Filled { home, db, cid, ids }
}

impl Filled {
    fn given(&self, at: usize) -> NewDerivedInsight {
        let random = &mut Random::new(at as u64);
        NewDerivedInsight {
            collective_id: self.cid,
            content: format!("insight {at} {}", text(random, 10)),
            embedding: Some(vector(random, DIMENSION)),
            source_experience_ids: vec![self.ids[at % self.ids.len()]],
            insight_type: InsightType::ALL[at % 4],
            confidence: random.fraction(),
            domain: (0..random.below(3)).map(|domain| format!("domain {domain}")).collect(),
        }
    }

    fn list(&self) -> Vec<DerivedInsight> {
        self.db.list_insights(self.cid, 1000, 0).unwrap()
    }
}

fn is_invalid(error: &PulseDBError, named: &str) -> bool {
    matches!(error, PulseDBError::Validation(ValidationError::InvalidField { field, .. }) if field == named)
}

#[test]
fn insight_comes_back_as_it_was_given() {
    let one = filled(3);
    let new = NewDerivedInsight { source_experience_ids: one.ids.clone(), ..one.given(1) };
    let sequence = one.db.get_current_sequence();
    let id = one.db.store_insight(new.clone()).unwrap();
    assert_eq!(one.db.get_current_sequence(), sequence + 1);
    assert_eq!(events(&one.db, one.cid, sequence), []);
    let found = one.db.get_insight(id).unwrap().unwrap();
    let expected = DerivedInsight {
        id,
        collective_id: one.cid,
        content: new.content,
        embedding: new.embedding.unwrap(),
        source_experience_ids: one.ids.clone(),
        missing_sources: Vec::new(),
        insight_type: new.insight_type,
        confidence: new.confidence,
        domain: new.domain,
        created_at: found.created_at,
    };
    assert_eq!(found, expected);
    assert_eq!(one.list(), std::slice::from_ref(&expected));
    for source in &one.ids {
        assert_eq!(one.db.insights_of(*source).unwrap(), std::slice::from_ref(&expected));
    }
    // It is none of the experiences.
    assert_eq!(one.db.list_experiences(one.cid, 10, 0).unwrap().len(), 3);
    assert_eq!(one.db.get_collective_stats(one.cid).unwrap().experience_count, 3);
    assert!(one.db.check().unwrap().is_clean());
    one.db.delete_insight(id).unwrap();
    assert_eq!(one.db.get_insight(id).unwrap(), None);
    assert!(one.db.delete_insight(id).unwrap_err().is_not_found());
    assert_eq!(one.db.insights_of(one.ids[0]).unwrap(), []);
    assert!(one.db.check().unwrap().is_clean());
}

#[test]
fn insight_that_cannot_stand_is_refused_and_nothing_is_written() {
    let one = filled(1);
    let other = one.db.create_collective("other").unwrap();
    let elsewhere = one.db.record_experience(labelled("elsewhere", other)).unwrap();
    let sequence = one.db.get_current_sequence();
    let refused = |new| one.db.store_insight(new).unwrap_err();
    let with =
        |sources: Vec<ExperienceId>| NewDerivedInsight { source_experience_ids: sources, ..one.given(0) };
    assert!(refused(with(Vec::new())).is_validation());
    assert!(refused(with(vec![one.ids[0]; 101])).is_validation());
    assert!(is_invalid(&refused(with(vec![elsewhere])), "source_experience_ids"));
    let missing = refused(with(vec![one.ids[0], ExperienceId::new()]));
    assert!(matches!(missing, PulseDBError::NotFound(NotFoundError::Experience(_))), "{missing}");
    assert!(is_invalid(&refused(NewDerivedInsight { confidence: f32::NAN, ..one.given(0) }), "confidence"));
    let too_long = refused(NewDerivedInsight { content: "x".repeat(51_201), ..one.given(0) });
    assert!(
        matches!(too_long, PulseDBError::Validation(ValidationError::ContentTooLarge { max: 51_200, .. })),
        "{too_long}"
    );
    for new in [
        NewDerivedInsight { content: String::new(), ..one.given(0) },
        NewDerivedInsight { embedding: None, ..one.given(0) },
        NewDerivedInsight { embedding: Some(vec![1.0; DIMENSION + 1]), ..one.given(0) },
        NewDerivedInsight { embedding: Some(vec![0.0; DIMENSION]), ..one.given(0) },
        NewDerivedInsight { domain: vec![" x".into()], ..one.given(0) },
    ] {
        assert!(refused(new).is_validation());
    }
    for collective_id in [CollectiveId::new(), CollectiveId::nil()] {
        assert!(refused(NewDerivedInsight { collective_id, ..one.given(0) }).is_not_found());
    }
    assert_eq!(one.db.get_current_sequence(), sequence);
    assert_eq!(one.list(), []);
    assert!(one.db.insights_of(ExperienceId::new()).unwrap_err().is_not_found());
    assert!(one.db.list_insights(CollectiveId::new(), 1, 0).unwrap_err().is_not_found());
    assert!(one.db.get_insights(one.cid, &[1.0; DIMENSION], 0).unwrap_err().is_validation());
}

#[test]
fn sources_are_kept_when_they_are_deleted_and_said_to_be_missing() {
    let one = filled(3);
    let sources = vec![one.ids[0], one.ids[1], one.ids[0]];
    let new = NewDerivedInsight { source_experience_ids: sources.clone(), ..one.given(0) };
    let id = one.db.store_insight(new).unwrap();
    let gone = one.db.get_experience(one.ids[0]).unwrap().unwrap();
    one.db.delete_experience(one.ids[0]).unwrap();
    let found = one.db.get_insight(id).unwrap().unwrap();
    assert_eq!(
        (found.source_experience_ids.as_slice(), found.missing_sources.as_slice()),
        (sources.as_slice(), &one.ids[..1])
    );
    assert_eq!(one.db.insights_of(one.ids[0]).unwrap(), std::slice::from_ref(&found));
    assert_eq!(one.db.insights_of(one.ids[1]).unwrap(), [found]);
    assert_eq!(one.db.insights_of(one.ids[2]).unwrap(), []);
    assert!(one.db.check().unwrap().is_clean());
    one.db.restore_experiences(vec![gone]).unwrap();
    assert_eq!(one.db.get_insight(id).unwrap().unwrap().missing_sources, []);
}

#[test]
fn insights_go_with_their_collective() {
    let one = filled(4);
    let ids: Vec<InsightId> = (0..40).map(|at| one.db.store_insight(one.given(at)).unwrap()).collect();
    one.db.delete_collective(one.cid).unwrap();
    assert_eq!(one.db.get_insight(ids[0]).unwrap(), None);
    until_reclaimed(&one.db);
    for table in one.db.stats().unwrap().tables {
        if !["meta", "log"].contains(&table.name) {
            assert_eq!(table.rows, 0, "{}", table.name);
        }
    }
    assert!(one.db.check().unwrap().is_clean());
}

#[test]
fn restored_insights_are_what_they_were_all_or_none() {
    let one = filled(4);
    for at in 0..20 {
        one.db.store_insight(one.given(at)).unwrap();
    }
    let stored = one.list();
    assert!(is_invalid(&one.db.restore_insights(vec![stored[0].clone()]).unwrap_err(), "id"));
    for insight in &stored {
        one.db.delete_insight(insight.id).unwrap();
    }
    assert_eq!(one.list(), []);
    let twice = [stored.clone(), vec![stored[3].clone()]].concat();
    assert!(is_invalid(&one.db.restore_insights(twice).unwrap_err(), "id"));
    assert_eq!(one.list(), []);
    one.db.delete_experience(one.ids[0]).unwrap();
    one.db.restore_insights(stored.iter().rev().cloned().collect()).unwrap();
    let found = one.list();
    for (found, stored) in found.iter().zip(&stored) {
        let missing: Vec<ExperienceId> =
            stored.source_experience_ids.iter().copied().filter(|id| *id == one.ids[0]).collect();
        assert_eq!(*found, DerivedInsight { missing_sources: missing, ..stored.clone() });
    }
    assert!(one.db.store_insight(one.given(1)).unwrap() > stored[19].id);
    let Filled { home, db, cid, .. } = one;
    db.close().unwrap();
    let db = open(home.path());
    assert_eq!(db.list_insights(cid, 20, 0).unwrap(), found);
    assert!(db.check().unwrap().is_clean());
}

/// The same contents, vectors, domains, ids and times as experiences and as insights.
fn twins(one: &Filled, count: usize) -> (Vec<Experience>, Vec<DerivedInsight>) {
    let pair = |at: usize| {
        let new = one.given(at);
        let mut id = [2; 16];
        id[14..].copy_from_slice(&(at as u16).to_be_bytes());
        let time = Timestamp::from_millis((at % 7) as i64);
        let experience = Experience {
            id: ExperienceId::from_bytes(id),
            collective_id: one.cid,
            content: new.content.clone(),
            embedding: new.embedding.clone().unwrap(),
            experience_type: ExperienceType::default(),
            importance: 0.5,
            confidence: new.confidence,
            applications: 0,
            domain: new.domain.clone(),
            tags: std::collections::BTreeMap::default(),
            related_files: Vec::new(),
            source_agent: AgentId::new("agent"),
            source_task: None,
            timestamp: time,
            updated_at: time,
            last_reinforced: time,
            archived: false,
            superseded: false,
            key: None,
            expires_at: None,
            sequence: 0,
        };
        let insight = DerivedInsight {
            id: InsightId::from_bytes(id),
            collective_id: one.cid,
            content: new.content,
            embedding: experience.embedding.clone(),
            source_experience_ids: vec![experience.id],
            missing_sources: Vec::new(),
            insight_type: new.insight_type,
            confidence: new.confidence,
            domain: new.domain,
            created_at: time,
        };
        (experience, insight)
    };
    (0..count).map(pair).unzip()
}

#[test]
fn insights_rank_as_experiences_of_the_same_content_do() {
    let one = Filled { ids: vec![ExperienceId::nil()], ..filled(0) };
    let (experiences, insights) = twins(&one, 400);
    for (experiences, insights) in experiences.chunks(50).zip(insights.chunks(50)) {
        one.db.restore_experiences(experiences.to_vec()).unwrap();
        one.db.restore_insights(insights.to_vec()).unwrap();
    }
    for (experience, insight) in experiences.iter().zip(&insights).step_by(3) {
        one.db.delete_experience(experience.id).unwrap();
        one.db.delete_insight(insight.id).unwrap();
    }
    let report = one.db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    let random = &mut Random::new(1);
    let domains = Some(vec!["domain 1".to_owned()]);
    let filters = [
        (SearchFilter::default(), InsightFilter::default()),
        (
            SearchFilter { domains: domains.clone(), ..Default::default() },
            InsightFilter { domains: domains.clone(), ..Default::default() },
        ),
        (
            SearchFilter { domains: domains.clone(), min_confidence: Some(0.5), ..Default::default() },
            InsightFilter { domains, min_confidence: Some(0.5), ..Default::default() },
        ),
    ];
    let words =
        ["insight", "lock retry", "\"lock retry\"", "insight -lock", "ins* timeout", "\u{6f22}\u{5b57}"];
    let vectors: Vec<Vec<f32>> = (0..10).map(|_| vector(random, DIMENSION)).collect();
    let queries = words.iter().map(|words| Query::Lexical(words));
    let queries = queries.chain(vectors.iter().map(|vector| Query::Vector(vector)));
    for query in queries {
        for (filter, insight_filter) in &filters {
            for k in [1, 10, 1000] {
                let options = SearchOptions { k, filter: filter.clone(), ..Default::default() };
                let hits = one.db.search(one.cid, query, options).unwrap();
                let expected: Vec<_> =
                    hits.iter().map(|hit| (hit.experience.content.clone(), hit.similarity)).collect();
                let found = one.db.search_insights(one.cid, query, k, insight_filter.clone()).unwrap();
                let found: Vec<_> =
                    found.into_iter().map(|(insight, score)| (insight.content, score)).collect();
                assert_eq!(found, expected, "{query:?} {filter:?}");
            }
        }
    }
}

#[test]
fn insights_are_filtered_by_type() {
    let one = filled(1);
    for at in 0..40 {
        one.db.store_insight(one.given(at)).unwrap();
    }
    for types in [vec![InsightType::Pattern], vec![InsightType::Synthesis, InsightType::Correlation], vec![]]
    {
        let filter = InsightFilter { insight_types: Some(types.clone()), ..Default::default() };
        let found = one.db.search_insights(one.cid, Query::Vector(&[1.0; DIMENSION]), 1000, filter).unwrap();
        assert_eq!(found.len(), 10 * types.len());
        assert!(found.iter().all(|(insight, _)| types.contains(&insight.insight_type)));
    }
    let found = one.db.get_insights(one.cid, &[1.0; DIMENSION], 5).unwrap();
    assert!(found.is_sorted_by(|one, other| one.1 >= other.1) && found.len() == 5);
}

#[test]
fn insight_without_a_vector_is_embedded_and_found_by_its_meaning() {
    let home = directory();
    let db = PulseDB::open(home.path(), pulsedb::Config { map_size_gb: 1, ..Default::default() }).unwrap();
    let cid = db.get_or_create_collective("default").unwrap();
    let source = db.record_experience(labelled_text("the database needs a vacuum")).unwrap();
    let new = |content: &str| NewDerivedInsight {
        content: content.into(),
        source_experience_ids: vec![source],
        ..Default::default()
    };
    let id = db.store_insight(new("databases grow when nobody cleans up")).unwrap();
    db.store_insight(new("bananas are yellow")).unwrap();
    // A text without a known word has no vector.
    let unknown = db.store_insight(new("\u{1f980}\u{1f980}")).unwrap();
    assert_eq!(db.get_insight(unknown).unwrap().unwrap().embedding, Vec::<f32>::new());
    let found = db.search_insights(cid, "clean the database".into(), 10, InsightFilter::default()).unwrap();
    assert_eq!(found[0].0.id, id);
    assert!(db.check().unwrap().is_clean());
}

fn labelled_text(content: &str) -> pulsedb::NewExperience {
    pulsedb::NewExperience { content: content.into(), ..Default::default() }
}

#[test]
fn read_only_handle_finds_insights_and_stores_none() {
    let one = filled(1);
    let id = one.db.store_insight(one.given(0)).unwrap();
    let config = pulsedb::Config { read_only: true, ..external(DIMENSION) };
    let db = PulseDB::open(one.home.path(), config).unwrap();
    assert_eq!(db.get_insights(one.cid, &[1.0; DIMENSION], 1).unwrap()[0].0.id, id);
    assert!(db.store_insight(one.given(1)).unwrap_err().is_read_only());
    assert!(db.delete_insight(id).unwrap_err().is_read_only());
    assert!(db.restore_insights(Vec::new()).unwrap_err().is_read_only());
    assert!(db.restore_relations(Vec::new()).unwrap_err().is_read_only());
}
