//! The item memory: atoms to the byte, names in and out, clean-up.

use embeddenator_vsa::{BlockCode, Counts, Error, ItemMemory, Random, Shape};
use xxhash_rust::xxh3::xxh3_64;

use crate::shapes::shapes;

#[test]
fn atom_of_a_name_is_the_same_on_every_machine() {
    // From an independent implementation, in another language, of the documentation of
    // `ItemMemory`.
    let golden = [
        (0x1b6e_7691_893b_f845, 0x0b0b_364e_7896_6125),
        (0x55ea_bd51_dbed_e91a, 0x2a98_cae6_a0a9_d903),
        (0x3a3b_dec9_d58c_b8a3, 0xe99a_417d_2098_a56f),
        (0x1343_a428_ca2c_c0f4, 0xe8bc_743d_3a39_99f7),
        (0xc379_f9c5_8218_6f3e, 0xc938_d3f4_64d5_63d7),
        (0x43e4_e1e2_cfe7_2143, 0x50e6_2993_09a4_bddd),
    ];
    for (shape, (cat, empty)) in shapes().into_iter().zip(golden) {
        assert_eq!(xxh3_64(ItemMemory::new(shape, 42).atom("cat").as_bytes()), cat, "{shape}");
        assert_eq!(xxh3_64(ItemMemory::new(shape, 0).atom("").as_bytes()), empty, "{shape}");
    }
    let first = ItemMemory::new(Shape::DEFAULT, 42).atom("cat");
    assert_eq!(&first.as_bytes()[..8], b"\xd3\xe1\x34\x4b\xf8\x75\x14\x9c");
}

#[test]
fn existing_name_keeps_its_place() {
    let mut memory = ItemMemory::new(Shape::DEFAULT, 1);
    assert_eq!([memory.insert("a"), memory.insert("b"), memory.insert("a")], [0, 1, 0]);
    assert_eq!(memory.len(), 2);
    assert_eq!(memory.names().collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!((memory.name(1), memory.name(2)), (Some(&b"b"[..]), None));
}

#[test]
fn indexes_names_and_codes_agree_through_insertions_and_removals() {
    let mut memory = ItemMemory::new(Shape::new(10, 100).expect("a shape"), 3);
    let mut kept = std::collections::BTreeSet::new();
    let mut random = Random::new(1);
    for _ in 0..2000 {
        let name = random.below(100).to_le_bytes();
        if random.below(2) == 0 {
            memory.insert(name);
            kept.insert(name);
        } else {
            assert_eq!(memory.remove(name), kept.remove(&name));
        }
        assert_eq!(memory.len(), kept.len());
        assert_eq!(memory.codes().len(), kept.len());
    }
    let mut fresh = ItemMemory::new(memory.shape(), memory.seed());
    for name in &kept {
        let index = memory.index(name).expect("the name is kept");
        assert_eq!(memory.name(index), Some(&name[..]));
        assert_eq!(memory.codes().get(index), Some(memory.atom(name).as_ref()));
        fresh.insert(name);
    }
    assert_eq!(memory, fresh);
    fresh.insert("one more");
    assert_ne!(memory, fresh);
    assert!(!memory.contains("one more") && !memory.is_empty());
}

#[test]
fn clean_up_finds_the_nearest_name_or_none() {
    let mut memory = ItemMemory::new(Shape::DEFAULT, 4);
    for name in 0..1000 {
        memory.insert(format!("name {name}"));
    }
    let mut bytes = memory.atom("name 77").as_bytes().to_vec();
    bytes[..90].copy_from_slice(&memory.atom("not there").as_bytes()[..90]);
    let noisy = BlockCode::from_bytes(Shape::DEFAULT, &bytes).expect("of the shape");
    let found = memory.clean_up(noisy.as_ref(), 20).expect("one shape").expect("38 blocks are right");
    assert_eq!(found.name, b"name 77");
    assert_eq!(Ok(found.dot), memory.atom("name 77").dot(&noisy));
    assert_eq!(memory.clean_up(noisy.as_ref(), found.dot + 1), Ok(None));
    let mut codes = memory.atoms(&["name 3", "not there"]);
    assert_eq!(codes.get(0), Some(memory.atom("name 3").as_ref()));
    codes.push(&noisy).expect("one shape");
    let names = memory.clean_up_all(&codes, 20).expect("one shape");
    let names: Vec<_> = names.into_iter().map(|found| found.map(|found| found.name)).collect();
    assert_eq!(names, [Some(&b"name 3"[..]), None, Some(b"name 77")]);
    let nothing = ItemMemory::new(Shape::DEFAULT, 4);
    assert_eq!(nothing.clean_up(noisy.as_ref(), i32::MIN), Ok(None));
    let other = BlockCode::identity(Shape::D10K);
    let error = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(memory.clean_up(other.as_ref(), 0), Err(error));
}

#[test]
fn clean_up_does_not_depend_on_the_order_of_insertion() {
    // With two blocks of two positions, most names have the same dot product.
    let shape = Shape::new(2, 2).expect("a shape");
    let query = BlockCode::identity(shape);
    let names: Vec<String> = (0..50).map(|name| name.to_string()).collect();
    let (mut forward, mut backward) = (ItemMemory::new(shape, 5), ItemMemory::new(shape, 5));
    for (first, last) in names.iter().zip(names.iter().rev()) {
        forward.insert(first);
        backward.insert(last);
    }
    assert_eq!(forward, backward);
    let found = forward.clean_up(query.as_ref(), i32::MIN).expect("one shape").expect("50 names");
    assert_eq!(backward.clean_up(query.as_ref(), i32::MIN), Ok(Some(found)));
    let best = names.iter().min_by_key(|name| {
        let dot = forward.atom(name).dot(&query).expect("one shape");
        (-dot, name.as_bytes().to_vec())
    });
    assert_eq!(Some(found.name), best.map(String::as_bytes));
}

#[test]
fn contents_of_a_bundle_are_listed_by_their_weight() {
    let mut memory = ItemMemory::new(Shape::DEFAULT, 6);
    for name in ["a", "b", "c", "d", "e"] {
        memory.insert(name);
    }
    let mut bundle = Counts::new(Shape::DEFAULT);
    for (name, weight) in [("d", 1), ("a", 3), ("c", 2)] {
        bundle.add_weighted(memory.atom(name).as_ref(), weight).expect("one shape");
    }
    let contents = memory.contents(&bundle, 64).expect("one shape");
    assert_eq!(contents.iter().map(|found| found.name).collect::<Vec<_>>(), [b"a", b"c", b"d"]);
    let best = memory.clean_up_counts(&bundle, 64).expect("one shape");
    assert_eq!(best, contents.first().copied());
    assert_eq!(memory.clean_up_counts(&bundle, 1000), Ok(None));
}
