//! Up to 64 small bundles, stored transposed so that one query scores all of them by adding rows.

use std::fmt;

use crate::arch::Isa;
use crate::code::aligned::AlignedBytes;
use crate::error::{Error, Result};
use crate::limits::BANK_SLOTS;
use crate::{CodeRef, Shape};

/// Up to 64 bundles of few items as `i8` counters, stored transposed: the 64 counters of a
/// dimension share one cache line.
///
/// The dot products of a code with all 64 bundles are the sum of one signed row per block, so
/// scoring reads one cache line per block, whatever the bundles hold. It is the inner node of a
/// hierarchical index.
///
/// A bundle holds at most [`items_max`](Self::items_max) items and no counter exceeds that number,
/// so every dot product fits in an `i16`. Adding and removing are exact: adding and removing an
/// item leaves the same bytes.
///
/// ```
/// use embeddenator_vsa::{BlockCode, CounterBank, Random, Shape};
///
/// let mut random = Random::new(5);
/// let code = BlockCode::random(Shape::DEFAULT, &mut random);
/// let mut bank = CounterBank::new(Shape::DEFAULT);
/// bank.add(9, &code)?;
/// assert_eq!(bank.dots(&code)?[9], 128);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CounterBank {
    shape: Shape,
    /// For each dimension, the counters of all slots, which fill a cache line.
    counters: AlignedBytes<i8>,
    /// The number of items in each slot.
    items: [u8; BANK_SLOTS],
}

impl CounterBank {
    /// A bank of empty bundles.
    pub fn new(shape: Shape) -> Self {
        CounterBank {
            shape,
            counters: AlignedBytes::zeroed(shape.dimension() * BANK_SLOTS),
            items: [0; BANK_SLOTS],
        }
    }

    /// The items that one bundle of this shape can hold: 64, or fewer if the dot product could
    /// overflow an `i16`.
    pub fn items_max(shape: Shape) -> usize {
        (i16::MAX as usize / shape.blocks()).min(64)
    }

    /// The shape of all bundles.
    #[inline]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of items in each bundle.
    #[inline]
    pub fn items(&self) -> &[u8; BANK_SLOTS] {
        &self.items
    }

    /// The counters: for each block and each position in it, those of the 64 bundles.
    #[inline]
    pub fn as_counters(&self) -> &[i8] {
        self.counters.as_slice()
    }

    /// Adds a code to a bundle.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] if there is no such slot;
    /// [`Error::Full`] if the bundle is full.
    pub fn add<'a>(&mut self, slot: usize, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        let items = self.items_of(slot, code)?;
        let limit = Self::items_max(self.shape);
        if usize::from(items) >= limit {
            return Err(Error::Full { limit: limit as i64 });
        }
        self.change(slot, code, 1)?;
        self.items[slot] = items + 1;
        Ok(())
    }

    /// Removes a code from the bundle that it was added to. Removing any other code leaves negative
    /// counts.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Slot`] if there is no such slot;
    /// [`Error::Empty`] if the bundle is empty; [`Error::Full`] if a counter would exceed what a
    /// bundle can reach by adding.
    pub fn remove<'a>(&mut self, slot: usize, code: impl Into<CodeRef<'a>>) -> Result<()> {
        let code = code.into();
        let items = self.items_of(slot, code)?;
        if items == 0 {
            return Err(Error::Empty { slot });
        }
        self.change(slot, code, -1)?;
        self.items[slot] = items - 1;
        Ok(())
    }

    /// The dot product of the code with each bundle; 0 for empty ones.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ.
    #[inline]
    pub fn dots<'a>(&self, code: impl Into<CodeRef<'a>>) -> Result<[i16; BANK_SLOTS]> {
        let code = code.into();
        self.shape.expect(code.shape())?;
        let mut dots = [0; BANK_SLOTS];
        Isa::detect().add_rows(self.counters.as_slice(), code.as_bytes(), self.shape.positions(), &mut dots);
        Ok(dots)
    }

    fn items_of(&self, slot: usize, code: CodeRef<'_>) -> Result<u8> {
        self.shape.expect(code.shape())?;
        self.items.get(slot).copied().ok_or(Error::Slot { slot, slots: BANK_SLOTS })
    }

    /// Adds or removes a code, unless a counter would exceed what a full bundle reaches: then the
    /// dot products would not fit either.
    fn change(&mut self, slot: usize, code: CodeRef<'_>, weight: i8) -> Result<()> {
        let limit = Self::items_max(self.shape) as i8;
        let block = self.shape.positions() * BANK_SLOTS;
        let signed = |sign: i32| if sign < 0 { -weight } else { weight };
        let mut named = self.counters.as_slice().chunks_exact(block).zip(code.elements());
        if named.any(|(block, (position, sign))| block[position * BANK_SLOTS + slot] == limit * signed(sign))
        {
            return Err(Error::Full { limit: i64::from(limit) });
        }
        for (block, (position, sign)) in
            self.counters.as_mut_slice().chunks_exact_mut(block).zip(code.elements())
        {
            block[position * BANK_SLOTS + slot] += signed(sign);
        }
        Ok(())
    }
}

impl fmt::Debug for CounterBank {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CounterBank {{ shape: {}, items: {:?} }}", self.shape, self.items)
    }
}
