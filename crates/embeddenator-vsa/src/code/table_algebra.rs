//! The algebra of whole tables: bind, unbind, inverses, powers and rotations of every code at once.

use crate::arch::Isa;
use crate::code::aligned::AlignedBytes;
use crate::error::Result;
use crate::{BlockCode, CodeRef, Codes, CodesRef};

/// The kernel of bind or of unbind.
type Kernel = fn(Isa, u8, &[u8], &[u8], &mut [u8]);

/// The algebra of [`BlockCode`] for every row: each method gives the table that the operation on row after row would.
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
    /// [`Error::ShapeMismatch`].
    pub fn bind_all<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Codes> {
        self.with_one(code.into(), Isa::bind)
    }

    /// One code taken out of each code.
    ///
    /// The other way round, each code taken out of one, is `table.inverse_all().bind_all(code)`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`].
    pub fn unbind_all<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<Codes> {
        self.with_one(code.into(), Isa::unbind)
    }

    /// Each code bound with the code of the same row of another table.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::RowsMismatch`].
    pub fn bind_rows<'a>(&self, other: impl Into<CodesRef<'a>>) -> Result<Codes> {
        self.with_rows(other.into(), Isa::bind)
    }

    /// Of each code the code of the same row of another table taken out.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::RowsMismatch`].
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

    /// Each code with all signs turned.
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
        // The padding is 0 in both, and the sum and the difference of zeros is 0 again.
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
