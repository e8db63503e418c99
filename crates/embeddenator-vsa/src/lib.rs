//! Sparse ternary vector symbolic architecture: codes over {-1, 0, +1}, their algebra and encoders.

mod arch;
mod code;
mod encode;
mod error;
pub mod limits;
mod random;
mod shape;
mod top_k;

pub use arch::Isa;
pub use code::{BlockCode, CodeRef, Codes, CounterBank, Counts, Planes, PlanesTable, SparseTernary};
pub use encode::{BytesEncoder, BytesOptions, BytesStream, TextEncoder, TextOptions, TextStream};
pub use error::{Error, Result};
pub use random::Random;
pub use shape::Shape;
pub use top_k::Nearest;
