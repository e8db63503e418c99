//! Sparse ternary vector symbolic architecture: codes over {-1, 0, +1}, their algebra and encoders.
//!
//! Symbols become long sparse vectors, and statements about them become sums, products and
//! rotations of these vectors, which can be compared, searched and taken apart again (Kanerva,
//! "Hyperdimensional computing", 2009).
//!
//! | for | use |
//! |---|---|
//! | a symbol, a record or a signature in 128 bytes | [`BlockCode`] of a [`Shape`]; borrowed, [`CodeRef`] |
//! | many of them, and the nearest | [`Codes`], [`CodesRef`], [`Nearest`] |
//! | a sum to add to and remove from | [`Counts`]; 64 small ones in a [`CounterBank`] |
//! | a dense sign vector, such as an encoded text | [`Planes`], [`PlanesTable`] |
//! | any sparsity, for interchange | [`SparseTernary`] |
//! | names to codes and back | [`ItemMemory`] |
//! | fields, positions, n-grams | [`Record`], [`Sequence`], [`ngrams`] |
//! | classes from examples | [`CentroidClassifier`] |
//! | the factors of a product | [`Resonator`] |
//! | texts, bytes, numbers | [`TextEncoder`], [`BytesEncoder`], [`Levels`] |
//! | near-duplicates | [`ShingleEncoder`] |
//! | the dot product at which two codes are related | [`Shape::threshold`] |
//! | bytes for files and networks | [`wire`] |
//!
//! # Laws
//! They hold exactly, for all codes of a shape with B blocks of L positions; each is a property
//! test.
//!
//! | operation | law |
//! |---|---|
//! | [`bind`](BlockCode::bind) | commutative, associative, invertible by [`unbind`](BlockCode::unbind); the [`identity`](BlockCode::identity) has zero bytes; `(a * c) . (b * c) = a . b` |
//! | [`permute`](BlockCode::permute) | of order B; `p(a * b) = p(a) * p(b)`; `p(a) . p(b) = a . b` |
//! | [`power`](BlockCode::power) | `a^m * a^n = a^(m + n)` |
//! | [`Counts`] | a commutative group under [`merge`](Counts::merge) and [`subtract`](Counts::subtract); bind and permute distribute over it |
//! | [`majority`](Counts::majority), [`thin`](Counts::thin), [`thin_to`](Counts::thin_to) | deterministic and lossy: read-outs, never the state of something to be updated |
//! | conversions | exact, or refused by `TryFrom` |
//!
//! A refused call changes nothing, and the [`Error`] says what to do.
//!
//! ```
//! use embeddenator_vsa::{BlockCode, Counts, Random, Shape};
//!
//! let mut random = Random::new(1);
//! let [colour, shape, red, round] = std::array::from_fn(|_| BlockCode::random(Shape::DEFAULT, &mut random));
//! let mut ball = Counts::new(Shape::DEFAULT);
//! ball.add(&colour.bind(&red)?)?;
//! ball.add(&shape.bind(&round)?)?;
//! assert!(ball.unbind(&colour)?.cosine(&red)? > 0.6);
//! assert!(ball.unbind(&colour)?.cosine(&round)? < 0.1);
//! # Ok::<(), embeddenator_vsa::Error>(())
//! ```
//!
//! # How much a bundle holds and how much noise a code tolerates
//!
//! A bundled code counts as found if its dot product with the bundle is above those of *all* of 10
//! 000 foils, which are codes that are not in the bundle: the probability of a correct answer from
//! an alphabet of 10 001 in Frady, Kleyko, Sommer, "A theory of sequence indexing and working
//! memory in recurrent neural networks", 2018. Ties count as not found. The test module
//! `statistics` of this crate asserts these numbers, on seeded samples whose sizes it states:
//!
//! | what | promised | measured |
//! |---|---|---|
//! | [`Counts`] of 200 codes, 100 x 100 | 0.995 | 0.9994 |
//! | [`Counts`] of 250 codes, 100 x 100 | 0.98 | 0.9928 |
//! | [`Counts::majority`] of 150 codes, 100 x 100 | 0.99 | 0.9993 |
//! | [`Counts::thin`] of 10 codes, 128 x 128 (100 x 100) | 0.97 | 0.998 (0.983) |
//! | nearest of 10 000 with 103 of 128 blocks replaced at random, 128 x 128 | 0.999 | 1.0 of 10 000 |
//! | a field of a thinned [`Record`] of 8, among 1 000 fillers, 128 x 128 | 0.995 | 1.0 of 8 000 |
//! | standard deviation of the cosine of unrelated codes over `1 / sqrt(dimension)` | within 3% | within 0.2% |
//! | 10^7 pairs of unrelated codes above [`Shape::threshold`] over those computed, down to 1 of 10 000, 128 x 128 | within 12% | within 1.5% |
//!
//! Thinning is expensive: a code of one byte per block keeps one of the bundled codes in each
//! block, so each of `n` codes has an `n`-th of the blocks and must stand out from the noise with
//! that.
//!
#![doc = include_str!("../docs/capacity.svg")]
//!
#![doc = include_str!("../docs/noise.svg")]
//!
//! Each point of the figures is the mean of 2 000 codes or more. They follow from seeds; `cargo run
//! --release -p embeddenator-vsa --example curves -- --full` regenerates them, byte for byte.

#![warn(clippy::missing_errors_doc)]

mod arch;
mod classifier;
mod code;
mod config;
mod encode;
mod error;
mod item_memory;
mod kind;
pub mod limits;
mod random;
mod record;
mod resonator;
mod sequence;
mod shape;
mod threshold;
mod top_k;
pub mod wire;

pub use arch::Isa;
pub use classifier::{CentroidClassifier, Classified};
pub use code::{
    BlockCode, CodeRef, Codes, CodesIter, CodesRef, CounterBank, Counts, Planes, PlanesTable, SparseTernary,
};
pub use config::VsaConfig;
pub use encode::{
    BytesEncoder, BytesOptions, BytesStream, Levels, ShingleEncoder, ShingleOptions, ShingleSketch,
    TextEncoder, TextOptions, TextStream,
};
pub use error::{Error, Result};
pub use item_memory::{ItemMemory, Named};
pub use random::Random;
pub use record::{Record, read_field};
pub use resonator::{Factors, Resonator, ResonatorOptions};
pub use sequence::{Sequence, ngram, ngrams};
pub use shape::Shape;
pub use top_k::{Nearest, Similar};

/// Compiles and runs the examples in the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
