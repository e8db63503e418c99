//! Texts: words, meaning, late interaction and what surrounds a record, in one ranking.
//!
//! ```text
//! candidates    few rows allowed: all of them
//!               else the best by words, the best by vectors, and the neighbours of the best of both in their sessions
//! F             of each candidate: the mean of its signals, each as a part of the best candidate's
//! score         (F + s S + w W + p P + a A) / (1 + s + w + p + a)
//!               S: the best F of its session       W: that of a neighbour, less the farther it is
//!               P: F of a question right before    A: whether the query names its agent, and no other
//! ```
//!
//! Where that gives fewer hits than were asked for, there are more candidates, in the end all. `docs/pulsedb-ranking.md`
//! says it in full.

mod context;
mod names;
mod pool;
mod rank;

use pulsedb_model::Model;

use crate::error::Result;
use crate::index::{Snapshot, with_analyser};
use crate::lexical::{Bm25, Query};
use crate::limits;
use crate::model::{ContextWeights, SignalWeights};
use crate::search::filter::Allowed;
use crate::search::hit::Hit;
use crate::search::words::Words;
use crate::vector::late::LateQuery;
use crate::vector::{Isa, PreparedQuery};

use self::pool::Pool;

/// A text to be ranked by.
pub(crate) struct TextQuery<'q> {
    pub(crate) text: &'q str,
    /// The vector of the text; `None` if there is none.
    pub(crate) vector: Option<PreparedQuery>,
    pub(crate) signals: SignalWeights,
    pub(crate) context: ContextWeights,
    pub(crate) parameters: Bm25,
    /// Up to so many rows are compared without codes.
    pub(crate) exact_rows: usize,
}

/// What a text is compared with rows by: signals that have a weight and something to compare.
struct Signals<'q> {
    weights: SignalWeights,
    /// BM25 of every row, address by address.
    words: Option<Vec<f32>>,
    vector: Option<&'q PreparedQuery>,
    late: Option<LateQuery>,
}

/// The best `k` of the allowed rows that any signal scores above zero, best first.
pub(super) fn ranked(
    snapshot: &Snapshot<'_>,
    allowed: &Allowed,
    query: &TextQuery<'_>,
    k: usize,
) -> Result<Vec<Hit>> {
    let mut signals = Signals::of(snapshot, query)?;
    let named = if query.context.agent > 0.0 { names::named(snapshot.collective, query.text)? } else { None };
    let matches = allowed.count();
    let first = k.max(limits::CANDIDATES_MIN);
    let mut breadth = first;
    loop {
        let mut pool = Pool::new(snapshot, allowed, query, named);
        let is_whole = matches <= breadth.max(limits::RANKED_WHOLE_MAX);
        if is_whole {
            pool.add_all(&mut signals)?;
        } else {
            pool.add_best(&mut signals, breadth, breadth > first)?;
        }
        let hits = rank::best(&mut pool, &mut signals, k)?;
        if is_whole || hits.len() >= k {
            return Ok(hits);
        }
        breadth = breadth.saturating_mul(limits::CANDIDATES_GROWTH);
    }
}

impl<'q> Signals<'q> {
    fn of(snapshot: &Snapshot<'_>, query: &'q TextQuery<'_>) -> Result<Self> {
        let weights = query.signals;
        let vector = query.vector.as_ref().filter(|_| weights.vector > 0.0);
        let mut signals = Self { weights, words: None, vector, late: None };
        if weights.lexical > 0.0 || weights.late > 0.0 {
            let plain = with_analyser(|analyser| Query::plain(query.text, analyser));
            let words = Words::find(snapshot, plain, query.parameters)?;
            if weights.late > 0.0 {
                signals.late = late_query(&words, query.text);
            }
            if weights.lexical > 0.0 {
                signals.words = Some(words.scores(snapshot)?);
            }
        }
        Ok(signals)
    }
}

/// The distinct pieces of the words of a query, each with what its word weighs.
fn late_query(words: &Words<'_>, text: &str) -> Option<LateQuery> {
    let model = Model::bundled();
    let mut pieces: Vec<(u16, f32)> = Vec::new();
    'cuts: for (cut, term) in words.query.cuts(text) {
        for piece in model.tokenize(cut) {
            // The table has fewer rows than 2^16.
            let piece = piece as u16;
            if pieces.iter().all(|(known, _)| *known != piece) {
                if pieces.len() == limits::LATE_PIECES_MAX {
                    break 'cuts;
                }
                pieces.push((piece, words.scorer.idf(term)));
            }
        }
    }
    LateQuery::new(Isa::detect(), |piece| Model::bundled().row(u32::from(piece)), pieces)
}
