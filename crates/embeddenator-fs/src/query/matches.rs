//! What bytes have in common with a fragment: found by fingerprints, extended and compared byte by byte.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::fingerprint::{PIECE_BYTES, fingerprints};

/// Places of one fingerprint in the fragment that are tried: more are repetitions of each other.
const PLACES_MAX: usize = 16;

/// Parts that bytes may have in common with the fragment: more only where both repeat themselves, and each costs a
/// comparison as long as it is.
const MATCHES_MAX: usize = 1024;

/// A fragment with its fingerprints.
#[derive(Debug)]
pub(super) struct Fragment<'a> {
    bytes: &'a [u8],
    places: HashMap<u32, Vec<usize>>,
}

/// A part of the fragment that was found, and where it begins in what was looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) part: Range<usize>,
    pub(super) at: usize,
}

impl<'a> Fragment<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        fingerprints(bytes, |place, value| {
            let of_value = places.entry(value).or_default();
            if of_value.len() < PLACES_MAX {
                of_value.push(place);
            }
        });
        Self { bytes, places }
    }

    /// How long it is.
    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Its fingerprints.
    pub(super) fn wanted(&self) -> HashSet<u32> {
        self.places.keys().copied().collect()
    }

    /// What `text` has in common with it.
    pub(super) fn matches(&self, text: &[u8]) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        fingerprints(text, |at, value| {
            for place in self.places.get(&value).into_iter().flatten() {
                let known = |it: &Match| it.part.contains(place) && it.part.start + at == it.at + place;
                if found.len() < MATCHES_MAX
                    && !found.iter().rev().take(2 * PLACES_MAX).any(known)
                    && let Some(extended) = self.extend(*place, text, at)
                {
                    found.push(extended);
                }
            }
        });
        // A fragment of fewer bytes than fingerprints are sure of.
        if found.is_empty() && self.length() < 2 * PIECE_BYTES + 254 && self.length() <= text.len() {
            let at = text.windows(self.length().max(1)).position(|window| window == self.bytes);
            found.extend(at.filter(|_| self.length() > 0).map(|at| Match { part: 0..self.length(), at }));
        }
        found
    }

    /// The longest part around a piece that is equal in both.
    fn extend(&self, place: usize, text: &[u8], at: usize) -> Option<Match> {
        let (before, behind) = self.bytes.split_at_checked(place)?;
        let (text_before, text_behind) = text.split_at_checked(at)?;
        let same = |(left, right): &(&u8, &u8)| left == right;
        let forward = behind.iter().zip(text_behind).take_while(same).count();
        if forward < PIECE_BYTES {
            return None;
        }
        let back = before.iter().rev().zip(text_before.iter().rev()).take_while(same).count();
        Some(Match { part: place - back..place + forward, at: at - back })
    }
}

/// How many bytes of the fragment parts have together.
pub(super) fn covered(parts: &mut [Range<usize>]) -> usize {
    parts.sort_by_key(|part| (part.start, part.end));
    let (mut sum, mut end) = (0, 0);
    for part in parts {
        sum += part.end.saturating_sub(part.start.max(end));
        end = end.max(part.end);
    }
    sum
}

#[cfg(test)]
mod tests {
    use embeddenator_vsa::Random;

    use super::*;

    #[test]
    fn parts_on_both_sides_of_an_inserted_byte_are_found() {
        let mut random = Random::new(1);
        let text: Vec<u8> = (0..20_000).map(|_| random.below(256) as u8).collect();
        let fragment = [&text[7000..7600], &[0], &text[7600..8200]].concat();
        let fragment = Fragment::new(&fragment);
        let found = fragment.matches(&text);
        let mut parts: Vec<Range<usize>> = found.iter().map(|it| it.part.clone()).collect();
        assert!(covered(&mut parts) >= 1200, "{found:?}");
        assert!(found.iter().any(|it| it.at == 7000));
    }

    #[test]
    fn bytes_that_repeat_themselves_are_compared_a_bounded_number_of_times() {
        let mut random = Random::new(2);
        let period: Vec<u8> = (0..400).map(|_| random.below(256) as u8).collect();
        let (text, bytes) = (period.repeat(2000), period.repeat(100));
        let found = Fragment::new(&bytes).matches(&text);
        assert!(found.len() <= MATCHES_MAX && found.iter().any(|it| it.part == (0..bytes.len())));
    }

    #[test]
    fn overlapping_parts_count_once() {
        assert_eq!(covered(&mut [5..10, 0..7, 20..30, 22..25]), 20);
        assert_eq!(covered(&mut []), 0);
    }
}
