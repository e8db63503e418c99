//! The kinds of message.

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A [`BlockCode`](crate::BlockCode).
    BlockCode = 1,
    /// [`Codes`](crate::Codes).
    Codes = 2,
    /// [`Counts`](crate::Counts).
    Counts = 3,
    /// [`Planes`](crate::Planes).
    Planes = 4,
    /// A [`SparseTernary`](crate::SparseTernary).
    SparseTernary = 5,
}
