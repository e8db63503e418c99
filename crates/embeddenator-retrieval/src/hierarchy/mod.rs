//! The hierarchical index: bundles of items are scored first, and only the best are visited.

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

/// A node is still visited if its score is at most this many deviations below that of the worst
/// hit.
const MARGIN_DEVIATIONS: f32 = 6.0;
/// The least items to compare per hit asked for.
const ITEMS_PER_HIT: usize = 4;

/// Block codes in nodes of at most 64; a search visits the nodes whose bundles score best.
///
/// Each node has a bundle, the sum of its codes. The bundles of 64 nodes form one
/// [`CounterBank`](embeddenator_vsa::CounterBank), which computes the dot products of a query with
/// all of them by adding one cache line per block. A score is measured in standard deviations of
/// the scores of unrelated codes at that node: the norm of the bundle over the square root of the
/// positions. The best nodes, the [`Beam`], are visited and their items compared exactly; scores of
/// hits are cosines.
///
/// Signed counters can cancel out, so the score of a bundle bounds nothing: the recall is measured,
/// not proved. With the default beam, 100 000 items and 30% of a query's blocks wrong, the recall
/// of the nearest among unrelated codes is 1.000. The recall of the ten nearest is at least 0.99 in
/// clusters of 16 to 25 000 items, but 0.8 if all items form one cluster; the README has more. Set
/// [`SearchOptions::exact`] if a search must not miss anything.
///
/// An item goes to the open node that it is most similar to, so that clusters come together in any
/// order of arrival. The same calls in the same order give the same bytes, and inserting and
/// removing an item leaves no trace.
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

/// How a [`Hierarchy`] searches by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HierarchyOptions {
    /// How many nodes to visit.
    pub beam: Beam,
    /// Up to this many items, all of them are compared: that is exact and just as fast.
    pub exact_items_max: usize,
}

impl Default for HierarchyOptions {
    fn default() -> Self {
        // More than 512 nodes stand out only if tens of thousands of items are alike; visiting more
        // takes nearly as long as scanning 100 000 items.
        HierarchyOptions { beam: Beam { width: 32, width_max: 512 }, exact_items_max: 4096 }
    }
}

/// The contents of a [`Hierarchy`] in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HierarchyStats {
    /// The number of items.
    pub items: usize,
    /// The number of nodes, some of which may have room for more items.
    pub nodes: usize,
    /// Bytes used by the codes.
    pub code_bytes: usize,
    /// Bytes used by the counters.
    pub counter_bytes: usize,
}

impl Hierarchy {
    /// An empty index of codes of this shape.
    pub fn new(shape: Shape) -> Self {
        Self::with_options(shape, HierarchyOptions::default())
    }

    /// An empty index of codes of this shape that searches with these options.
    pub fn with_options(shape: Shape, options: HierarchyOptions) -> Self {
        Hierarchy { nodes: Nodes::new(shape), options }
    }

    /// An index of these nodes.
    pub(crate) fn from_nodes(nodes: Nodes, options: HierarchyOptions) -> Self {
        Hierarchy { nodes, options }
    }

    /// The options.
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

    /// The contents in numbers.
    pub fn stats(&self) -> HierarchyStats {
        let counter_bytes = self.shape().dimension() * BANK_SLOTS;
        HierarchyStats {
            items: self.nodes.items(),
            nodes: self.nodes.as_slice().len(),
            code_bytes: self.nodes.items() * self.shape().stride(),
            counter_bytes: self.nodes.banks().len() * counter_bytes,
        }
    }

    /// Checks everything derived, the counters and the node of each id, against the codes; for
    /// tests and diagnosis.
    ///
    /// # Errors
    /// [`Error::Inconsistent`] names the first node that does not match.
    pub fn check(&self) -> Result<()> {
        self.nodes.check()
    }

    /// [`Index::insert`] for a borrowed code.
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

    /// The code of an item, borrowed.
    pub fn get_ref(&self, id: Id) -> Option<CodeRef<'_>> {
        self.nodes.get(id)
    }

    /// [`Index::search_with`] for a borrowed code.
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

    /// The beam of a search, or `None` if it compares all items.
    fn beam(&self, k: usize, options: &SearchOptions) -> Option<Beam> {
        let items = self.nodes.items();
        let mut beam = options.beam.unwrap_or(self.options.beam);
        beam.width = beam.width.max(k.saturating_mul(ITEMS_PER_HIT).div_ceil(self.nodes.capacity()));
        let few = items <= self.options.exact_items_max && options.beam.is_none();
        let all = options.exact || few || beam.width.max(1) >= self.nodes.as_slice().len();
        (!all).then_some(beam)
    }

    /// Visits the best nodes.
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
            // Nearly empty nodes may yield fewer hits than were asked for.
            self.scan_all(query, k)
        }
    }

    /// How far the score of a node may be below that of an item in it.
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

    /// Searches with several queries, bank by bank, so that they share what is in the caches.
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
