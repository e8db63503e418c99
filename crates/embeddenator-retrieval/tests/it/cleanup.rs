//! Clean-up: from noisy codes back to their names.

use embeddenator_retrieval::{CleanUp, Error, Flat, Hierarchy, Id, Index};
use embeddenator_vsa::{BlockCode, Random, Shape};

use crate::data::{noisy, random_codes};

fn names_of<I: Index<Code = BlockCode>>(index: I, codes: &[BlockCode]) -> CleanUp<I> {
    let mut names = CleanUp::new(index).expect("an empty index");
    for (number, code) in codes.iter().enumerate() {
        names.insert(&format!("name {number}"), code).expect("a new name");
    }
    names
}

#[test]
fn name_is_found_with_80_percent_of_the_blocks_wrong() {
    let codes = random_codes(Shape::DEFAULT, 2_000, 1);
    let names = names_of(Flat::new(Shape::DEFAULT), &codes);
    let mut random = Random::new(2);
    let found = codes.iter().enumerate().filter(|(number, code)| {
        let hit = names.clean_up(&noisy(code, 0.8, &mut random), 0.1).expect("one shape");
        hit.is_some_and(|hit| hit.name == format!("name {number}"))
    });
    let found = found.count();
    assert!(found >= 1_998, "{found} of 2000");
}

#[test]
fn unrelated_code_has_no_name() {
    let codes = random_codes(Shape::DEFAULT, 500, 3);
    let names = names_of(Hierarchy::new(Shape::DEFAULT), &codes);
    for code in &random_codes(Shape::DEFAULT, 100, 4) {
        assert_eq!(names.clean_up(code, 0.2).expect("one shape"), None);
        assert_eq!(names.nearest(code, 3).expect("one shape").len(), 3);
    }
}

#[test]
fn names_are_unique_and_removed_ones_are_not_found() {
    let [first, second] = random_codes(Shape::DEFAULT, 2, 5).try_into().expect("two codes");
    let mut names = CleanUp::new(Flat::new(Shape::DEFAULT)).expect("an empty index");
    assert_eq!(names.clean_up(&first, -1.0).expect("one shape"), None);
    names.insert("first", &first).expect("a new name");
    assert!(matches!(names.insert("first", &second), Err(Error::DuplicateName { .. })));
    assert_eq!(names.get("first"), Some(first.clone()));
    assert_eq!(names.remove("first"), Some(first.clone()));
    assert_eq!((names.remove("first"), names.get("first"), names.len()), (None, None, 0));
    assert_eq!(names.clean_up(&first, -1.0).expect("one shape"), None);
    names.insert("first", &second).expect("the name is free");
    assert_eq!(names.clean_up(&second, 0.9).expect("one shape").map(|hit| hit.name), Some("first"));
}

#[test]
fn index_with_items_is_refused() {
    let mut index = Flat::new(Shape::DEFAULT);
    index.insert(Id(1), &BlockCode::identity(Shape::DEFAULT)).expect("a new id");
    assert!(matches!(CleanUp::new(index), Err(Error::NotEmpty { items: 1 })));
}
