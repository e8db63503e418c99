//! Clean-up: names for codes, and the way back from a noisy code to the name that it most likely came from.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::{Id, Index};

/// Named codes over an index of any kind: finds the name of a code that unbinding or bundling has
/// made noisy.
///
/// It finds what its index finds: over a [`Hierarchy`](crate::Hierarchy), which may miss the best,
/// it has only the recall of that index. A code with most of its blocks wrong still stands out
/// among unrelated ones. How high a score must be to mean something depends on the dimension and on
/// the number of names, so each call takes a threshold.
///
/// ```
/// use embeddenator_retrieval::{CleanUp, Flat};
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let mut random = Random::new(1);
/// let [role, red, green] = std::array::from_fn(|_| BlockCode::random(Shape::DEFAULT, &mut random));
/// let mut colours = CleanUp::new(Flat::new(Shape::DEFAULT))?;
/// colours.insert("red", &red)?;
/// colours.insert("green", &green)?;
/// let bound = role.bind(&green)?;
/// let found = colours.clean_up(&bound.unbind(&role)?, 0.2)?.expect("a name");
/// assert_eq!((found.name, found.score), ("green", 1.0));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CleanUp<I> {
    index: I,
    ids: HashMap<String, Id>,
    names: HashMap<Id, String>,
    /// The id of the next name; no id is used twice.
    next: u64,
}

/// A name, and how similar its code is to the query.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NameHit<'a> {
    /// The name.
    pub name: &'a str,
    /// The similarity, in the measure of the index.
    pub score: f32,
}

impl<I: Index> CleanUp<I> {
    /// An empty clean-up memory that keeps its codes in this index, which must be empty.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] if the index has items, which would have no names.
    pub fn new(index: I) -> Result<Self> {
        match index.len() {
            0 => Ok(CleanUp { index, ids: HashMap::new(), names: HashMap::new(), next: 0 }),
            items => Err(Error::NotEmpty { items }),
        }
    }

    /// The index of the codes.
    pub fn index(&self) -> &I {
        &self.index
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds a code under a name.
    ///
    /// # Errors
    /// [`Error::DuplicateName`] if the name is taken, and those of [`Index::insert`].
    pub fn insert(&mut self, name: &str, code: &I::Code) -> Result<()> {
        if self.ids.contains_key(name) {
            return Err(Error::DuplicateName { name: name.to_owned() });
        }
        let id = Id(self.next);
        self.index.insert(id, code)?;
        self.next += 1;
        self.ids.insert(name.to_owned(), id);
        self.names.insert(id, name.to_owned());
        Ok(())
    }

    /// Removes a name and returns its code, or `None` if there is no such name.
    pub fn remove(&mut self, name: &str) -> Option<I::Code> {
        let id = self.ids.remove(name)?;
        self.names.remove(&id);
        self.index.remove(id)
    }

    /// The code with this name.
    pub fn get(&self, name: &str) -> Option<I::Code> {
        self.index.get(*self.ids.get(name)?)
    }

    /// The name whose code is most similar to this one, unless its score is below `score_min`.
    /// Between equal scores, the name that was added first wins.
    ///
    /// # Errors
    /// Those of [`Index::search_with`].
    pub fn clean_up(&self, noisy: &I::Code, score_min: f32) -> Result<Option<NameHit<'_>>> {
        let best = self.nearest(noisy, 1)?.into_iter().next();
        Ok(best.filter(|best| best.score >= score_min))
    }

    /// The `k` names whose codes are most similar to this one, best first.
    ///
    /// # Errors
    /// Those of [`Index::search_with`].
    pub fn nearest(&self, noisy: &I::Code, k: usize) -> Result<Vec<NameHit<'_>>> {
        let hits = self.index.search(noisy, k)?;
        let named = hits.into_iter().map(|hit| NameHit { name: &self.names[&hit.id], score: hit.score });
        Ok(named.collect())
    }
}
