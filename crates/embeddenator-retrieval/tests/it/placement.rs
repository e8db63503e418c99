//! Where the hierarchical index puts items: nodes fill up, and similar items share nodes.

use embeddenator_retrieval::{Hierarchy, Index};
use embeddenator_vsa::{BlockCode, Random, Shape};

use crate::data::{clusters, insert_all, random_codes, shuffle};

const ITEMS: usize = 20_000;

fn nodes_of(codes: &[BlockCode]) -> usize {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, codes);
    assert_eq!(index.len(), codes.len());
    index.stats().nodes
}

#[test]
fn nodes_fill_up_in_any_order_of_arrival() {
    let full = ITEMS.div_ceil(64);
    let mut kinds = vec![random_codes(Shape::DEFAULT, ITEMS, 1)];
    for size in [2, 16, 64, 300, 1000] {
        kinds.push(clusters(Shape::DEFAULT, ITEMS, size, 0.3, 2));
    }
    kinds.push(vec![BlockCode::random(Shape::DEFAULT, &mut Random::new(3)); ITEMS]);
    for mut codes in kinds {
        let in_order = nodes_of(&codes);
        shuffle(&mut codes, 4);
        let shuffled = nodes_of(&codes);
        // 64 nodes, or one in eight, may wait for similar items.
        let most = full + full / 4 + 64;
        assert!(in_order <= most && shuffled <= most, "{in_order} and {shuffled} nodes instead of {full}");
    }
}
