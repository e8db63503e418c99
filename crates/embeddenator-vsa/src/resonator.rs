//! The resonator: splits a product of codes into its factors, one from each of several tables.

use crate::error::{Error, Result};
use crate::limits::{FACTORS_MAX, POSITIONS_MAX, RESONATOR_STEPS_MAX};
use crate::{BlockCode, CodeRef, Codes, Counts, Random, Shape};

/// The weight of the best code in an estimate.
const WEIGHT_MAX: i64 = 255;
/// The largest counter of an estimate, and of a product unbound with estimates. The sum of a
/// block's 128 products of both stays within `i32`: 2^7 * 2^11 * 2^12 = 2^30.
const ESTIMATE_MAX: u32 = 1 << 11;
const UNBOUND_MAX: u32 = 1 << 12;
/// Restarts begin with all codes, then half, a quarter and an eighth of them, in turn.
const HALVINGS: usize = 4;

/// Finds the factors of a product: given `bind(x, y, z)` with `x`, `y` and `z` from three tables,
/// it finds the three.
///
/// Trying all combinations takes as many steps as the product of the tables' lengths; a resonator
/// searches them all at once, in superposition (Frady, Kent, Olshausen, Sommer, "Resonator
/// networks, 1", Neural Computation 2020; for block codes Hersche et al., "Factorizers for
/// distributed sparse block codes", 2023):
///
/// ```text
/// for each table an estimate = the bundle of its codes
/// repeat, for each table in turn:
///     unbound  = the product with all other estimates unbound      (circular correlation, block by block)
///     weights  = the dot products of unbound with the table's codes, negative ones as zero
///     estimate = the bundle of the table's codes with these weights
///     answer   = the code with the largest weight in each table
/// until the answer binds to the product
/// ```
///
/// Estimates are counters, not codes: thinned to one element per block they would forget all codes
/// but the few that the search happens to start with. A search that does not succeed restarts from
/// a random part of each table, chosen by the seed, and may then succeed because many wrong codes
/// are left out.
///
/// **It may fail, but it is never wrong:** the answer has been bound again and agrees with the
/// product as closely as was asked for, exactly by default.
///
/// # Capacity
///
/// Measured on 100 random products per row, with the default options and, unless stated otherwise,
/// at 128 x 128; all were found:
///
/// | factors | codes per table | combinations | steps, mean | steps, most |
/// |---|---|---|---|---|
/// | 2 | 4 000 | 16 000 000 | 3 | 61 |
/// | 3 | 64, four of ten blocks wrong | 262 144 | 8 | 182 |
/// | 3 | 256 | 16 777 216 | 85 | 1 584 |
/// | 3, at 100 x 100 | 128 | 2 097 152 | 33 | 841 |
/// | 4 | 48 | 5 308 416 | 95 | 905 |
/// | 5 | 16 | 1 048 576 | 65 | 364 |
/// | 6 | 8 | 262 144 | 44 | 875 |
///
/// Measured by `cargo run --release -p embeddenator-vsa --example factors -- --full`.
///
/// Such a step takes some milliseconds; the time grows with the dimension, the positions and the
/// square of the number of factors. With few combinations, comparing all of them is faster: a dot
/// product takes some nanoseconds.
///
/// ```
/// use embeddenator_vsa::{Codes, Random, Resonator, ResonatorOptions, Shape};
///
/// let mut random = Random::new(1);
/// let tables: Vec<Codes> = (0..3).map(|_| Codes::random(Shape::DEFAULT, 40, &mut random)).collect();
/// let [x, y, z] = [3, 14, 15];
/// let code = |table: usize, row: usize| tables[table].get(row).expect("row of 40").to_code();
/// let product = code(0, x).bind(&code(1, y))?.bind(&code(2, z))?;
///
/// let resonator = Resonator::new(tables, ResonatorOptions::default())?;
/// let found = resonator.factor(&product)?.expect("far below capacity");
/// assert_eq!(found.indexes, [x, y, z]);
/// assert_eq!(found.dot, 128);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resonator {
    tables: Vec<Codes>,
    options: ResonatorOptions,
}

/// How long a [`Resonator`] searches, and what it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResonatorOptions {
    /// Determines the random parts of the tables. The same seed gives the same answer after the
    /// same number of steps.
    pub seed: u64,
    /// How often the search starts, including the first time.
    pub restarts: usize,
    /// Updates of all estimates before the search restarts.
    pub steps: usize,
    /// The dot product that an answer must have with the product, or `None` for equality. For
    /// products with wrong blocks, use one that no other combination reaches by chance:
    /// [`Shape::threshold`] of a small probability divided by the number of combinations.
    pub agreement: Option<i32>,
}

impl Default for ResonatorOptions {
    /// 100 restarts of 20 steps, equality.
    fn default() -> Self {
        ResonatorOptions { seed: 0, restarts: 100, steps: 20, agreement: None }
    }
}

/// The factors of a product.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Factors {
    /// For each table, the index of its code.
    pub indexes: Vec<usize>,
    /// The dot product of these codes, bound, with the product.
    pub dot: i32,
    /// The updates of all estimates that it took, over all restarts.
    pub steps: usize,
}

impl Resonator {
    /// A resonator for products of one code from each table.
    ///
    /// # Errors
    /// [`Error::Factors`] for fewer than 2 or more than [`FACTORS_MAX`] tables;
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::NoCodes`] if a table is empty;
    /// [`Error::Steps`] if all restarts take more than [`RESONATOR_STEPS_MAX`] steps together.
    pub fn new(tables: Vec<Codes>, options: ResonatorOptions) -> Result<Self> {
        let factors = tables.len();
        if !(2..=FACTORS_MAX).contains(&factors) {
            return Err(Error::Factors { factors });
        }
        let steps = options.restarts.saturating_mul(options.steps);
        if steps > RESONATOR_STEPS_MAX {
            return Err(Error::Steps { steps });
        }
        for table in &tables {
            tables[0].shape().expect(table.shape())?;
            if table.is_empty() {
                return Err(Error::NoCodes);
            }
        }
        Ok(Resonator { tables, options })
    }

    /// The shape of all codes.
    pub fn shape(&self) -> Shape {
        self.tables[0].shape()
    }

    /// The tables that the factors come from.
    pub fn tables(&self) -> &[Codes] {
        &self.tables
    }

    /// The factors of a product, or `None` if no restart finds an answer that agrees with it.
    ///
    /// `None` does not prove that there are none.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::Full`] for tables of more than 2^23
    /// codes.
    pub fn factor<'a>(&self, product: impl Into<CodeRef<'a>>) -> Result<Option<Factors>> {
        let product = product.into();
        self.shape().expect(product.shape())?;
        let agreement = self.options.agreement.unwrap_or(self.shape().blocks() as i32);
        let mut random = Random::new(self.options.seed);
        let mut steps = 0;
        for restart in 0..self.options.restarts {
            let mut search = Search::begin(&self.tables, product, restart, &mut random)?;
            for _ in 0..self.options.steps {
                steps += 1;
                if !search.step()? {
                    break;
                }
                let dot = search.answer()?.as_ref().dot(product)?;
                if dot >= agreement {
                    return Ok(Some(Factors { indexes: search.best, dot, steps }));
                }
            }
        }
        Ok(None)
    }
}

/// The state of one search.
struct Search<'a> {
    tables: &'a [Codes],
    product: CodeRef<'a>,
    /// For each table, the weighted bundle of its codes.
    estimates: Vec<Vec<i32>>,
    /// For each table, the code with the largest weight.
    best: Vec<usize>,
}

impl<'a> Search<'a> {
    fn begin(tables: &'a [Codes], product: CodeRef<'a>, restart: usize, random: &mut Random) -> Result<Self> {
        let one_of = 1 << (restart % HALVINGS);
        let mut estimates = Vec::with_capacity(tables.len());
        for table in tables {
            let mut weights: Vec<i32> =
                (0..table.len()).map(|_| i32::from(random.below(one_of) == 0)).collect();
            // An empty estimate would end the search at once.
            weights[random.below(table.len() as u64) as usize] = 1;
            estimates.push(estimate(table, &weights)?);
        }
        Ok(Search { tables, product, estimates, best: vec![0; tables.len()] })
    }

    /// Updates each estimate from the others; `false` if one becomes empty.
    fn step(&mut self) -> Result<bool> {
        for (factor, table) in self.tables.iter().enumerate() {
            let dots = self.unbound(factor)?.dots(table)?;
            let (mut best, mut largest) = (0, 0);
            for (index, dot) in dots.iter().enumerate() {
                if *dot > largest {
                    (best, largest) = (index, *dot);
                }
            }
            if largest == 0 {
                return Ok(false);
            }
            let weights: Vec<i32> =
                dots.iter().map(|dot| ((*dot).max(0) * WEIGHT_MAX / largest) as i32).collect();
            self.best[factor] = best;
            self.estimates[factor] = estimate(table, &weights)?;
        }
        Ok(true)
    }

    /// The product with the estimates of all other factors unbound.
    fn unbound(&self, factor: usize) -> Result<Counts> {
        let shape = self.product.shape();
        let mut unbound = vec![0; shape.dimension()];
        let blocks = unbound.chunks_exact_mut(shape.positions());
        for (block, (position, sign)) in blocks.zip(self.product.elements()) {
            block[position] = sign;
        }
        for (_, estimate) in self.estimates.iter().enumerate().filter(|(other, _)| *other != factor) {
            unbound = correlated(shape, &unbound, estimate);
            scale_down(&mut unbound, UNBOUND_MAX);
        }
        Counts::from_counters(shape, unbound)
    }

    /// The best code of each table, bound.
    fn answer(&self) -> Result<BlockCode> {
        let mut bound = BlockCode::identity(self.product.shape());
        for (table, index) in self.tables.iter().zip(&self.best) {
            let code = table.get(*index).expect("the best code is a row of its table");
            bound = bound.bind(code)?;
        }
        Ok(bound)
    }
}

/// The counters of a table's weighted bundle.
fn estimate(table: &Codes, weights: &[i32]) -> Result<Vec<i32>> {
    let mut counts = Counts::new(table.shape());
    counts.add_all_weighted(table, weights)?;
    let mut counters = counts.as_counters().to_vec();
    scale_down(&mut counters, ESTIMATE_MAX);
    Ok(counters)
}

/// The bundle of every code in `from` unbound with every code in `taken`, weights multiplied: the
/// circular correlation of each block.
fn correlated(shape: Shape, from: &[i32], taken: &[i32]) -> Vec<i32> {
    let positions = shape.positions();
    let mut sums = vec![0; shape.dimension()];
    let mut twice = [0; 2 * POSITIONS_MAX];
    let blocks = from.chunks_exact(positions).zip(taken.chunks_exact(positions));
    for (sums, (from, taken)) in sums.chunks_exact_mut(positions).zip(blocks) {
        // Repeated twice, so that each rotation is a contiguous run.
        twice[..positions].copy_from_slice(from);
        twice[positions..2 * positions].copy_from_slice(from);
        // Near convergence most counters are zero.
        for (shift, weight) in taken.iter().enumerate().filter(|(_, weight)| **weight != 0) {
            for (sum, counter) in sums.iter_mut().zip(&twice[shift..shift + positions]) {
                *sum += counter * weight;
            }
        }
    }
    sums
}

/// Scales counters so that none is further from zero than `limit`.
fn scale_down(counters: &mut [i32], limit: u32) {
    let largest = counters.iter().map(|counter| counter.unsigned_abs()).max().unwrap_or(0);
    if largest > limit {
        for counter in counters {
            *counter = (i64::from(*counter) * i64::from(limit) / i64::from(largest)) as i32;
        }
    }
}
