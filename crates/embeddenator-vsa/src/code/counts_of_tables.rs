//! Bundles of whole tables, with weights, and the dot products of a bundle with every code in a table.

use crate::arch::Isa;
use crate::code::counts::largest;
use crate::error::{Error, Result};
use crate::{CodesRef, Counts};

/// Operations with tables and weights.
///
/// ```
/// use embeddenator_vsa::{Codes, Counts, Random, Shape};
///
/// let codes = Codes::random(Shape::DEFAULT, 3, &mut Random::new(1));
/// let mut bundle = Counts::bundle(&codes)?;
/// bundle.add_all_weighted(&codes, &[0, 4, -1])?;
/// // It contains row 0 once, row 1 five times and row 2 no longer.
/// let dots = bundle.dots(&codes)?;
/// assert!(dots[1] > 3 * dots[0] && dots[0] > dots[2]);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
impl Counts {
    /// The bundle of all codes in a table, each once: their centroid, except for its length.
    ///
    /// # Errors
    /// [`Error::Full`] for more than `i32::MAX` codes.
    pub fn bundle<'a>(codes: impl Into<CodesRef<'a>>) -> Result<Counts> {
        let codes = codes.into();
        let mut counts = Counts::new(codes.shape());
        counts.add_all(codes)?;
        Ok(counts)
    }

    /// Adds each code in a table once: all of them, or none on error.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter could overflow
    /// an `i32`.
    pub fn add_all<'a>(&mut self, codes: impl Into<CodesRef<'a>>) -> Result<()> {
        let codes = codes.into();
        self.add_rows(codes, |_| 1, codes.len() as i64)
    }

    /// Removes each code in a table once: all of them, or none on error.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter could overflow
    /// an `i32`.
    pub fn remove_all<'a>(&mut self, codes: impl Into<CodesRef<'a>>) -> Result<()> {
        let codes = codes.into();
        self.add_rows(codes, |_| -1, codes.len() as i64)
    }

    /// Adds each code in a table as often as its weight says, which may be negative: all of them,
    /// or none on error.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::RowsMismatch`] if there is not one
    /// weight for each code; [`Error::Full`] if a counter could overflow an `i32`.
    pub fn add_all_weighted<'a>(&mut self, codes: impl Into<CodesRef<'a>>, weights: &[i32]) -> Result<()> {
        let codes = codes.into();
        self.shape.expect(codes.shape())?;
        if codes.len() != weights.len() {
            return Err(Error::RowsMismatch { left: codes.len(), right: weights.len() });
        }
        let room = weights.iter().map(|weight| i64::from(weight.unsigned_abs()));
        self.add_rows(codes, |row| weights[row], room.fold(0, i64::saturating_add))
    }

    /// Adds another bundle as often as the weight says, which may be negative.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] if a counter could overflow
    /// an `i32`.
    pub fn merge_weighted(&mut self, other: &Counts, weight: i32) -> Result<()> {
        self.shape.expect(other.shape)?;
        if !self.has_room(largest(&other.counters).saturating_mul(i64::from(weight.unsigned_abs()))) {
            let pairs = self.counters.iter().zip(&other.counters);
            let product = |more: i32| i64::from(more) * i64::from(weight);
            Self::expect_counters(pairs.map(|(counter, more)| i64::from(*counter) + product(*more)))?;
        }
        for (counter, more) in self.counters.iter_mut().zip(&other.counters) {
            // The sum fits in a counter, so computing it modulo 2^32 is exact.
            *counter = counter.wrapping_add(more.wrapping_mul(weight));
        }
        Ok(())
    }

    /// The dot product of the bundle with each code of a table, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn dots<'a>(&self, codes: impl Into<CodesRef<'a>>) -> Result<Vec<i64>> {
        let codes = codes.into();
        let mut dots = vec![0; codes.len()];
        self.dots_into(codes, 0, &mut dots)?;
        Ok(dots)
    }

    /// The dot products of the bundle with the codes of a table from `first` on, as many as `dots`
    /// has room for.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] if there are fewer codes.
    pub fn dots_into<'a>(
        &self,
        codes: impl Into<CodesRef<'a>>,
        first: usize,
        dots: &mut [i64],
    ) -> Result<()> {
        let codes = codes.into();
        self.shape.expect(codes.shape())?;
        let isa = Isa::detect();
        let rows = codes.rows_from(first, dots.len())?.chunks_exact(self.shape.stride());
        for (dot, row) in dots.iter_mut().zip(rows) {
            *dot = isa.counts_dot(&self.counters, self.shape.positions(), &row[..self.shape.blocks()]);
        }
        Ok(())
    }

    /// The cosine of the bundle with each code of a table, in order; 0 for an empty bundle.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    pub fn cosines<'a>(&self, codes: impl Into<CodesRef<'a>>) -> Result<Vec<f32>> {
        let norms = self.norm() * self.norm_of_codes();
        Ok(self.dots(codes)?.into_iter().map(|dot| Self::cosine_of(dot as f64, norms)).collect())
    }

    /// Adds each row as often as its weight says; `room` is the sum of the absolute weights.
    fn add_rows(&mut self, codes: CodesRef<'_>, weight: impl Fn(usize) -> i32, room: i64) -> Result<()> {
        self.shape.expect(codes.shape())?;
        let positions = self.shape.positions();
        if !self.has_room(room) {
            let mut sums: Vec<i64> = self.counters.iter().map(|counter| i64::from(*counter)).collect();
            for (row, code) in codes.iter().enumerate() {
                for (block, (position, sign)) in sums.chunks_exact_mut(positions).zip(code.elements()) {
                    block[position] += i64::from(sign) * i64::from(weight(row));
                }
            }
            Self::expect_counters(sums.iter().copied())?;
        }
        let isa = Isa::detect();
        for (row, code) in codes.iter().enumerate().filter(|(row, _)| weight(*row) != 0) {
            isa.add_code(&mut self.counters, positions, code.as_bytes(), weight(row));
        }
        Ok(())
    }
}
