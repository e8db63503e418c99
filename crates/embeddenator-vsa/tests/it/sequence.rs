//! Sequences and n-grams: distinct positions, items that read back, errors beyond the last position.

use embeddenator_vsa::{BlockCode, Codes, Counts, Error, Random, Sequence, Shape, ngram, ngrams};
use xxhash_rust::xxh3::xxh3_64;

use crate::shapes::shapes;

#[test]
fn every_position_is_taken_back_exactly() {
    for shape in shapes() {
        let sequence = Sequence::new(shape, 1);
        let item = BlockCode::random(shape, &mut Random::new(1));
        assert_eq!(sequence.positions(), shape.dimension());
        assert_eq!(sequence.place(item.as_ref(), 0).as_ref(), Ok(&item), "{shape}");
        for position in (0..sequence.positions()).step_by(shape.dimension() / 50 + 1) {
            let placed = sequence.place(item.as_ref(), position).expect("a position of the sequence");
            assert_eq!(sequence.take(placed.as_ref(), position).as_ref(), Ok(&item), "{shape} {position}");
        }
    }
}

#[test]
fn powers_of_the_step_have_cosine_zero() {
    for shape in shapes() {
        let sequence = Sequence::new(shape, 2);
        let item = BlockCode::random(shape, &mut Random::new(2));
        // Positions with the same rotation differ only by powers of the step.
        let mut places = Codes::new(shape);
        for power in 0..shape.positions() {
            let place = sequence.place(item.as_ref(), 3 + power * shape.blocks()).expect("a position");
            places.push(place.as_ref()).expect("one shape");
        }
        for (left, place) in places.iter().enumerate() {
            for (right, dot) in places.dots(place).expect("one shape").into_iter().enumerate() {
                let expected = if left == right { shape.blocks() as i32 } else { 0 };
                assert_eq!(dot, expected, "{shape}: powers {left} and {right}");
            }
        }
    }
}

#[test]
fn position_past_the_end_is_an_error() {
    for shape in shapes() {
        let sequence = Sequence::new(shape, 3);
        let item = BlockCode::random(shape, &mut Random::new(3));
        let positions = shape.dimension();
        let error = Error::SequencePosition { position: positions, positions };
        assert!(sequence.place(item.as_ref(), positions - 1).is_ok());
        assert_eq!(sequence.place(item.as_ref(), positions), Err(error.clone()));
        assert_eq!(sequence.take(item.as_ref(), positions), Err(error.clone()));
        assert_eq!(sequence.item(&Counts::new(shape), positions), Err(error.clone()));
        if positions < 1000 {
            let items = std::iter::repeat_n(item.as_ref(), positions);
            assert!(sequence.encode(items.clone()).is_ok());
            assert_eq!(sequence.encode(items.chain([item.as_ref()])), Err(error));
        }
    }
}

#[test]
fn items_of_a_long_sequence_are_read_at_their_positions() {
    // More items than blocks, so that powers of the step are needed.
    let items = Codes::random(Shape::LARGE, 100, &mut Random::new(4));
    let sequence = Sequence::new(Shape::LARGE, 4);
    let mut random = Random::new(5);
    let word: Vec<usize> = (0..600).map(|_| random.below(100) as usize).collect();
    let mut bundle =
        sequence.encode(word.iter().map(|item| items.get(*item).expect("an item"))).expect("600 positions");
    for (position, item) in word.iter().enumerate() {
        let found = sequence.read(&bundle, position, &items).expect("one shape");
        assert_eq!(found.index, *item, "position {position}");
    }
    for (position, item) in word.iter().enumerate() {
        sequence.remove(&mut bundle, items.get(*item).expect("an item"), position).expect("it was added");
    }
    assert!(bundle.is_zero());
    let empty = Codes::new(Shape::LARGE);
    assert_eq!(sequence.read(&bundle, 0, &empty), Err(Error::NoCodes));
}

#[test]
fn step_follows_from_its_seed_on_every_machine() {
    // The item at position `blocks` is the item bound with the first power of the step.
    let digests = shapes().into_iter().map(|shape| {
        let step = Sequence::new(shape, 42).place(BlockCode::identity(shape).as_ref(), shape.blocks());
        xxh3_64(step.expect("a position").as_bytes())
    });
    let golden = [
        0xcd0b_b6d3_b74e_1ae9,
        0x0547_568d_f37b_757f,
        0xa474_8158_3640_1ca3,
        0xe32c_84f2_4947_14c3,
        0x798f_54df_c2d8_e78d,
        0x0e31_8d13_a809_d2cc,
    ];
    assert_eq!(digests.collect::<Vec<u64>>(), golden);
}

#[test]
fn ngram_rotates_the_first_item_most() {
    for shape in shapes() {
        let mut random = Random::new(6);
        let [a, b, c] = [(); 3].map(|()| BlockCode::random(shape, &mut random));
        let expected = a.permute(2).bind(&b.permute(1)).and_then(|bound| bound.bind(&c));
        assert_eq!(ngram(shape, [a.as_ref(), b.as_ref(), c.as_ref()]), expected, "{shape}");
        let none: [&BlockCode; 0] = [];
        assert_eq!(ngram(shape, none), Ok(BlockCode::identity(shape)), "{shape}");
    }
}

#[test]
fn ngrams_are_those_of_all_windows() {
    for shape in shapes() {
        let items = Codes::random(shape, 12, &mut Random::new(7));
        for n in [1, 2, 3, 8] {
            let mut expected = Counts::new(shape);
            for start in 0..=items.len() - n {
                let window = (start..start + n).map(|row| items.get(row).expect("a row of 12"));
                expected.add(&ngram(shape, window).expect("one shape")).expect("there is room");
            }
            assert_eq!(ngrams(&items, n), Ok(expected), "{shape} {n}");
        }
    }
}

#[test]
fn ngram_of_more_items_than_blocks_is_an_error() {
    let shape = Shape::new(8, 8).expect("a shape");
    let items = Codes::random(shape, 9, &mut Random::new(8));
    let error = Error::SequencePosition { position: 8, positions: 8 };
    assert_eq!(ngram(shape, items.iter()), Err(error.clone()));
    assert!(ngram(shape, items.iter().take(8)).is_ok());
    assert_eq!(ngrams(&items, 9), Err(error));
    assert_eq!(ngrams(&items, 0), Err(Error::SequencePosition { position: 0, positions: 0 }));
    assert_eq!(ngrams(&Codes::new(shape), 8), Ok(Counts::new(shape)));
}
