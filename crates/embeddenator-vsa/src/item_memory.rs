//! The item memory: names, the atoms that follow from them, and the way from a noisy code back to a name.

use std::cmp::Ordering;
use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::Result;
use crate::{BlockCode, CodeRef, Codes, CodesRef, Counts, Random, Shape};

/// Names and their atoms, and the clean-up of noisy codes.
///
/// # The atom of a name
///
/// It is a pure function of shape, seed and the name's bytes, the same on every machine and in
/// every version. So it need not be stored or sent, and any two programs agree on it:
///
/// 1. `h` is XXH3-64 of the name's bytes with the seed, as its reference implementation defines it.
/// 2. The bytes of the code come from the stream of [`Random`] with the seed `h`; each number gives
///    eight bytes, lowest first.
/// 3. Let `v` be the low seven bits of a byte, and `L` the positions per block. If `v >= 128 - 128
///    % L`, the byte is skipped; otherwise the next block has the position `v % L`, and the sign -1
///    if the byte's top bit is set.
///
/// Names are bytes: an accented `"e"` is a different name composed than decomposed. Two names with
/// the same hash would have the same atom; among `n` names that happens with a probability of about
/// `n * n / 2^65`. The seed is not a secret key.
///
/// # Clean-up
///
/// Every atom is compared, so the name found is the nearest one; among equally near atoms it is the
/// one whose bytes sort first. So the result depends only on the names, not on the order in which
/// they were added and removed.
///
/// ```
/// use embeddenator_vsa::{ItemMemory, Shape};
///
/// let mut memory = ItemMemory::new(Shape::DEFAULT, 1);
/// memory.insert("cat");
/// memory.insert("dog");
/// let code = memory.atom("cat");
/// let threshold = Shape::DEFAULT.threshold(1e-6)?;
/// let found = memory.clean_up(&code, threshold)?.expect("cat is in it");
/// assert_eq!((found.name, found.dot), (&b"cat"[..], 128));
/// assert_eq!(memory.clean_up(&memory.atom("bird"), threshold)?, None);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ItemMemory {
    seed: u64,
    codes: Codes,
    /// The name of each code.
    names: Vec<Box<[u8]>>,
    indexes: HashMap<Box<[u8]>, usize>,
}

/// A name of an [`ItemMemory`] and the dot product of its atom with a query: `i32` for a code,
/// `i64` for a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Named<'a, D = i32> {
    /// The name.
    pub name: &'a [u8],
    /// The dot product.
    pub dot: D,
}

impl ItemMemory {
    /// An empty memory.
    pub fn new(shape: Shape, seed: u64) -> Self {
        ItemMemory { seed, codes: Codes::new(shape), names: Vec::new(), indexes: HashMap::new() }
    }

    /// The shape of all atoms.
    pub fn shape(&self) -> Shape {
        self.codes.shape()
    }

    /// The seed that all atoms follow from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The atom of a name, whether it is in the memory or not.
    pub fn atom(&self, name: impl AsRef<[u8]>) -> BlockCode {
        BlockCode::random(self.shape(), &mut stream(self.seed, name.as_ref()))
    }

    /// The atoms of some names, in order, whether they are in the memory or not.
    pub fn atoms<T: AsRef<[u8]>>(&self, names: &[T]) -> Codes {
        let mut codes = Codes::with_capacity(self.shape(), names.len());
        for name in names {
            codes.push_random(&mut stream(self.seed, name.as_ref()));
        }
        codes
    }

    /// Adds a name and returns the index of its atom in [`codes`](Self::codes). A name that exists
    /// keeps its index.
    pub fn insert(&mut self, name: impl AsRef<[u8]>) -> usize {
        let name = name.as_ref();
        if let Some(index) = self.index(name) {
            return index;
        }
        let index = self.names.len();
        self.codes.push_random(&mut stream(self.seed, name));
        self.names.push(name.into());
        self.indexes.insert(name.into(), index);
        index
    }

    /// Removes a name and returns whether it existed. The last atom moves to its index.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> bool {
        let Some(index) = self.indexes.remove(name.as_ref()) else { return false };
        let removed = self.codes.swap_remove(index);
        debug_assert!(removed.is_ok(), "each name has a code");
        self.names.swap_remove(index);
        if let Some(moved) = self.names.get(index) {
            self.indexes.insert(moved.clone(), index);
        }
        true
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a name is in the memory.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.index(name).is_some()
    }

    /// The index of a name's atom in [`codes`](Self::codes), until a name is removed.
    pub fn index(&self, name: impl AsRef<[u8]>) -> Option<usize> {
        self.indexes.get(name.as_ref()).copied()
    }

    /// The name whose atom is at an index of [`codes`](Self::codes).
    pub fn name(&self, index: usize) -> Option<&[u8]> {
        self.names.get(index).map(AsRef::as_ref)
    }

    /// The names, in the order of their indexes.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The atoms of all names.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The name whose atom is nearest to a code, if the dot product is `threshold` or more.
    ///
    /// [`Shape::threshold`] gives the threshold for a false-positive rate: divide the rate by the
    /// number of names.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn clean_up<'a>(&self, code: impl Into<CodeRef<'a>>, threshold: i32) -> Result<Option<Named<'_>>> {
        Ok(self.best(self.codes.dots(code)?, threshold))
    }

    /// [`clean_up`](Self::clean_up) of each code of a table, in order.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn clean_up_all<'a>(
        &self,
        codes: impl Into<CodesRef<'a>>,
        threshold: i32,
    ) -> Result<Vec<Option<Named<'_>>>> {
        codes.into().iter().map(|code| self.clean_up(code, threshold)).collect()
    }

    /// The name whose atom has the highest dot product with a bundle, if that is `threshold` or more.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn clean_up_counts(&self, bundle: &Counts, threshold: i64) -> Result<Option<Named<'_, i64>>> {
        Ok(self.best(bundle.dots(&self.codes)?, threshold))
    }

    /// The names whose atoms have a dot product of `threshold` or more with a bundle, best first.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shapes differ.
    pub fn contents(&self, bundle: &Counts, threshold: i64) -> Result<Vec<Named<'_, i64>>> {
        let mut found = self.above(bundle.dots(&self.codes)?, threshold).collect::<Vec<_>>();
        found.sort_unstable_by(better);
        Ok(found)
    }

    fn best<D: Ord + Copy>(&self, dots: Vec<D>, threshold: D) -> Option<Named<'_, D>> {
        self.above(dots, threshold).min_by(better)
    }

    fn above<D: Ord + Copy>(&self, dots: Vec<D>, threshold: D) -> impl Iterator<Item = Named<'_, D>> {
        self.names()
            .zip(dots)
            .map(|(name, dot)| Named { name, dot })
            .filter(move |found| found.dot >= threshold)
    }
}

impl PartialEq for ItemMemory {
    /// Equal shapes, seeds and sets of names, whatever the order in which they were added.
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape()
            && self.seed == other.seed
            && self.len() == other.len()
            && self.names().all(|name| other.contains(name))
    }
}

impl Eq for ItemMemory {}

/// The numbers that the atom of a name is drawn from.
fn stream(seed: u64, name: &[u8]) -> Random {
    Random::new(xxh3_64_with_seed(name, seed))
}

/// Higher dot products first, equal ones by name.
fn better<D: Ord>(left: &Named<'_, D>, right: &Named<'_, D>) -> Ordering {
    right.dot.cmp(&left.dot).then_with(|| left.name.cmp(right.name))
}
