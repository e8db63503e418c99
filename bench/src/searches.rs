//! Items, noisy queries and recall: what the index benchmarks share.

use embeddenator_retrieval::{Flat, Hierarchy, Id, Index};
use embeddenator_vsa::{BlockCode, Codes, Random, Shape};

/// The hits to ask for per query.
pub const TOP: usize = 10;

/// Items and queries for one of the indexes of block codes.
#[derive(Debug)]
pub struct Corpus {
    /// The items; the id of each is its index.
    pub items: Codes,
    /// Queries, each near an item, or near a cluster of them.
    pub queries: Vec<BlockCode>,
}

impl Corpus {
    /// Unrelated items. Each query is one of them with this many blocks replaced at random.
    pub fn unrelated(items: usize, queries: usize, wrong: usize, random: &mut Random) -> Self {
        let items = Codes::random(Shape::DEFAULT, items, random);
        let queries = (0..queries).map(|_| {
            let item = random.below(items.len() as u64) as usize;
            disturbed(&code(&items, item), wrong, random)
        });
        let queries = queries.collect();
        Self { items, queries }
    }

    /// Items in clusters of this size, in scattered order. Items and queries are the code of their
    /// cluster with this many blocks replaced at random.
    ///
    /// # Panics
    /// If there are queries but no items.
    pub fn clustered(
        items: usize,
        cluster: usize,
        queries: usize,
        wrong: usize,
        random: &mut Random,
    ) -> Self {
        let centres = Codes::random(Shape::DEFAULT, items.div_ceil(cluster), random);
        let mut codes = Codes::with_capacity(Shape::DEFAULT, items);
        // Round-robin over the clusters, so that the items of one are as far apart as possible.
        for item in 0..items {
            let near = disturbed(&code(&centres, item % centres.len()), wrong, random);
            codes.push(near.as_ref()).expect("all codes have one shape");
        }
        let queries = (0..queries).map(|_| {
            let centre = random.below(centres.len() as u64) as usize;
            disturbed(&code(&centres, centre), wrong, random)
        });
        let queries = queries.collect();
        Self { items: codes, queries }
    }

    /// A hierarchy of the items, inserted one by one.
    ///
    /// # Panics
    /// If an item is refused.
    pub fn hierarchy(&self) -> Hierarchy {
        let mut index = Hierarchy::new(self.items.shape());
        for (id, item) in (0..).zip(self.items.iter()) {
            index.insert_ref(Id(id), item).expect("ids are unique");
        }
        index
    }

    /// The exact index of the items.
    ///
    /// # Panics
    /// If the items are refused.
    pub fn flat(&self) -> Flat {
        let ids = (0..self.items.len() as u64).map(Id).collect();
        Flat::from_codes(self.items.clone(), ids).expect("ids are unique")
    }

    /// The share of the exact index's first `k` hits that the other index finds in its first `k`,
    /// over some queries.
    ///
    /// # Panics
    /// If a query is refused.
    pub fn recall(
        &self,
        exact: &Flat,
        other: &impl Index<Code = BlockCode>,
        k: usize,
        queries: usize,
    ) -> f64 {
        let queries = &self.queries[..queries];
        let mut found = 0;
        for query in queries {
            let wanted = exact.search(query, k).expect("queries have the items' shape");
            let hits = other.search(query, k).expect("queries have the items' shape");
            found += wanted.iter().filter(|wanted| hits.iter().any(|hit| hit.id == wanted.id)).count();
        }
        found as f64 / (queries.len() * k) as f64
    }
}

fn code(codes: &Codes, index: usize) -> BlockCode {
    codes.get(index).expect("the index is below the length").to_code()
}

/// A code with this many different blocks replaced at random.
fn disturbed(code: &BlockCode, wrong: usize, random: &mut Random) -> BlockCode {
    let other = BlockCode::random(code.shape(), random);
    let mut bytes = code.as_bytes().to_vec();
    let mut blocks: Vec<usize> = (0..bytes.len()).collect();
    for at in 0..wrong {
        let chosen = at + random.below((blocks.len() - at) as u64) as usize;
        blocks.swap(at, chosen);
        bytes[blocks[at]] = other.as_bytes()[blocks[at]];
    }
    BlockCode::from_bytes(code.shape(), &bytes).expect("blocks of two codes make one")
}
