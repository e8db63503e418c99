//! Thresholds: the exact distribution, compared with closed forms and with ten million independent pairs.

use embeddenator_vsa::limits::BLOCKS_MAX;
use embeddenator_vsa::{BlockCode, Codes, Error, Random, Shape};

use crate::shapes::shapes;

#[test]
fn chances_of_few_blocks_are_those_counted_by_hand() {
    // Two blocks of two positions: a dot product of 2 has the chance 1/4 * 1/4, and 1 has twice 1/4
    // * 1/2.
    let shape = Shape::new(2, 2).expect("a shape");
    let chances: Vec<f64> = (-3..=3).map(|dot| shape.chance(dot)).collect();
    assert_eq!(chances, [1.0, 1.0, 0.9375, 0.6875, 0.3125, 0.0625, 0.0]);
    let flat = Shape::new(3, 1).expect("a shape");
    // Three signs: 3 with 1/8, 1 with 3/8, never 2.
    let chances: Vec<f64> = (0..=3).map(|dot| flat.chance(dot)).collect();
    assert_eq!(chances, [0.5, 0.5, 0.125, 0.125]);
}

#[test]
fn threshold_is_the_smallest_dot_product_that_rare() {
    for shape in shapes() {
        let blocks = shape.blocks() as i32;
        for probability in [1.0, 0.9, 0.5, 1e-1, 1e-3, 1e-6, 1e-9, 1e-30] {
            let threshold = shape.threshold(probability).expect("a probability");
            assert!((-blocks..=blocks + 1).contains(&threshold), "{shape} {probability}: {threshold}");
            assert!(shape.chance(threshold) <= probability, "{shape} {probability}: {threshold}");
            let lower_is_more = threshold == -blocks || shape.chance(threshold - 1) > probability;
            assert!(lower_is_more, "{shape} {probability}: {threshold}");
        }
    }
}

#[test]
fn nothing_reaches_the_threshold_of_no_false_positive() {
    // The chance of equal codes of 512 blocks is 2^-4096, which an `f64` rounds to 0.
    let most = Shape::new(BLOCKS_MAX, 1).expect("a shape");
    for shape in shapes().into_iter().chain([most]) {
        assert_eq!(shape.threshold(0.0), Ok(shape.blocks() as i32 + 1), "{shape}");
        assert_eq!(shape.threshold(-0.0), Ok(shape.blocks() as i32 + 1), "{shape}");
    }
}

#[test]
fn small_probabilities_keep_their_digits() {
    // The chance of equal codes is `(2 L)^-B`, far below what the rounding of larger terms would leave.
    let shape = Shape::new(10, 100).expect("a shape");
    let exact = 200_f64.powi(-10);
    assert!((shape.chance(10) / exact - 1.0).abs() < 1e-12);
    // The largest number of blocks can be computed too, and the total probability is 1.
    let largest = Shape::new(4096, 128).expect("a shape");
    let halves = largest.chance(1) + largest.chance(0);
    assert!((halves - 1.0).abs() < 1e-12, "{halves}");
}

#[test]
fn invalid_probabilities_are_refused() {
    for probability in [-1e-9, 1.1, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Shape::DEFAULT.threshold(probability), Err(Error::Probability { probability }));
    }
    assert!(matches!(Shape::DEFAULT.threshold(f64::NAN), Err(Error::Probability { .. })));
}

/// Each code is compared once, with a query drawn for its chunk, so all `PAIRS` dot products are independent: whatever the
/// query is, its dot product with a uniformly drawn code has one distribution.
#[test]
fn false_positives_of_ten_million_independent_pairs_are_as_many_as_computed() {
    const PAIRS: usize = 10_000_000;
    const CHUNK: usize = 10_000;
    for (shape, pairs) in [(Shape::DEFAULT, PAIRS), (Shape::D10K, PAIRS / 10)] {
        let mut random = Random::new(2026);
        let mut histogram = vec![0_u64; 2 * shape.blocks() + 1];
        for _ in 0..pairs / CHUNK {
            let query = BlockCode::random(shape, &mut random);
            let codes = Codes::random(shape, CHUNK, &mut random);
            for dot in codes.dots(query.as_ref()).expect("one shape") {
                histogram[(dot + shape.blocks() as i32) as usize] += 1;
            }
        }
        let mut compared = 0;
        for probability in [0.1, 1e-2, 2e-3, 2e-4, 1e-4] {
            let threshold = shape.threshold(probability).expect("a probability");
            let found: u64 = histogram[(threshold + shape.blocks() as i32) as usize..].iter().sum();
            // A tenth of the pairs would have too few of the rarest for the second shape.
            if found >= 400 {
                let ratio = found as f64 / (shape.chance(threshold) * pairs as f64);
                println!(
                    "{shape}: {found} of {pairs} pairs reach {threshold}, {ratio:.3} of what was computed"
                );
                assert!((ratio - 1.0).abs() <= 0.12, "{shape}: {ratio} at {probability}");
                compared += 1;
            }
        }
        assert!(compared >= 2, "{shape}: too few pairs for two thresholds");
        assert_eq!(histogram.iter().sum::<u64>(), pairs as u64);
    }
}
