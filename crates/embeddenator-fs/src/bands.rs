//! Candidates by bands: signatures that agree in two neighbouring blocks are worth comparing.
//!
//! Signatures are min-hash codes, so two files of Jaccard similarity J agree in a band with probability of about J^2,
//! and in at least one of 64 bands from J = 0.25 on nearly surely (banding: Leskovec, Rajaraman, Ullman, "Mining of
//! massive datasets", 3.4).

use std::collections::HashSet;

use embeddenator_vsa::{BlockCode, CodeRef, Codes};

use crate::limits::BAND_CANDIDATES_MAX;

/// Blocks of a band.
pub(crate) const BAND_BLOCKS: usize = 2;

/// The estimated Jaccard similarity of two files, from 0 to 1.
pub(crate) fn similarity(left: &BlockCode, right: &BlockCode) -> f32 {
    left.cosine(right).unwrap_or(0.0).clamp(0.0, 1.0)
}

/// How many bands codes of so many blocks have.
pub(crate) fn bands(blocks: usize) -> usize {
    blocks / BAND_BLOCKS
}

/// What a code has in a band.
pub(crate) fn key(code: &[u8], band: usize) -> Option<[u8; BAND_BLOCKS]> {
    code.get(band * BAND_BLOCKS..(band + 1) * BAND_BLOCKS)?.try_into().ok()
}

/// Hands each pair of codes that agree in a band to `take` once, with their similarity.
pub(crate) fn pairs(codes: &[BlockCode], mut take: impl FnMut(u32, u32, f32)) {
    let blocks = codes.first().map_or(0, |code| code.as_bytes().len());
    let mut seen: HashSet<(u32, u32)> = HashSet::new();
    for band in 0..bands(blocks) {
        let keyed = (0..).zip(codes).filter_map(|(at, code)| Some((key(code.as_bytes(), band)?, at)));
        let mut keyed: Vec<([u8; BAND_BLOCKS], u32)> = keyed.collect();
        keyed.sort_unstable();
        for bucket in keyed.chunk_by(|left, right| left.0 == right.0) {
            for (at, (_, left)) in bucket.iter().enumerate() {
                for (_, right) in bucket.iter().skip(at + 1).take(BAND_CANDIDATES_MAX) {
                    if seen.insert((*left, *right))
                        && let (Some(one), Some(other)) =
                            (codes.get(*left as usize), codes.get(*right as usize))
                    {
                        take(*left, *right, similarity(one, other));
                    }
                }
            }
        }
    }
}

/// Hands each code of `asked` and each of `stored` that agrees with it in a band to `take`, with their dot product; a
/// pair may come more than once.
pub(crate) fn candidates(stored: &Codes, asked: &[&BlockCode], mut take: impl FnMut(u32, u32, i32)) {
    let blocks = stored.shape().blocks();
    for band in 0..bands(blocks) {
        let keyed = (0..).zip(stored.iter());
        let keyed =
            keyed.filter_map(|(at, code): (u32, CodeRef<'_>)| Some((key(code.as_bytes(), band)?, at)));
        let mut keyed: Vec<([u8; BAND_BLOCKS], u32)> = keyed.collect();
        keyed.sort_unstable();
        for (number, code) in (0..).zip(asked) {
            let Some(wanted) = key(code.as_bytes(), band) else { continue };
            let end = keyed.partition_point(|(key, _)| *key <= wanted);
            // The newest ones are the likeliest.
            let bucket = keyed.get(..end).unwrap_or_default().iter().rev();
            for (_, at) in bucket.take_while(|(key, _)| *key == wanted).take(BAND_CANDIDATES_MAX) {
                if let Some(other) = stored.get(*at as usize)
                    && let Ok(dot) = other.dot(*code)
                {
                    take(number, *at, dot);
                }
            }
        }
    }
}
