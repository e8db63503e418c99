//! Why records could not be moved.

use pulsedb::{CollectiveId, ProviderIdentity, PulseDBError};

/// Why a copy was not made, or not made whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// One of the two sides refused or failed. Running it again goes on from there.
    #[error(transparent)]
    Database(#[from] PulseDBError),
    /// The two sides have vectors of different embedders.
    #[error(
        "the source has vectors of {from}, the destination those of {to}, and the two never mix; \
         move to another tenant or another database, or give one of the two new vectors with `reembed` first"
    )]
    OtherEmbedder {
        /// What has made the vectors of the source.
        from: Box<ProviderIdentity>,
        /// What has made those of the destination.
        to: Box<ProviderIdentity>,
    },
    /// The destination has a collective of the same name that is another one.
    #[error(
        "the destination has a collective `{name}` of its own ({there}; that of the source is {here}); \
         rename one of the two, for example with `pulsedb collectives rename`"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The collective of the source.
        here: CollectiveId,
        /// The collective of the destination.
        there: CollectiveId,
    },
    /// The destination has the collective under another name.
    #[error("the collective `{here}` is called `{there}` at the destination; rename one of the two")]
    Renamed {
        /// Its name at the source.
        here: String,
        /// Its name at the destination.
        there: String,
    },
    /// The destination has what the source does not have.
    #[error(
        "the collective `{name}` has changed at the destination: {surplus} of its records are not at the source, \
         and {newer} were changed later than there (for example {example}). \
         Copy the other way first, or overwrite what the destination has"
    )]
    Diverged {
        /// The collective.
        name: String,
        /// Experiences, relations and insights that only the destination has.
        surplus: usize,
        /// Experiences that were changed later at the destination.
        newer: usize,
        /// One of them.
        example: String,
    },
    /// After some attempts the two sides still differ.
    #[error(
        "the collective `{name}` still differs after {rounds} rounds: {absent} of its records are missing at the destination, \
         {changed} differ and {surplus} are not at the source; run it again when nobody writes to it"
    )]
    Differs {
        /// The collective.
        name: String,
        /// How often it was copied and compared.
        rounds: usize,
        /// Records that the destination lacks.
        absent: usize,
        /// Records that are not the same on both sides.
        changed: usize,
        /// Records that only the destination has.
        surplus: usize,
    },
}
