//! Which embedder made the vectors of a database.

use std::fmt;

/// Names an embedder. It is stored with the database, so that vectors of two embedders never mix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderIdentity {
    /// What makes the vectors, for example "builtin"; "external" is reserved for vectors that callers supply.
    pub provider: String,
    /// A digest or version of the model.
    pub model_digest: String,
    /// Dimensions of every vector.
    pub dimension: usize,
}

impl fmt::Display for ProviderIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} dimensions", self.provider, self.dimension)?;
        if !self.model_digest.is_empty() {
            write!(f, ", model {}", self.model_digest)?;
        }
        f.write_str(")")
    }
}
