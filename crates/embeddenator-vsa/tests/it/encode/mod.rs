//! The encoders.

mod evaluation;
mod shingles;
