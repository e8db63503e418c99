//! Texts: the same ranking as the database's, of candidates that are stored elsewhere.

use std::collections::HashMap;

use super::energy::Ranked;
use super::words::{Scorer, Words};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::limits;
use crate::model::{ContextWeights, SignalWeights};
use crate::search::{
    Candidates, Measured, Rank, Signals, best_of_text, best_without_late, late_query, named_of, window,
};
use crate::vector::late::LateQuery;
use crate::vector::{Isa, PreparedQuery};

/// A record that may be a hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which one.
    pub id: ExperienceId,
    /// Its time.
    pub timestamp: Timestamp,
    /// Its BM25 score, 0 if it holds no word of the query.
    pub lexical: f32,
    /// Its cosine; `None` where one of the two has no vector.
    pub vector: Option<f32>,
    /// Its pieces.
    pub pieces: Vec<u16>,
    /// Its session.
    pub session: Option<String>,
    /// Whether its content ends with a question mark.
    pub asks: bool,
    /// Whether the query names its agent.
    pub is_named: bool,
    /// The records before it in its session, nearest first, candidates or not.
    pub before: Vec<ExperienceId>,
    /// Those after it.
    pub after: Vec<ExperienceId>,
}

/// A text, ready to rank candidates.
#[derive(Debug)]
pub struct TextRanking {
    weights: SignalWeights,
    context: ContextWeights,
    vector: Option<PreparedQuery>,
    late: Option<LateQuery>,
}

impl TextRanking {
    /// A text with its words, what they weigh, and its vector if there is one.
    pub fn new(
        text: &str,
        (words, scorer): (&Words, &Scorer),
        vector: Option<&[f32]>,
        weights: SignalWeights,
        context: ContextWeights,
    ) -> Self {
        let vector = vector.filter(|_| weights.vector > 0.0);
        let vector = vector.and_then(|vector| PreparedQuery::new(Isa::detect(), vector));
        let late = if weights.late > 0.0 { late_query(words.query(), &scorer.0, text) } else { None };
        Self { weights, context, vector, late }
    }

    /// The places of the best `n` candidates by words and vectors alone, best first.
    pub fn best_without_late(&self, candidates: &[Candidate], n: usize) -> Vec<usize> {
        best_without_late(&measured(candidates, &[]), self.weights, n)
    }

    /// The best `k` candidates that a signal scores above zero, best first.
    ///
    /// # Errors
    /// None in this version.
    pub fn best(&mut self, candidates: &[Candidate], k: usize) -> Result<Vec<Ranked>> {
        let mut pool = Pool::of(candidates, self.context);
        let words = (self.weights.lexical > 0.0).then(Vec::new);
        let (vector, late) = (self.vector.as_ref(), self.late.take());
        let mut signals = Signals { weights: self.weights, words, vector, late };
        let hits = best_of_text(&mut pool, &mut signals, k);
        self.late = signals.late;
        let timed = |hit: &crate::search::Hit| Ranked::of(hit, candidates[hit.address as usize].timestamp);
        Ok(hits?.iter().map(timed).collect())
    }
}

/// The one agent of these whom a query names.
pub fn named_agent<'a>(agents: impl IntoIterator<Item = &'a str>, query: &str) -> Option<&'a str> {
    named_of(agents, query)
}

fn measured(candidates: &[Candidate], late: &[f32]) -> Vec<Measured> {
    let of = |(at, one): (usize, &Candidate)| Measured {
        address: at as u32,
        rank: Rank::new(one.timestamp, one.id),
        lexical: one.lexical,
        vector: one.vector,
        late: late.get(at).copied().unwrap_or(0.0),
    };
    candidates.iter().enumerate().map(of).collect()
}

struct Pool<'c> {
    candidates: &'c [Candidate],
    context: ContextWeights,
    late: Vec<f32>,
    places: HashMap<ExperienceId, usize>,
    sessions: HashMap<&'c str, usize>,
}

impl<'c> Pool<'c> {
    fn of(candidates: &'c [Candidate], context: ContextWeights) -> Self {
        let places = candidates.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
        let mut sessions = HashMap::new();
        for session in candidates.iter().filter_map(|one| one.session.as_deref()) {
            let next = sessions.len();
            sessions.entry(session).or_insert(next);
        }
        Self { candidates, context, late: Vec::new(), places, sessions }
    }
}

impl Candidates for Pool<'_> {
    fn context(&self) -> ContextWeights {
        self.context
    }

    fn measured(&self) -> Vec<Measured> {
        measured(self.candidates, &self.late)
    }

    fn compare_late(&mut self, signals: &mut Signals<'_>) -> Result<()> {
        let Some(late) = &mut signals.late else { return Ok(()) };
        self.candidates.iter().for_each(|one| late.meet(one.pieces.iter().copied()));
        late.learn();
        self.late = self.candidates.iter().map(|one| late.score(one.pieces.iter().copied())).collect();
        Ok(())
    }

    fn session(&mut self, place: usize) -> Result<Option<usize>> {
        let session = self.candidates[place].session.as_deref();
        Ok(session.and_then(|session| self.sessions.get(session).copied()))
    }

    fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn is_named(&mut self, place: usize) -> Result<bool> {
        Ok(self.candidates[place].is_named)
    }

    fn window(&mut self, place: usize, fused: &[f32]) -> Result<(f32, f32)> {
        let one = &self.candidates[place];
        let places = |side: &[ExperienceId]| -> [Option<usize>; limits::WINDOW_RECORDS] {
            std::array::from_fn(|at| side.get(at).and_then(|id| self.places.get(id).copied()))
        };
        let sides = [places(&one.before), places(&one.after)];
        let asks = sides[0][0].is_some_and(|before| self.candidates[before].asks);
        Ok(window(sides, asks, fused))
    }
}
