//! BM25 computed from the texts alone, beside what the index answers at every point of sealing and merging.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::{Answer, Index};
use crate::lexical::analyse::{Side, TokenKind};
use crate::lexical::pattern::Pattern;
use crate::lexical::query::Excluded;
use crate::lexical::{Analyser, Bm25, Query, Scorer, Totals};

struct Record {
    terms: BTreeMap<String, u32>,
    text: String,
    length: u32,
    archived: bool,
}

#[derive(Default)]
struct Oracle {
    records: BTreeMap<u32, Record>,
}

impl Oracle {
    fn record(&mut self, id: u32, text: &str, analyser: &mut Analyser) {
        let mut terms = BTreeMap::new();
        let mut length = 0;
        analyser.tokens(text, Side::Record, |token| {
            *terms.entry(token.term.to_owned()).or_default() += 1;
            length += u32::from(token.kind == TokenKind::Word);
        });
        self.records.insert(id, Record { terms, text: text.to_owned(), length, archived: false });
    }

    /// Each hit with its score as the page defines it, and the same in `f64`.
    fn search(&self, query: &Query, analyser: &mut Analyser) -> BTreeMap<u32, (f32, f64)> {
        let count = |record: &Record, pattern: &Pattern| -> u32 {
            record.terms.iter().filter(|(term, _)| pattern.holds(term)).map(|(_, count)| *count).sum()
        };
        let rows = self.records.len() as f64;
        let words: u32 = self.records.values().map(|record| record.length).sum();
        let mean = f64::from(words) / rows.max(1.0);
        let (k1, b) = (f64::from(1.2_f32), f64::from(0.6_f32));
        let weights = query.terms.iter().map(|term| {
            let holders =
                self.records.values().filter(|record| count(record, &term.pattern) > 0).count() as f64;
            ((rows - holders + 0.5) / (holders + 0.5)).ln_1p() * f64::from(term.times) * (k1 + 1.0)
        });
        let weights: Vec<f64> = weights.collect();
        let mut hits = BTreeMap::new();
        for (id, record) in &self.records {
            let (mut score, mut exact) = (0.0_f32, 0.0_f64);
            for (term, weight) in query.terms.iter().zip(&weights) {
                let times = count(record, &term.pattern);
                if times > 0 {
                    let norm = (k1 * (1.0 - b)) as f32 + (k1 * b / mean) as f32 * record.length as f32;
                    score += *weight as f32 * times as f32 / (times as f32 + norm);
                    let norm = k1 * (1.0 - b + b * f64::from(record.length) / mean);
                    exact += weight * f64::from(times) / (f64::from(times) + norm);
                }
            }
            if score > 0.0 && !record.archived && accepts(query, record, analyser) {
                hits.insert(*id, (score, exact));
            }
        }
        hits
    }
}

/// Whether a record has every phrase and nothing that is excluded.
fn accepts(query: &Query, record: &Record, analyser: &mut Analyser) -> bool {
    query.accepts(&record.text, analyser)
        && query.excluded.iter().all(|excluded| match excluded {
            Excluded::Pattern(pattern) => !record.terms.keys().any(|term| pattern.holds(term)),
            Excluded::Phrase(_) => true,
        })
}

#[derive(Clone, Debug)]
enum Command {
    Record(String),
    Update(prop::sample::Index, String),
    Archive(prop::sample::Index),
    Delete(prop::sample::Index),
    Seal,
    Merge(usize),
}

const WORDS: &[&str] = &[
    "disk",
    "disks",
    "full",
    "write",
    "writes",
    "writing",
    "writer",
    "the",
    "when",
    "is",
    "getUserById",
    "snake_case",
    "std::vec",
    "src/db/mod.rs",
    "E0499",
    "1,000",
    "lock",
    "locks",
    "organize",
    "organization",
    "organ",
    "\u{732b}",
    "\u{65e5}\u{672c}\u{8a9e}",
    "\u{732b}\u{304c}\u{597d}\u{304d}",
    "caf\u{e9}",
    "don't",
    "run",
    "running",
];

const QUERIES: &[&str] = &[
    "disk full",
    "is the disk full when writing? writing!",
    "getUserById std::vec",
    "wri* lock",
    "organiz*",
    "runni* -lock",
    "\u{732b}",
    "\u{65e5}\u{672c}",
    "\"disk full\" write",
    "disk -\"is the\"",
    "src/db/* caf\u{e9} the",
    "the when",
    "nothing of this kind",
];

fn text() -> impl Strategy<Value = String> {
    // Earlier words more often, so that some terms are in most rows and some in few.
    let word = (0..WORDS.len(), 0..WORDS.len()).prop_map(|(one, other)| WORDS[one.min(other)]);
    prop::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => text().prop_map(Command::Record),
        2 => (any::<prop::sample::Index>(), text()).prop_map(|(which, text)| Command::Update(which, text)),
        1 => any::<prop::sample::Index>().prop_map(Command::Archive),
        2 => any::<prop::sample::Index>().prop_map(Command::Delete),
        1 => Just(Command::Seal),
        2 => (1_usize..200).prop_map(Command::Merge),
    ]
}

fn compare(
    index: &Index,
    oracle: &Oracle,
    queries: &[Query],
    analyser: &mut Analyser,
) -> Result<(), TestCaseError> {
    for query in queries {
        let expected = oracle.search(query, analyser);
        let Answer { mut scores, best } = index.search(query, 1000);
        // What postings cannot tell is compared with the texts, as a search does.
        scores.retain(|id, _| query.accepts(&oracle.records[id].text, analyser));
        let bits: BTreeMap<u32, u32> = scores.iter().map(|(id, score)| (*id, score.to_bits())).collect();
        let expected_bits: BTreeMap<u32, u32> =
            expected.iter().map(|(id, (score, _))| (*id, score.to_bits())).collect();
        prop_assert_eq!(&bits, &expected_bits, "{:?}", query);
        for (score, exact) in expected.values() {
            prop_assert!(
                (f64::from(*score) - exact).abs() <= 1e-5 * exact,
                "{} is far from {}",
                score,
                exact
            );
        }
        let mut sorted: Vec<(u32, u32)> = best.iter().map(|(score, id)| (score.to_bits(), *id)).collect();
        sorted.retain(|(_, id)| query.accepts(&oracle.records[id].text, analyser));
        let mut all: Vec<(u32, u32)> = bits.into_iter().map(|(id, score)| (score, id)).collect();
        all.sort_unstable_by(|left, right| right.cmp(left));
        prop_assert_eq!(sorted, all, "{:?}", query);
        let few = index.search(query, 3).best;
        prop_assert_eq!(&few[..], &best[..few.len()], "{:?}", query);
        prop_assert_eq!(few.len(), best.len().min(3), "{:?}", query);
    }
    Ok(())
}

#[test]
fn rare_terms_say_more_and_every_term_says_something() {
    let totals = Totals { rows: 1_000_000_000, words: 60_000_000_000 };
    let scorer =
        Scorer::new([(1, 0), (1, 10), (3, 10), (1, 999_999_999), (1, u64::MAX)], totals, Bm25::default());
    assert!((scorer.idf(0) - 21.416_413).abs() < 1e-4);
    assert!(scorer.idf(0) > scorer.idf(1) && scorer.idf(3) > 0.0 && scorer.idf(4) > 0.0);
    assert_eq!(scorer.idf(1).to_bits(), scorer.idf(2).to_bits());
    let score = |counts: [u32; 5]| scorer.score(&counts, 60);
    assert!((score([0, 0, 1, 0, 0]) / score([0, 1, 0, 0, 0]) - 3.0).abs() < 1e-6);
    assert!(score([0, 0, 0, 1, 0]) > 0.0 && score([0; 5]).to_bits() == 0);
    let empty = Scorer::new([(1, 0)], Totals::default(), Bm25::default());
    assert!(empty.score(&[1], 0).is_finite());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn scores_have_the_bits_of_the_formula_at_every_point_of_sealing_and_merging(
        commands in prop::collection::vec(command(), 1..120)
    ) {
        let mut analyser = Analyser::new();
        let (mut index, mut oracle) = (Index::default(), Oracle::default());
        let queries: Vec<Query> = QUERIES.iter().map(|text| Query::parse(text, &mut analyser)).collect();
        let mut next = 0;
        for command in commands {
            let pick = |which: prop::sample::Index| {
                let ids: Vec<u32> = oracle.records.keys().copied().collect();
                (!ids.is_empty()).then(|| *which.get(&ids))
            };
            match command {
                Command::Record(text) => {
                    index.record(next, &text, &mut analyser);
                    oracle.record(next, &text, &mut analyser);
                    next += 1;
                }
                Command::Update(which, text) => {
                    if let Some(id) = pick(which) {
                        index.delete(id);
                        index.record(id, &text, &mut analyser);
                        let archived = oracle.records[&id].archived;
                        oracle.record(id, &text, &mut analyser);
                        oracle.records.get_mut(&id).unwrap().archived = archived;
                    }
                }
                Command::Archive(which) => {
                    if let Some(id) = pick(which) {
                        index.archive(id);
                        oracle.records.get_mut(&id).unwrap().archived = true;
                    }
                }
                Command::Delete(which) => {
                    if let Some(id) = pick(which) {
                        index.delete(id);
                        oracle.records.remove(&id);
                    }
                }
                Command::Seal => index.seal(),
                Command::Merge(budget) => index.merge(3, budget),
            }
            compare(&index, &oracle, &queries[next as usize % 4..][..3], &mut analyser)?;
        }
        compare(&index, &oracle, &queries, &mut analyser)?;
        index.seal();
        compare(&index, &oracle, &queries, &mut analyser)?;
        for _ in 0..200 {
            index.merge(2, 100);
        }
        compare(&index, &oracle, &queries, &mut analyser)?;
    }
}
