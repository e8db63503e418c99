//! The trait that all indexes share.

use embeddenator_vsa::Shape;

use crate::batch::in_parallel;
use crate::{Hit, Id, Result, SearchOptions};

/// A set of items, each a code with an id, and the search for those most similar to a query.
///
/// All indexes keep these promises:
///
/// - Ids are unique: [`insert`](Self::insert) refuses an id that exists, [`replace`](Self::replace)
///   does not.
/// - [`remove`](Self::remove) is exact: an item that was inserted and removed leaves no trace in
///   any result.
/// - Hits come best first, and equal scores by ascending id. The same items inserted in the same
///   order give the same hits with any number of threads.
/// - `k = 0` finds nothing; a `k` above the number of items finds all of them.
/// - A search never changes the index, and there are no locks: `&self` may be shared by any number of threads.
///
/// The trait is dyn-compatible: `Box<dyn Index<Code = BlockCode>>` is an index of block codes whose
/// kind is chosen at run time.
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
    /// The type of the items: block codes, or sparse ternary vectors.
    type Code: Sync;

    /// Checks that a code can be an item or a query of this index.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) if its shape differs.
    fn check_code(&self, code: &Self::Code) -> Result<()>;

    /// Adds an item.
    ///
    /// # Errors
    /// [`Error::DuplicateId`](crate::Error::DuplicateId) if the id exists;
    /// [`Error::Code`](crate::Error::Code) if the code's shape differs;
    /// [`Error::Full`](crate::Error::Full) if the index can hold no more items.
    fn insert(&mut self, id: Id, code: &Self::Code) -> Result<()>;

    /// Removes an item and returns its code, or `None` if there is no such id.
    fn remove(&mut self, id: Id) -> Option<Self::Code>;

    /// The code of an item.
    fn get(&self, id: Id) -> Option<Self::Code>;

    /// Whether there is an item with this id.
    fn contains(&self, id: Id) -> bool;

    /// The number of items.
    fn len(&self) -> usize;

    /// The `k` items most similar to the query.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) if the shape of a query differs.
    fn search_with(&self, query: &Self::Code, k: usize, options: &SearchOptions) -> Result<Vec<Hit>>;

    /// [`search_with`](Self::search_with) for each query, on several threads; the results are in
    /// the order of the queries.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) if the shape of a query differs.
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

    /// [`search_with`](Self::search_with) with the options of the index.
    ///
    /// # Errors
    /// [`Error::Code`](crate::Error::Code) if the shape of a query differs.
    fn search(&self, query: &Self::Code, k: usize) -> Result<Vec<Hit>> {
        self.search_with(query, k, &SearchOptions::default())
    }

    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item. If the id exists, replaces that item and returns its code.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert), except for a duplicate id; the index is then unchanged, and
    /// the former item stays.
    fn replace(&mut self, id: Id, code: &Self::Code) -> Result<Option<Self::Code>> {
        self.check_code(code)?;
        // The removal has just made room.
        let former = self.remove(id);
        self.insert(id, code)?;
        Ok(former)
    }
}

/// Refuses a code of shape `right` in an index of shape `left`.
pub(crate) fn expect_shape(left: Shape, right: Shape) -> Result<()> {
    if left == right { Ok(()) } else { Err(embeddenator_vsa::Error::ShapeMismatch { left, right }.into()) }
}
