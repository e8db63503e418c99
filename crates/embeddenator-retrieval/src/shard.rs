//! Several indexes of one kind as one: items are divided by the hash of their id, and every search asks all shards.

use std::panic::resume_unwind;
use std::thread;

use embeddenator_vsa::Random;

use crate::batch::threads_for;
use crate::error::{Error, Result};
use crate::limits::{SHARD_THREAD_ITEMS_MIN, SHARDS_MAX};
use crate::{Hit, Id, Index, SearchOptions};

/// Indexes of one kind that are searched together, on several threads where that pays off.
///
/// The hash of an item's id, which is the same on every machine, selects its shard, so removals and
/// lookups ask only one shard. A search asks all of them and merges the results: with exact indexes
/// it finds what a single index of all items would find. A set of shards has no stored form: store
/// a single index instead, or insert the items again.
///
/// ```
/// use embeddenator_retrieval::{Flat, Id, Index, Sharded};
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let code = BlockCode::random(Shape::DEFAULT, &mut Random::new(1));
/// let mut index = Sharded::new(4, || Flat::new(Shape::DEFAULT))?;
/// index.insert(Id(7), &code)?;
/// assert_eq!(index.search(&code, 1)?[0].id, Id(7));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sharded<I> {
    shards: Vec<I>,
}

impl<I: Index> Sharded<I> {
    /// A set of `shards` indexes, each created empty by `empty`.
    ///
    /// # Errors
    /// [`Error::Shards`] for 0 or more than [`SHARDS_MAX`].
    pub fn new(shards: usize, empty: impl FnMut() -> I) -> Result<Self> {
        if !(1..=SHARDS_MAX).contains(&shards) {
            return Err(Error::Shards { shards, shards_max: SHARDS_MAX });
        }
        Ok(Sharded { shards: std::iter::repeat_with(empty).take(shards).collect() })
    }

    /// The shards in order.
    pub fn shards(&self) -> &[I] {
        &self.shards
    }

    /// The shard of an item with this id.
    pub fn shard_of(&self, id: Id) -> usize {
        // Ids are often consecutive, or multiples of some number; their hashes are neither.
        Random::new(id.0).below(self.shards.len() as u64) as usize
    }

    /// Calls `search` for each shard and returns the results in the order of the shards.
    fn ask_all<R: Send>(
        &self,
        options: &SearchOptions,
        queries: usize,
        search: impl Fn(&I, &SearchOptions) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let work = self.len().saturating_mul(queries) / SHARD_THREAD_ITEMS_MIN;
        let threads = threads_for(options.threads, work.min(self.shards.len()));
        if threads == 1 {
            return self.shards.iter().map(|shard| search(shard, options)).collect();
        }
        let alone = SearchOptions { threads: 1, ..*options };
        let search =
            |shards: &[I]| -> Result<Vec<R>> { shards.iter().map(|shard| search(shard, &alone)).collect() };
        let mut runs = self.shards.chunks(self.shards.len().div_ceil(threads));
        let own = runs.next().unwrap_or_default();
        thread::scope(|scope| {
            let others: Vec<_> = runs.map(|run| scope.spawn(|| search(run))).collect();
            let mut found = search(own)?;
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
            }
            Ok(found)
        })
    }
}

impl<I: Index> Index for Sharded<I> {
    type Code = I::Code;

    fn check_code(&self, code: &I::Code) -> Result<()> {
        self.shards.iter().try_for_each(|shard| shard.check_code(code))
    }

    fn insert(&mut self, id: Id, code: &I::Code) -> Result<()> {
        let shard = self.shard_of(id);
        self.shards[shard].insert(id, code)
    }

    fn remove(&mut self, id: Id) -> Option<I::Code> {
        let shard = self.shard_of(id);
        self.shards[shard].remove(id)
    }

    fn get(&self, id: Id) -> Option<I::Code> {
        self.shards[self.shard_of(id)].get(id)
    }

    fn contains(&self, id: Id) -> bool {
        self.shards[self.shard_of(id)].contains(id)
    }

    fn len(&self) -> usize {
        self.shards.iter().map(Index::len).sum()
    }

    fn search_with(&self, query: &I::Code, k: usize, options: &SearchOptions) -> Result<Vec<Hit>> {
        let found = self.ask_all(options, 1, |shard, options| shard.search_with(query, k, options))?;
        Ok(merged(found.into_iter().flatten().collect(), k))
    }

    fn search_batch(&self, queries: &[I::Code], k: usize, options: &SearchOptions) -> Result<Vec<Vec<Hit>>> {
        let count = queries.len();
        let found = self.ask_all(options, count, |shard, options| shard.search_batch(queries, k, options))?;
        let mut all = vec![Vec::new(); count];
        for found in found {
            for (all, found) in all.iter_mut().zip(found) {
                all.extend(found);
            }
        }
        Ok(all.into_iter().map(|hits| merged(hits, k)).collect())
    }
}

fn merged(mut hits: Vec<Hit>, k: usize) -> Vec<Hit> {
    hits.sort_unstable();
    hits.truncate(k);
    hits
}
