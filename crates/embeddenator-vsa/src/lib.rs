//! Sparse ternary vector symbolic architecture: codes over {-1, 0, +1}, their algebra and encoders.

mod arch;
mod code;
mod error;
pub mod limits;
mod random;
mod shape;

pub use arch::Isa;
pub use code::{BlockCode, CodeRef, Codes, CounterBank, Counts, Planes, SparseTernary};
pub use error::{Error, Result};
pub use random::Random;
pub use shape::Shape;
