//! What the encoders promise: measured quality, unbiased estimates, the same bits.

mod bytes;
mod evaluation;
mod foreign_text;
mod shingles;
mod text;
