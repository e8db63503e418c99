//! Seeded codes, clusters and queries, and the oracle, which sorts all items.

use embeddenator_retrieval::{Hit, Id, Index};
use embeddenator_vsa::{BlockCode, Random, Shape};

/// A shape with few positions, for many equal scores.
pub(crate) fn tiny() -> Shape {
    Shape::new(8, 8).expect("a shape")
}

pub(crate) fn random_codes(shape: Shape, count: usize, seed: u64) -> Vec<BlockCode> {
    let mut random = Random::new(seed);
    (0..count).map(|_| BlockCode::random(shape, &mut random)).collect()
}

/// The code with this share of its blocks replaced at random.
pub(crate) fn noisy(code: &BlockCode, share: f64, random: &mut Random) -> BlockCode {
    let other = BlockCode::random(code.shape(), random);
    let pairs = code.as_bytes().iter().zip(other.as_bytes());
    let bytes: Vec<u8> =
        pairs.map(|(own, other)| if random.unit() < share { *other } else { *own }).collect();
    BlockCode::from_bytes(code.shape(), &bytes).expect("positions of the shape")
}

/// Codes in clusters, one cluster after another.
pub(crate) fn clusters(shape: Shape, count: usize, size: usize, noise: f64, seed: u64) -> Vec<BlockCode> {
    let mut random = Random::new(seed);
    let mut codes = Vec::with_capacity(count);
    for first in (0..count).step_by(size) {
        let centre = BlockCode::random(shape, &mut random);
        let members = size.min(count - first);
        codes.extend((0..members).map(|_| noisy(&centre, noise, &mut random)));
    }
    codes
}

pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = Random::new(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, random.below(last as u64 + 1) as usize);
    }
}

/// Inserts the codes under the ids 0, 1, ...
pub(crate) fn insert_all(index: &mut dyn Index<Code = BlockCode>, codes: &[BlockCode]) {
    for (id, code) in (0..).map(Id).zip(codes) {
        index.insert(id, code).expect("a new id and a code of the shape");
    }
}

/// The expected result of a search; it shares only the dot product with the indexes.
pub(crate) fn sorted(items: &[(Id, BlockCode)], query: &BlockCode, k: usize) -> Vec<Hit> {
    let score = |code: &BlockCode| code.cosine(query).expect("one shape");
    let mut hits: Vec<Hit> = items.iter().map(|(id, code)| Hit { id: *id, score: score(code) }).collect();
    hits.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.id.cmp(&right.id)));
    hits.truncate(k);
    hits
}

/// The share of the best that was found; items with equal scores count as equally good.
pub(crate) fn recall(found: &[Vec<Hit>], exact: &[Vec<Hit>]) -> f64 {
    assert_eq!(found.len(), exact.len(), "one result for each query");
    let (mut right, mut wanted) = (0, 0);
    for (found, exact) in found.iter().zip(exact) {
        let worst = exact.last().expect("something is there to be found").score;
        wanted += exact.len();
        right += found.iter().filter(|hit| hit.score >= worst).count().min(exact.len());
    }
    right as f64 / wanted as f64
}
