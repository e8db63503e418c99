//! The encoders.

mod bytes;
mod evaluation;
mod foreign_text;
mod text;
mod shingles;
