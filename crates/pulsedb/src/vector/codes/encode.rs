//! From a vector to its code.
//!
//! ```text
//! encode(vector):                                    n components after the rotation, all sums in f64, in order
//!     t, r = coordinate on the axis and residual of the rotated vector / |vector|
//!     bit[i] = r[i] is not negative                  the code of +1 or -1
//!     small  = round(t * 32767), round(4096 * sqrt(n) * |r|^2 / sum |r[i]|)
//!     u[i]   = floor(r[i] * 127.5 / max |r| + 128)   in 0..=255: the code of x[i] = u[i] - 127.5
//!     scale  = |r|^2 / <x, r>                        makes scale * <x, y> an estimate of <r, y> without bias
//!     error  = |r| * sqrt(|x|^2 |r|^2 / <x, r>^2 - 1) / sqrt(n - 1)      of the estimate, for |y| = 1
//! ```

use super::frame::{Frame, Split, sum_of_products};
use super::shape::{RECORD_HEAD_BYTES, Shape};
use crate::vector::norm::norm;

/// The step of the stored coordinate.
pub(super) const COORDINATE_STEPS: f64 = 32_767.0;
/// The steps of the stored scale of bits in 1 / sqrt(n).
pub(super) const BIT_SCALE_STEPS: f64 = 4_096.0;
/// What a component's byte is for zero.
const MIDDLE: f64 = 127.5;

impl Frame {
    /// The code of a vector, `shape().code_bytes()` long; `None` if it has no direction: it is empty or zero, or has
    /// a component that is not finite.
    pub(crate) fn encode(&self, vector: &[f32]) -> Option<Vec<u8>> {
        let norm = norm(vector)?;
        let unit = vector.iter().map(|component| (f64::from(*component) / norm) as f32);
        let split = self.split(unit);
        let mut code = Vec::with_capacity(self.shape().code_bytes());
        push_bits(&mut code, &split);
        push_refinement(&mut code, &split, self.shape());
        Some(code)
    }
}

fn push_bits(code: &mut Vec<u8>, Split { coordinate, residual }: &Split) {
    for run in residual.chunks(8) {
        let byte = run.iter().rev().fold(0, |byte, component| byte << 1 | u8::from(is_upper(*component)));
        code.push(byte);
    }
    let sum: f64 = residual.iter().fold(0.0, |sum, component| sum + f64::from(component.abs()));
    let square = sum_of_products(residual, residual);
    let scale = if sum > 0.0 { square / sum } else { 0.0 };
    // Both conversions saturate: a scale that is too large needs a vector made against the rotation.
    let coordinate = (coordinate * COORDINATE_STEPS).round() as i16;
    let scale = (scale * (residual.len() as f64).sqrt() * BIT_SCALE_STEPS).round() as u16;
    code.extend(coordinate.to_le_bytes());
    code.extend(scale.to_le_bytes());
}

/// The bit of a component. A zero of either sign is not negative, as its byte says too.
fn is_upper(component: f32) -> bool {
    component >= 0.0
}

fn push_refinement(code: &mut Vec<u8>, Split { coordinate, residual }: &Split, shape: Shape) {
    let largest = residual.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    let steps = if largest > 0.0 { MIDDLE / f64::from(largest) } else { 0.0 };
    let start = code.len();
    code.resize(start + RECORD_HEAD_BYTES, 0);
    let (mut product, mut square) = (0.0, 0.0);
    for component in residual {
        let component = f64::from(*component);
        // The conversion cuts off what is behind the point, and saturates.
        let byte = (component * steps + 128.0) as u8;
        let level = f64::from(byte) - MIDDLE;
        code.push(byte);
        product += level * component;
        square += level * level;
    }
    let length_squared = sum_of_products(residual, residual);
    let (scale, error) = if product > 0.0 {
        let excess = (square * length_squared / (product * product) - 1.0).max(0.0);
        let freedom = (shape.bits() - 1) as f64;
        (length_squared / product, (length_squared * excess / freedom).sqrt())
    } else {
        (0.0, 0.0)
    };
    let record = Record { coordinate: *coordinate as f32, scale: scale as f32, error: error as f32 };
    let head = record.head(check_of_components(&code[start + RECORD_HEAD_BYTES..]));
    code[start..start + RECORD_HEAD_BYTES].copy_from_slice(&head);
}

/// The numbers in front of the components of a refinement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) coordinate: f32,
    pub(super) scale: f32,
    pub(super) error: f32,
}

impl Record {
    fn head(self, components: i32) -> [u8; RECORD_HEAD_BYTES] {
        let mut head = [0; RECORD_HEAD_BYTES];
        let numbers =
            [self.check(components), self.coordinate.to_bits(), self.scale.to_bits(), self.error.to_bits()];
        for (to, number) in head.iter_mut().zip(numbers.into_iter().flat_map(u32::to_le_bytes)) {
            *to = number;
        }
        head
    }

    /// Reads the head of a refinement; `None` unless its check number fits it and the components' sum.
    pub(super) fn read(head: &[u8; RECORD_HEAD_BYTES], components: i32) -> Option<Record> {
        let (numbers, _) = head.as_chunks();
        let &[check, coordinate, scale, error] = numbers else { return None };
        let [coordinate, scale, error] = [coordinate, scale, error].map(f32::from_le_bytes);
        let record = Record { coordinate, scale, error };
        let finite = coordinate.is_finite() && scale.is_finite() && error.is_finite();
        (finite && record.check(components) == u32::from_le_bytes(check)).then_some(record)
    }

    /// The check number: no flip of one bit keeps it, since each bit is multiplied by an odd number.
    fn check(self, components: i32) -> u32 {
        (components as u32)
            .wrapping_add(self.coordinate.to_bits().wrapping_mul(0x9e37_79b1))
            .wrapping_add(self.scale.to_bits().wrapping_mul(0x85eb_ca77))
            .wrapping_add(self.error.to_bits().wrapping_mul(0xc2b2_ae3d))
    }
}

/// The weighted sum of the components' bytes that the check number contains.
fn check_of_components(components: &[u8]) -> i32 {
    let weights = (0..components.len()).map(check_weight);
    components
        .iter()
        .zip(weights)
        .fold(0, |sum: i32, (byte, weight)| sum.wrapping_add(i32::from(*byte) * i32::from(weight)))
}

/// The odd weight of a component, in -2047..=2047. They look random, so that errors do not cancel out.
pub(super) fn check_weight(component: usize) -> i16 {
    let mixed = (component as u32 + 1).wrapping_mul(0x9e37_79b1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca77);
    ((mixed >> 20) as i16 - 2_048) | 1
}
