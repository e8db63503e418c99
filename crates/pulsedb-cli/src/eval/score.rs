//! What a ranking is worth: recall, reciprocal rank, and recall within a budget of tokens.

use std::collections::{BTreeMap, BTreeSet};

use pulsedb::SearchResult;
use serde::Serialize;

use crate::eval::data::{Question, turn_of};

/// Bytes that count as one token.
const TOKEN_BYTES: usize = 4;
/// The greatest category of the headline.
const ANSWERABLE_MAX: u32 = 4;

/// How well one question was answered, or the mean of several.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Score {
    /// How many questions.
    pub(crate) questions: u32,
    /// The part of the evidence that is the first hit.
    pub(crate) r1: f64,
    /// The part of the evidence among the first ten hits.
    pub(crate) r10: f64,
    /// The part of the questions all of whose evidence is among the first ten.
    pub(crate) all10: f64,
    /// One through the rank of the first evidence.
    pub(crate) mrr: f64,
    /// The part of the evidence in the first hits of 1000 tokens together.
    pub(crate) tokens1000: f64,
    /// The part of the evidence in the first hits of 2000 tokens together.
    pub(crate) tokens2000: f64,
}

/// The scores of all questions, category by category.
#[derive(Debug, Default)]
pub(crate) struct Scores(BTreeMap<u32, Score>);

impl Scores {
    /// Adds the answer to a question; one without evidence has none.
    pub(crate) fn add(&mut self, question: &Question, hits: &[SearchResult]) {
        let evidence: BTreeSet<&str> = question.evidence.iter().map(String::as_str).collect();
        if evidence.is_empty() {
            return;
        }
        let found: Vec<Option<&str>> =
            hits.iter().map(|hit| turn_of(&hit.experience).filter(|turn| evidence.contains(turn))).collect();
        let recall = |first: usize| {
            let among: BTreeSet<&str> = found.iter().take(first).copied().flatten().collect();
            among.len() as f64 / evidence.len() as f64
        };
        let within = |budget: usize| {
            let tokens = hits.iter().scan(0, |sum, hit| {
                *sum += hit.experience.content.len().div_ceil(TOKEN_BYTES);
                Some(*sum)
            });
            recall(tokens.take_while(|sum| *sum <= budget).count())
        };
        let first = found.iter().position(Option::is_some);
        let sum = self.0.entry(question.category).or_default();
        sum.add(&Score {
            questions: 1,
            r1: recall(1),
            r10: recall(10),
            all10: f64::from(u8::from(recall(10) >= 1.0)),
            mrr: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
            tokens1000: within(1000),
            tokens2000: within(2000),
        });
    }

    /// The mean of each category.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u32, Score)> {
        self.0.iter().map(|(category, sum)| (*category, sum.mean()))
    }

    /// The mean over the questions that have an answer: of categories 1 to 4.
    pub(crate) fn headline(&self) -> Score {
        let mut sum = Score::default();
        self.0.range(..=ANSWERABLE_MAX).for_each(|(_, one)| sum.add(one));
        sum.mean()
    }
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.questions += other.questions;
        for (sum, one) in self.parts().into_iter().zip(other.clone().parts()) {
            *sum += *one;
        }
    }

    fn mean(&self) -> Self {
        let mut mean = *self;
        let questions = f64::from(self.questions.max(1));
        mean.parts().into_iter().for_each(|sum| *sum /= questions);
        mean
    }

    fn parts(&mut self) -> [&mut f64; 6] {
        let Self { questions: _, r1, r10, all10, mrr, tokens1000, tokens2000 } = self;
        [r1, r10, all10, mrr, tokens1000, tokens2000]
    }
}

#[cfg(test)]
mod tests {
    use pulsedb::{Config, NewExperience, PulseDB, SearchOptions};

    use super::*;
    use crate::eval::data::Turn;

    fn question(category: u32, evidence: &[&str]) -> Question {
        let evidence = evidence.iter().map(|id| (*id).to_owned()).collect();
        Question { conversation: "c".into(), text: "q".into(), category, evidence }
    }

    /// Hits of turns in their order, each of as many tokens as its number times 100.
    fn hits(turns: &[(&str, usize)]) -> Vec<SearchResult> {
        let home = tempfile::tempdir().unwrap();
        let db = PulseDB::open(home.path(), Config::default()).unwrap();
        let cid = db.create_collective("c").unwrap();
        let rows = turns.iter().map(|(id, size)| {
            let line = format!(
                r#"{{"conversation":"c","id":"{id}","session":1,"date":"d","speaker":"s","text":"word"}}"#
            );
            let turn: Turn = serde_json::from_str(&line).unwrap();
            NewExperience { content: "word ".repeat(size * 80), ..turn.record(cid) }
        });
        let ids = db.record_experiences(rows.collect()).unwrap();
        let found = db.search(cid, "word".into(), SearchOptions::default()).unwrap();
        let of = |id| found.iter().find(|hit| hit.experience.id == id).unwrap().clone();
        ids.into_iter().map(of).collect()
    }

    #[test]
    fn scores_are_parts_of_the_evidence() {
        let hits = hits(&[("a", 5), ("b", 4), ("c", 3), ("d", 9)]);
        let mut scores = Scores::default();
        scores.add(&question(1, &["b", "d", "x", "b"]), &hits);
        scores.add(&question(1, &["a"]), &hits);
        scores.add(&question(5, &["nowhere"]), &hits);
        scores.add(&question(1, &[]), &hits);
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        let headline = scores.headline();
        assert_eq!(headline.questions, 2);
        close(headline.r1, f64::midpoint(0.0, 1.0));
        close(headline.r10, f64::midpoint(2.0 / 3.0, 1.0));
        close(headline.all10, 0.5);
        close(headline.mrr, f64::midpoint(0.5, 1.0));
        // 500 and 400 tokens fit, 300 more do not; with twice as many they do, and 900 more do not.
        close(headline.tokens1000, f64::midpoint(1.0 / 3.0, 1.0));
        close(headline.tokens2000, f64::midpoint(1.0 / 3.0, 1.0));
        let categories: Vec<_> = scores.each().map(|(category, score)| (category, score.questions)).collect();
        assert_eq!(categories, [(1, 2), (5, 1)]);
    }
}
