//! The promises of the encoders: measured quality, unbiased estimates, the same bits everywhere.

mod bytes;
mod evaluation;
mod foreign_text;
mod shingles;
mod text;
