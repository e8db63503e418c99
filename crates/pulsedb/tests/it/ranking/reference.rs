//! The ranking as `docs/pulsedb-ranking.md` says it: every record is scored, nothing is looked up.

use std::collections::{BTreeMap, BTreeSet};

use pulsedb::{
    ContextWeights, Experience, ExperienceId, SearchFilter, SearchOptions, SignalWeights, Timestamp,
};
use pulsedb_model::Model;

/// Of the English list, those that the tests use.
const STOP_WORDS: &[&str] = &["the", "what", "is", "to", "of"];

/// Every record of a collective.
pub(super) struct Reference {
    /// By id.
    records: Vec<Experience>,
}

/// A search.
pub(super) struct Asked<'a> {
    pub(super) text: &'a str,
    /// What V compares, if there is a V.
    pub(super) vector: Option<&'a Vec<f32>>,
    pub(super) options: &'a SearchOptions,
    /// Whether only candidates are scored.
    pub(super) shortcut: bool,
}

/// A hit.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) id: ExperienceId,
    pub(super) score: f64,
    timestamp: Timestamp,
}

/// What the signals say of each record, by its place.
struct Measured {
    lexical: Vec<f64>,
    vector: Vec<f64>,
    late: Vec<f64>,
}

impl Reference {
    pub(super) fn of(mut records: Vec<Experience>) -> Self {
        records.sort_by_key(|one| one.id);
        Self { records }
    }

    /// Every record with a score above zero, best first.
    pub(super) fn ranked(&self, asked: &Asked<'_>) -> Vec<Expected> {
        let measured = self.measured(asked);
        let weights = asked.options.signals.unwrap_or_default();
        let context = asked.options.context.unwrap_or_default();
        let candidates = self.candidates(asked, &measured, weights, context);
        let most = |values: &[f64]| candidates.iter().map(|at| values[*at]).fold(0.0, f64::max);
        let mut sum = 0.0;
        let mut fused = vec![0.0; self.records.len()];
        let signals = [
            (weights.lexical, &measured.lexical),
            (weights.vector, &measured.vector),
            (weights.late, &measured.late),
        ];
        for (weight, values) in signals {
            let most = most(values);
            if weight > 0.0 && most > 0.0 {
                sum += f64::from(weight);
                for at in &candidates {
                    fused[*at] += f64::from(weight) * values[*at].max(0.0) / most;
                }
            }
        }
        if sum > 0.0 {
            for fused in &mut fused {
                *fused /= sum;
            }
        }
        let named = self.named(asked.text);
        let mut ranked: Vec<Expected> = candidates
            .iter()
            .filter(|at| fused[**at] > 0.0)
            .map(|at| {
                let one = &self.records[*at];
                let score = self.score(*at, &fused, context, named.as_deref());
                Expected { id: one.id, score, timestamp: one.timestamp }
            })
            .collect();
        ranked.sort_by(|left, right| {
            let by_score = right.score.total_cmp(&left.score);
            by_score.then(right.timestamp.cmp(&left.timestamp)).then(left.id.cmp(&right.id))
        });
        ranked
    }

    /// F with S, W, P and A.
    fn score(&self, at: usize, fused: &[f64], context: ContextWeights, named: Option<&str>) -> f64 {
        let one = &self.records[at];
        let session = self.session(at);
        let place = session.iter().position(|other| *other == at);
        let best = session.iter().map(|other| fused[*other]).fold(0.0, f64::max);
        let (mut window, mut question) = (0.0_f64, 0.0);
        if let Some(place) = place {
            for (other, &there) in session.iter().enumerate() {
                let distance = other.abs_diff(place);
                if (1..=3).contains(&distance) {
                    window = window.max(0.8_f64.powi(distance as i32 - 1) * fused[there]);
                }
            }
            let before = place.checked_sub(1).map(|before| session[before]);
            if let Some(before) = before.filter(|before| self.records[*before].content.ends_with('?')) {
                question = fused[before];
            }
        }
        let own = if place.is_some() { best } else { fused[at] };
        let is_named = f64::from(u8::from(named == Some(one.source_agent.as_str())));
        let [s, w, p, a] = [context.session, context.window, context.question, context.agent].map(f64::from);
        (fused[at] + s * own + w * window + p * question + a * is_named) / (1.0 + s + w + p + a)
    }

    /// The places of the records of a session, in the order of their ids; empty for a record without one.
    fn session(&self, at: usize) -> Vec<usize> {
        let task = &self.records[at].source_task;
        let is_of_it = |other: &usize| task.is_some() && self.records[*other].source_task == *task;
        (0..self.records.len()).filter(is_of_it).collect()
    }

    /// The one agent whom the text names.
    fn named(&self, text: &str) -> Option<String> {
        let words = |text: &str| -> BTreeSet<String> {
            let lower = text.to_lowercase();
            let words = lower.split(|letter: char| !letter.is_alphanumeric());
            let is_name = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() >= 3;
            words.filter(is_name).map(str::to_owned).collect()
        };
        let asked = words(text);
        let agents: BTreeSet<&str> = self.records.iter().map(|one| one.source_agent.as_str()).collect();
        let named: Vec<&&str> = agents.iter().filter(|agent| !words(agent).is_disjoint(&asked)).collect();
        if let [one] = named[..] { Some((*one).to_owned()) } else { None }
    }

    /// The places of the records that are scored.
    fn candidates(
        &self,
        asked: &Asked<'_>,
        measured: &Measured,
        weights: SignalWeights,
        context: ContextWeights,
    ) -> BTreeSet<usize> {
        let allowed: Vec<usize> =
            (0..self.records.len()).filter(|at| passes(&self.records[*at], &asked.options.filter)).collect();
        if !asked.shortcut || allowed.len() <= 200 {
            return allowed.into_iter().collect();
        }
        let breadth = asked.options.k.max(100);
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        if weights.lexical > 0.0 {
            let holding = allowed.iter().copied().filter(|at| measured.lexical[*at] > 0.0);
            candidates.extend(self.best(holding, breadth, |at| measured.lexical[at]));
        }
        if weights.vector > 0.0 && asked.vector.is_some() {
            let with_vector = allowed.iter().copied().filter(|at| !self.records[*at].embedding.is_empty());
            candidates.extend(self.best(with_vector, breadth, |at| measured.vector[at]));
        }
        if context.session > 0.0 || context.window > 0.0 || context.question > 0.0 {
            let most = |values: &[f64]| candidates.iter().map(|at| values[*at]).fold(0.0, f64::max);
            let part = |value: f64, most: f64| if most > 0.0 { value.max(0.0) / most } else { 0.0 };
            let (words, vectors) = (most(&measured.lexical), most(&measured.vector));
            let score = |at: usize| {
                let lexical = f64::from(weights.lexical) * part(measured.lexical[at], words);
                lexical + f64::from(weights.vector) * part(measured.vector[at], vectors)
            };
            for at in self.best(candidates.clone().into_iter(), breadth * 30 / 100, score) {
                let session = self.session(at);
                let Some(place) = session.iter().position(|other| *other == at) else { continue };
                let around = session[place.saturating_sub(3)..session.len().min(place + 4)].iter();
                candidates.extend(around.copied().filter(|other| allowed.contains(other)));
            }
        }
        candidates
    }

    fn best(
        &self,
        places: impl Iterator<Item = usize>,
        n: usize,
        score: impl Fn(usize) -> f64,
    ) -> Vec<usize> {
        let mut places: Vec<usize> = places.collect();
        places.sort_by(|left, right| {
            let (one, other) = (&self.records[*left], &self.records[*right]);
            // As precise as the database is, so that equal texts are equal.
            let by_score = (score(*right) as f32).total_cmp(&(score(*left) as f32));
            by_score.then(other.timestamp.cmp(&one.timestamp)).then(one.id.cmp(&other.id))
        });
        places.truncate(n);
        places
    }

    /// B, V and M of every record.
    fn measured(&self, asked: &Asked<'_>) -> Measured {
        let all: Vec<&str> = terms(asked.text).collect();
        let useful: Vec<&str> = all.iter().copied().filter(|word| !STOP_WORDS.contains(word)).collect();
        let query = if useful.is_empty() { all } else { useful };
        let rows = self.records.len() as f64;
        let lengths: Vec<f64> = self.records.iter().map(|one| terms(&one.content).count() as f64).collect();
        let mean = lengths.iter().sum::<f64>() / rows;
        let count = |at: usize, word: &str| {
            terms(&self.records[at].content).filter(|other| *other == word).count() as f64
        };
        let idf = |word: &str| {
            let holding = (0..self.records.len()).filter(|at| count(*at, word) > 0.0).count() as f64;
            (1.0 + (rows - holding + 0.5) / (holding + 0.5)).ln()
        };
        let idfs: Vec<f64> = query.iter().map(|word| idf(word)).collect();
        let (k1, b) = (1.2, 0.6);
        let lexical = |at: usize| -> f64 {
            let norm = k1 * (1.0 - b + b * lengths[at] / mean);
            let parts = query.iter().zip(&idfs).map(|(word, idf)| {
                let count = count(at, word);
                if count > 0.0 { idf * count * (k1 + 1.0) / (count + norm) } else { 0.0 }
            });
            parts.sum()
        };
        let mut pieces: BTreeMap<u32, f64> = BTreeMap::new();
        for (word, idf) in query.iter().zip(&idfs) {
            for piece in Model::bundled().tokenize(word) {
                pieces.entry(piece).or_insert(*idf);
            }
        }
        let vector = |at: usize| asked.vector.map_or(0.0, |query| cosine(query, &self.records[at].embedding));
        let places = 0..self.records.len();
        let mut known = Known::new();
        Measured {
            lexical: places.clone().map(lexical).collect(),
            vector: places.map(vector).collect(),
            late: self.records.iter().map(|one| late(&pieces, &mut known, &one.content)).collect(),
        }
    }
}

/// The words of a text of the tests.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| *word != "?")
}

/// Similarities of pieces, computed once.
type Known = BTreeMap<(u32, u32), f64>;

/// The best window of a text, by the pieces of the query with their weights.
fn late(query: &BTreeMap<u32, f64>, known: &mut Known, text: &str) -> f64 {
    let pieces = Model::bundled().tokenize(text);
    let total: f64 = query.values().sum();
    if total == 0.0 {
        return 0.0;
    }
    let mut similarity =
        |one: u32, other: u32| *known.entry((one, other)).or_insert_with(|| similarity(one, other));
    let window = |start: usize| -> f64 {
        let inside = &pieces[start..pieces.len().min(start + 64)];
        let mut sum = 0.0;
        for (piece, weight) in query {
            sum += weight * inside.iter().map(|other| similarity(*piece, *other)).fold(0.0, f64::max);
        }
        sum
    };
    let starts = (0..pieces.len().saturating_sub(32).max(1)).step_by(32);
    starts.map(window).fold(0.0, f64::max) / total
}

fn similarity(one: u32, other: u32) -> f64 {
    let row = |piece| -> Vec<f32> {
        Model::bundled().row(piece).unwrap().iter().map(|byte| f32::from(*byte as i8)).collect()
    };
    let cosine = cosine(&row(one), &row(other));
    if cosine > 0.3 { cosine } else { 0.0 }
}

fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
    };
    if one.len() != other.len() || one.is_empty() {
        return 0.0;
    }
    dot(one, other) / (dot(one, one).sqrt() * dot(other, other).sqrt())
}

fn passes(one: &Experience, filter: &SearchFilter) -> bool {
    let kinds = filter.experience_types.as_ref();
    !(filter.exclude_archived && one.archived)
        && kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind.kind() == one.experience_type.kind()))
        && filter.domains.as_ref().is_none_or(|any| any.iter().any(|domain| one.domain.contains(domain)))
        && filter.source_agents.as_ref().is_none_or(|any| any.contains(&one.source_agent))
        && filter.min_importance.is_none_or(|least| one.importance >= least)
}
