//! Hits of one document that say nearly the same: the best of them stands for all.

use std::collections::HashSet;

use pulsedb::{Experience, SearchResult};

use crate::output::experience::body;
use crate::provenance::SOURCE_TAG;

/// Two texts that share this part of their words, of all that either has, say nearly the same.
const SHARED_MIN: f64 = 0.7;

/// For each hit, the place of the better hit of the same document that says nearly the same, if there is one. That one
/// has none itself.
pub(crate) fn folds(hits: &[SearchResult]) -> Vec<Option<usize>> {
    let words: Vec<HashSet<String>> = hits.iter().map(|hit| words(body(&hit.experience))).collect();
    let mut folds: Vec<Option<usize>> = Vec::with_capacity(hits.len());
    for (at, hit) in hits.iter().enumerate() {
        let better = (0..at).find(|better| {
            folds[*better].is_none()
                && are_of_one_document(&hits[*better].experience, &hit.experience)
                && are_alike(&words[*better], &words[at])
        });
        folds.push(better);
    }
    folds
}

fn are_of_one_document(one: &Experience, other: &Experience) -> bool {
    let source = one.tags.get(SOURCE_TAG);
    source.is_some() && source == other.tags.get(SOURCE_TAG)
}

fn are_alike(one: &HashSet<String>, other: &HashSet<String>) -> bool {
    let shared = one.intersection(other).count();
    let all = one.len() + other.len() - shared;
    all > 0 && shared as f64 >= SHARED_MIN * all as f64
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
