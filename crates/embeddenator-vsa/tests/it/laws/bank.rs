//! Banks of small bundles, compared with plain sums.

use embeddenator_vsa::limits::BANK_SLOTS;
use embeddenator_vsa::{BlockCode, CounterBank, Error, Random, Shape};
use proptest::prelude::*;

use super::dense::{dense, dot};
use super::{code, shapes};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bank_scores_as_the_sums_of_its_items(
        (shape, query) in shapes().prop_flat_map(|shape| (Just(shape), code(shape))), seed in any::<u64>())
    {
        let mut random = Random::new(seed);
        let mut bank = CounterBank::new(shape);
        let mut items: Vec<(usize, BlockCode)> = Vec::new();
        for _ in 0..random.below(60) {
            if items.is_empty() || random.below(3) > 0 {
                let added = (random.below(64) as usize, BlockCode::random(shape, &mut random));
                bank.add(added.0, &added.1).unwrap();
                items.push(added);
            } else {
                let (slot, code) = items.swap_remove(random.below(items.len() as u64) as usize);
                bank.remove(slot, &code).unwrap();
            }
        }
        let (mut expected, mut counted) = ([0_i16; BANK_SLOTS], [0_u8; BANK_SLOTS]);
        for (slot, code) in &items {
            expected[*slot] += dot(&dense(code), &dense(&query)) as i16;
            counted[*slot] += 1;
        }
        prop_assert_eq!(bank.dots(&query).unwrap(), expected);
        prop_assert_eq!(bank.items(), &counted);
        for (slot, code) in items {
            bank.remove(slot, &code).unwrap();
        }
        prop_assert_eq!(bank, CounterBank::new(shape));
    }
}

#[test]
fn full_bundles_of_one_code_still_score_exactly() {
    for (blocks, positions) in super::SHAPES.into_iter().chain([(4096, 2)]) {
        let shape = Shape::new(blocks, positions).unwrap();
        let code = BlockCode::random(shape, &mut Random::new(3));
        let most = CounterBank::items_max(shape);
        let mut bank = CounterBank::new(shape);
        for _ in 0..most {
            bank.add(63, &code).unwrap();
        }
        let before = bank.clone();
        assert_eq!(bank.add(63, &code), Err(Error::Full { limit: most as i64 }));
        assert_eq!(bank, before);
        assert_eq!(usize::from(bank.items()[63]), most);
        assert_eq!(bank.dots(&code).unwrap()[63] as usize, most * blocks);
        assert_eq!(i64::from(bank.dots(&code.negate()).unwrap()[63]), -((most * blocks) as i64));
    }
}

#[test]
fn counters_never_leave_their_integers_whatever_is_removed() {
    let shape = Shape::new(8, 8).unwrap();
    let (code, other) = (BlockCode::identity(shape), BlockCode::identity(shape).negate());
    let mut bank = CounterBank::new(shape);
    // The removed code was never added, so each round leaves more behind.
    let mut refused = None;
    for _ in 0..200 {
        let before = bank.clone();
        if let Err(error) = bank.add(0, &code).and_then(|()| bank.remove(0, &other)) {
            refused = Some(error);
            bank = before;
            break;
        }
    }
    assert_eq!(refused, Some(Error::Full { limit: 64 }));
    assert_eq!(bank.dots(&code).unwrap()[0], 64 * 8);
    assert!(bank.as_counters().iter().all(|counter| (-64..=64).contains(counter)));
}

#[test]
fn slots_and_items_that_do_not_exist_are_refused() {
    let code = BlockCode::identity(Shape::DEFAULT);
    let mut bank = CounterBank::new(Shape::DEFAULT);
    bank.add(1, &code).unwrap();
    let before = bank.clone();
    let no_slot = Err(Error::Slot { slot: 64, slots: 64 });
    assert_eq!(bank.add(64, &code), no_slot);
    assert_eq!(bank.remove(64, &code), no_slot);
    assert_eq!(bank.remove(2, &code), Err(Error::Empty { slot: 2 }));
    let other = BlockCode::identity(Shape::D10K);
    let mismatch = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(bank.add(1, &other), Err(mismatch.clone()));
    assert_eq!(bank.remove(1, &other), Err(mismatch.clone()));
    assert_eq!(bank.dots(&other), Err(mismatch));
    assert_eq!(bank, before);
}
