//! Tables of codes, compared with a vector of codes.

use embeddenator_vsa::{BlockCode, Codes, CodesRef, Error, Nearest, Random, Shape};
use proptest::prelude::*;

use super::{code, codes, table};

#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    Replace(prop::sample::Index, u64),
    Remove(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<u64>().prop_map(Step::Push),
        1 => (any::<prop::sample::Index>(), any::<u64>()).prop_map(|(index, seed)| Step::Replace(index, seed)),
        2 => any::<prop::sample::Index>().prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn table_changes_as_a_vector_does(
        (shape, start) in codes(5), steps in prop::collection::vec(step(), 0..40))
    {
        let draw = |seed: u64| BlockCode::random(shape, &mut Random::new(seed));
        let (mut found, mut model) = (table(shape, &start), start);
        for step in steps {
            match step {
                Step::Push(seed) => {
                    found.push(&draw(seed)).unwrap();
                    model.push(draw(seed));
                }
                Step::Replace(index, seed) if !model.is_empty() => {
                    let index = index.index(model.len());
                    found.replace(index, &draw(seed)).unwrap();
                    model[index] = draw(seed);
                }
                Step::Remove(index) if !model.is_empty() => {
                    let index = index.index(model.len());
                    prop_assert_eq!(found.swap_remove(index).unwrap(), model.swap_remove(index));
                }
                Step::Replace(..) | Step::Remove(_) => {}
            }
        }
        prop_assert_eq!((found.len(), found.is_empty()), (model.len(), model.is_empty()));
        prop_assert!(found.iter().eq(model.iter().map(BlockCode::as_ref)));
        prop_assert!(found.iter().rev().eq(model.iter().rev().map(BlockCode::as_ref)));
        prop_assert_eq!(&found, &table(shape, &model));
    }

    #[test]
    fn table_and_view_answer_as_the_codes_do(
        (shape, codes, query) in codes(20)
            .prop_flat_map(|(shape, codes)| (Just(shape), Just(codes), code(shape))),
        k in 0_usize..25)
    {
        let table = table(shape, &codes);
        let view = CodesRef::from_rows(shape, table.as_rows()).unwrap();
        let expected: Vec<_> = codes.iter().map(|code| code.dot(&query).unwrap()).collect();
        prop_assert_eq!(&table.dots(&query).unwrap(), &expected);
        prop_assert_eq!(&view.dots(&query).unwrap(), &expected);
        let mut nearest: Vec<_> =
            expected.iter().enumerate().map(|(index, dot)| Nearest { index, dot: *dot }).collect();
        nearest.sort_by_key(|found| (-found.dot, found.index));
        nearest.truncate(k);
        prop_assert_eq!(&table.nearest(&query, k).unwrap(), &nearest);
        prop_assert_eq!(&view.nearest(&query, k).unwrap(), &nearest);
        let first = codes.len() / 3;
        let mut some = vec![0; codes.len() - first];
        table.dots_into(&query, first, &mut some).unwrap();
        prop_assert_eq!(&some, &expected[first..]);
        for (index, code) in codes.iter().enumerate() {
            prop_assert_eq!(view.get(index).unwrap().to_code(), code.clone());
        }
        prop_assert_eq!(table.get(codes.len()), None);
        prop_assert_eq!(table.get(usize::MAX), None);
        prop_assert_eq!(&Codes::from(view), &table);
        prop_assert_eq!(view, table.view());
    }

    #[test]
    fn rows_are_checked_byte_by_byte((shape, codes) in codes(3), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let table = table(shape, &codes);
        let mut rows = table.as_rows().to_vec();
        if rows.is_empty() {
            return Ok(());
        }
        let at = at.index(rows.len());
        rows[at] = to;
        let (row, block) = (at / shape.stride(), at % shape.stride());
        let position = usize::from(to & 0x7f);
        let expected = if block >= shape.blocks() && to != 0 {
            Some(Error::Padding { row })
        } else if block < shape.blocks() && position >= shape.positions() {
            Some(Error::Position { row, block, position, positions: shape.positions() })
        } else {
            None
        };
        prop_assert_eq!(Codes::from_rows(shape, &rows).err(), expected.clone());
        prop_assert_eq!(CodesRef::from_rows(shape, &rows).err(), expected);
    }
}

#[test]
fn truncated_rows_are_refused() {
    let shape = Shape::D10K;
    let codes = Codes::random(shape, 2, &mut Random::new(8));
    for length in 0..=codes.as_rows().len() {
        let found = Codes::from_rows(shape, &codes.as_rows()[..length]);
        match length % 128 {
            0 => assert_eq!(found.unwrap().len(), length / 128),
            _ => assert_eq!(
                found,
                Err(Error::Length { expected: length.next_multiple_of(128), found: length })
            ),
        }
    }
}

#[test]
fn refused_changes_change_nothing() {
    let mut codes = Codes::random(Shape::DEFAULT, 3, &mut Random::new(5));
    let before = codes.clone();
    let other = BlockCode::identity(Shape::D10K);
    let mismatch = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(codes.push(&other), Err(mismatch.clone()));
    assert_eq!(codes.replace(0, &other), Err(mismatch.clone()));
    assert_eq!(codes.dots(&other), Err(mismatch.clone()));
    assert_eq!(codes.nearest(&other, 1), Err(mismatch));
    let code = BlockCode::identity(Shape::DEFAULT);
    assert_eq!(codes.replace(3, &code), Err(Error::Slot { slot: 3, slots: 3 }));
    assert_eq!(codes.swap_remove(3), Err(Error::Slot { slot: 3, slots: 3 }));
    let mut dots = [7; 3];
    assert_eq!(codes.dots_into(&code, 1, &mut dots), Err(Error::Slot { slot: 3, slots: 3 }));
    assert!(codes.dots_into(&code, usize::MAX, &mut dots).is_err());
    assert_eq!(dots, [7; 3]);
    assert_eq!(codes, before);
    assert_eq!(Codes::new(Shape::DEFAULT).swap_remove(0), Err(Error::Slot { slot: 0, slots: 0 }));
}

#[test]
fn tables_start_at_cache_lines() {
    let mut codes = Codes::new(Shape::D10K);
    for seed in 0..100 {
        codes.push(&BlockCode::random(Shape::D10K, &mut Random::new(seed))).unwrap();
        assert_eq!(codes.as_rows().as_ptr().align_offset(64), 0);
    }
    assert_eq!(codes.clone().as_rows().as_ptr().align_offset(64), 0);
}
