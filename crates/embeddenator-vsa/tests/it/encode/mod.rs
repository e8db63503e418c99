//! The encoders of texts and bytes.

mod bytes;
mod evaluation;
mod foreign_text;
mod text;
