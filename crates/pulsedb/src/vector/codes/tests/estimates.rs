//! What codes say of vectors: estimates without bias, bounds that hold, and the same bits everywhere.

use super::super::frame::Split;
use super::super::shape::Shape;
use super::{CodeQuery, Frame, Random, Rows, centroid};
use crate::vector::{Isa, PreparedQuery};

const DIMENSIONS: [usize; 12] = [1, 2, 3, 63, 64, 65, 256, 384, 448, 768, 1536, 4096];

fn split(frame: &Frame, vector: &[f32]) -> Split {
    frame.split(vector.iter().copied())
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

#[test]
fn rotation_keeps_products_and_spreads_every_vector() {
    for dimension in DIMENSIONS {
        let frame = Frame::new(dimension, &vec![0.0; dimension]);
        let mut random = Random::new(1);
        let (left, right) = (random.unit(dimension), random.unit(dimension));
        let (rotated, other) = (split(&frame, &left).residual, split(&frame, &right).residual);
        assert_eq!(rotated.len(), dimension.div_ceil(64) * 64);
        assert!((dot(&rotated, &other) - dot(&left, &right)).abs() < 1e-5, "{dimension}");
        // One component alone comes out with no component above six standard deviations.
        for axis in [0, dimension / 2, dimension - 1] {
            let mut basis = vec![0.0; dimension];
            basis[axis] = 1.0;
            let rotated = split(&frame, &basis).residual;
            let largest = rotated.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
            assert!(
                f64::from(largest) * (rotated.len() as f64).sqrt() < 6.0,
                "{dimension}, {axis}: {largest}"
            );
        }
    }
}

/// The code of fixed vectors, so that no change of the rotation or of the layout goes unnoticed.
#[test]
fn codes_have_the_same_bits_on_every_machine() {
    let digests = [3, 256, 384].map(|dimension| {
        let mut random = Random::new(9);
        let frame = Frame::new(dimension, &random.unit(dimension));
        let code = frame.encode(&random.unit(dimension)).expect("a vector with a norm");
        xxhash_rust::xxh3::xxh3_64(&code)
    });
    assert_eq!(digests, [0xb1fd_ed06_b6b7_4ba3, 0x2b37_7b76_facb_fc97, 0x62a1_9236_199e_3d38]);
}

#[test]
fn code_has_the_documented_length() {
    for (dimension, words, code, group, record) in
        [(1, 1, 92, 96, 80), (256, 4, 308, 288, 272), (384, 6, 452, 416, 400), (4096, 64, 4628, 4128, 4112)]
    {
        let shape = Shape::new(dimension);
        assert_eq!(
            (shape.words(), shape.code_bytes(), shape.group_bytes(), shape.record_bytes()),
            (words, code, group, record)
        );
        let vector = vec![1.0; dimension];
        let made = Frame::new(dimension, &vector).encode(&vector).expect("a vector with a norm");
        assert_eq!(made.len(), code);
    }
}

/// The errors of many pairs, in units of what their bounds allow.
fn errors(dimension: usize, centre_weight: f32) -> Vec<(f64, f64)> {
    let mut random = Random::new(3 + dimension as u64);
    let centre = random.unit(dimension);
    let mut vector = move || -> Vec<f32> {
        let own = random.unit(dimension);
        centre.iter().zip(own).map(|(shared, own)| centre_weight * shared + own).collect()
    };
    let rows = Rows::new(dimension, 600, &mut vector);
    let mut errors = Vec::new();
    for _ in 0..20 {
        let query = vector();
        let (prepared, codes) = rows.query(Isa::detect(), &query);
        let slots: Vec<u32> = (0..rows.count() as u32).collect();
        let mut exact = Vec::new();
        let Ok(()) = rows.score(&prepared)(&slots, &mut exact);
        let mut row = 0;
        for block in rows.blocks() {
            let mut survivors = Vec::new();
            for (chunk, groups) in block.chunks().enumerate() {
                codes.survivors(groups, u64::MAX, f32::NEG_INFINITY, 64 * chunk as u32, &mut survivors);
            }
            for survivor in &survivors[..block.rows()] {
                let estimate = codes.refine(block.record(survivor.row as usize)).expect("a sound record");
                let wrong = f64::from(estimate.cosine - exact[row]);
                errors.push((wrong / f64::from(estimate.error), f64::from(survivor.upper - exact[row])));
                row += 1;
            }
        }
    }
    errors
}

#[test]
fn bounds_hold_and_estimates_have_no_bias() {
    for dimension in [2, 64, 100, 256, 384, 1536] {
        for centre_weight in [0.0, 1.5] {
            let errors = errors(dimension, centre_weight);
            let count = errors.len() as f64;
            let outside = errors.iter().filter(|(error, _)| error.abs() > 1.0).count();
            assert!((outside as f64) < 0.001 * count, "{dimension}: {outside} refined bounds do not hold");
            // 2.5 standard deviations: 0.6% lie beyond on one side.
            let above = errors.iter().filter(|(_, distance)| *distance < 0.0).count() as f64 / count;
            assert!(
                above < 0.012,
                "{dimension}, centre {centre_weight}: {above} of the bits' bounds do not hold"
            );
            let bias = errors.iter().map(|(error, _)| error).sum::<f64>() / count;
            assert!(bias.abs() < 0.03, "{dimension}: {bias} of the bound");
        }
    }
}

#[test]
fn vector_on_the_axis_is_known_exactly() {
    for dimension in [1, 64, 384] {
        let axis = Random::new(5).unit(dimension);
        let frame = Frame::new(dimension, &axis);
        let query = PreparedQuery::new(Isa::detect(), &axis).expect("a query with a norm");
        let codes = CodeQuery::new(&frame, &query);
        let opposite: Vec<f32> = axis.iter().map(|component| -component).collect();
        for (vector, cosine) in [(&axis, 1.0), (&opposite, -1.0)] {
            let code = frame.encode(vector).expect("a vector with a norm");
            let record = &code[code.len() - frame.shape().record_bytes()..];
            let estimate = codes.refine(record).expect("a sound record");
            assert!((estimate.cosine - cosine).abs() <= estimate.error, "{estimate:?}");
            assert!(estimate.error < 1e-4, "{estimate:?}");
        }
    }
}

#[test]
fn vectors_of_any_length_are_coded_by_their_direction() {
    let vector = Random::new(6).unit(384);
    let frame = Frame::new(384, &Random::new(7).unit(384));
    let code = frame.encode(&vector).expect("a vector with a norm");
    for exponent in [-90, -30, 30, 100] {
        let scaled: Vec<f32> = vector.iter().map(|component| component * 2.0_f32.powi(exponent)).collect();
        assert_eq!(frame.encode(&scaled).as_ref(), Some(&code), "2^{exponent}");
    }
    for nothing in [vec![], vec![0.0; 384], vec![f32::NAN; 384], vec![f32::INFINITY; 384]] {
        assert_eq!(frame.encode(&nothing), None);
    }
}

#[test]
fn centroid_is_the_mean_direction() {
    let vectors = [&[3.0_f32, 0.0][..], &[0.0, 1e-30], &[0.0, 0.0], &[f32::NAN, 1.0]];
    assert_eq!(centroid(2, vectors.into_iter()), [0.5, 0.5]);
    assert_eq!(centroid(2, std::iter::empty()), [0.0, 0.0]);
    // No centroid leaves a frame unusable.
    for centre in [[0.0, 0.0], [f32::NAN, 1.0], [f32::MAX, f32::MAX], [1e-40, 0.0]] {
        assert!(Frame::new(2, &centre).encode(&[1.0, 2.0]).is_some(), "{centre:?}");
    }
}
