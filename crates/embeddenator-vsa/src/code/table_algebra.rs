//! The algebra of whole tables: bind, unbind, invert, raise and rotate every code at once.

use crate::arch::Isa;
use crate::code::aligned::AlignedBytes;
use crate::error::Result;
use crate::{BlockCode, CodeRef, Codes, CodesRef};

/// The kernel for bind or unbind.
type Kernel = fn(Isa, u8, &[u8], &[u8], &mut [u8]);

/// The algebra of [`BlockCode`] for every row: each method returns what the operation would give
/// row by row.
///
/// ```
/// use embeddenator_vsa::{BlockCode, Codes, Random, Shape};
///
/// let mut random = Random::new(1);
/// let colours = Codes::random(Shape::DEFAULT, 100, &mut random);
/// let role = BlockCode::random(Shape::DEFAULT, &mut random);
/// let bound = colours.bind_all(&role)?;
/// assert_eq!(bound.unbind_all(&role)?, colours);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
impl Codes {
    /// Each code bound with one code.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn bind_all<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Codes> {
        self.with_one(code.into(), Isa::bind)
    }

    /// Each code unbound with one code.
    ///
    /// For the reverse, one code unbound with each code, use `table.inverse_all().bind_all(code)`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn unbind_all<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Codes> {
        self.with_one(code.into(), Isa::unbind)
    }

    /// Each code bound with the code in the same row of another table.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ;
    /// [`Error::RowsMismatch`](crate::Error::RowsMismatch) if the numbers of rows differ.
    pub fn bind_rows<'a>(&self, other: impl Into<CodesRef<'a>>) -> Result<Codes> {
        self.with_rows(other.into(), Isa::bind)
    }

    /// Each code unbound with the code in the same row of another table.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ;
    /// [`Error::RowsMismatch`](crate::Error::RowsMismatch) if the numbers of rows differ.
    pub fn unbind_rows<'a>(&self, other: impl Into<CodesRef<'a>>) -> Result<Codes> {
        self.with_rows(other.into(), Isa::unbind)
    }

    /// The inverse of each code.
    #[must_use]
    pub fn inverse_all(&self) -> Codes {
        self.map(CodeRef::inverse)
    }

    /// Each code bound with itself `exponent` times, as [`BlockCode::power`].
    #[must_use]
    pub fn power_all(&self, exponent: i64) -> Codes {
        self.map(|code| code.power(exponent))
    }

    /// Each code with its blocks rotated, as [`BlockCode::permute`].
    #[must_use]
    pub fn permute_all(&self, by: i64) -> Codes {
        let mut permuted = self.clone();
        let (blocks, stride) = (self.shape().blocks(), self.shape().stride());
        let by = by.rem_euclid(blocks as i64) as usize;
        for row in permuted.rows.as_mut_slice().chunks_exact_mut(stride) {
            row[..blocks].rotate_right(by);
        }
        permuted
    }

    /// Each code with all signs flipped.
    #[must_use]
    pub fn negate_all(&self) -> Codes {
        self.map(CodeRef::negate)
    }

    fn with_one(&self, code: CodeRef<'_>, kernel: Kernel) -> Result<Codes> {
        self.shape().expect(code.shape())?;
        let (isa, modulus, stride) = (Isa::detect(), self.shape().modulus(), self.shape().stride());
        let mut rows = AlignedBytes::zeroed(self.as_rows().len());
        let made = rows.as_mut_slice().chunks_exact_mut(stride);
        for (row, made) in self.as_rows().chunks_exact(stride).zip(made) {
            kernel(isa, modulus, row, code.row(), made);
        }
        Ok(self.with_same_shape(rows))
    }

    fn with_rows(&self, other: CodesRef<'_>, kernel: Kernel) -> Result<Codes> {
        self.view().expect_rows(other)?;
        let mut rows = AlignedBytes::zeroed(self.as_rows().len());
        // The padding is 0 in both, and so are the sum and the difference.
        kernel(Isa::detect(), self.shape().modulus(), self.as_rows(), other.as_rows(), rows.as_mut_slice());
        Ok(self.with_same_shape(rows))
    }

    fn map<'a>(&'a self, change: impl Fn(CodeRef<'a>) -> BlockCode) -> Codes {
        let mut rows = AlignedBytes::with_capacity(self.as_rows().len());
        for code in self {
            rows.extend_zeroed(self.shape().stride()).copy_from_slice(change(code).row());
        }
        self.with_same_shape(rows)
    }

    fn with_same_shape(&self, rows: AlignedBytes) -> Codes {
        let mut codes = Codes::new(self.shape());
        codes.rows = rows;
        codes
    }
}
