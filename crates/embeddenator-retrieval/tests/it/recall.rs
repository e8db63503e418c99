//! The recall of the hierarchical index compared with the exact one, on easy and on adverse data.

use embeddenator_retrieval::{Flat, Hierarchy, Hit, Id, Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Random, Shape};

use crate::data::{clusters, insert_all, noisy, random_codes, recall, shuffle};

/// More items than are searched exactly anyway.
const ITEMS: usize = 20_000;
const QUERIES: usize = 300;

/// Recall of the `k` best with the default options; the queries are noisy items.
fn recall_of(codes: &[BlockCode], share: f64, k: usize) -> f64 {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, codes);
    let (found, exact) = searches(&index, codes, share, k);
    recall(&found, &exact)
}

fn searches(index: &Hierarchy, codes: &[BlockCode], share: f64, k: usize) -> (Vec<Vec<Hit>>, Vec<Vec<Hit>>) {
    let mut flat = Flat::new(Shape::DEFAULT);
    insert_all(&mut flat, codes);
    let mut random = Random::new(99);
    let queries: Vec<BlockCode> = (0..QUERIES)
        .map(|_| noisy(&codes[random.below(codes.len() as u64) as usize], share, &mut random))
        .collect();
    let options = SearchOptions::default();
    let search =
        |index: &dyn Index<Code = BlockCode>| index.search_batch(&queries, k, &options).expect("one shape");
    (search(index), search(&flat))
}

#[test]
fn nearest_of_random_codes_is_found_with_up_to_30_percent_of_blocks_wrong() {
    let codes = random_codes(Shape::DEFAULT, ITEMS, 1);
    for share in [0.0, 0.1, 0.3] {
        let recall = recall_of(&codes, share, 1);
        assert!(recall >= 0.99, "{recall} at a share of {share}");
    }
}

#[test]
fn ten_nearest_of_clusters_are_found_in_any_order_of_arrival() {
    for size in [16, 50, 200, 1000] {
        let mut codes = clusters(Shape::DEFAULT, ITEMS, size, 0.3, size as u64);
        let in_order = recall_of(&codes, 0.3, 10);
        shuffle(&mut codes, 2);
        let shuffled = recall_of(&codes, 0.3, 10);
        assert!(in_order >= 0.95 && shuffled >= 0.95, "{in_order} and {shuffled} for clusters of {size}");
    }
}

#[test]
fn item_and_its_negative_are_both_found() {
    let mut codes = Vec::with_capacity(ITEMS);
    for code in random_codes(Shape::DEFAULT, ITEMS / 2, 3) {
        let negative = code.negate();
        codes.extend([code, negative]);
    }
    let recall_in_pairs = recall_of(&codes, 0.3, 1);
    shuffle(&mut codes, 4);
    let recall_shuffled = recall_of(&codes, 0.3, 1);
    assert!(recall_in_pairs >= 0.99 && recall_shuffled >= 0.99, "{recall_in_pairs}, {recall_shuffled}");
}

#[test]
fn beam_widens_with_the_number_of_hits() {
    // Fifteen hundred hits nearly fill the 32 nodes of the default beam; a search compares four
    // times as many items.
    let recall = recall_of(&random_codes(Shape::DEFAULT, ITEMS, 17), 0.3, 1_500);
    assert!(recall >= 0.95, "{recall}");
}

#[test]
fn lowest_ids_win_where_all_items_are_equal() {
    let code = BlockCode::random(Shape::DEFAULT, &mut Random::new(5));
    let mut ids: Vec<u64> = (0..64 * 600).collect();
    shuffle(&mut ids, 6);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    for id in &ids {
        index.insert(Id(*id), &code).expect("a new id");
    }
    let found = index.search(&code, 10).expect("one shape");
    assert_eq!(found, (0..10).map(|id| Hit { id: Id(id), score: 1.0 }).collect::<Vec<_>>());
}

#[test]
fn duplicates_are_found_with_the_lowest_ids_first() {
    // 200 codes, each a hundred times.
    let mut codes: Vec<BlockCode> =
        random_codes(Shape::DEFAULT, ITEMS / 100, 7).into_iter().flat_map(|code| vec![code; 100]).collect();
    shuffle(&mut codes, 8);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &codes);
    let (found, exact) = searches(&index, &codes, 0.3, 10);
    assert_eq!(found, exact);
}

#[test]
fn recall_survives_many_replacements() {
    let mut codes = clusters(Shape::DEFAULT, ITEMS, 50, 0.3, 9);
    shuffle(&mut codes, 10);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &codes);
    let mut others = clusters(Shape::DEFAULT, ITEMS, 50, 0.3, 11);
    shuffle(&mut others, 12);
    let mut random = Random::new(13);
    for code in &others {
        let id = random.below(ITEMS as u64);
        index.replace(Id(id), code).expect("one shape");
        codes[id as usize] = code.clone();
    }
    index.check().expect("nodes, ids and counters agree");
    let (found, exact) = searches(&index, &codes, 0.3, 10);
    let recall = recall(&found, &exact);
    assert!(recall >= 0.95, "{recall}");
    let nodes = index.stats().nodes;
    assert!(nodes <= 2 * ITEMS / 64, "{nodes} nodes: removals must not leave nodes half empty forever");
}

#[test]
fn nearest_and_ten_nearest_are_found_where_half_of_all_items_are_alike() {
    // Twice as many items as elsewhere; half of them fill more nodes than a narrow beam visits.
    let mut codes = clusters(Shape::DEFAULT, ITEMS, ITEMS, 0.3, 14);
    codes.extend(clusters(Shape::DEFAULT, ITEMS, 16, 0.3, 15));
    shuffle(&mut codes, 16);
    let (nearest, ten) = (recall_of(&codes, 0.3, 1), recall_of(&codes, 0.3, 10));
    assert!(nearest >= 0.99 && ten >= 0.95, "{nearest} and {ten}");
}
