//! Encoders: from numbers, texts and bytes to codes.

mod accumulator;
mod bytes;
mod characters;
mod features;
mod levels;
mod shingles;
mod sketch;
mod text;
mod tokens;
mod vocabulary;
mod word_list;

pub use bytes::{BytesEncoder, BytesOptions, BytesStream};
pub use levels::Levels;
pub use shingles::{ShingleEncoder, ShingleOptions};
pub use sketch::ShingleSketch;
pub use text::{TextEncoder, TextOptions, TextStream};
