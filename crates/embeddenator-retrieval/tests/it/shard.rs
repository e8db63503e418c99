//! Shards: several indexes that act as one.

use embeddenator_retrieval::{Error, Flat, Hierarchy, Id, Index, SearchOptions, Sharded};
use embeddenator_vsa::{BlockCode, Shape};

use crate::data::{clusters, insert_all, random_codes, tiny};

#[test]
fn exact_shards_find_what_one_index_finds() {
    let codes = random_codes(tiny(), 2_000, 1);
    let queries = random_codes(tiny(), 40, 2);
    let options = SearchOptions::default();
    for shards in [1, 2, 7, 100] {
        let mut one = Flat::new(tiny());
        let mut sharded = Sharded::new(shards, || Flat::new(tiny())).expect("not too many");
        insert_all(&mut one, &codes);
        insert_all(&mut sharded, &codes);
        for id in (0..2_000).step_by(3).map(Id) {
            assert!(sharded.contains(id), "item {id}");
            assert_eq!(sharded.get(id), one.get(id), "item {id}");
            assert_eq!(sharded.remove(id), one.remove(id), "item {id}");
            assert!(!sharded.contains(id), "item {id}");
        }
        assert_eq!(sharded.len(), one.len());
        for k in [0, 1, 10, usize::MAX] {
            let expected = one.search_batch(&queries, k, &options).expect("one shape");
            assert_eq!(sharded.search_batch(&queries, k, &options).expect("one shape"), expected);
            assert_eq!(sharded.search(&queries[0], k).expect("one shape"), expected[0]);
        }
    }
}

#[test]
fn threads_do_not_change_what_is_found() {
    let codes = clusters(Shape::DEFAULT, 10_000, 20, 0.3, 3);
    let mut sharded = Sharded::new(3, || Hierarchy::new(Shape::DEFAULT)).expect("not too many");
    insert_all(&mut sharded, &codes);
    // Enough queries for threads to pay off.
    let queries = &codes[..100];
    let search = |threads| {
        let options = SearchOptions { threads, ..SearchOptions::default() };
        sharded.search_batch(queries, 5, &options).expect("one shape")
    };
    let alone = search(1);
    for (found, id) in alone.iter().zip((0..).map(Id)) {
        assert_eq!((found[0].id, found[0].score), (id, 1.0));
    }
    for threads in [0, 2, 3, 100] {
        assert!(search(threads) == alone, "{threads} threads");
    }
}

#[test]
fn ids_in_a_row_are_spread_evenly() {
    let sharded = Sharded::new(8, || Flat::new(tiny())).expect("not too many");
    let mut items = [0; 8];
    for id in (0..8_000).map(|id| Id(id * 8)) {
        items[sharded.shard_of(id)] += 1;
    }
    assert!(items.iter().all(|items| (850..1150).contains(items)), "{items:?}");
}

#[test]
fn zero_shards_and_too_many_are_refused() {
    for shards in [0, 1025, usize::MAX] {
        let refused = Sharded::new(shards, || Flat::new(tiny()));
        assert!(matches!(refused, Err(Error::Shards { .. })), "{shards} shards");
    }
    let mut sharded = Sharded::new(2, || Flat::new(tiny())).expect("not too many");
    let code = BlockCode::identity(tiny());
    sharded.insert(Id(1), &code).expect("a new id");
    assert!(matches!(sharded.insert(Id(1), &code), Err(Error::DuplicateId { .. })));
}
