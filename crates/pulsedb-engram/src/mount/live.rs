//! A collective as it is now: its tree is made again when the database has changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pulsedb::limits::RESULTS_MAX;
use pulsedb::{CollectiveId, Experience, PulseDB, Result, Seq, Timestamp};

use crate::form::experience;
use crate::mount::tree::{Builder, File, Numbers, Tree};

/// A tree is used at least so many times as long as it took to make it, so that readers of a collective that others
/// write into all the time get on.
const REST: u32 = 10;

/// A collective that others may be changing.
#[derive(Debug)]
pub(super) struct Live {
    db: PulseDB,
    collective: CollectiveId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    numbers: Numbers,
    tree: Arc<Tree>,
    /// The last change that the tree has for sure.
    sequence: Seq,
    made: Instant,
    took: Duration,
}

impl Live {
    pub(super) fn new(db: PulseDB, collective: CollectiveId) -> Result<Self> {
        let mut numbers = Numbers::new();
        let (begun, sequence) = (Instant::now(), db.get_current_sequence());
        let tree = Arc::new(build(&db, collective, &mut numbers)?);
        let state = State { numbers, tree, sequence, made: Instant::now(), took: begun.elapsed() };
        Ok(Self { db, collective, state: Mutex::new(state) })
    }

    /// The tree as it is now, or was a moment ago.
    pub(super) fn tree(&self) -> Result<Arc<Tree>> {
        // Who panicked holding it left a whole tree behind; numbers are only ever added.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = self.db.get_current_sequence();
        let has_expired = state.tree.expires_at.is_some_and(|end| end <= Timestamp::now());
        let is_current = sequence == state.sequence && !has_expired;
        if is_current || state.made.elapsed() < state.took * REST {
            return Ok(Arc::clone(&state.tree));
        }
        let begun = Instant::now();
        let tree = Arc::new(build(&self.db, self.collective, &mut state.numbers)?);
        (state.tree, state.sequence) = (Arc::clone(&tree), sequence);
        (state.made, state.took) = (Instant::now(), begun.elapsed());
        Ok(tree)
    }

    /// The text of a file; nothing if the experience has changed since, or is gone.
    pub(super) fn text(&self, file: &File) -> Result<Option<String>> {
        let found = self.db.get_experience(file.id)?;
        let found = found.filter(|one| one.sequence == file.sequence && !one.superseded);
        let has_expired = |one: &Experience| one.expires_at.is_some_and(|end| end <= Timestamp::now());
        Ok(found.filter(|one| !has_expired(one)).as_ref().map(experience::write))
    }
}

/// The tree of what a search looks at.
fn build(db: &PulseDB, collective: CollectiveId, numbers: &mut Numbers) -> Result<Tree> {
    let mut builder = Builder::new(numbers);
    let mut last = None;
    loop {
        let page = db.list_experiences_after(collective, last, RESULTS_MAX)?;
        page.iter().filter(|one| !one.archived && !one.superseded).for_each(|one| builder.take(one));
        last = page.last().map(|one| one.id);
        if page.len() < RESULTS_MAX {
            return Ok(builder.finish());
        }
    }
}
