//! A query vector prepared once, and its cosine with stored vectors.

use super::arch::{Block, GROUP, Isa, LANES};
use super::norm::{Norm, norm, square};

/// The lowest cosine: also the score of stored bytes that are no vector of the query's dimension.
const LOWEST: f32 = -1.0;

/// A query of unit length, prepared once for a scan.
#[derive(Clone, Debug)]
pub(crate) struct PreparedQuery {
    isa: Isa,
    dimension: usize,
    /// The components of the unit vector, padded with zeros.
    blocks: Box<[Block]>,
}

impl PreparedQuery {
    /// Scales the query to unit length; `None` if it is empty or zero, or has a component that is not finite.
    pub(crate) fn new(isa: Isa, query: &[f32]) -> Option<PreparedQuery> {
        let norm = norm(query)?;
        let blocks = query.chunks(LANES).map(|components| {
            let mut lanes = [0.0; LANES];
            for (lane, &component) in lanes.iter_mut().zip(components) {
                *lane = (f64::from(component) / norm) as f32;
            }
            Block(lanes)
        });
        Some(PreparedQuery { isa, dimension: query.len(), blocks: blocks.collect() })
    }

    /// The number of components.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The components of the unit vector.
    pub(super) fn unit(&self) -> impl Iterator<Item = f32> {
        self.blocks.iter().flat_map(|block| block.0).take(self.dimension)
    }

    /// The kernels that it is compared with.
    pub(super) fn isa(&self) -> Isa {
        self.isa
    }

    /// The cosine of the query and a stored vector, in -1..=1 and never NaN.
    ///
    /// `stored` are the components as little-endian `f32` at any alignment, `norm` is their [`Norm`]. Bytes
    /// that cannot have been recorded (another length, components that are not finite) score -1; whoever
    /// reads rows reports them as damaged.
    pub(crate) fn cosine(&self, stored: &[u8], norm: Norm) -> f32 {
        match norm.reciprocal() {
            Some(reciprocal) if self.fits(stored) => bounded(self.isa.dot(&self.blocks, stored) * reciprocal),
            _ => self.exact_cosine(stored),
        }
    }

    /// Appends the cosine of the query with each row, the same bits as from [`PreparedQuery::cosine`].
    ///
    /// Faster than row by row: rows are scored in groups, so a caller that scans hands over some tens at once.
    pub(crate) fn cosines(&self, rows: &[(&[u8], Norm)], cosines: &mut Vec<f32>) {
        let (groups, rest) = rows.as_chunks::<GROUP>();
        for group in groups {
            cosines.extend(self.group(group));
        }
        cosines.extend(rest.iter().map(|&(stored, norm)| self.cosine(stored, norm)));
    }

    fn group(&self, rows: &[(&[u8], Norm); GROUP]) -> [f32; GROUP] {
        if rows.iter().any(|(stored, norm)| norm.reciprocal().is_none() || !self.fits(stored)) {
            return rows.map(|(stored, norm)| self.cosine(stored, norm));
        }
        let mut cosines = self.isa.dots(&self.blocks, rows.map(|(stored, _)| stored));
        for (cosine, (_, norm)) in cosines.iter_mut().zip(rows) {
            *cosine = norm.reciprocal().map_or(LOWEST, |reciprocal| bounded(*cosine * reciprocal));
        }
        cosines
    }

    fn fits(&self, stored: &[u8]) -> bool {
        stored.len() == self.dimension * size_of::<f32>()
    }

    /// The cosine with a vector of any finite components, summed in `f64`, one after the other.
    #[cold]
    fn exact_cosine(&self, stored: &[u8]) -> f32 {
        if !self.fits(stored) {
            return LOWEST;
        }
        let (stored, _) = stored.as_chunks();
        let stored = stored.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let query = self.blocks.iter().flat_map(|block| block.0);
        let (dot, squares) = query.zip(stored).fold((0.0, 0.0), |(dot, squares), (query, stored)| {
            (dot + f64::from(query) * f64::from(stored), squares + square(stored))
        });
        bounded((dot / squares.sqrt()) as f32)
    }
}

/// Takes back what rounding added beyond -1..=1; only damaged components give what is not finite.
fn bounded(cosine: f32) -> f32 {
    if cosine.is_finite() { cosine.clamp(-1.0, 1.0) } else { LOWEST }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LOWEST, PreparedQuery};
    use crate::vector::{Isa, Norm};

    const DIMENSIONS: [usize; 9] = [1, 2, 17, 256, 384, 768, 1024, 1536, 4096];

    fn bytes(vector: &[f32]) -> Vec<u8> {
        vector.iter().flat_map(|component| component.to_le_bytes()).collect()
    }

    /// The cosine by every set of kernels, which must agree to the bit.
    fn cosine(query: &[f32], stored: &[f32]) -> f32 {
        let norm = Norm::of(stored).expect("a vector with a norm");
        let mut cosines = Isa::supported().map(|isa| {
            let query = PreparedQuery::new(isa, query).expect("a query with a norm");
            query.cosine(&bytes(stored), norm)
        });
        let last = cosines.next().expect("the scalar kernels are always supported");
        for cosine in cosines {
            assert_eq!(cosine.to_bits(), last.to_bits(), "the kernels differ");
        }
        last
    }

    /// The cosine in `f64`, whose range holds the products and squares of any finite `f32`.
    fn oracle(query: &[f32], stored: &[f32]) -> f64 {
        let dot = |left: &[f32], right: &[f32]| -> f64 {
            left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
        };
        dot(query, stored) / (dot(query, query).sqrt() * dot(stored, stored).sqrt())
    }

    /// Finite components of every magnitude, or all of one vector near one magnitude.
    fn vector(dimension: usize) -> impl Strategy<Value = Vec<f32>> {
        let wild =
            any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |component| component.is_finite());
        let tame = (-1.0_f32..1.0, -149..127_i32);
        prop_oneof![
            prop::collection::vec(wild, dimension),
            (prop::collection::vec(-1.0_f32..1.0, dimension), tame.prop_map(|(_, exponent)| exponent))
                .prop_map(|(vector, exponent)| vector
                    .iter()
                    .map(|component| component * 2.0_f32.powi(exponent))
                    .collect()),
        ]
        .prop_filter("a norm above zero", |vector| Norm::of(vector).is_some())
    }

    fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1_usize..70).prop_flat_map(|dimension| (vector(dimension), vector(dimension)))
    }

    proptest! {
        #[test]
        fn cosine_of_any_finite_vectors_is_right_in_every_kernel((query, stored) in pair()) {
            let cosine = cosine(&query, &stored);
            prop_assert!((-1.0..=1.0).contains(&cosine));
            prop_assert!((f64::from(cosine) - oracle(&query, &stored)).abs() <= 1e-5);
        }

        #[test]
        fn rows_score_together_as_they_score_alone(
            (query, rows) in (1_usize..40).prop_flat_map(|dimension| {
                (vector(dimension), prop::collection::vec(vector(dimension), 0..12))
            }),
            damaged in 0_usize..24,
        ) {
            let mut rows: Vec<(Vec<u8>, Norm)> =
                rows.iter().map(|row| (bytes(row), Norm::of(row).expect("a norm"))).collect();
            if let Some((row, _)) = rows.get_mut(damaged) {
                row.pop();
            }
            let rows: Vec<(&[u8], Norm)> = rows.iter().map(|(row, norm)| (row.as_slice(), *norm)).collect();
            for isa in Isa::supported() {
                let query = PreparedQuery::new(isa, &query).expect("a query with a norm");
                let mut together = vec![0.5];
                query.cosines(&rows, &mut together);
                let alone = rows.iter().map(|(row, norm)| query.cosine(row, *norm));
                let alone: Vec<f32> = std::iter::once(0.5).chain(alone).collect();
                prop_assert_eq!(&together, &alone);
            }
        }

        #[test]
        fn no_stored_bytes_give_more_than_a_cosine(
            query in vector(20),
            stored in prop::collection::vec(any::<u8>(), 70..90),
            norm: u32,
        ) {
            for isa in Isa::supported() {
                let query = PreparedQuery::new(isa, &query).expect("a query with a norm");
                let cosine = query.cosine(&stored, Norm::from_bits(norm));
                prop_assert!((-1.0..=1.0).contains(&cosine));
                prop_assert!(stored.len() == 80 || cosine.to_bits() == LOWEST.to_bits());
            }
        }
    }

    #[test]
    fn identical_vectors_score_one_at_any_scale() {
        for dimension in DIMENSIONS {
            for scale in [1e-42, 1e-38, 1e-20, 1e-3, 0.3, 1.0, 7.7, 1e10, 1e19, 1e30, 3e38_f32] {
                let constant = vec![scale; dimension];
                let varied: Vec<f32> =
                    (0..dimension).map(|i| ((i * 37 % 101) as f32 - 49.5) / 50.0 * scale).collect();
                for vector in [constant, varied] {
                    let opposite: Vec<f32> = vector.iter().map(|component| -component).collect();
                    let same = cosine(&vector, &vector);
                    assert!(same >= 1.0 - 1e-6, "{same} with {dimension} dimensions near {scale}");
                    let opposite = cosine(&vector, &opposite);
                    assert!(opposite <= -1.0 + 1e-6, "{opposite} with {dimension} dimensions near {scale}");
                }
            }
        }
    }

    #[test]
    fn extreme_vectors_have_their_cosines() {
        let ends = [f32::MAX, -f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1), 3e38, 1e-42, 1.0];
        for dimension in DIMENSIONS {
            for left in ends {
                for right in ends {
                    let query = vec![left; dimension];
                    let mut stored = vec![right; dimension];
                    for component in stored.iter_mut().step_by(3) {
                        *component = left;
                    }
                    let found = f64::from(cosine(&query, &stored));
                    let expected = oracle(&query, &stored);
                    assert!((found - expected).abs() <= 1e-5, "{found} for {expected}: {left} and {right}");
                }
            }
        }
    }

    #[test]
    fn query_without_a_direction_is_refused() {
        let isa = Isa::detect();
        let mut late_nan = vec![1.0; 384];
        late_nan[383] = f32::NAN;
        for query in [&[][..], &[0.0; 3], &[-0.0], &[1.0, f32::INFINITY], &[f32::NEG_INFINITY], &late_nan] {
            assert!(PreparedQuery::new(isa, query).is_none(), "{query:?}");
        }
        assert_eq!(PreparedQuery::new(isa, &[0.0, 2.0, 0.0]).map(|query| query.dimension()), Some(3));
    }

    #[test]
    fn damaged_rows_score_lowest() {
        let query = PreparedQuery::new(Isa::detect(), &[1.0, 1.0]).expect("a query with a norm");
        let norm = Norm::of(&[1.0, 1.0]).expect("a norm");
        let damaged = [&[1.0_f32][..], &[1.0; 3], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0], &[]];
        for row in damaged {
            for norm in [norm, Norm::from_bits(0)] {
                assert_eq!(query.cosine(&bytes(row), norm).to_bits(), LOWEST.to_bits(), "{row:?}");
            }
        }
        assert_eq!(query.cosine(&bytes(&[0.0, 0.0]), Norm::from_bits(0)).to_bits(), LOWEST.to_bits());
    }
}
