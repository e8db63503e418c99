//! What a search asks and what it answers.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::{AgentId, TaskId};
use crate::model::experience::Experience;
use crate::model::experience_type::ExperienceType;
use crate::model::ranking::{ContextWeights, Explain, RecallWeights, SignalWeights};

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Query<'a> {
    /// A text: ranked by its words, its meaning and what stands beside a record in one score. Where callers supply the
    /// vectors of a database, words and late interaction rank alone. Signs mean nothing in it.
    Text(&'a str),
    /// A vector of the database's dimension.
    Vector(&'a [f32]),
    /// A text with a vector of the caller's in place of the embedder's.
    Hybrid {
        /// The text, as of [`Text`](Self::Text).
        text: &'a str,
        /// A vector of the database's dimension.
        vector: &'a [f32],
    },
    /// Words, compared with those of the contents by BM25. `"a phrase"` must stand in a hit as it is, `-word` must
    /// not, `begin*` stands for every word that begins so.
    Lexical(&'a str),
}

impl<'a> From<&'a str> for Query<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [f32]> for Query<'a> {
    fn from(vector: &'a [f32]) -> Self {
        Self::Vector(vector)
    }
}

/// A [`Query`] that owns its parts, for callers that keep it.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedQuery {
    /// See [`Query::Text`].
    Text(String),
    /// See [`Query::Vector`].
    Vector(Vec<f32>),
    /// See [`Query::Hybrid`].
    Hybrid {
        /// The text.
        text: String,
        /// A vector of the database's dimension.
        vector: Vec<f32>,
    },
    /// See [`Query::Lexical`].
    Lexical(String),
}

impl OwnedQuery {
    /// The query, borrowed.
    ///
    /// ```
    /// use pulsedb::{OwnedQuery, Query};
    /// assert_eq!(OwnedQuery::from("disk full").as_query(), Query::Text("disk full"));
    /// ```
    pub fn as_query(&self) -> Query<'_> {
        match self {
            Self::Text(text) => Query::Text(text),
            Self::Vector(vector) => Query::Vector(vector),
            Self::Hybrid { text, vector } => Query::Hybrid { text, vector },
            Self::Lexical(text) => Query::Lexical(text),
        }
    }
}

impl From<&str> for OwnedQuery {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Query<'_>> for OwnedQuery {
    fn from(query: Query<'_>) -> Self {
        match query {
            Query::Text(text) => Self::Text(text.to_owned()),
            Query::Vector(vector) => Self::Vector(vector.to_vec()),
            Query::Hybrid { text, vector } => Self::Hybrid { text: text.to_owned(), vector: vector.to_vec() },
            Query::Lexical(text) => Self::Lexical(text.to_owned()),
        }
    }
}

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// How many results, 1 to 1000.
    pub k: usize,
    /// Which experiences may be found.
    pub filter: SearchFilter,
    /// How much energy counts beside the score; `None` means
    /// [`DecayConfig::default_recall_weights`](crate::DecayConfig).
    pub weights: Option<RecallWeights>,
    /// The shares of the signals of a text; `None` means those of [`SearchConfig`](crate::SearchConfig).
    pub signals: Option<SignalWeights>,
    /// How much the context of a record counts for a text; `None` means that of [`SearchConfig`](crate::SearchConfig).
    pub context: Option<ContextWeights>,
    /// Compare every match exactly instead of narrowing vectors down by their codes first.
    pub exact: bool,
    /// Say of each hit what its score is made of.
    pub explain: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            filter: SearchFilter::default(),
            weights: None,
            signals: None,
            context: None,
            exact: false,
            explain: false,
        }
    }
}

/// Which experiences may be found: those that meet every condition that is given.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchFilter {
    /// At least one of these is among the experience's domains.
    pub domains: Option<Vec<String>>,
    /// The experience has all of these tags with these values.
    pub tags_all: Option<BTreeMap<String, String>>,
    /// The experience is of one of these variants; the contents of a variant are not compared.
    pub experience_types: Option<Vec<ExperienceType>>,
    /// One of these agents recorded it.
    pub source_agents: Option<Vec<AgentId>>,
    /// It belongs to one of these tasks, sessions or conversations.
    pub source_tasks: Option<Vec<TaskId>>,
    /// Its key begins with this.
    pub key_prefix: Option<String>,
    /// Its importance is at least this.
    pub min_importance: Option<f32>,
    /// Its confidence is at least this.
    pub min_confidence: Option<f32>,
    /// Its timestamp is at or after this.
    pub since: Option<Timestamp>,
    /// Its timestamp is at or before this.
    pub until: Option<Timestamp>,
    /// Archived experiences are left out; true by default.
    pub exclude_archived: bool,
    /// Superseded experiences are found too; false by default.
    pub include_superseded: bool,
}

impl Default for SearchFilter {
    fn default() -> Self {
        Self {
            domains: None,
            tags_all: None,
            experience_types: None,
            source_agents: None,
            source_tasks: None,
            key_prefix: None,
            min_importance: None,
            min_confidence: None,
            since: None,
            until: None,
            exclude_archived: true,
            include_superseded: false,
        }
    }
}

/// One hit.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResult {
    /// The experience, whole.
    pub experience: Experience,
    /// The score that ranked it. For a vector: the cosine, -1 to 1. For [`Query::Lexical`]: BM25, above 0. For a text:
    /// the signals and the context in one, above 0, up to 1. With [`RecallWeights`]: the weighted sum with the energy.
    pub similarity: f32,
    /// What the score is made of, if [`SearchOptions::explain`] asks for it.
    pub explain: Option<Explain>,
}
