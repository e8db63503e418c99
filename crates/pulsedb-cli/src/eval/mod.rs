//! Retrieval on conversations: turns with their questions, and how much of each question's evidence is found.

mod data;
mod score;

pub(crate) use data::{Question, Turn, read};
pub(crate) use score::{Score, Scores};
