//! What a watcher asks for, and how a stream of changes ends.

use crate::error::PulseDBError;
use crate::id::Seq;
use crate::model::experience_type::ExperienceType;

/// Which changes a stream delivers: those of experiences that meet every condition that is given. A change is judged by
/// what its experience was after it, or before it if it was deleted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WatchFilter {
    /// At least one of these is among the experience's domains.
    pub domains: Option<Vec<String>>,
    /// The experience is of one of these variants; the contents of a variant are not compared.
    pub experience_types: Option<Vec<ExperienceType>>,
    /// Its importance is at least this.
    pub min_importance: Option<f32>,
}

/// Why a stream has ended.
#[derive(Debug, Clone)]
pub enum StreamEnd {
    /// The handle was closed.
    Closed,
    /// There is no such collective, or it was deleted; the deletion of each of its experiences was delivered.
    CollectiveGone,
    /// The stream was so far behind that the log no longer reaches back to it.
    ChangesGone {
        /// The smallest sequence number that the log still holds.
        oldest: Seq,
    },
    /// The database cannot be read, or what the stream was asked for was refused.
    Failed(PulseDBError),
}

impl From<PulseDBError> for StreamEnd {
    fn from(error: PulseDBError) -> Self {
        match error {
            PulseDBError::Closed => Self::Closed,
            PulseDBError::ChangesGone { oldest } => Self::ChangesGone { oldest },
            error => Self::Failed(error),
        }
    }
}

/// Why there is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TryRecvError {
    /// There is none now.
    #[error("there is no event yet")]
    Empty,
    /// None will come; [`WatchStream::end`](crate::WatchStream::end) says why.
    #[error("the stream has ended")]
    Ended,
}
