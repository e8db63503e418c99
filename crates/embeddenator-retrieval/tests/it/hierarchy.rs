//! The hierarchical index: what it has in common with the exact one, and the exactness of its updates.

use embeddenator_retrieval::limits::BATCH_SHARED_BYTES_MIN;
use embeddenator_retrieval::{Beam, Error, Flat, Hierarchy, HierarchyOptions, Id, Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Random, Shape};

use crate::data::{clusters, insert_all, random_codes, shuffle, sorted, tiny};

/// Visits few nodes, whatever the number of items.
fn narrow(shape: Shape) -> Hierarchy {
    let beam = Beam { width: 4, width_max: 8 };
    Hierarchy::with_options(shape, HierarchyOptions { beam, exact_items_max: 0 })
}

#[test]
fn exact_search_is_that_of_a_full_sort_whatever_was_inserted_and_removed_in_which_order() {
    let mut random = Random::new(1);
    for shape in [tiny(), Shape::new(100, 100).expect("a shape"), Shape::LARGE] {
        let mut index = Hierarchy::new(shape);
        let mut items: Vec<(Id, BlockCode)> = Vec::new();
        for code in clusters(shape, 3_000, 50, 0.3, 2) {
            let id = Id(random.next_u64() >> 8);
            index.insert(id, &code).expect("ids of 56 random bits are new");
            items.push((id, code));
            if random.below(3) == 0 {
                let (id, code) = items.swap_remove(random.below(items.len() as u64) as usize);
                assert_eq!(index.get(id).as_ref(), Some(&code), "item {id}");
                assert_eq!(index.remove(id), Some(code), "item {id}");
                assert_eq!((index.get(id), index.remove(id)), (None, None), "item {id} again");
            }
        }
        assert_eq!(index.len(), items.len());
        assert!(items.iter().all(|(id, code)| index.get(*id).as_ref() == Some(code)));
        for query in &random_codes(shape, 10, 3) {
            for k in [0, 1, 10, items.len(), items.len() + 1, usize::MAX] {
                let exact = SearchOptions { exact: true, ..SearchOptions::default() };
                let found = index.search_with(query, k, &exact).expect("one shape");
                assert_eq!(found, sorted(&items, query, k), "k = {k} of {shape}");
            }
        }
    }
}

#[test]
fn search_returns_as_many_hits_as_are_asked_for_or_exist() {
    let mut index = narrow(Shape::DEFAULT);
    let codes = random_codes(Shape::DEFAULT, 2_000, 4);
    insert_all(&mut index, &codes);
    // Nearly empty nodes must not make a search return fewer hits.
    for id in (0..2_000).filter(|id| id % 20 != 0) {
        index.remove(Id(id)).expect("it was inserted");
    }
    for k in [0, 1, 10, 99, 100, 101, usize::MAX] {
        let found = index.search(&codes[7], k).expect("one shape");
        assert_eq!(found.len(), k.min(100), "k = {k}");
        assert!(found.is_sorted(), "{found:?}");
    }
}

#[test]
fn batch_finds_what_its_searches_find_at_any_number_of_threads() {
    // Nine banks of 1 MiB, enough for the queries to share them, and more than one group of
    // queries.
    let mut index = narrow(Shape::DEFAULT);
    insert_all(&mut index, &clusters(Shape::DEFAULT, 34_000, 20, 0.3, 5));
    assert!(index.stats().counter_bytes >= BATCH_SHARED_BYTES_MIN);
    let queries = clusters(Shape::DEFAULT, 1_100, 20, 0.4, 5);
    check_batch(&index, &queries, SearchOptions::default());
    check_batch(&index, &queries[..100], SearchOptions { exact: true, ..SearchOptions::default() });
    let mut small = narrow(Shape::DEFAULT);
    insert_all(&mut small, &queries);
    check_batch(&small, &queries, SearchOptions::default());
    assert_eq!(index.search_batch(&[], 7, &SearchOptions::default()).expect("no query"), [[]; 0]);
}

fn check_batch(index: &Hierarchy, queries: &[BlockCode], options: SearchOptions) {
    let search = |query| index.search_with(query, 7, &options).expect("one shape");
    let one_by_one: Vec<_> = queries.iter().map(search).collect();
    for threads in [0, 1, 2, 5] {
        let options = SearchOptions { threads, ..options };
        assert_eq!(index.search_batch(queries, 7, &options).expect("one shape"), one_by_one);
    }
}

#[test]
fn items_and_searches_are_the_same_after_the_same_calls() {
    let codes = clusters(Shape::DEFAULT, 3_000, 30, 0.3, 6);
    let [mut one, mut other] = [narrow(Shape::DEFAULT), narrow(Shape::DEFAULT)];
    insert_all(&mut one, &codes);
    insert_all(&mut other, &codes);
    assert_eq!(one, other);
}

#[test]
fn inserting_and_removing_again_leaves_every_byte_as_it_was() {
    let mut random = Random::new(7);
    for shape in [tiny(), Shape::DEFAULT] {
        let mut codes = clusters(shape, 4_500, 90, 0.3, 8);
        shuffle(&mut codes, 9);
        let (codes, more) = codes.split_at(4_000);
        let mut index = Hierarchy::new(shape);
        insert_all(&mut index, codes);
        // Holes in old nodes, and nodes that become empty.
        for id in (0..1_000).chain((1_000..4_000).filter(|_| random.below(5) == 0)) {
            index.remove(Id(id)).expect("it was inserted");
        }
        for (id, code) in (10_000..).map(Id).zip(more) {
            let before = index.clone();
            index.insert(id, code).expect("a new id");
            let inserted = index.clone();
            assert_eq!(index.remove(id).as_ref(), Some(code));
            assert!(index == before, "item {id} left a trace");
            index.insert(id, code).expect("a new id again");
            assert!(index == inserted, "item {id} went to another place the second time");
        }
    }
}

#[test]
fn counters_after_many_updates_are_those_of_the_remaining_items() {
    let mut random = Random::new(10);
    let codes = clusters(Shape::DEFAULT, 3_000, 40, 0.3, 11);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &codes);
    for _ in 0..3_000 {
        let id = Id(random.below(3_000));
        match index.remove(id) {
            Some(_) if random.below(4) == 0 => {}
            Some(code) => index.insert(id, &code).expect("the id is free"),
            None => index.insert(id, &codes[id.0 as usize]).expect("the id is free"),
        }
    }
    index.check().expect("nodes, ids and counters agree");
    for id in 0..3_000 {
        index.remove(Id(id));
    }
    assert_eq!(index, Hierarchy::new(Shape::DEFAULT));
}

#[test]
fn small_index_is_searched_exactly() {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    let mut flat = Flat::new(Shape::DEFAULT);
    let codes = random_codes(Shape::DEFAULT, 1_000, 12);
    insert_all(&mut index, &codes);
    insert_all(&mut flat, &codes);
    // Unrelated to all items: only a full scan finds the best of them.
    for query in &random_codes(Shape::DEFAULT, 50, 13) {
        assert_eq!(index.search(query, 10).expect("one shape"), flat.search(query, 10).expect("one shape"));
    }
}

#[test]
fn taken_id_and_other_shape_are_refused_and_change_nothing() {
    let [first, second] = random_codes(Shape::DEFAULT, 2, 14).try_into().expect("two codes");
    let other_shape = BlockCode::identity(tiny());
    let mut index = Hierarchy::new(Shape::DEFAULT);
    index.insert(Id(5), &first).expect("a new id");
    let before = index.clone();
    assert!(matches!(index.insert(Id(5), &second), Err(Error::DuplicateId { id: Id(5) })));
    assert!(matches!(index.insert(Id(6), &other_shape), Err(Error::Code(_))));
    assert!(matches!(index.replace(Id(5), &other_shape), Err(Error::Code(_))));
    assert!(matches!(index.search(&other_shape, 1), Err(Error::Code(_))));
    let options = SearchOptions::default();
    let mixed = [first.clone(), other_shape.clone()];
    assert!(matches!(index.search_batch(&mixed, 1, &options), Err(Error::Code(_))));
    assert!(matches!(Hierarchy::new(Shape::DEFAULT).search(&other_shape, 1), Err(Error::Code(_))));
    assert_eq!(index, before);
    assert_eq!(index.replace(Id(5), &second).expect("one shape"), Some(first));
    assert_eq!(index.get(Id(5)), Some(second));
}

#[test]
fn refused_replacement_leaves_every_byte_as_it_was() {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &random_codes(Shape::DEFAULT, 300, 15));
    let before = index.clone();
    for id in [0, 64, 299].map(Id) {
        assert!(matches!(index.replace(id, &BlockCode::identity(tiny())), Err(Error::Code(_))));
        assert_eq!(index, before, "item {id}");
    }
}

#[test]
fn statistics_count_items_nodes_and_bytes() {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    assert_eq!(index.stats().nodes, 0);
    insert_all(&mut index, &vec![BlockCode::identity(Shape::DEFAULT); 65]);
    let stats = index.stats();
    assert_eq!((stats.items, stats.nodes, stats.code_bytes, stats.counter_bytes), (65, 2, 65 * 128, 1 << 20));
}
