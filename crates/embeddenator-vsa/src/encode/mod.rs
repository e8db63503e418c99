//! Encoders: from numbers, texts and bytes to codes.

mod levels;

pub use levels::Levels;
