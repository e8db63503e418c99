//! The rows around one in its session.

use crate::index::Address;
use crate::limits;

/// The rows before and after one in its session, nearest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Neighbours {
    pub(super) before: Side,
    pub(super) after: Side,
}

pub(super) type Side = [Option<Address>; limits::WINDOW_RECORDS];

impl Neighbours {
    /// All of them that the snapshot has.
    pub(super) fn each(self) -> impl Iterator<Item = Address> {
        self.before.into_iter().chain(self.after).flatten()
    }
}
