//! A text as it is compared: its words, its vector and its pieces.

use pulsedb_model::Model;

use crate::error::Result;
use crate::index::{Snapshot, with_analyser};
use crate::lexical::{Bm25, Query, Scorer};
use crate::limits;
use crate::model::{ContextWeights, SignalWeights};
use crate::search::words::Words;
use crate::vector::late::LateQuery;
use crate::vector::{Isa, PreparedQuery};

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
pub(crate) struct Signals<'q> {
    pub(crate) weights: SignalWeights,
    /// BM25 of every row, address by address.
    pub(crate) words: Option<Vec<f32>>,
    pub(crate) vector: Option<&'q PreparedQuery>,
    pub(crate) late: Option<LateQuery>,
}

impl<'q> Signals<'q> {
    pub(super) fn of(snapshot: &Snapshot<'_>, query: &'q TextQuery<'_>) -> Result<Self> {
        let weights = query.signals;
        let vector = query.vector.as_ref().filter(|_| weights.vector > 0.0);
        let mut signals = Self { weights, words: None, vector, late: None };
        if weights.lexical > 0.0 || weights.late > 0.0 {
            let plain = with_analyser(|analyser| Query::plain(query.text, analyser));
            let words = Words::find(snapshot, plain, query.parameters)?;
            if weights.late > 0.0 {
                signals.late = late_query(&words.query, &words.scorer, query.text);
            }
            if weights.lexical > 0.0 {
                signals.words = Some(words.scores(snapshot)?);
            }
        }
        Ok(signals)
    }
}

/// The distinct pieces of the words of a query, each with what its word weighs.
pub(crate) fn late_query(query: &Query, scorer: &Scorer, text: &str) -> Option<LateQuery> {
    let model = Model::bundled();
    let mut pieces: Vec<(u16, f32)> = Vec::new();
    'cuts: for (cut, term) in query.cuts(text) {
        for piece in model.tokenize(cut) {
            // The table has fewer rows than 2^16.
            let piece = piece as u16;
            if pieces.iter().all(|(known, _)| *known != piece) {
                if pieces.len() == limits::LATE_PIECES_MAX {
                    break 'cuts;
                }
                pieces.push((piece, scorer.idf(term)));
            }
        }
    }
    LateQuery::new(Isa::detect(), |piece| Model::bundled().row(u32::from(piece)), pieces)
}
