//! Databases for tests: every kind of record, and every state that one can be in.

use std::path::{Path, PathBuf};

use pulsedb::{
    CollectiveId, Config, DerivedInsight, EmbeddingDimension, Experience, ExperienceRelation, ExperienceType,
    InsightType, NewDerivedInsight, NewExperience, NewExperienceRelation, PulseDB, RelationType, Severity,
    Timestamp,
};
use tempfile::TempDir;

pub(crate) const DIMENSION: usize = 5;

/// A directory that is gone at the end.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

pub(crate) fn open(path: &Path) -> PulseDB {
    PulseDB::open(path, Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION))).unwrap()
}

pub(crate) fn new(collective_id: CollectiveId, number: usize) -> NewExperience {
    NewExperience {
        collective_id,
        content: format!("experience {number}\n---\nkey: \"no key\"\n"),
        embedding: Some((0..DIMENSION).map(|at| (number * 7 + at + 1) as f32 * 0.37).collect()),
        importance: (number % 11) as f32 / 10.0,
        confidence: 1.0 / (number % 7 + 1) as f32,
        domain: vec![["web/shop", "..", "caf\u{e9}"][number % 3].to_owned(), "all".to_owned()],
        tags: [("line".to_owned(), format!("a\u{2028}\"b\" {number}"))].into(),
        related_files: vec!["src/main.rs".to_owned()],
        source_agent: ["alice", "b/ob"][number % 2].into(),
        source_task: number.is_multiple_of(2).then(|| "task: 1".into()),
        timestamp: Some(Timestamp::from_millis(1_700_000_000_123 + number as i64)),
        ..Default::default()
    }
}

fn kinds() -> Vec<ExperienceType> {
    let text = || "a text: \"quoted\"\n---\n\u{7}".to_owned();
    vec![
        ExperienceType::Difficulty { description: text(), severity: Severity::Critical },
        ExperienceType::Solution { problem_ref: None, approach: text(), worked: true },
        ExperienceType::ErrorPattern { signature: text(), fix: text(), prevention: text() },
        ExperienceType::SuccessPattern { task_type: text(), approach: text(), quality: 0.1 },
        ExperienceType::UserPreference { category: text(), preference: text(), strength: 0.333_333_34 },
        ExperienceType::ArchitecturalDecision { decision: text(), rationale: text() },
        ExperienceType::TechInsight { technology: text(), insight: text() },
        ExperienceType::Fact { statement: text(), source: text() },
        ExperienceType::Generic { category: Some(text()) },
        ExperienceType::Generic { category: None },
    ]
}

/// Two collectives; the first has records of all kinds in all states.
pub(crate) fn filled(path: &Path) -> (PulseDB, CollectiveId) {
    let db = open(path);
    let id = db.create_collective("proj/ect \u{e9}").unwrap();
    db.create_collective_with_owner("empty", "somebody").unwrap();
    let mut rows: Vec<NewExperience> = (0..60).map(|number| new(id, number)).collect();
    for (row, kind) in rows.iter_mut().zip(kinds()) {
        row.experience_type = kind;
    }
    rows[20].timestamp = Some(Timestamp::from_millis(i64::MIN));
    rows[21].timestamp = Some(Timestamp::from_millis(i64::MAX));
    rows[22].embedding = Some(vec![-0.0, f32::from_bits(1), f32::MAX, -1.5e-39, 1.0]);
    rows[23].key = Some("the key".to_owned());
    rows[24].expires_at = Some(Timestamp::from_millis(i64::MAX));
    rows[25].key = Some("passed on".to_owned());
    rows[26].content = "long ".repeat(2000);
    let ids = db.record_experiences(rows).unwrap();
    db.archive_experiences(&ids[30..35]).unwrap();
    for one in &ids[33..38] {
        db.reinforce_experience(*one).unwrap();
    }
    db.supersede_experience(ids[25], new(id, 100)).unwrap();
    for (at, relation_type) in RelationType::ALL.into_iter().enumerate() {
        let metadata = at.is_multiple_of(2).then(|| "{\"why\":\n\"x\"}".to_owned());
        let (source_id, target_id) = (ids[40 + at], ids[55 - at]);
        let new = NewExperienceRelation { source_id, target_id, relation_type, strength: 0.7, metadata };
        db.store_relation(new).unwrap();
    }
    for (at, insight_type) in InsightType::ALL.into_iter().enumerate() {
        db.store_insight(NewDerivedInsight {
            collective_id: id,
            content: format!("---\ninsight {at}"),
            embedding: Some(vec![at as f32 + 0.1; DIMENSION]),
            source_experience_ids: vec![ids[at], ids[59]],
            insight_type,
            confidence: 0.9,
            domain: vec!["all".to_owned()],
        })
        .unwrap();
    }
    db.delete_experience(ids[59]).unwrap();
    (db, id)
}

/// All that a database holds; sequence numbers are 0 and vectors are bits.
#[derive(Debug, PartialEq)]
pub(crate) struct Contents {
    collectives: Vec<pulsedb::Collective>,
    experiences: Vec<(Experience, Vec<u32>)>,
    relations: Vec<ExperienceRelation>,
    insights: Vec<(DerivedInsight, Vec<u32>)>,
}

pub(crate) fn contents(db: &PulseDB) -> Contents {
    let bits = |vector: &[f32]| vector.iter().map(|it| it.to_bits()).collect();
    let collectives = db.list_collectives().unwrap();
    let (mut experiences, mut relations, mut insights) = (Vec::new(), Vec::new(), Vec::new());
    for one in &collectives {
        let listed = db.list_experiences(one.id, 1000, 0).unwrap();
        experiences.extend(
            listed.into_iter().map(|it| (Experience { sequence: 0, ..it.clone() }, bits(&it.embedding))),
        );
        relations.extend(db.list_relations(one.id, 1000, 0).unwrap());
        let listed = db.list_insights(one.id, 1000, 0).unwrap();
        insights.extend(listed.into_iter().map(|it| (it.clone(), bits(&it.embedding))));
    }
    Contents { collectives, experiences, relations, insights }
}
