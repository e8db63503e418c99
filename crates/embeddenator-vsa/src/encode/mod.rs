//! Encoders: what makes codes from texts and bytes.

mod accumulator;
mod bytes;
mod characters;
mod features;
mod text;
mod tokens;
mod vocabulary;
mod word_list;

pub use bytes::{BytesEncoder, BytesOptions, BytesStream};
pub use text::{TextEncoder, TextOptions, TextStream};
