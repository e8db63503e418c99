//! The inverted index: for each dimension the items that are not zero there, for sparse vectors of any sparsity.

use std::collections::HashMap;
use std::fmt;

use embeddenator_vsa::SparseTernary;

use crate::error::{Error, Result};
use crate::limits::INVERTED_ITEMS_MAX;
use crate::top_k::TopK;
use crate::{Hit, Id, Index, SearchOptions};

/// What the score of two sparse vectors is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Similarity {
    /// The cosine of the angle between both, from -1 to 1; 0 if one of them is zero.
    #[default]
    Cosine,
    /// The dot product.
    Dot,
}

/// Sparse ternary vectors by posting lists: a search reads the lists of the query's dimensions, and no others.
///
/// Exact: the lists hold signs, so reading them sums up the dot product of each item, and what they do not name has the
/// dot product 0. Every search equals a comparison with all items, bit for bit.
///
/// It pays off where vectors are sparse: a search costs some nanosecond for each posting that it reads, which are
/// `items * share * nonzero` for a query of `nonzero` elements and items that fill this share of the dimensions.
///
/// ```
/// use embeddenator_retrieval::{Id, Index, Inverted, Similarity};
/// use embeddenator_vsa::SparseTernary;
///
/// let mut index = Inverted::new(1000, Similarity::Cosine)?;
/// index.insert(Id(1), &SparseTernary::new(1000, vec![1, 5, 400], vec![7])?)?;
/// index.insert(Id(2), &SparseTernary::new(1000, vec![1, 5], vec![])?)?;
/// let hits = index.search(&SparseTernary::new(1000, vec![5], vec![7])?, 2)?;
/// assert_eq!((hits[0].id, hits[1].id), (Id(1), Id(2)));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone)]
pub struct Inverted {
    dimension: usize,
    similarity: Similarity,
    /// For each dimension that some item fills the items that do, by ascending slot.
    postings: HashMap<u32, Vec<Posting>>,
    /// The items, and free places that removals left.
    slots: Vec<Option<(Id, SparseTernary)>>,
    free: Vec<u32>,
    /// The slot of each item.
    homes: HashMap<Id, u32>,
}

/// An item that is not zero in a dimension: twice its slot, and one more if it is -1 there.
type Posting = u32;

/// What an [`Inverted`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvertedStats {
    /// Items.
    pub items: usize,
    /// Dimensions in which some item is not zero.
    pub lists: usize,
    /// Non-zero elements of all items.
    pub postings: usize,
}

impl Inverted {
    /// An empty index of vectors of this dimension.
    ///
    /// # Errors
    /// [`Error::Code`] for a dimension that no vector can have.
    pub fn new(dimension: usize, similarity: Similarity) -> Result<Self> {
        // The vector proves the dimension.
        SparseTernary::new(dimension, Vec::new(), Vec::new())?;
        Ok(Inverted {
            dimension,
            similarity,
            postings: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            homes: HashMap::new(),
        })
    }

    /// The dimension of all vectors.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// What scores are.
    pub fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// What it holds.
    pub fn stats(&self) -> InvertedStats {
        InvertedStats {
            items: self.homes.len(),
            lists: self.postings.len(),
            postings: self.postings.values().map(Vec::len).sum(),
        }
    }

    /// The items in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &SparseTernary)> {
        self.slots.iter().flatten().map(|(id, vector)| (*id, vector))
    }

    /// The vector of an item where it lies.
    pub fn get_ref(&self, id: Id) -> Option<&SparseTernary> {
        let slot = self.slots.get(*self.homes.get(&id)? as usize)?;
        slot.as_ref().map(|(_, vector)| vector)
    }

    /// The dot product of the query with the item of each slot.
    fn dots(&self, query: &SparseTernary) -> Vec<i32> {
        let mut dots = vec![0; self.slots.len()];
        for (indexes, sign) in [(query.plus(), 1), (query.minus(), -1)] {
            for posting in indexes.iter().filter_map(|index| self.postings.get(index)).flatten() {
                dots[(posting >> 1) as usize] += if posting & 1 == 0 { sign } else { -sign };
            }
        }
        dots
    }

    fn score(&self, dot: i32, query_nonzero: usize, item: &SparseTernary) -> f32 {
        match self.similarity {
            Similarity::Dot => dot as f32,
            Similarity::Cosine => {
                let product = query_nonzero as f64 * item.nonzero_count() as f64;
                if product > 0.0 { (f64::from(dot) / product.sqrt()) as f32 } else { 0.0 }
            }
        }
    }

    fn expect_dimension(&self, vector: &SparseTernary) -> Result<()> {
        if vector.dimension() == self.dimension {
            return Ok(());
        }
        let (left, right) = (self.dimension, vector.dimension());
        Err(Error::Code(embeddenator_vsa::Error::DimensionMismatch { left, right }))
    }
}

impl fmt::Debug for Inverted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Inverted {{ dimension: {}, {:?} }}", self.dimension, self.stats())
    }
}

impl Index for Inverted {
    type Code = SparseTernary;

    fn insert(&mut self, id: Id, vector: &SparseTernary) -> Result<()> {
        if self.homes.contains_key(&id) {
            return Err(Error::DuplicateId { id });
        }
        self.expect_dimension(vector)?;
        if self.homes.len() >= INVERTED_ITEMS_MAX {
            return Err(Error::Full { items_max: INVERTED_ITEMS_MAX });
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        for (index, posting) in postings_of(vector, slot) {
            let list = self.postings.entry(index).or_default();
            // Mostly at the end, since slots are reused only after removals.
            let at = list.partition_point(|other| *other < posting);
            list.insert(at, posting);
        }
        let item = Some((id, vector.clone()));
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = item,
            None => self.slots.push(item),
        }
        self.homes.insert(id, slot);
        Ok(())
    }

    fn remove(&mut self, id: Id) -> Option<SparseTernary> {
        let slot = self.homes.remove(&id)?;
        let (_, vector) = self.slots[slot as usize].take().expect("each id has its slot");
        for (index, posting) in postings_of(&vector, slot) {
            let list = self.postings.get_mut(&index).expect("each element has its posting");
            let at = list.binary_search(&posting).expect("each element has its posting");
            list.remove(at);
            if list.is_empty() {
                self.postings.remove(&index);
            }
        }
        self.free.push(slot);
        Some(vector)
    }

    fn get(&self, id: Id) -> Option<SparseTernary> {
        self.get_ref(id).cloned()
    }

    fn contains(&self, id: Id) -> bool {
        self.homes.contains_key(&id)
    }

    fn len(&self) -> usize {
        self.homes.len()
    }

    fn search_with(&self, query: &SparseTernary, k: usize, _: &SearchOptions) -> Result<Vec<Hit>> {
        self.expect_dimension(query)?;
        let dots = self.dots(query);
        let mut best = TopK::new(k, self.homes.len());
        let mut offer_where = |chosen: fn(i32) -> bool| {
            for (dot, slot) in dots.iter().zip(&self.slots).filter(|(dot, _)| chosen(**dot)) {
                if let Some((id, item)) = slot {
                    best.offer(Hit { id: *id, score: self.score(*dot, query.nonzero_count(), item) });
                }
            }
            best.is_full()
        };
        // What has something in common with the query is found first; only if that is too little come the others.
        if !offer_where(|dot| dot > 0) {
            offer_where(|dot| dot <= 0);
        }
        Ok(best.into_sorted())
    }
}

/// The dimensions of a vector, each with the posting of the vector in this slot.
fn postings_of(vector: &SparseTernary, slot: u32) -> impl Iterator<Item = (u32, Posting)> {
    let plus = vector.plus().iter().map(move |index| (*index, slot << 1));
    plus.chain(vector.minus().iter().map(move |index| (*index, slot << 1 | 1)))
}
