//! How the parts of a score are weighed, and what a score says of itself.

/// The shares of the three signals of a text query. They count in proportion to one another; a signal that a query or a
/// database does not have leaves the mean of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignalWeights {
    /// Words: BM25.
    pub lexical: f32,
    /// Meaning: the cosine of the vectors.
    pub vector: f32,
    /// Late interaction: each word of the query with its nearest one in the content.
    pub late: f32,
}

impl Default for SignalWeights {
    fn default() -> Self {
        Self { lexical: 1.0, vector: 1.0, late: 1.0 }
    }
}

/// How much what surrounds a record counts for a text query, beside 1 for the record itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContextWeights {
    /// The best record of its session (`source_task`).
    pub session: f32,
    /// The best of the three records before and after it in the session, nearer ones more.
    pub window: f32,
    /// The record before it in the session, if that asks a question.
    pub question: f32,
    /// That the query names the agent who recorded it.
    pub agent: f32,
}

impl ContextWeights {
    /// Each record for itself.
    pub const NONE: Self = Self { session: 0.0, window: 0.0, question: 0.0, agent: 0.0 };
}

impl Default for ContextWeights {
    fn default() -> Self {
        Self { session: 0.25, window: 0.25, question: 0.1, agent: 0.2 }
    }
}

/// How much the score of a search and the [`energy`](crate::energy) of a record count together:
/// `similarity * score + energy * energy of the record`.
///
/// For [`Query::Lexical`](crate::Query::Lexical), whose scores have no upper end, the score is divided by the best one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecallWeights {
    /// The weight of the score.
    pub similarity: f32,
    /// The weight of the energy; 0 is exactly the ranking without energy.
    pub energy: f32,
}

impl Default for RecallWeights {
    fn default() -> Self {
        Self { similarity: 0.7, energy: 0.3 }
    }
}

/// What a score is made of. `fused + session + window + question + agent + energy` is the score, and the shares of the
/// signals are `fused`, but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Explain {
    /// BM25 of the words; `None` if the query was not compared by words.
    pub lexical: Option<Signal>,
    /// The cosine; `None` if the query or the record has no vector, as of a text where callers supply the vectors.
    pub vector: Option<Signal>,
    /// Late interaction, 0 to 1; `None` if the query was not compared so.
    pub late: Option<Signal>,
    /// What the record itself adds to the score.
    pub fused: f32,
    /// What the best record of its session adds.
    pub session: f32,
    /// What its neighbours in the session add.
    pub window: f32,
    /// What the question before it adds.
    pub question: f32,
    /// What being recorded by the agent whom the query names adds.
    pub agent: f32,
    /// What its energy adds; `None` without [`RecallWeights`].
    pub energy: Option<f32>,
}

/// One signal of a hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// What was measured.
    pub raw: f32,
    /// What it adds to the score.
    pub share: f32,
}

impl Explain {
    /// Of a search by vector alone.
    pub(crate) fn of_vector(cosine: f32) -> Self {
        Self { vector: Some(Signal { raw: cosine, share: cosine }), fused: cosine, ..Self::default() }
    }

    /// Of a search by words alone.
    pub(crate) fn of_words(score: f32) -> Self {
        Self { lexical: Some(Signal { raw: score, share: score }), fused: score, ..Self::default() }
    }

    /// Every part of the score, multiplied.
    pub(crate) fn scaled(self, factor: f32) -> Self {
        let scale = |signal: Option<Signal>| {
            signal.map(|signal| Signal { raw: signal.raw, share: signal.share * factor })
        };
        Self {
            lexical: scale(self.lexical),
            vector: scale(self.vector),
            late: scale(self.late),
            fused: self.fused * factor,
            session: self.session * factor,
            window: self.window * factor,
            question: self.question * factor,
            agent: self.agent * factor,
            energy: self.energy.map(|energy| energy * factor),
        }
    }
}
