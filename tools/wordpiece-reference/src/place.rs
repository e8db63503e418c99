//! Where the crate that is checked lies.

use std::path::PathBuf;

/// A file of the crate that is checked.
pub fn crate_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../crates/pulsedb-model").join(name)
}
