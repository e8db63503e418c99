//! The resonator: factors are found far below capacity, answers above it are never wrong, and refusals are typed.

use embeddenator_vsa::limits::{FACTORS_MAX, RESONATOR_STEPS_MAX};
use embeddenator_vsa::{BlockCode, Codes, Error, Factors, Random, Resonator, ResonatorOptions, Shape};

/// Random tables of equal length, the chosen rows, and their product.
fn problem(shape: Shape, factors: usize, length: usize, seed: u64) -> (Vec<Codes>, Vec<usize>, BlockCode) {
    let mut random = Random::new(seed);
    let tables: Vec<Codes> = (0..factors).map(|_| Codes::random(shape, length, &mut random)).collect();
    let picked: Vec<usize> = (0..factors).map(|_| random.below(length as u64) as usize).collect();
    let product = bound(&tables, &picked);
    (tables, picked, product)
}

fn bound(tables: &[Codes], rows: &[usize]) -> BlockCode {
    let codes = tables.iter().zip(rows).map(|(table, row)| table.get(*row).expect("a row of its table"));
    codes.fold(BlockCode::identity(tables[0].shape()), |bound, code| {
        bound.bind(&code.to_code()).expect("one shape")
    })
}

fn factor(tables: Vec<Codes>, options: ResonatorOptions, product: &BlockCode) -> Option<Factors> {
    let resonator = Resonator::new(tables, options).expect("tables and options are in the limits");
    resonator.factor(product.as_ref()).expect("one shape")
}

/// The code with some blocks replaced at random.
fn damaged(code: &BlockCode, blocks: usize, random: &mut Random) -> BlockCode {
    let drawn = BlockCode::random(code.shape(), random);
    let mut bytes = code.as_bytes().to_vec();
    bytes[..blocks].copy_from_slice(&drawn.as_bytes()[..blocks]);
    BlockCode::from_bytes(code.shape(), &bytes).expect("of the shape")
}

#[test]
fn factors_of_a_product_are_found() {
    let cases = [
        (Shape::DEFAULT, 2, 1000, 3),
        (Shape::DEFAULT, 3, 40, 10),
        (Shape::DEFAULT, 4, 10, 10),
        (Shape::DEFAULT, 5, 5, 10),
        (Shape::D10K, 3, 32, 10),
        (Shape::LARGE, 3, 60, 2),
        (Shape::new(73, 101).expect("a shape"), 3, 20, 10),
    ];
    for (shape, factors, length, trials) in cases {
        for seed in 0..trials {
            let (tables, picked, product) = problem(shape, factors, length, seed);
            let found = factor(tables, ResonatorOptions::default(), &product);
            let found = found.unwrap_or_else(|| panic!("{shape}, {factors} x {length}, seed {seed}: none"));
            assert_eq!(found.indexes, picked, "{shape}, {factors} x {length}, seed {seed}");
            assert_eq!(found.dot, shape.blocks() as i32);
        }
    }
}

#[test]
fn restarts_find_what_the_first_search_does_not() {
    // A single search finds some of these 16 products of 10^6 combinations; restarts find all.
    let solved = |restarts: usize| {
        let options = ResonatorOptions { restarts, ..ResonatorOptions::default() };
        let problems = (0..16).map(|seed| problem(Shape::DEFAULT, 3, 100, seed));
        problems.filter(|(tables, _, product)| factor(tables.clone(), options, product).is_some()).count()
    };
    let (once, often) = (solved(1), solved(100));
    assert!(once < 16, "one search has found all: take longer tables");
    assert_eq!(often, 16, "one search alone has found {once}");
}

#[test]
fn answer_is_true_or_there_is_none() {
    // Eight blocks cannot tell 10^6 combinations apart, so many searches fail and others find a
    // different valid product.
    let shape = Shape::new(8, 8).expect("a shape");
    let options = ResonatorOptions { restarts: 5, ..ResonatorOptions::default() };
    let mut failed = 0;
    for seed in 0..40 {
        let (tables, _, product) = problem(shape, 3, 100, seed);
        match factor(tables.clone(), options, &product) {
            Some(found) => assert_eq!(bound(&tables, &found.indexes), product, "seed {seed}"),
            None => failed += 1,
        }
    }
    assert!(failed > 0, "all were found: take longer tables");
    // A code that is not a product of the tables has no factors.
    let (tables, _, _) = problem(Shape::DEFAULT, 3, 20, 1);
    let stranger = BlockCode::random(Shape::DEFAULT, &mut Random::new(99));
    assert_eq!(factor(tables, options, &stranger), None);
}

#[test]
fn damaged_product_is_factored_with_less_agreement() {
    let combinations = 20_f64.powi(3);
    let agreement = Shape::DEFAULT.threshold(1e-6 / combinations).expect("a probability");
    for seed in 0..10 {
        let (tables, picked, product) = problem(Shape::DEFAULT, 3, 20, seed);
        // Four of ten blocks are replaced at random.
        let product = damaged(&product, 51, &mut Random::new(seed + 1000));
        let exact = ResonatorOptions { restarts: 2, ..ResonatorOptions::default() };
        assert_eq!(factor(tables.clone(), exact, &product), None, "seed {seed}");
        let options = ResonatorOptions { agreement: Some(agreement), ..ResonatorOptions::default() };
        let found = factor(tables.clone(), options, &product).expect("77 blocks are right");
        assert_eq!(found.indexes, picked, "seed {seed}");
        assert_eq!(Ok(found.dot), bound(&tables, &picked).dot(&product));
    }
}

#[test]
fn same_seed_gives_the_same_search() {
    let (tables, _, product) = problem(Shape::DEFAULT, 3, 100, 4);
    let options = ResonatorOptions { seed: 5, ..ResonatorOptions::default() };
    let first = factor(tables.clone(), options, &product);
    assert!(first.is_some());
    assert_eq!(factor(tables, options, &product), first);
}

#[test]
fn impossible_searches_are_refused() {
    let options = ResonatorOptions::default();
    let table = Codes::random(Shape::DEFAULT, 3, &mut Random::new(1));
    let other = Codes::random(Shape::D10K, 3, &mut Random::new(1));
    let refused = |tables: Vec<Codes>, options| Resonator::new(tables, options).map(|_| ()).err();
    for factors in [0, 1, FACTORS_MAX + 1] {
        let tables = vec![table.clone(); factors];
        assert_eq!(refused(tables, options), Some(Error::Factors { factors }));
    }
    let shapes = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(refused(vec![table.clone(), other.clone()], options), Some(shapes.clone()));
    let empty = Codes::new(Shape::DEFAULT);
    assert_eq!(refused(vec![table.clone(), empty], options), Some(Error::NoCodes));
    let long = ResonatorOptions { restarts: 1, steps: RESONATOR_STEPS_MAX + 1, ..options };
    let error = Error::Steps { steps: RESONATOR_STEPS_MAX + 1 };
    assert_eq!(refused(vec![table.clone(); 2], long), Some(error));

    let resonator = Resonator::new(vec![table.clone(); 2], options).expect("two tables of one shape");
    let code = other.get(0).expect("row 0");
    assert_eq!(resonator.factor(code), Err(shapes));
    let none = ResonatorOptions { restarts: 0, ..options };
    let resonator = Resonator::new(vec![table.clone(); 2], none).expect("two tables of one shape");
    assert_eq!(resonator.factor(table.get(0).expect("row 0")), Ok(None));
}
