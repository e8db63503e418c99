//! The one trait of all indexes.

use embeddenator_vsa::Shape;

use crate::batch::in_parallel;
use crate::{Hit, Id, Result, SearchOptions};

/// Items under ids, each a code, and the search for those most similar to a query.
///
/// All indexes keep these promises:
///
/// - Ids are unique: [`insert`](Self::insert) refuses one that is there, [`replace`](Self::replace) does not.
/// - [`remove`](Self::remove) is exact: what was inserted and removed again leaves no trace in any result.
/// - Hits come best first, of equal scores the lowest id first; the same items inserted in the same order give the same
///   hits at any number of threads.
/// - `k = 0` finds nothing, a `k` above the number of items finds all of them.
/// - A search never changes the index, and there are no locks: `&self` may be shared by any number of threads.
///
/// The trait is object safe: `Box<dyn Index<Code = BlockCode>>` is an index of block codes of a kind chosen at run
/// time.
///
/// ```
/// use embeddenator_retrieval::{Flat, Id, Index};
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let mut random = Random::new(1);
/// let code = BlockCode::random(Shape::DEFAULT, &mut random);
/// let mut index: Box<dyn Index<Code = BlockCode>> = Box::new(Flat::new(Shape::DEFAULT));
/// index.insert(Id(7), &code)?;
/// assert_eq!(index.search(&code, 1)?[0].id, Id(7));
/// assert_eq!(index.remove(Id(7)), Some(code));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
pub trait Index: Send + Sync {
    /// What the items are: block codes, or sparse ternary vectors.
    type Code: Sync;

    /// Whether a code can be an item and a query here.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) for another shape.
    fn check_code(&self, code: &Self::Code) -> Result<()>;

    /// Adds an item.
    ///
    /// # Errors
    /// [`Error::DuplicateId`](crate::Error::DuplicateId) if the id is there, [`Error::Code`](crate::Error::Code) for
    /// another shape, [`Error::Full`](crate::Error::Full).
    fn insert(&mut self, id: Id, code: &Self::Code) -> Result<()>;

    /// Removes an item and returns its code, or `None` if there is no such id.
    fn remove(&mut self, id: Id) -> Option<Self::Code>;

    /// The code of an item.
    fn get(&self, id: Id) -> Option<Self::Code>;

    /// Whether there is an item of this id.
    fn contains(&self, id: Id) -> bool;

    /// Items in the index.
    fn len(&self) -> usize;

    /// The `k` items most similar to the query.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) for a query of another shape.
    fn search_with(&self, query: &Self::Code, k: usize, options: &SearchOptions) -> Result<Vec<Hit>>;

    /// [`search_with`](Self::search_with) for each query, in order, by several threads.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) for a query of another shape.
    fn search_batch(
        &self,
        queries: &[Self::Code],
        k: usize,
        options: &SearchOptions,
    ) -> Result<Vec<Vec<Hit>>> {
        let alone = SearchOptions { threads: 1, ..*options };
        in_parallel(queries, options.threads, |queries| {
            queries.iter().map(|query| self.search_with(query, k, &alone)).collect()
        })
    }

    /// [`search_with`](Self::search_with) and the options of the index.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) for a query of another shape.
    fn search(&self, query: &Self::Code, k: usize) -> Result<Vec<Hit>> {
        self.search_with(query, k, &SearchOptions::default())
    }

    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item, in the place of the one of this id if there is one, whose code is returned.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert), but for the id; the former item stays then, and the index is as it was before.
    fn replace(&mut self, id: Id, code: &Self::Code) -> Result<Option<Self::Code>> {
        self.check_code(code)?;
        // Where something is taken out, there is room for what comes in.
        let former = self.remove(id);
        self.insert(id, code)?;
        Ok(former)
    }
}

/// Refuses a code of shape `right` where all are of shape `left`.
pub(crate) fn expect_shape(left: Shape, right: Shape) -> Result<()> {
    if left == right { Ok(()) } else { Err(embeddenator_vsa::Error::ShapeMismatch { left, right }.into()) }
}
