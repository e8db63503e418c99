//! A query as the scan and the refinement want it.

use super::block::bits_of;
use super::encode::{BIT_SCALE_STEPS, COORDINATE_STEPS, Record, check_weight};
use super::frame::{Frame, sum_of_products};
use super::shape::{RECORD_HEAD_BYTES, Shape, WORD_BITS};
use crate::vector::arch::{BitQuery, Isa, QUERY_PLANES, Uppers};
use crate::vector::query::PreparedQuery;

/// Standard deviations that an upper bound from bits allows for. A row that belongs to the best is lost where its
/// estimate is worse than that and nothing else is weaker: 1 in 390 for the very last of the k, at most. With 2.5 the ten
/// nearest of a query whose best rows are gone, so that the rest are all about equally far, fell to 0.991; with 3.0 a scan
/// takes 2 % longer.
const BIT_DEVIATIONS: f64 = 2.8;
/// The error of an estimate from bits, in units of the scale and of the query's length: `sqrt(1 - 2 / pi)` for
/// components that are normally distributed, as rotated ones nearly are, and a little for those that are less so.
const BIT_ERROR: f64 = 0.61;
/// Standard deviations that the bounds of a refined estimate allow for.
const BYTE_DEVIATIONS: f64 = 4.0;
/// The step of the query in planes, in standard deviations of its components: the best of sixteen even levels (Max,
/// 1960). With three planes a scan takes a tenth less, and leaves a fifth more rows of text to refine.
const PLANE_STEP: f64 = 0.335;
/// The greatest component of the query in whole numbers. With bytes of codes, 4096 of them fit into 32 bits.
const COMPONENT_MAX: f64 = 2_047.0;
/// What rounding may add to scores, which are near 1 at most.
const ROUNDING: f64 = 4e-6;

/// A query prepared for the codes of one frame.
#[derive(Clone, Debug)]
pub(crate) struct CodeQuery {
    isa: Isa,
    shape: Shape,
    bits: BitQuery,
    /// What the bounds of the bits allow for rounding.
    bit_slack: f32,
    components: Vec<i16>,
    check_weights: Vec<i16>,
    /// The sum of the components.
    sum: i64,
    coordinate: f32,
    /// The step of the components.
    step: f32,
    /// The allowance of a refined estimate: for its error, and for what rounding did to the query.
    error_scale: f32,
    error: f32,
}

/// A row that its bits did not rule out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survivor {
    /// What its cosine does not exceed, as far as its bits tell.
    pub(super) upper: f32,
    pub(super) row: u32,
}

/// An estimated cosine, and how much it may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub(super) cosine: f32,
    pub(super) error: f32,
}

impl CodeQuery {
    /// Prepares a query, which has the dimension of the frame.
    pub(crate) fn new(frame: &Frame, query: &PreparedQuery) -> CodeQuery {
        let shape = frame.shape();
        assert_eq!(query.dimension(), shape.dimension(), "a query is compared with codes of its dimension");
        let split = frame.split(query.unit());
        let length = sum_of_products(&split.residual, &split.residual).sqrt();
        let count = shape.bits() as f64;
        let (components, step) = whole_numbers(&split.residual);
        let sum = components.iter().map(|component| i64::from(*component)).sum();
        // The rounding of the query is spread evenly, and meets a code of length 1 at most.
        let rounded = f64::from(step) / 12.0_f64.sqrt();
        CodeQuery {
            isa: query.isa(),
            shape,
            bits: bit_query(&split.residual, split.coordinate, length),
            bit_slack: (split.coordinate.abs() / COORDINATE_STEPS + length / BIT_SCALE_STEPS + ROUNDING)
                as f32,
            check_weights: (0..components.len()).map(check_weight).collect(),
            components,
            sum,
            coordinate: split.coordinate as f32,
            step,
            error_scale: (BYTE_DEVIATIONS * length * (count / (count - 1.0)).sqrt()) as f32,
            error: (BYTE_DEVIATIONS * rounded + ROUNDING) as f32,
        }
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Appends those of at most 64 rows, whose bit is set in `allowed`, that may have a cosine of `floor` or more.
    ///
    /// `groups` are the bits of the rows, eight and eight abreast; `first` is the first row.
    pub(super) fn survivors(
        &self,
        groups: &[u8],
        allowed: u64,
        floor: f32,
        first: u32,
        found: &mut Vec<Survivor>,
    ) {
        let mut uppers = Uppers::default();
        let bits = self.isa.survivors(&self.bits, groups, allowed, floor - self.bit_slack, &mut uppers);
        let uppers = uppers.as_flattened();
        found.extend(
            bits_of(bits)
                .map(|bit| Survivor { upper: uppers[bit] + self.bit_slack, row: first + bit as u32 }),
        );
    }

    /// The estimate from a row's refinement; `None` if that is damaged.
    pub(super) fn refine(&self, record: &[u8]) -> Option<Estimate> {
        let (head, components) = record.split_first_chunk::<RECORD_HEAD_BYTES>()?;
        if components.len() != self.components.len() {
            return None;
        }
        let [product, check] = self.isa.products([&self.components, &self.check_weights], components);
        let record = Record::read(head, check)?;
        // Twice the product with `u - 127.5`, in whole numbers.
        let doubled = 2 * i64::from(product) - 255 * self.sum;
        let across = record.scale * (self.step * (doubled as f32 * 0.5));
        let cosine = record.coordinate * self.coordinate + across;
        Some(Estimate { cosine, error: record.error * self.error_scale + self.error })
    }
}

/// The components as whole numbers, and the step between them.
fn whole_numbers(residual: &[f32]) -> (Vec<i16>, f32) {
    let largest = residual.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    if largest <= 0.0 {
        return (vec![0; residual.len()], 0.0);
    }
    let steps = COMPONENT_MAX / f64::from(largest);
    let offset = COMPONENT_MAX + 1.0;
    let components = residual
        .iter()
        .map(|component| (f64::from(*component) * steps + (offset + 0.5)) as i16 - offset as i16);
    (components.collect(), (1.0 / steps) as f32)
}

/// The query in four bits a component, `y[i] = level[i] - 7.5`, as four planes of bits.
///
/// With `x[i]` of +1 and -1, `<x, y> = 7.5 n - sum over planes of 2^plane * (number of bits that differ)`.
fn bit_query(residual: &[f32], coordinate: f64, length: f64) -> BitQuery {
    let count = residual.len() as f64;
    let step = PLANE_STEP * length / count.sqrt();
    let steps = if step > 0.0 { 1.0 / step } else { 0.0 };
    let levels: Vec<u8> =
        residual.iter().map(|component| ((f64::from(*component) * steps + 8.0) as u8).min(15)).collect();
    let (mut product, mut square) = (0.0, 0.0);
    for (level, component) in levels.iter().zip(residual) {
        let level = f64::from(*level) - 7.5;
        product += level * f64::from(*component);
        square += level * level;
    }
    // The multiple of the levels that reaches as far along the query as the query, which keeps estimates free of
    // bias, and how far it is from it.
    let multiple = if product > 0.0 { length * length / product } else { 0.0 };
    let lost = (multiple * multiple * square - length * length).max(0.0);
    let deviation = (BIT_ERROR * BIT_ERROR * length * length * count / (count - 1.0) + lost).sqrt();
    let planes = levels.chunks(WORD_BITS).map(|levels| {
        std::array::from_fn::<_, QUERY_PLANES, _>(|plane| {
            levels.iter().rev().fold(0, |word, level| word << 1 | u64::from(level >> plane & 1))
        })
    });
    let scale = 1.0 / (BIT_SCALE_STEPS * count.sqrt());
    BitQuery {
        planes: planes.collect(),
        coordinate: (coordinate / COORDINATE_STEPS) as f32,
        // The sum of differing bits is subtracted from what stands for "none differs, and the error helps".
        scale: (multiple * scale) as f32,
        most: if multiple > 0.0 { (7.5 * count + BIT_DEVIATIONS * deviation / multiple) as f32 } else { 0.0 },
    }
}
