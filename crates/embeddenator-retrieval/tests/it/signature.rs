//! Signatures: the threshold separates near-duplicates from the rest.

use embeddenator_retrieval::{Error, Hit, Id, Signatures};
use embeddenator_vsa::{BlockCode, Shape};

use crate::data::random_codes;

/// The first blocks of one code and the rest of another: apart from chance, it agrees with the
/// first in this share of blocks.
fn mixed(left: &BlockCode, right: &BlockCode, blocks: usize) -> BlockCode {
    let bytes: Vec<u8> =
        left.as_bytes()[..blocks].iter().chain(&right.as_bytes()[blocks..]).copied().collect();
    BlockCode::from_bytes(left.shape(), &bytes).expect("positions of the shape")
}

#[test]
fn all_at_or_above_the_threshold_are_found_best_first_and_no_others() {
    let codes = random_codes(Shape::DEFAULT, 102, 1);
    let (file, other) = (&codes[100], &codes[101]);
    let mut signatures = Signatures::new(Shape::DEFAULT);
    for (id, code) in (0..100).map(Id).zip(&codes) {
        signatures.insert(id, code).expect("a new id");
    }
    let copies = [(500, 64), (400, 128), (300, 96), (200, 96), (600, 63)];
    for (id, blocks) in copies {
        signatures.insert(Id(id), &mixed(file, other, blocks)).expect("a new id");
    }
    let score = |blocks| {
        let mixed = mixed(file, other, blocks);
        mixed.cosine(file).expect("one shape")
    };
    let expected: Vec<Hit> = [(400, 128), (200, 96), (300, 96), (500, 64)]
        .map(|(id, blocks)| Hit { id: Id(id), score: score(blocks) })
        .to_vec();
    assert_eq!(signatures.near_duplicates(file, score(64)).expect("a threshold"), expected);
    assert_eq!(signatures.near_duplicates(file, 1.0).expect("a threshold"), expected[..1]);
    assert!(signatures.near_duplicates(file, 0.0).expect("a threshold").len() > 10);
    signatures.remove(Id(400)).expect("it was inserted");
    assert_eq!(signatures.near_duplicates(file, score(64)).expect("a threshold"), expected[1..]);
    assert_eq!(Signatures::from(signatures.into_flat()).len(), 104);
}

#[test]
fn thresholds_outside_of_0_to_1_are_refused() {
    let signatures = Signatures::new(Shape::DEFAULT);
    for threshold in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        let refused = signatures.near_duplicates(&BlockCode::identity(Shape::DEFAULT), threshold);
        assert!(matches!(refused, Err(Error::Threshold { .. })), "{threshold}");
    }
}
