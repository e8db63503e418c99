//! Fingerprints of bytes: a few hashes of short pieces, chosen so that what two texts share has some in common.
//!
//! Winnowing (Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003): of
//! the hashes of each 255 pieces of 32 bytes that follow each other the smallest is chosen. Whatever has 286 bytes or more in
//! common has a fingerprint in common, wherever it lies, at about one fingerprint for 128 bytes.

use std::collections::VecDeque;

/// Bytes of a piece.
pub(crate) const PIECE_BYTES: usize = 32;
/// Pieces of which one is chosen.
pub(crate) const WINDOW: usize = 255;
/// A base of the rolling hash: odd, and with bits all over.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hands the place of each fingerprint and the fingerprint to `take`; equal ones that follow each other once.
pub(crate) fn fingerprints(bytes: &[u8], mut take: impl FnMut(usize, u32)) {
    let leaving = (0..PIECE_BYTES).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0_u64;
    // Places and values of those that may still be the smallest, ascending in both.
    let mut window: VecDeque<(usize, u32)> = VecDeque::with_capacity(WINDOW);
    let (mut chosen, mut last) = (usize::MAX, None);
    let mut choose = |(place, value): (usize, u32)| {
        if place != chosen && last != Some(value) {
            take(place, value);
        }
        (chosen, last) = (place, Some(value));
    };
    let outgoing = std::iter::repeat_n(&0, PIECE_BYTES).chain(bytes);
    for (at, (byte, out)) in bytes.iter().zip(outgoing).enumerate() {
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte) + 1);
        if at + 1 > PIECE_BYTES {
            hash = hash.wrapping_sub(leaving.wrapping_mul(u64::from(*out) + 1));
        }
        let Some(place) = (at + 1).checked_sub(PIECE_BYTES) else { continue };
        let value = ((hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32;
        while window.back().is_some_and(|(_, other)| *other > value) {
            window.pop_back();
        }
        window.push_back((place, value));
        if window.front().is_some_and(|(first, _)| first + WINDOW <= place) {
            window.pop_front();
        }
        if place + 1 >= WINDOW
            && let Some(smallest) = window.front()
        {
            choose(*smallest);
        }
    }
    let pieces = (bytes.len() + 1).saturating_sub(PIECE_BYTES);
    if pieces < WINDOW
        && let Some(smallest) = window.front()
    {
        choose(*smallest);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use embeddenator_vsa::Random;

    use super::*;

    fn values(bytes: &[u8]) -> Vec<u32> {
        let mut values = Vec::new();
        fingerprints(bytes, |_, value| values.push(value));
        values
    }

    #[test]
    fn whatever_has_286_bytes_in_common_has_a_fingerprint_in_common() {
        let mut random = Random::new(7);
        let bytes: Vec<u8> = (0..100_000).map(|_| random.below(256) as u8).collect();
        let all: HashSet<u32> = values(&bytes).into_iter().collect();
        assert!((700..860).contains(&all.len()), "{}", all.len());
        for _ in 0..200 {
            let start = random.below(99_000) as usize;
            let shared = &bytes[start..start + PIECE_BYTES + WINDOW - 1];
            let other = [&[3; 500][..], shared, &[4; 500]].concat();
            assert!(values(&other).iter().any(|value| all.contains(value)), "{start}");
        }
    }

    #[test]
    fn places_are_those_of_the_pieces_and_short_texts_have_one() {
        let mut random = Random::new(8);
        let bytes: Vec<u8> = (0..5000).map(|_| random.below(256) as u8).collect();
        fingerprints(&bytes, |place, value| {
            assert_eq!(values(&bytes[place..place + PIECE_BYTES]), [value]);
        });
        assert_eq!(values(&bytes[..31]), Vec::<u32>::new());
        assert_eq!(values(&bytes[..200]).len(), 1);
        assert_eq!(values(&[0; 10_000]).len(), 1);
    }
}
