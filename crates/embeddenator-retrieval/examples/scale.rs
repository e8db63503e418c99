//! Measures building, searching and recall of the block-code indexes: `cargo run --release --example scale -- 100000`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use embeddenator_retrieval::{Flat, Hierarchy, Hit, Id, Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Codes, Isa, Random, Shape};

/// The share of blocks that are replaced at random in each query and each member of a cluster.
const NOISE: f64 = 0.3;
/// The number of queries to measure.
const QUERIES: usize = 1000;

fn main() -> embeddenator_retrieval::Result<()> {
    let items = std::env::args().nth(1).and_then(|items| items.parse().ok()).unwrap_or(5_000);
    let sizes = std::env::args().skip(2).filter_map(|size| size.parse().ok());
    let sizes: Vec<usize> = sizes.collect();
    let sizes = if sizes.is_empty() { vec![1, 16] } else { sizes };
    println!("kernels: {}, items: {items}, queries: {QUERIES}", Isa::detect().name());
    println!(
        "{:>9} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "clusters", "build", "nodes", "flat/q", "top-1/q", "top-10/q", "batch/q", "recall@1", "recall@10"
    );
    for cluster in sizes {
        measure(items, cluster)?;
    }
    Ok(())
}

/// Clusters of this size in shuffled order; random codes for size 1.
fn measure(items: usize, cluster: usize) -> embeddenator_retrieval::Result<()> {
    let mut random = Random::new(cluster as u64);
    let codes = clusters(items, cluster, &mut random);
    let begun = Instant::now();
    let mut hierarchy = Hierarchy::new(Shape::DEFAULT);
    for (id, code) in (0..).map(Id).zip(codes.iter()) {
        hierarchy.insert_ref(id, code)?;
    }
    let build = begun.elapsed();

    let queries: Vec<BlockCode> = (0..QUERIES)
        .map(|_| {
            let row = random.below(items as u64) as usize;
            noisy(&codes.get(row).expect("a row of the table").to_code(), &mut random)
        })
        .collect();
    let ids = (0..codes.len() as u64).map(Id).collect();
    let flat = Flat::from_codes(codes, ids)?;
    let (flat_time, exact) = timed(&queries, |query| flat.search(query, 10))?;
    let (one_time, one) = timed(&queries, |query| hierarchy.search(query, 1))?;
    let (ten_time, ten) = timed(&queries, |query| hierarchy.search(query, 10))?;
    let begun = Instant::now();
    let batch = hierarchy.search_batch(&queries, 10, &SearchOptions::default())?;
    let batch_time = begun.elapsed() / QUERIES as u32;
    assert_eq!(batch, ten, "a batch finds what its searches find");
    println!(
        "{cluster:>9} {build:>9.2?} {:>7} {flat_time:>9.2?} {one_time:>9.2?} {ten_time:>9.2?} {batch_time:>9.2?} {:>9.4} {:>9.4}",
        hierarchy.stats().nodes,
        recall(&one, &exact, 1),
        recall(&ten, &exact, 10),
    );
    Ok(())
}

/// The mean time of a search, and the hits.
fn timed(
    queries: &[BlockCode],
    search: impl Fn(&BlockCode) -> embeddenator_retrieval::Result<Vec<Hit>>,
) -> embeddenator_retrieval::Result<(Duration, Vec<Vec<Hit>>)> {
    let begun = Instant::now();
    let found = queries.iter().map(|query| black_box(search(query))).collect::<Result<Vec<_>, _>>()?;
    Ok((begun.elapsed() / queries.len() as u32, found))
}

/// The share of the `k` best that was found; items with equal scores count as equally good.
fn recall(found: &[Vec<Hit>], exact: &[Vec<Hit>], k: usize) -> f64 {
    let mut right = 0;
    let mut wanted = 0;
    for (found, exact) in found.iter().zip(exact) {
        let exact = &exact[..k.min(exact.len())];
        let worst = exact.last().map_or(1.0, |hit| hit.score);
        wanted += exact.len();
        right += found.iter().filter(|hit| hit.score >= worst).count().min(exact.len());
    }
    right as f64 / wanted as f64
}

fn clusters(items: usize, size: usize, random: &mut Random) -> Codes {
    let mut all = Vec::with_capacity(items);
    while all.len() < items {
        let centre = BlockCode::random(Shape::DEFAULT, random);
        if size == 1 {
            all.push(centre);
        } else {
            all.extend((0..size).map(|_| noisy(&centre, random)));
        }
    }
    all.truncate(items);
    for last in (1..all.len()).rev() {
        all.swap(last, random.below(last as u64 + 1) as usize);
    }
    let mut codes = Codes::with_capacity(Shape::DEFAULT, items);
    for code in &all {
        codes.push(code.as_ref()).expect("one shape");
    }
    codes
}

fn noisy(code: &BlockCode, random: &mut Random) -> BlockCode {
    let other = BlockCode::random(code.shape(), random);
    let pairs = code.as_bytes().iter().zip(other.as_bytes());
    let bytes: Vec<u8> =
        pairs.map(|(own, other)| if random.unit() < NOISE { *other } else { *own }).collect();
    BlockCode::from_bytes(code.shape(), &bytes).expect("positions of the shape")
}
