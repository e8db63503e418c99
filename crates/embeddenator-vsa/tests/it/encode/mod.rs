//! What the encoders promise: measured quality, unbiased estimates, the same bits.

mod evaluation;
mod shingles;
