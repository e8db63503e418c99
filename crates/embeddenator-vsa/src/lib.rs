//! Sparse ternary vector symbolic architecture: codes over {-1, 0, +1}, their algebra and encoders.

mod arch;
mod code;
mod error;
mod kind;
pub mod limits;
mod random;
mod shape;
mod top_k;
pub mod wire;

pub use arch::Isa;
pub use code::{
    BlockCode, CodeRef, Codes, CodesIter, CodesRef, CounterBank, Counts, Planes, PlanesTable, SparseTernary,
};
pub use error::{Error, Result};
pub use random::Random;
pub use shape::Shape;
pub use top_k::Nearest;
