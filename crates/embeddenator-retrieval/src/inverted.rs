//! The inverted index: for each dimension, the items that are not zero there; for sparse vectors of any sparsity.

use std::collections::HashMap;
use std::fmt;

use embeddenator_vsa::SparseTernary;

use crate::error::{Error, Result};
use crate::limits::INVERTED_ITEMS_MAX;
use crate::top_k::TopK;
use crate::{Hit, Id, Index, SearchOptions};

/// How two sparse vectors are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Similarity {
    /// The cosine of the angle between them, from -1 to 1; 0 if either is zero.
    #[default]
    Cosine,
    /// The dot product.
    Dot,
}

/// Sparse ternary vectors in posting lists: a search reads the lists of the query's dimensions and
/// no others.
///
/// Exact: the lists hold signs, so reading them adds up the dot product of each item, and items in
/// none of them have the dot product 0. Every search equals a comparison with all items, bit for
/// bit.
///
/// It pays off if the vectors are sparse: a search takes about a nanosecond per posting, and it
/// reads `items * share * nonzero` postings if the query has `nonzero` elements and the items fill
/// this share of the dimensions.
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
    /// For each dimension, the items that fill it, by ascending slot, in pages of [`PAGE`] lists; a
    /// page is empty if no item fills any of its dimensions. Looking up a list by hash would take
    /// longer than reading a short one.
    pages: Vec<Vec<Vec<Posting>>>,
    /// The items, and the free places that removals have left.
    slots: Vec<Option<(Id, SparseTernary)>>,
    /// The number of non-zero elements of the item in each slot, kept together because each search
    /// reads them.
    nonzero: Vec<u32>,
    free: Vec<u32>,
    /// The slot of each item.
    homes: HashMap<Id, u32>,
}

/// An item that is not zero in a dimension: twice its slot, plus one if it is -1 there.
type Posting = u32;

/// Lists that are allocated together.
const PAGE: usize = 64;

/// Allows for the rounding of a score.
const SCORE_SLACK: f64 = 1.0 - 1e-5;

/// The contents of an [`Inverted`] index in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvertedStats {
    /// The number of items.
    pub items: usize,
    /// The number of dimensions in which some item is not zero.
    pub lists: usize,
    /// The number of non-zero elements in all items.
    pub postings: usize,
}

impl Inverted {
    /// An empty index of vectors of this dimension.
    ///
    /// # Errors
    /// [`Error::Code`] for a dimension that vectors cannot have.
    pub fn new(dimension: usize, similarity: Similarity) -> Result<Self> {
        // Constructing the vector checks the dimension.
        SparseTernary::new(dimension, Vec::new(), Vec::new())?;
        Ok(Inverted {
            dimension,
            similarity,
            pages: Vec::new(),
            slots: Vec::new(),
            nonzero: Vec::new(),
            free: Vec::new(),
            homes: HashMap::new(),
        })
    }

    /// The dimension of all vectors.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How items are scored.
    pub fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// The contents in numbers.
    pub fn stats(&self) -> InvertedStats {
        InvertedStats {
            items: self.homes.len(),
            lists: self.pages.iter().flatten().filter(|list| !list.is_empty()).count(),
            postings: self.pages.iter().flatten().map(Vec::len).sum(),
        }
    }

    /// The items in the order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &SparseTernary)> {
        self.slots.iter().flatten().map(|(id, vector)| (*id, vector))
    }

    /// The vector of an item, borrowed.
    pub fn get_ref(&self, id: Id) -> Option<&SparseTernary> {
        let slot = self.slots.get(*self.homes.get(&id)? as usize)?;
        slot.as_ref().map(|(_, vector)| vector)
    }

    /// The items that fill a dimension.
    fn list(&self, index: u32) -> &[Posting] {
        let page = self.pages.get(index as usize / PAGE);
        page.and_then(|page| page.get(index as usize % PAGE)).map_or(&[], Vec::as_slice)
    }

    /// The list of the items that fill a dimension, created if there is none.
    fn list_mut(&mut self, index: u32) -> &mut Vec<Posting> {
        let (page, list) = (index as usize / PAGE, index as usize % PAGE);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Vec::new);
        }
        let page = &mut self.pages[page];
        if page.is_empty() {
            page.resize_with(PAGE, Vec::new);
        }
        &mut page[list]
    }

    /// The dot product of the query with the item of each slot.
    fn dots(&self, query: &SparseTernary) -> Vec<i32> {
        let mut dots = vec![0; self.slots.len()];
        for (indexes, sign) in [(query.plus(), 1), (query.minus(), -1)] {
            for posting in indexes.iter().flat_map(|index| self.list(*index)) {
                dots[(posting >> 1) as usize] += if posting & 1 == 0 { sign } else { -sign };
            }
        }
        dots
    }

    /// The score for the dot product `dot` of a vector with `query` non-zero elements and one with
    /// `item`; the same bits as [`SparseTernary::cosine`].
    fn score(&self, dot: i32, query: usize, item: u32) -> f32 {
        match self.similarity {
            Similarity::Dot => dot as f32,
            Similarity::Cosine => {
                let product = query as f64 * f64::from(item);
                if product > 0.0 { (f64::from(dot) / product.sqrt()) as f32 } else { 0.0 }
            }
        }
    }

    /// Offers the items whose dot product with a query of `query` non-zero elements is positive.
    fn offer_positive(&self, dots: &[i32], query: usize, best: &mut TopK<Hit>) {
        // An item needs at least this dot product to be among the best, even if it is the shortest
        // of all. This one comparison skips most items without a square root or a division.
        let mut dot_min = 1;
        let per_score = match self.similarity {
            Similarity::Dot => 1.0,
            Similarity::Cosine => {
                let shortest = self.nonzero.iter().copied().filter(|nonzero| *nonzero > 0).min().unwrap_or(0);
                (query as f64 * f64::from(shortest)).sqrt()
            }
        };
        for (slot, dot) in dots.iter().enumerate() {
            if *dot < dot_min.max(1) {
                continue;
            }
            if let Some((id, _)) = &self.slots[slot] {
                best.offer(Hit { id: *id, score: self.score(*dot, query, self.nonzero[slot]) });
                let worst = best.worst().map_or(0.0, |hit| f64::from(hit.score));
                dot_min = (worst * per_score * SCORE_SLACK).ceil() as i32;
            }
        }
    }
}

impl fmt::Debug for Inverted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Inverted {{ dimension: {}, {:?} }}", self.dimension, self.stats())
    }
}

impl Index for Inverted {
    type Code = SparseTernary;

    fn check_code(&self, vector: &SparseTernary) -> Result<()> {
        if vector.dimension() == self.dimension {
            return Ok(());
        }
        let (left, right) = (self.dimension, vector.dimension());
        Err(Error::Code(embeddenator_vsa::Error::DimensionMismatch { left, right }))
    }

    fn insert(&mut self, id: Id, vector: &SparseTernary) -> Result<()> {
        if self.homes.contains_key(&id) {
            return Err(Error::DuplicateId { id });
        }
        self.check_code(vector)?;
        if self.homes.len() >= INVERTED_ITEMS_MAX {
            return Err(Error::Full { items_max: INVERTED_ITEMS_MAX });
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        for (index, posting) in postings_of(vector, slot) {
            let list = self.list_mut(index);
            match list.last() {
                // Slots are reused only after removals.
                Some(newest) if *newest > posting => {
                    let at = list.partition_point(|other| *other < posting);
                    list.insert(at, posting);
                }
                _ => list.push(posting),
            }
        }
        let item = Some((id, vector.clone()));
        if slot as usize == self.slots.len() {
            self.slots.push(None);
            self.nonzero.push(0);
        }
        self.slots[slot as usize] = item;
        self.nonzero[slot as usize] = vector.nonzero_count() as u32;
        self.homes.insert(id, slot);
        Ok(())
    }

    fn remove(&mut self, id: Id) -> Option<SparseTernary> {
        let slot = self.homes.remove(&id)?;
        let (_, vector) = self.slots[slot as usize].take().expect("each id has its slot");
        for (index, posting) in postings_of(&vector, slot) {
            let list = self.list_mut(index);
            let at = list.binary_search(&posting).expect("each element has its posting");
            list.remove(at);
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
        self.check_code(query)?;
        let dots = self.dots(query);
        let mut best = TopK::new(k, self.homes.len());
        self.offer_positive(&dots, query.nonzero_count(), &mut best);
        if !best.is_full() {
            // The other items count only if too few have anything in common with the query.
            for ((dot, nonzero), slot) in dots.iter().zip(&self.nonzero).zip(&self.slots) {
                if let Some((id, _)) = slot.as_ref().filter(|_| *dot <= 0) {
                    best.offer(Hit { id: *id, score: self.score(*dot, query.nonzero_count(), *nonzero) });
                }
            }
        }
        Ok(best.into_sorted())
    }
}

/// The non-zero dimensions of a vector, each with the posting for this slot.
fn postings_of(vector: &SparseTernary, slot: u32) -> impl Iterator<Item = (u32, Posting)> {
    let plus = vector.plus().iter().map(move |index| (*index, slot << 1));
    plus.chain(vector.minus().iter().map(move |index| (*index, slot << 1 | 1)))
}
