//! Search by words: scores, phrases, exclusions, beginnings, while records come and go.

use std::collections::BTreeMap;

use pulsedb::{
    CollectiveId, Experience, ExperienceId, ExperienceUpdate, NewExperience, PulseDB, Query, SearchFilter,
    SearchOptions, SearchResult,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, open, vector};

/// A word that no stemmer changes and no analyser cuts.
fn word(number: usize) -> String {
    let letter = |at: usize| char::from(b'a' + (at % 20) as u8);
    format!("{}{}zok", letter(number / 20), letter(number))
}

fn note(random: &mut Random, collective_id: CollectiveId) -> NewExperience {
    let length = 1 + random.below(30);
    // Low numbers are common.
    let content: Vec<String> = (0..length)
        .map(|_| {
            let most = 1 + random.below(60);
            word(random.below(most))
        })
        .collect();
    NewExperience {
        collective_id,
        content: content.join(" "),
        embedding: Some(vector(random, DIMENSION)),
        ..Default::default()
    }
}

fn all(db: &PulseDB, cid: CollectiveId) -> Vec<Experience> {
    db.list_experiences(cid, 1000, 0).unwrap()
}

fn lexical(db: &PulseDB, cid: CollectiveId, text: &str, filter: SearchFilter) -> Vec<SearchResult> {
    db.search(cid, Query::Lexical(text), SearchOptions { k: 1000, filter, ..Default::default() }).unwrap()
}

/// BM25 of each record from the texts alone, in f64.
fn reference(records: &[Experience], query: &[String]) -> BTreeMap<ExperienceId, f64> {
    let (k1, b) = (1.2, 0.6);
    let words = |one: &Experience| one.content.split(' ').count() as f64;
    let mean = records.iter().map(words).sum::<f64>() / records.len() as f64;
    let count = |one: &Experience, term: &str| one.content.split(' ').filter(|word| *word == term).count();
    let mut scores = BTreeMap::new();
    for term in query {
        let df = records.iter().filter(|one| count(one, term) > 0).count() as f64;
        let idf = ((records.len() as f64 - df + 0.5) / (df + 0.5)).ln_1p();
        for one in records {
            let tf = count(one, term) as f64;
            if tf > 0.0 {
                let norm = k1 * (1.0 - b + b * words(one) / mean);
                *scores.entry(one.id).or_insert(0.0) += idf * tf * (k1 + 1.0) / (tf + norm);
            }
        }
    }
    scores
}

fn assert_scores(db: &PulseDB, cid: CollectiveId, random: &mut Random) {
    let records = all(db, cid);
    let query: Vec<String> = (0..=random.below(5)).map(|_| word(random.below(60))).collect();
    let expected = reference(&records, &query);
    for exclude_archived in [true, false] {
        let filter = SearchFilter { exclude_archived, ..SearchFilter::default() };
        let hits = lexical(db, cid, &query.join(" "), filter);
        let visible = records.iter().filter(|one| !(exclude_archived && one.archived));
        let wanted = visible.filter(|one| expected.contains_key(&one.id)).count();
        assert_eq!(hits.len(), wanted, "{query:?}");
        for hit in &hits {
            let (found, expected) = (f64::from(hit.similarity), expected[&hit.experience.id]);
            assert!((found - expected).abs() <= 1e-4 * expected, "{found} is not {expected}");
        }
        for pair in hits.windows(2) {
            assert!(pair[0].similarity >= pair[1].similarity);
        }
    }
}

#[test]
fn scores_equal_those_of_the_stored_texts_after_every_change() {
    let mut random = Random::from_environment(77);
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    for step in 0..60 {
        let batch = (0..random.below(20)).map(|_| note(&mut random, cid)).collect();
        db.record_experiences(batch).unwrap();
        let records = all(&db, cid);
        if let Some(one) = records.get(random.below(1 + records.len())) {
            match step % 4 {
                0 => db.archive_experience(one.id).unwrap(),
                1 => db.delete_experience(one.id).unwrap(),
                _ => {
                    let NewExperience { content, embedding, .. } = note(&mut random, cid);
                    let update = ExperienceUpdate { content: Some(content), embedding, ..Default::default() };
                    db.update_experience(one.id, update).unwrap();
                }
            }
        }
        assert_scores(&db, cid, &mut random);
    }
    let most: Vec<ExperienceId> = all(&db, cid).iter().map(|one| one.id).skip(30).collect();
    db.delete_experiences(&most).unwrap();
    assert_scores(&db, cid, &mut random);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    // Another handle, which has seen nothing of this.
    drop(db);
    assert_scores(&open(home.path()), cid, &mut random);
}

#[test]
fn phrases_exclusions_and_beginnings_are_obeyed_in_blocks_and_in_the_tail() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let texts = [
        "the quick brown fox",
        "a fox that is brown and quick",
        "call getUserById before snake_case_name",
        "\u{6570}\u{636e}\u{5e93}\u{5df2}\u{6ee1}",
        "running in src/db/mod.rs fails with E0499",
    ];
    for round in 0..9 {
        let notes = texts.iter().map(|text| NewExperience {
            collective_id: cid,
            content: format!("{text} r{round}"),
            embedding: Some(vec![1.0; DIMENSION]),
            ..Default::default()
        });
        db.record_experiences(notes.collect()).unwrap();
    }
    let found = |query: &str| lexical(&db, cid, query, SearchFilter::default()).len();
    assert_eq!(found("fox"), 18);
    assert_eq!(found("\"quick brown\""), 9);
    assert_eq!(found("fox -quick"), 0);
    assert_eq!(found("quick -\"quick brown\""), 9);
    assert_eq!(found("user"), 9);
    assert_eq!(found("getUserById"), 9);
    assert_eq!(found("snake"), 9);
    assert_eq!(found("runs"), 9);
    assert_eq!(found("mod.rs"), 9);
    assert_eq!(found("e0499"), 9);
    assert_eq!(found("bro*"), 18);
    assert_eq!(found("\u{6570}\u{636e}"), 9);
    assert_eq!(found("\""), 0);
    assert_eq!(found("unheard"), 0);
}
