//! Whether a memory is about a prompt, and not only the best of what there is.
//!
//! ```text
//! share   the part of what the prompt says that has a like in the memory, rare words weighing more: M of docs/pulsedb-ranking.md
//! words   how much they have in common, in words that no other memory has: B, divided by the idf of one such word
//! about   share + cosine / 4 + 0.4 * min(words, 1.5)
//! ```
//!
//! The share alone lets short prompts through, of which one common word is most; the words alone let long ones through,
//! which have some words in common with everything; the cosine of short texts is high for many.

use pulsedb::SearchResult;

/// How much a memory has to be about a prompt. `cargo bench -p pulsedb-cli --bench relevance` says what that lets through,
/// and what other bounds would.
pub(crate) const LEAST: f32 = 1.1;
const COSINE_WEIGHT: f32 = 0.25;
const WORDS_WEIGHT: f32 = 0.4;
/// More words in common say no more.
const WORDS_MAX: f32 = 1.5;

/// How much a hit, whose score is explained, is about the prompt, in a collective of so many records.
pub(crate) fn about(hit: &SearchResult, records: u64) -> f32 {
    let Some(explain) = &hit.explain else { return 0.0 };
    let raw = |signal: Option<pulsedb::Signal>| signal.map_or(0.0, |it| it.raw);
    // The idf of a word that one record has.
    let of_one = ((records as f32 - 0.5).max(0.5) / 1.5).ln_1p();
    let words = raw(explain.lexical) / of_one;
    raw(explain.late) + COSINE_WEIGHT * raw(explain.vector) + WORDS_WEIGHT * words.min(WORDS_MAX)
}
