//! The hierarchical index: bundles of items are scored first, and only the best are looked into.

mod beam;
pub(crate) mod nodes;
mod placement;

use std::fmt;

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{BlockCode, CodeRef, Shape};

use crate::batch::in_parallel;
use crate::error::{Error, Result};
use crate::index::expect_shape;
use crate::limits::{BATCH_GROUP_QUERIES, BATCH_SHARED_BYTES_MIN, ITEMS_MAX};
use crate::top_k::{Found, TopK};
use crate::{Beam, Hit, Id, Index, SearchOptions};
use beam::BestNodes;
use nodes::Nodes;

/// How many deviations of its score a node's score may lie below the worst hit, and still the node be looked into.
const MARGIN_DEVIATIONS: f32 = 6.0;
/// Items that are looked at at least, for each hit that is asked for.
const ITEMS_PER_HIT: usize = 4;

/// Block codes in nodes of at most 64, of which a search looks into the best by the scores of their bundles.
///
/// Each node has a bundle, the sum of its codes; the bundles of 64 nodes are one
/// [`CounterBank`](embeddenator_vsa::CounterBank), which gives the dot products of a query with all of them by adding a
/// cache line for each block. A score counts in deviations of what unrelated codes score at that node: the norm of the
/// bundle over the square root of the positions. The best nodes, the [`Beam`], are looked into, and their items
/// compared exactly; scores of hits are cosines.
///
/// Signed counters can cancel, so the score of a bundle bounds nothing: the recall is measured, not proved. With the
/// default beam, over 100 000 items and with 30% of the blocks of a query wrong, the nearest of unrelated codes is found
/// in 1.000 of the searches, and of the ten nearest in clusters of 16 to 25 000 items at least 0.99, but in one cluster
/// of all items 0.8; the README has more. A search that must not miss anything says so in [`SearchOptions::exact`].
///
/// An item goes to the open node that it is most similar to, so that clusters find together in any order of arrival.
/// The same calls in the same order give the same bytes, and inserting and removing again leaves no trace.
///
/// ```
/// use embeddenator_retrieval::{Beam, Hierarchy, Id, Index, SearchOptions};
/// use embeddenator_vsa::{BlockCode, Random, Shape};
///
/// let mut random = Random::new(1);
/// let mut index = Hierarchy::new(Shape::DEFAULT);
/// for id in (0..1000).map(Id) {
///     index.insert(id, &BlockCode::random(Shape::DEFAULT, &mut random))?;
/// }
/// let query = index.get(Id(7)).expect("it was inserted");
/// let wide = SearchOptions { beam: Some(Beam { width: 64, width_max: 512 }), ..SearchOptions::default() };
/// assert_eq!(index.search_with(&query, 1, &wide)?[0].id, Id(7));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Hierarchy {
    nodes: Nodes,
    options: HierarchyOptions,
}

/// How a [`Hierarchy`] searches unless a search says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HierarchyOptions {
    /// How many nodes are looked into.
    pub beam: Beam,
    /// Up to so many items all of them are looked at: that is exact, and as fast.
    pub exact_items_max: usize,
}

impl Default for HierarchyOptions {
    fn default() -> Self {
        // What stands out is more than 512 nodes only where tens of thousands of items are alike; so many nodes take
        // nearly as long as a scan of 100 000 items.
        HierarchyOptions { beam: Beam { width: 32, width_max: 512 }, exact_items_max: 4096 }
    }
}

/// What a [`Hierarchy`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HierarchyStats {
    /// Items.
    pub items: usize,
    /// Nodes, of which the last ones may have room.
    pub nodes: usize,
    /// Bytes of the codes.
    pub code_bytes: usize,
    /// Bytes of the counters.
    pub counter_bytes: usize,
}

impl Hierarchy {
    /// An empty index of codes of this shape.
    pub fn new(shape: Shape) -> Self {
        Self::with_options(shape, HierarchyOptions::default())
    }

    /// An empty index of codes of this shape that searches in this way.
    pub fn with_options(shape: Shape, options: HierarchyOptions) -> Self {
        Hierarchy { nodes: Nodes::new(shape), options }
    }

    /// An index of these nodes.
    pub(crate) fn from_nodes(nodes: Nodes, options: HierarchyOptions) -> Self {
        Hierarchy { nodes, options }
    }

    /// How it searches.
    pub fn options(&self) -> HierarchyOptions {
        self.options
    }

    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// The shape of all codes.
    pub fn shape(&self) -> Shape {
        self.nodes.shape()
    }

    /// What it holds.
    pub fn stats(&self) -> HierarchyStats {
        let counter_bytes = self.shape().dimension() * BANK_SLOTS;
        HierarchyStats {
            items: self.nodes.items(),
            nodes: self.nodes.as_slice().len(),
            code_bytes: self.nodes.items() * self.shape().stride(),
            counter_bytes: self.nodes.banks().len() * counter_bytes,
        }
    }

    /// Compares all that is derived, counters and ids by node, with the codes; for tests and for the distrustful.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] names the first node that does not fit.
    pub fn check(&self) -> Result<()> {
        self.nodes.check()
    }

    /// [`Index::insert`] of a code in somebody else's memory.
    ///
    /// # Errors
    /// As for [`Index::insert`].
    pub fn insert_ref(&mut self, id: Id, code: CodeRef<'_>) -> Result<()> {
        if self.nodes.contains(id) {
            return Err(Error::DuplicateId { id });
        }
        if self.nodes.items() >= ITEMS_MAX {
            return Err(Error::Full { items_max: ITEMS_MAX });
        }
        expect_shape(self.shape(), code.shape())?;
        let place = placement::place(&self.nodes, code)?;
        self.nodes.add(place, id, code);
        Ok(())
    }

    /// The code of an item where it lies.
    pub fn get_ref(&self, id: Id) -> Option<CodeRef<'_>> {
        self.nodes.get(id)
    }

    /// [`Index::search_with`] for a code in somebody else's memory.
    ///
    /// # Errors
    /// As for [`Index::search_with`].
    pub fn search_ref(&self, query: CodeRef<'_>, k: usize, options: &SearchOptions) -> Result<Vec<Hit>> {
        expect_shape(self.shape(), query.shape())?;
        let Some(beam) = self.beam(k, options) else { return self.scan_all(query, k) };
        let mut best = BestNodes::new(beam, self.nodes.as_slice().len());
        for (first, (counters, scales)) in (0..).step_by(BANK_SLOTS).zip(self.nodes.banks()) {
            best.offer(first, &counters.dots(query)?, scales, self.nodes.as_slice());
        }
        self.search_best(query, k, best)
    }

    /// The beam of a search, or nothing if it looks at all items.
    fn beam(&self, k: usize, options: &SearchOptions) -> Option<Beam> {
        let items = self.nodes.items();
        let mut beam = options.beam.unwrap_or(self.options.beam);
        beam.width = beam.width.max(k.saturating_mul(ITEMS_PER_HIT).div_ceil(self.nodes.capacity()));
        let few = items <= self.options.exact_items_max && options.beam.is_none();
        let all = options.exact || few || beam.width.max(1) >= self.nodes.as_slice().len();
        (!all).then_some(beam)
    }

    /// Looks into the best nodes.
    fn search_best(&self, query: CodeRef<'_>, k: usize, best_nodes: BestNodes) -> Result<Vec<Hit>> {
        let nodes = self.nodes.as_slice();
        let mut best = TopK::new(k, self.nodes.items());
        for scored in best_nodes.into_sorted(nodes) {
            let node = &nodes[scored.node as usize];
            if best.is_full() && f32::from(scored.score) + self.margin(node) < best.worst_dot() as f32 {
                continue;
            }
            scan(node, query, &mut best)?;
        }
        if best.is_full() {
            Ok(best.into_hits(self.shape().blocks()))
        } else {
            // Nodes that are nearly empty can leave less than was asked for.
            self.scan_all(query, k)
        }
    }

    /// How far the score of a node may lie below that of an item that it holds.
    fn margin(&self, node: &nodes::Node) -> f32 {
        MARGIN_DEVIATIONS * (node.square as f32 / self.shape().positions() as f32).sqrt()
    }

    fn scan_all(&self, query: CodeRef<'_>, k: usize) -> Result<Vec<Hit>> {
        let mut best = TopK::new(k, self.nodes.items());
        for node in self.nodes.as_slice() {
            scan(node, query, &mut best)?;
        }
        Ok(best.into_hits(self.shape().blocks()))
    }

    /// Searches for several queries, bank by bank, so that they share what is in the caches.
    fn search_group(&self, queries: &[BlockCode], k: usize, beam: Beam) -> Result<Vec<Vec<Hit>>> {
        let nodes = self.nodes.as_slice();
        let mut best: Vec<_> = queries.iter().map(|_| BestNodes::new(beam, nodes.len())).collect();
        for (first, (counters, scales)) in (0..).step_by(BANK_SLOTS).zip(self.nodes.banks()) {
            for (query, best) in queries.iter().zip(&mut best) {
                best.offer(first, &counters.dots(query.as_ref())?, scales, nodes);
            }
        }
        let queries = queries.iter().zip(best);
        queries.map(|(query, best)| self.search_best(query.as_ref(), k, best)).collect()
    }
}

impl fmt::Debug for Hierarchy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hierarchy {{ shape: {}, {:?} }}", self.shape(), self.stats())
    }
}

fn scan(node: &nodes::Node, query: CodeRef<'_>, best: &mut TopK<Found>) -> Result<()> {
    let mut dots = [0; BANK_SLOTS];
    let dots = &mut dots[..node.ids.len()];
    node.codes.dots_into(query, 0, dots)?;
    best.offer_all(&node.ids, dots);
    Ok(())
}

impl Index for Hierarchy {
    type Code = BlockCode;

    fn check_code(&self, code: &BlockCode) -> Result<()> {
        expect_shape(self.shape(), code.shape())
    }

    fn insert(&mut self, id: Id, code: &BlockCode) -> Result<()> {
        self.insert_ref(id, code.as_ref())
    }

    fn remove(&mut self, id: Id) -> Option<BlockCode> {
        self.nodes.take(id)
    }

    fn get(&self, id: Id) -> Option<BlockCode> {
        self.get_ref(id).map(CodeRef::to_code)
    }

    fn contains(&self, id: Id) -> bool {
        self.nodes.contains(id)
    }

    fn len(&self) -> usize {
        self.nodes.items()
    }

    fn search_with(&self, query: &BlockCode, k: usize, options: &SearchOptions) -> Result<Vec<Hit>> {
        self.search_ref(query.as_ref(), k, options)
    }

    fn search_batch(
        &self,
        queries: &[BlockCode],
        k: usize,
        options: &SearchOptions,
    ) -> Result<Vec<Vec<Hit>>> {
        for query in queries {
            self.check_code(query)?;
        }
        let beam = self.beam(k, options);
        let shared = beam.filter(|_| self.stats().counter_bytes >= BATCH_SHARED_BYTES_MIN);
        let Some(beam) = shared else {
            return in_parallel(queries, options.threads, |queries| {
                queries.iter().map(|query| self.search_ref(query.as_ref(), k, options)).collect()
            });
        };
        in_parallel(queries, options.threads, |queries| {
            let mut found = Vec::with_capacity(queries.len());
            for group in queries.chunks(BATCH_GROUP_QUERIES) {
                found.extend(self.search_group(group, k, beam)?);
            }
            Ok(found)
        })
    }
}
