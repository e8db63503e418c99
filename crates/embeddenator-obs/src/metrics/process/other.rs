//! Memory of the process where asking needs a call into C: not told.

/// Always `None`.
pub(super) fn resident_bytes() -> Option<u64> {
    None
}
