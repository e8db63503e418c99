//! Measures how large the tables of a resonator may be.
//!
//! Without arguments it measures a few products of small tables. With `--full` it measures the
//! table in the documentation of `Resonator`, which takes some minutes:
//!
//! ```text
//! cargo run --release -p embeddenator-vsa --example factors -- --full
//! ```

use std::env;

use embeddenator_vsa::{BlockCode, Codes, Random, Resonator, ResonatorOptions, Result, Shape};

/// A kind of product.
struct Kind {
    shape: Shape,
    factors: usize,
    /// The codes in each table.
    length: usize,
    /// The blocks of the product that are replaced at random.
    wrong: usize,
}

const fn kind(shape: Shape, factors: usize, length: usize, wrong: usize) -> Kind {
    Kind { shape, factors, length, wrong }
}

const SMALL: [Kind; 3] =
    [kind(Shape::DEFAULT, 2, 100, 0), kind(Shape::DEFAULT, 3, 20, 0), kind(Shape::DEFAULT, 3, 20, 51)];
const FULL: [Kind; 7] = [
    kind(Shape::DEFAULT, 2, 4_000, 0),
    kind(Shape::DEFAULT, 3, 64, 51),
    kind(Shape::DEFAULT, 3, 256, 0),
    kind(Shape::D10K, 3, 128, 0),
    kind(Shape::DEFAULT, 4, 48, 0),
    kind(Shape::DEFAULT, 5, 16, 0),
    kind(Shape::DEFAULT, 6, 8, 0),
];

fn main() -> Result<()> {
    let full = env::args().skip(1).any(|argument| argument == "--full");
    let (kinds, products): (&[Kind], u64) = if full { (&FULL, 100) } else { (&SMALL, 5) };
    for kind in kinds {
        let (mut found, mut steps, mut steps_max) = (0, 0, 0);
        for product in 0..products {
            if let Some(taken) = taken_apart(kind, 1_000 + product)? {
                found += 1;
                steps += taken;
                steps_max = steps_max.max(taken);
            }
        }
        let Kind { shape, factors, length, wrong } = kind;
        println!(
            "{shape}, {factors} factors of {length}, {wrong} blocks wrong: {found} of {products} found, {:.1} steps, \
             {steps_max} at most",
            steps as f64 / f64::from(found.max(1))
        );
    }
    Ok(())
}

/// The steps to find the factors of a random product, or `None` if they are not found.
fn taken_apart(kind: &Kind, seed: u64) -> Result<Option<usize>> {
    let Kind { shape, factors, length, wrong } = *kind;
    let mut random = Random::new(seed);
    let tables: Vec<Codes> = (0..factors).map(|_| Codes::random(shape, length, &mut random)).collect();
    let picked: Vec<usize> = (0..factors).map(|_| random.below(length as u64) as usize).collect();
    let mut product = BlockCode::identity(shape);
    for (table, row) in tables.iter().zip(&picked) {
        let code = table.get(*row).expect("the row was drawn below the length");
        product = product.bind(code)?;
    }
    let drawn = BlockCode::random(shape, &mut random);
    let bytes = [&drawn.as_bytes()[..wrong], &product.as_bytes()[wrong..]].concat();
    let product = BlockCode::from_bytes(shape, &bytes)?;
    // At most one wrong answer in a million products.
    let combinations = (length as f64).powi(factors as i32);
    let agreement = (wrong > 0).then(|| shape.threshold(1e-6 / combinations)).transpose()?;
    let resonator = Resonator::new(tables, ResonatorOptions { agreement, ..ResonatorOptions::default() })?;
    let found = resonator.factor(&product)?;
    assert!(found.as_ref().is_none_or(|found| found.indexes == picked), "an answer that is not true");
    Ok(found.map(|found| found.steps))
}
