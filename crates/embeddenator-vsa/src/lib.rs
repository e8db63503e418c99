//! Sparse ternary vector symbolic architecture: block codes of 128 bytes, their algebra, SIMD kernels and encoders.

mod arch;

pub use arch::Isa;
