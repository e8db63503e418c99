//! The encoders.

mod bytes;
mod evaluation;
mod foreign_text;
mod shingles;
mod text;
