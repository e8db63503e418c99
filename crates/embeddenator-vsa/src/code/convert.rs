//! Conversions between the representations: exact where possible, otherwise refused.

use crate::code::block::SIGN;
use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, Counts, Planes, Shape, SparseTernary};

impl From<CodeRef<'_>> for Counts {
    /// Exact: the bundle of one code.
    fn from(code: CodeRef<'_>) -> Counts {
        let shape = code.shape();
        let mut counts = Counts::new(shape);
        counts.add(code).expect("the counters of an empty bundle have room for one code");
        counts
    }
}

impl From<CodeRef<'_>> for SparseTernary {
    /// Exact: block `b` with position `p` is element `b * positions + p`.
    fn from(code: CodeRef<'_>) -> SparseTernary {
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for (block, (position, sign)) in code.elements().enumerate() {
            let index = (block * code.shape().positions() + position) as u32;
            if sign > 0 {
                plus.push(index);
            } else {
                minus.push(index);
            }
        }
        SparseTernary::from_checked(code.shape().dimension(), plus, minus)
    }
}

impl From<CodeRef<'_>> for Planes {
    /// Exact: block `b` with position `p` is element `b * positions + p`.
    fn from(code: CodeRef<'_>) -> Planes {
        Planes::from(&SparseTernary::from(code))
    }
}

impl From<&BlockCode> for Counts {
    /// Exact, as for [`CodeRef`].
    fn from(code: &BlockCode) -> Counts {
        Counts::from(code.as_ref())
    }
}

impl From<&BlockCode> for SparseTernary {
    /// Exact, as for [`CodeRef`].
    fn from(code: &BlockCode) -> SparseTernary {
        SparseTernary::from(code.as_ref())
    }
}

impl From<&BlockCode> for Planes {
    /// Exact, as for [`CodeRef`].
    fn from(code: &BlockCode) -> Planes {
        Planes::from(code.as_ref())
    }
}

impl From<&SparseTernary> for Planes {
    /// Exact.
    fn from(sparse: &SparseTernary) -> Planes {
        let mut signs = vec![0; sparse.dimension()];
        for index in sparse.plus() {
            signs[*index as usize] = 1;
        }
        for index in sparse.minus() {
            signs[*index as usize] = -1;
        }
        Planes::of_signs(&signs)
    }
}

impl From<&Planes> for SparseTernary {
    /// Exact.
    fn from(planes: &Planes) -> SparseTernary {
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for (word, (nonzero, sign)) in planes.nonzero().iter().zip(planes.sign()).enumerate() {
            let mut left = *nonzero;
            while left != 0 {
                let bit = left.trailing_zeros();
                let index = (word * 64) as u32 + bit;
                if (sign >> bit) & 1 == 0 {
                    plus.push(index);
                } else {
                    minus.push(index);
                }
                left &= left - 1;
            }
        }
        SparseTernary::from_checked(planes.dimension(), plus, minus)
    }
}

impl TryFrom<(Shape, &SparseTernary)> for BlockCode {
    type Error = Error;

    /// Exact, for vectors that are block codes of this shape.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] if the dimensions differ; [`Error::NotBlockCode`] if a block
    /// has zero or several non-zero elements.
    fn try_from((shape, sparse): (Shape, &SparseTernary)) -> Result<BlockCode> {
        if sparse.dimension() != shape.dimension() {
            return Err(Error::DimensionMismatch { left: shape.dimension(), right: sparse.dimension() });
        }
        let mut nonzero = vec![0_usize; shape.blocks()];
        let mut code = BlockCode::identity(shape);
        for (indexes, sign) in [(sparse.plus(), 0), (sparse.minus(), SIGN)] {
            for index in indexes {
                let (block, position) =
                    (*index as usize / shape.positions(), *index as usize % shape.positions());
                nonzero[block] += 1;
                code.blocks_mut()[block] = position as u8 | sign;
            }
        }
        match nonzero.iter().position(|count| *count != 1) {
            Some(block) => Err(Error::NotBlockCode { block, nonzero: nonzero[block] }),
            None => Ok(code),
        }
    }
}

impl TryFrom<(Shape, &Planes)> for BlockCode {
    type Error = Error;

    /// Exact, for vectors that are block codes of this shape.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`] and [`Error::NotBlockCode`], as for [`SparseTernary`].
    fn try_from((shape, planes): (Shape, &Planes)) -> Result<BlockCode> {
        BlockCode::try_from((shape, &SparseTernary::from(planes)))
    }
}

impl TryFrom<&Counts> for BlockCode {
    type Error = Error;

    /// Exact, for a bundle of one code. For a lossy conversion see [`Counts::thin`].
    ///
    /// # Errors
    /// [`Error::NotBlockCode`] if a block has zero or several non-zero counters; [`Error::NotUnit`]
    /// if its only one is not +1 or -1.
    fn try_from(counts: &Counts) -> Result<BlockCode> {
        for (block, counters) in counts.as_counters().chunks_exact(counts.shape().positions()).enumerate() {
            let nonzero = counters.iter().filter(|counter| **counter != 0).count();
            if nonzero != 1 {
                return Err(Error::NotBlockCode { block, nonzero });
            }
            if let Some(counter) = counters.iter().copied().find(|counter| counter.unsigned_abs() > 1) {
                return Err(Error::NotUnit { block, counter });
            }
        }
        Ok(counts.thin())
    }
}
