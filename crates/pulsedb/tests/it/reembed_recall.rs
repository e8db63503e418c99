//! What searches find before, in the middle of, and after a move to another embedder.

use std::collections::BTreeSet;
use std::sync::Arc;

use pulsedb::{
    CollectiveId, DerivedInsight, ExperienceId, InsightFilter, InsightId, NewDerivedInsight, PulseDB, Query,
    SearchOptions,
};

use crate::reembed::{Hashed, assert_clean, note};
use crate::samples::{all, directory};

const ROWS: usize = 1500;
const K: usize = 10;
const QUERIES: usize = 40;
/// Of a thousand of the nearest, fewer than five may be missed.
const MISSED_PER_THOUSAND: usize = 5;

fn content(of: &str, at: usize) -> String {
    format!("{of} {at} about topic{} and part{}", at % 13, at % 101)
}

/// Records and insights in many blocks, and some in the tail.
fn filled(db: &PulseDB) -> CollectiveId {
    let cid = db.create_collective("c").unwrap();
    let notes = (0..ROWS).map(|at| note(cid, content("note", at)));
    let ids = db.record_experiences(notes.collect()).unwrap();
    let first = NewDerivedInsight {
        collective_id: cid,
        content: content("insight", 0),
        source_experience_ids: vec![ids[0]],
        ..Default::default()
    };
    let first = db.store_insight(first).unwrap();
    let first = db.get_insight(first).unwrap().unwrap();
    let embedder = Hashed::new(db.embedding_dimension(), 1);
    let insight = |at: usize| {
        let mut id = [3; 16];
        id[14..].copy_from_slice(&(at as u16).to_be_bytes());
        let content = content("insight", at);
        let embedding = embedder.vector(&content);
        DerivedInsight { id: InsightId::from_bytes(id), content, embedding, ..first.clone() }
    };
    for from in (1..ROWS).step_by(100) {
        db.restore_insights((from..ROWS.min(from + 100)).map(insight).collect()).unwrap();
    }
    cid
}

/// The ids nearest to a vector, compared one by one here.
fn nearest<Id: Copy + Ord>(rows: &[(Id, Vec<f32>)], query: &[f32]) -> BTreeSet<Id> {
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
    };
    let mut scored: Vec<(f64, Id)> =
        rows.iter().map(|(id, vector)| (dot(vector, query) / dot(vector, vector).sqrt(), *id)).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.truncate(K);
    scored.into_iter().map(|(_, id)| id).collect()
}

/// Both kinds of rows are found by the vectors of this embedder, through codes.
fn assert_recall(db: &PulseDB, cid: CollectiveId, embedder: &Hashed) {
    let records: Vec<(ExperienceId, Vec<f32>)> =
        all(db, cid).into_iter().map(|one| (one.id, embedder.vector(&one.content))).collect();
    let insights = [0, 1000].map(|offset| db.list_insights(cid, 1000, offset).unwrap()).concat();
    let insights: Vec<(InsightId, Vec<f32>)> =
        insights.into_iter().map(|one| (one.id, embedder.vector(&one.content))).collect();
    assert_eq!((records.len(), insights.len()), (ROWS, ROWS));
    let (mut found, mut found_insights) = (0, 0);
    for query in 0..QUERIES {
        let query = embedder.vector(&format!("query {query}"));
        let hits = db.search(cid, Query::Vector(&query), SearchOptions { k: K, ..Default::default() });
        let expected = nearest(&records, &query);
        found += hits.unwrap().iter().filter(|hit| expected.contains(&hit.experience.id)).count();
        let hits = db.get_insights(cid, &query, K).unwrap();
        let expected = nearest(&insights, &query);
        found_insights += hits.iter().filter(|(insight, _)| expected.contains(&insight.id)).count();
    }
    let least = QUERIES * K * (1000 - MISSED_PER_THOUSAND) / 1000;
    assert!(found >= least && found_insights >= least, "{found} and {found_insights} of {}", QUERIES * K);
}

/// Words with the bits of their scores, of records and of insights.
fn by_words(db: &PulseDB, cid: CollectiveId) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    for text in ["topic3 part7", "about topic12", "\"topic5 and part5\" note", "insight part100"] {
        let query = Query::Lexical(text);
        let hits = db.search(cid, query, SearchOptions { k: 50, ..Default::default() }).unwrap();
        all.extend(hits.into_iter().map(|hit| (hit.experience.content, hit.similarity.to_bits())));
        let hits = db.search_insights(cid, query, 50, InsightFilter::default()).unwrap();
        all.extend(hits.into_iter().map(|(insight, score)| (insight.content, score.to_bits())));
    }
    assert!(all.len() > 200);
    all
}

#[test]
fn vectors_and_words_find_records_and_insights_before_in_the_middle_and_after() {
    let home = directory();
    let (old, new) = (Hashed::new(24, 1), Hashed::new(40, 2));
    let db = old.open(home.path()).unwrap();
    let cid = filled(&db);
    let words = by_words(&db, cid);
    assert_recall(&db, cid, &old);
    // Twice it stops: among the records, and among the insights.
    for texts in [ROWS / 2, ROWS] {
        db.reembed(Arc::new(new.clone().failing_at(texts)), |_| ()).unwrap_err();
        let progress = db.stats().unwrap().reembedding.unwrap().progress;
        assert!(progress.done > 0 && progress.done < progress.total, "{progress:?}");
        assert_recall(&db, cid, &old);
        assert_eq!(by_words(&db, cid), words);
        assert_clean(&db);
    }
    db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    assert_recall(&db, cid, &new);
    assert_eq!(by_words(&db, cid), words);
    assert_clean(&db);
}
