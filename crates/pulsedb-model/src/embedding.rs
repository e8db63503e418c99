//! The embedding of a text: the normalised sum of its rows, specified bit by bit in the crate's documentation.

use std::array;

use crate::table::{DIMENSION, Row, row};
use crate::wordpiece::for_each_row;

const LANES: usize = 8;

/// The embedding of a text, empty if it has none.
pub(crate) fn embed(text: &str) -> Vec<f32> {
    let mut sum = [0.0; DIMENSION];
    for_each_row(text, |token| {
        if let Some(row) = row(token) {
            add(&mut sum, &row);
        }
    });
    normalized(&sum)
}

/// Adds a row. Dimensions are independent, so the compiler may process any number of them at a
/// time.
fn add(sum: &mut [f32; DIMENSION], row: &Row) {
    for (sum, &component) in sum.iter_mut().zip(row.components) {
        *sum += row.scale * f32::from(component as i8);
    }
}

fn normalized(sum: &[f32; DIMENSION]) -> Vec<f32> {
    let square = square_of_norm(sum);
    if square == 0.0 {
        return Vec::new();
    }
    let factor = 1.0 / square.sqrt();
    sum.iter().map(|&component| (f64::from(component) * factor) as f32).collect()
}

/// The sum of the squares, in eight lanes that are added in a fixed tree.
fn square_of_norm(sum: &[f32; DIMENSION]) -> f64 {
    let mut lanes = [0.0; LANES];
    for components in sum.as_chunks::<LANES>().0 {
        for (lane, &component) in lanes.iter_mut().zip(components) {
            *lane += f64::from(component) * f64::from(component);
        }
    }
    let [first, second, third, fourth] = array::from_fn(|lane| lanes[lane] + lanes[lane + LANES / 2]);
    (first + third) + (second + fourth)
}
