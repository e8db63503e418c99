//! Sparse ternary vector symbolic architecture: codes over {-1, 0, +1}, their algebra and encoders.

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
pub use top_k::Nearest;
