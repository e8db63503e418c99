//! The error of bytes that no writer of this module makes.

/// Bytes that were given as a row of the tail, a value of postings or a list of lengths are none. Whoever fetched
/// them knows the table and the key, and reports the damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} of the word index cannot be read")]
pub(crate) struct Malformed {
    /// What they should be.
    pub(crate) what: &'static str,
}

impl Malformed {
    pub(super) const TAIL_ROW: Malformed = Malformed { what: "tail row" };
    pub(super) const POSTINGS: Malformed = Malformed { what: "postings" };
    pub(super) const LENGTHS: Malformed = Malformed { what: "lengths" };
}
