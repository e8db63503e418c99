//! Encoders: from numbers, texts and bytes to codes.

mod accumulator;
mod bytes;
mod characters;
mod features;
mod levels;
mod shingle_options;
mod shingles;
mod sketch;
mod text;
mod text_options;
mod tokens;
mod vocabulary;
mod word_list;

pub use bytes::{BytesEncoder, BytesOptions, BytesStream};
pub use levels::Levels;
pub use shingle_options::ShingleOptions;
pub use shingles::ShingleEncoder;
pub use sketch::ShingleSketch;
pub use text::{TextEncoder, TextStream};
pub use text_options::TextOptions;
