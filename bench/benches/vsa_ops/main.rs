//! The algebra and the encoders of the vector crate, compared with the published peer's.

mod codes;
mod encoders;
mod hierarchy;
mod sparse;

use embeddenator_bench::{INPUTS, Signs};
use embeddenator_vsa::Random;
use peer_vsa::SparseVec;

/// The peer's default dimension, and the entries of a vector that is 1% full.
const DIMENSION: usize = peer_vsa::DIM;
const NON_ZERO: usize = 100;
/// The number of vectors to bundle.
const BUNDLED: usize = 16;
const SHIFT: usize = 1234;

/// Vectors with the peer's default dimension, as plain lists and in the peer's form.
struct Vectors {
    plain: [(Signs, Signs); INPUTS],
    peers: [(SparseVec, SparseVec); INPUTS],
}

fn main() {
    let mut criterion = embeddenator_bench::criterion();
    let mut random = Random::new(1);
    let plain: [(Signs, Signs); INPUTS] = std::array::from_fn(|_| {
        let mut vector = || Signs::random(&mut random, DIMENSION, NON_ZERO);
        (vector(), vector())
    });
    let peers = std::array::from_fn(|at| (plain[at].0.peer(), plain[at].1.peer()));
    let vectors = Vectors { plain, peers };
    codes::measure(&mut criterion, &mut random);
    sparse::measure(&mut criterion, &vectors);
    encoders::measure(&mut criterion, &mut random);
    hierarchy::measure(&mut criterion, &mut random);
    criterion.final_summary();
}
