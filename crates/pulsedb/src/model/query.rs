//! What a search asks and what it answers.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::{AgentId, TaskId};
use crate::model::experience::Experience;
use crate::model::experience_type::ExperienceType;

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Query<'a> {
    /// A text, embedded by the database's embedder and compared by meaning.
    Text(&'a str),
    /// A vector of the database's dimension.
    Vector(&'a [f32]),
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

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOptions {
    /// How many results, 1 to 1000.
    pub k: usize,
    /// Which experiences may be found.
    pub filter: SearchFilter,
    /// Compare every match exactly instead of narrowing vectors down by their codes first.
    pub exact: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { k: 10, filter: SearchFilter::default(), exact: false }
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
    /// The score that ranked it: the cosine of the two vectors, -1 to 1, or BM25, above 0, for a search by words.
    pub similarity: f32,
}
