//! Scales: cosines that fall linearly, ends that clamp, refusals.

use embeddenator_vsa::{BlockCode, CodeRef, Error, Levels, Random, Shape};
use xxhash_rust::xxh3::xxh3_64;

use crate::shapes::shapes;

#[test]
fn cosine_of_two_levels_is_one_less_their_distance() {
    for shape in shapes() {
        let blocks = shape.blocks();
        for levels in [2, 3, blocks / 2 + 1, blocks, blocks + 1] {
            let scale = Levels::new(shape, 0.0..=1.0, levels, 1).expect("a scale");
            assert_eq!(scale.codes().len(), levels);
            // Halves round up.
            let changed = |level: usize| (2 * level * blocks + levels - 1) / (2 * (levels - 1));
            for (i, code) in scale.codes().iter().enumerate() {
                for (j, dot) in scale.codes().dots(code).expect("one shape").into_iter().enumerate() {
                    let apart = changed(i).abs_diff(changed(j));
                    assert_eq!(dot, (blocks - apart) as i32, "{shape} {levels}: {i} {j}");
                }
            }
        }
    }
}

#[test]
fn values_outside_the_range_have_the_level_of_its_end() {
    let scale = Levels::new(Shape::DEFAULT, -10.0..=10.0, 21, 2).expect("a scale");
    for (value, level) in [
        (-10.0, 0),
        (-10.5, 0),
        (-1e300, 0),
        (f64::NEG_INFINITY, 0),
        (-0.4, 10),
        (0.0, 10),
        (0.6, 11),
        (10.0, 20),
        (f64::MAX, 20),
        (f64::INFINITY, 20),
    ] {
        assert_eq!(scale.level(value), Ok(level), "{value}");
        assert_eq!(scale.encode(value).ok(), scale.codes().get(level).map(CodeRef::to_code), "{value}");
    }
    let values = [7.0, f64::NEG_INFINITY, -3.4];
    let each = values.map(|value| scale.encode(value).expect("a number"));
    assert!(scale.encode_all(&values).expect("numbers").iter().eq(each.iter().map(BlockCode::as_ref)));
    assert_eq!(scale.encode_all(&[1.0, f64::NAN]), Err(Error::NotANumber));
    assert_eq!(scale.level(f64::NAN), Err(Error::NotANumber));
    assert_eq!(scale.encode(f64::NAN), Err(Error::NotANumber));
    assert_eq!((scale.value(0), scale.value(20), scale.value(21)), (Some(-10.0), Some(10.0), None));
}

#[test]
fn widest_range_has_levels_between_its_ends() {
    let scale = Levels::new(Shape::DEFAULT, f64::MIN..=f64::MAX, 5, 3).expect("a scale");
    let levels = [f64::MIN, f64::MIN / 2.0, 0.0, f64::MAX / 2.0, f64::MAX];
    for (level, value) in levels.into_iter().enumerate() {
        assert_eq!(scale.level(value), Ok(level));
        let read = scale.value(level).expect("a level of five");
        assert!((read / f64::MAX - value / f64::MAX).abs() < 1e-15, "{read} {value}");
    }
}

#[test]
fn narrowest_ranges_have_both_ends() {
    let tiny = f64::from_bits(1);
    for (low, high) in [(0.0, tiny), (-tiny, 0.0), (-tiny, tiny), (1.0, 1.0_f64.next_up())] {
        let scale = Levels::new(Shape::DEFAULT, low..=high, 5, 3).expect("a scale");
        assert_eq!((scale.level(low), scale.level(high)), (Ok(0), Ok(4)), "{low} {high}");
        assert_eq!((scale.value(0), scale.value(4)), (Some(low), Some(high)));
    }
}

#[test]
fn value_is_read_back_from_a_noisy_code() {
    let scale = Levels::new(Shape::DEFAULT, 0.0..=128.0, 129, 4).expect("a scale");
    let mut random = Random::new(4);
    for value in [0.0, 1.0, 40.0, 77.0, 128.0] {
        let code = scale.encode(value).expect("a number");
        assert_eq!(scale.decode(code.as_ref()), Ok(value));
        let other = BlockCode::random(Shape::DEFAULT, &mut random);
        let mut bytes = code.as_bytes().to_vec();
        for (byte, drawn) in bytes.iter_mut().zip(other.as_bytes()) {
            if random.below(5) == 0 {
                *byte = *drawn;
            }
        }
        let noisy = BlockCode::from_bytes(Shape::DEFAULT, &bytes).expect("of the shape");
        let read = scale.decode(noisy.as_ref()).expect("one shape");
        assert!((read - value).abs() <= 8.0, "{value} read as {read}");
    }
}

#[test]
fn impossible_scales_are_refused() {
    let shape = Shape::new(8, 8).expect("a shape");
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NEG_INFINITY, 0.0), (0.0, f64::INFINITY)] {
        assert_eq!(Levels::new(shape, low..=high, 5, 1), Err(Error::Range { low, high }));
    }
    assert!(matches!(Levels::new(shape, f64::NAN..=1.0, 5, 1), Err(Error::Range { .. })));
    for levels in [0, 1, 10, usize::MAX] {
        let error = Error::Levels { levels, levels_max: 9, positions: 8 };
        assert_eq!(Levels::new(shape, 0.0..=1.0, levels, 1), Err(error));
    }
    let flat = Shape::new(8, 1).expect("a shape");
    let error = Error::Levels { levels: 2, levels_max: 9, positions: 1 };
    assert_eq!(Levels::new(flat, 0.0..=1.0, 2, 1), Err(error));
}

#[test]
fn scales_have_the_same_codes_on_every_machine() {
    let found = shapes().into_iter().map(|shape| {
        let scale = Levels::new(shape, 0.0..=1.0, 7, 42).expect("a scale");
        xxh3_64(&scale.codes().iter().flat_map(CodeRef::as_bytes).copied().collect::<Vec<u8>>())
    });
    let golden = [
        0x96a2_d83f_0989_ae3d,
        0x0cae_e50c_897c_4875,
        0xb7c4_3f2a_d9f9_c8e1,
        0xb8ce_5402_9c86_96c4,
        0xcd96_b3e4_9ddb_b509,
        0xf5ba_ecf3_03c4_7878,
    ];
    let found: Vec<u64> = found.collect();
    assert_eq!(found, golden, "{found:#018x?}");
}

#[test]
fn scales_of_one_seed_have_the_same_codes() {
    let [a, b] =
        [0.0..=1.0, -5.0..=5.0].map(|range| Levels::new(Shape::DEFAULT, range, 11, 9).expect("a scale"));
    let c = Levels::new(Shape::DEFAULT, 0.0..=1.0, 11, 10).expect("a scale");
    assert_eq!(a.codes(), b.codes());
    assert_ne!(a.codes(), c.codes());
    assert_eq!(b.range(), -5.0..=5.0);
}
