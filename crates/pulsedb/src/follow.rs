//! The road out of storage: hands each change to each follower, in sequence order, once.
//!
//! A write of this process, a write of another one and the recovery after a restart all reach the derived
//! structures here, so there is one code path for the three, and nothing derived is ever ahead of the disk.

use crate::error::Result;
use crate::id::Seq;
use crate::limits;
use crate::model::change::Change;
use crate::storage::View;

/// Something that is derived from the store and remembers how far it has read the change log.
pub(crate) trait Follower {
    /// The number of the last change it has applied.
    fn position(&self) -> Seq;

    /// Applies the next change. The view may be ahead of the change.
    fn apply(&mut self, view: View<'_>, change: &Change) -> Result<()>;

    /// Forgets everything; what is needed is read again from a view of this sequence number.
    fn reset(&mut self, sequence: Seq);

    /// Whether there is nothing yet that a change could affect.
    fn is_empty(&self) -> bool;
}

/// Brings a follower to the state of the view. It is reset, so that it is never wrong, if it fails, if the log no longer
/// reaches back to its position, or if it is so far behind that reading everything again is faster.
pub(crate) fn catch_up(view: View<'_>, follower: &mut dyn Follower) -> Result<()> {
    let last = view.last_sequence()?;
    if follower.is_empty() || last.saturating_sub(follower.position()) > limits::FOLLOWED_CHANGES_MAX {
        follower.reset(last);
    }
    while follower.position() < last {
        let changes = match view.changes(follower.position(), limits::EVENTS_MAX) {
            Ok(changes) => changes,
            Err(error) => {
                // Trimmed away or damaged: the records themselves are the truth, and are read again.
                tracing::debug!(%error, "the change log cannot be followed");
                follower.reset(last);
                return Ok(());
            }
        };
        for change in changes {
            if let Err(error) = follower.apply(view, &change) {
                follower.reset(last);
                return Err(error);
            }
        }
    }
    Ok(())
}
