//! How far a long call is, and what it found that does not stop it.

use std::fmt;

/// Is told how far a call is, from any of its threads.
///
/// Every method does nothing unless it is written; `&()` is a progress that nobody looks at.
pub trait Progress: Sync {
    /// A part of the call begins; `total` units of [`Phase::unit`] are ahead, 0 if that is not known.
    fn begin(&self, phase: Phase, total: u64) {
        let _ = (phase, total);
    }

    /// So many more units are done.
    fn advance(&self, units: u64) {
        let _ = units;
    }
}

impl Progress for () {}

/// A part of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Directories are listed.
    Walk,
    /// Files are cut into chunks, hashed and signed.
    Scan,
    /// Chunks are compressed and written.
    Store,
    /// Files are made and filled.
    Extract,
    /// Stored bytes are compared with their hashes.
    Verify,
}

impl Phase {
    /// What its progress counts: `entries` or `bytes`.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Walk => "entries",
            Self::Scan | Self::Store | Self::Extract | Self::Verify => "bytes",
        }
    }
}

/// Something that could not be done, while the rest was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The path that it is about.
    pub path: String,
    /// What could not be done, and why.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
