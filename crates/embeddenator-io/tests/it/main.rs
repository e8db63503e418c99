//! What the crate promises, tested through its public API.

mod allocation;
mod bytes;
mod damage;
mod envelope;
mod errors;
mod forged;
mod golden;
#[cfg(feature = "zstd")]
mod prefix;
mod profile;
mod replace;
mod section;
mod stream;
