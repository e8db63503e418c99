//! The flat index: exact, with ties broken by id, whatever the order of insertions and removals.

use embeddenator_retrieval::{Error, Flat, Id, Index, SearchOptions};
use embeddenator_vsa::{BlockCode, Codes, Random, Shape};

use crate::data::{insert_all, random_codes, sorted, tiny};

#[test]
fn hits_are_those_of_a_full_sort_whatever_was_inserted_and_removed_in_which_order() {
    let mut random = Random::new(1);
    for shape in [tiny(), Shape::new(100, 100).expect("a shape")] {
        let codes = random_codes(shape, 3_000, 2);
        let mut index = Flat::new(shape);
        let mut items: Vec<(Id, BlockCode)> = Vec::new();
        for code in &codes {
            let id = Id(random.next_u64() >> 8);
            index.insert(id, code).expect("ids of 56 random bits are new");
            items.push((id, code.clone()));
            if random.below(3) == 0 {
                let (id, code) = items.swap_remove(random.below(items.len() as u64) as usize);
                assert_eq!(index.remove(id), Some(code), "item {id}");
                assert_eq!(index.remove(id), None, "item {id} again");
            }
        }
        assert_eq!(index.len(), items.len());
        for query in &random_codes(shape, 10, 3) {
            for k in [0, 1, 10, items.len(), items.len() + 1, usize::MAX] {
                let found = index.search(query, k).expect("one shape");
                assert_eq!(found, sorted(&items, query, k), "k = {k} of {shape}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_what_is_found() {
    let shape = tiny();
    // Enough rows for four threads to pay off.
    let codes = Codes::random(shape, 300_000, &mut Random::new(4));
    let ids = (0..codes.len() as u64).rev().map(Id).collect();
    let query = codes.get(1234).expect("a row of the table").to_code();
    let index = Flat::from_codes(codes, ids).expect("as many ids as rows");
    let search =
        |threads| index.search_with(&query, 100, &SearchOptions { threads, ..SearchOptions::default() });
    let alone = search(1).expect("one shape");
    assert!(alone.is_sorted() && alone.len() == 100, "{alone:?}");
    for threads in [0, 2, 3, 16, usize::MAX] {
        assert_eq!(search(threads).expect("one shape"), alone, "{threads} threads");
    }
}

#[test]
fn batch_finds_what_its_searches_find() {
    let shape = tiny();
    let mut index = Flat::new(shape);
    insert_all(&mut index, &random_codes(shape, 500, 5));
    for count in [0, 1, 15, 16, 100] {
        let queries = random_codes(shape, count, 6);
        let one_by_one: Vec<_> =
            queries.iter().map(|query| index.search(query, 7).expect("one shape")).collect();
        for threads in [0, 1, 2, 5] {
            let options = SearchOptions { threads, ..SearchOptions::default() };
            assert_eq!(index.search_batch(&queries, 7, &options).expect("one shape"), one_by_one);
        }
    }
}

#[test]
fn taken_id_other_shape_and_wrong_number_of_ids_are_refused_and_change_nothing() {
    let [first, second] = random_codes(Shape::DEFAULT, 2, 7).try_into().expect("two codes");
    let other_shape = BlockCode::identity(tiny());
    let mut index = Flat::new(Shape::DEFAULT);
    index.insert(Id(5), &first).expect("a new id");
    assert!(matches!(index.insert(Id(5), &second), Err(Error::DuplicateId { id: Id(5) })));
    assert!(matches!(index.insert(Id(6), &other_shape), Err(Error::Code(_))));
    assert!(matches!(index.replace(Id(5), &other_shape), Err(Error::Code(_))));
    assert!(matches!(index.search(&other_shape, 1), Err(Error::Code(_))));
    assert!(matches!(Flat::new(Shape::DEFAULT).search(&other_shape, 1), Err(Error::Code(_))));
    assert_eq!((index.len(), index.get(Id(5)), index.get(Id(6))), (1, Some(first.clone()), None));
    assert_eq!(index.replace(Id(5), &second).expect("one shape"), Some(first));
    assert_eq!(index.replace(Id(6), &second).expect("one shape"), None);
    assert_eq!((index.len(), index.get(Id(5))), (2, Some(second)));

    let codes = Codes::random(Shape::DEFAULT, 2, &mut Random::new(8));
    assert!(matches!(Flat::from_codes(codes.clone(), vec![Id(1)]), Err(Error::Code(_))));
    let doubled = Flat::from_codes(codes, vec![Id(1), Id(1)]);
    assert!(matches!(doubled, Err(Error::DuplicateId { id: Id(1) })));
}

#[test]
fn empty_index_finds_nothing() {
    let index = Flat::new(Shape::DEFAULT);
    let query = BlockCode::identity(Shape::DEFAULT);
    assert!(index.is_empty());
    assert_eq!(index.search(&query, 5).expect("one shape"), []);
    assert_eq!(index.search_batch(&[query], 5, &SearchOptions::default()).expect("one shape"), [[]]);
}
