//! The postings of a block as the engine of words asks for them.

use crate::error::PulseDBError;
use crate::lexical::{Malformed, PostingValues};
use crate::storage::BlockView;

/// What can go wrong while postings are read: the store said so, or the bytes are no postings.
#[derive(Debug)]
pub(crate) enum Found {
    Malformed,
    Store(PulseDBError),
}

impl From<Malformed> for Found {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl Found {
    /// The error of the store, for postings of this block.
    pub(crate) fn of(self, block: BlockView<'_>) -> PulseDBError {
        match self {
            Self::Malformed => block.malformed_postings(),
            Self::Store(error) => error,
        }
    }
}

/// The values of one block.
pub(crate) struct BlockPostings<'t>(pub(crate) BlockView<'t>);

impl<'t> PostingValues<'t> for BlockPostings<'t> {
    type Error = Found;

    fn values_from(&self, key: &[u8]) -> impl Iterator<Item = Result<&'t [u8], Found>> {
        let (values, error) = match self.0.postings_from(key) {
            Ok(values) => (Some(values), None),
            Err(error) => (None, Some(Err(Found::Store(error)))),
        };
        let values = values.into_iter().flatten();
        error.into_iter().chain(values.map(|row| row.map(|(_, value)| value).map_err(Found::Store)))
    }
}
