//! Memory of the process on systems where asking needs a call into C: not reported.

/// Always `None`.
pub(super) fn resident_bytes() -> Option<u64> {
    None
}
