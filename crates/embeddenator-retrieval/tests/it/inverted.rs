//! The inverted index: every search equals a comparison with all items, bit for bit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use embeddenator_retrieval::{Error, Hit, Id, Index, Inverted, SearchOptions, Similarity};
use embeddenator_vsa::SparseTernary;
use proptest::prelude::*;

const DIMENSION: usize = 60;

fn vector(signs: &BTreeMap<u32, bool>) -> SparseTernary {
    let with = |wanted| signs.iter().filter(|(_, sign)| **sign == wanted).map(|(index, _)| *index).collect();
    SparseTernary::new(DIMENSION, with(true), with(false)).expect("ascending indexes below the dimension")
}

/// Vectors of any sparsity, including zero.
fn vectors() -> impl Strategy<Value = SparseTernary> {
    prop::collection::btree_map(0..DIMENSION as u32, any::<bool>(), 0..DIMENSION)
        .prop_map(|signs| vector(&signs))
}

/// The expected result of a search; it shares only the dot product and the cosine of two vectors
/// with the index.
fn sorted(
    items: &BTreeMap<Id, SparseTernary>,
    query: &SparseTernary,
    k: usize,
    similarity: Similarity,
) -> Vec<Hit> {
    let score = |vector: &SparseTernary| match similarity {
        Similarity::Cosine => vector.cosine(query).expect("one dimension"),
        Similarity::Dot => vector.dot(query).expect("one dimension") as f32,
    };
    let mut hits: Vec<Hit> = items.iter().map(|(id, vector)| Hit { id: *id, score: score(vector) }).collect();
    hits.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.id.cmp(&right.id)));
    hits.truncate(k);
    hits
}

proptest! {
    #[test]
    fn hits_are_those_of_a_full_sort_after_any_insertions_and_removals(
        steps in prop::collection::vec((0_u64..40, vectors(), any::<bool>()), 0..80),
        queries in prop::collection::vec(vectors(), 1..4),
        k in 0_usize..50,
        dot in any::<bool>(),
    ) {
        let similarity = if dot { Similarity::Dot } else { Similarity::Cosine };
        let mut index = Inverted::new(DIMENSION, similarity).expect("a dimension");
        let mut items = BTreeMap::new();
        for (id, vector, remove) in steps {
            let id = Id(id);
            if remove {
                prop_assert_eq!(index.remove(id), items.remove(&id));
                continue;
            }
            let inserted = index.insert(id, &vector);
            match items.entry(id) {
                Entry::Occupied(_) => {
                    let refused = matches!(inserted, Err(Error::DuplicateId { .. }));
                    prop_assert!(refused);
                }
                Entry::Vacant(place) => {
                    prop_assert!(inserted.is_ok());
                    place.insert(vector);
                }
            }
        }
        prop_assert_eq!(index.len(), items.len());
        let expected: Vec<_> = queries.iter().map(|query| sorted(&items, query, k, similarity)).collect();
        let found = index.search_batch(&queries, k, &SearchOptions::default()).expect("one dimension");
        prop_assert_eq!(found, expected);
        for (id, vector) in &items {
            prop_assert_eq!(index.get_ref(*id), Some(vector));
        }
    }
}

#[test]
fn removed_items_leave_no_postings() {
    let vectors = [(vec![1, 2, 3], vec![7]), (vec![3, 7], vec![1]), (vec![], vec![])];
    let mut index = Inverted::new(DIMENSION, Similarity::Dot).expect("a dimension");
    for (id, (plus, minus)) in (0..).map(Id).zip(vectors) {
        index.insert(id, &SparseTernary::new(DIMENSION, plus, minus).expect("in order")).expect("a new id");
    }
    let stats = index.stats();
    assert_eq!((stats.items, stats.lists, stats.postings), (3, 4, 7));
    for id in [0, 2, 1] {
        index.remove(Id(id)).expect("it was inserted");
    }
    let stats = index.stats();
    assert_eq!((stats.items, stats.lists, stats.postings), (0, 0, 0));
}

#[test]
fn other_dimensions_are_refused() {
    let mut index = Inverted::new(DIMENSION, Similarity::Cosine).expect("a dimension");
    let other = SparseTernary::new(DIMENSION + 1, vec![], vec![]).expect("in order");
    assert!(matches!(index.insert(Id(1), &other), Err(Error::Code(_))));
    assert!(matches!(index.search(&other, 1), Err(Error::Code(_))));
    assert!(matches!(Inverted::new(0, Similarity::Dot), Err(Error::Code(_))));
    assert!(matches!(Inverted::new(usize::MAX, Similarity::Dot), Err(Error::Code(_))));
}
