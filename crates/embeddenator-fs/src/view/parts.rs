//! The parts of decoded segments that a walk needs.
//!
//! The layout is by similarity, so files that follow each other by path lie in many segments, and of each only a part is
//! near.
//!
//! ```text
//! a chunk is needed for the file at a place:
//!     if a part of its segment is kept and has it: done
//!     if another thread is decoding the segment: wait for it, look again
//!     decode the segment; keep those of its chunks whose first file stands near that place
//! ```
//!
//! So a walk in the order of paths decodes each segment once for each stretch of places, and keeps about as many bytes as
//! that stretch has. Where everything fits, all chunks are kept. No lock is held while bytes are read or decoded.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use embeddenator_io::Decoder;

use crate::error::Result;
use crate::limits::VIEW_WALK;
use crate::store::cache::Recent;
use crate::store::read::{ChunkBytes, Store};

/// Chunks of one segment, joined, each compared with its hash; where each number lies.
#[derive(Debug, Default)]
struct Part {
    bytes: Arc<Vec<u8>>,
    chunks: Vec<(u32, Range<usize>)>,
}

#[derive(Debug, Default)]
struct State {
    kept: Recent<Arc<Part>>,
    /// Segments that a thread is decoding.
    decoding: HashSet<u32>,
}

/// The parts that are kept.
#[derive(Debug)]
pub(super) struct Parts {
    store: Arc<Store>,
    bytes_max: usize,
    state: Mutex<State>,
    decoded: Condvar,
    /// For each chunk the place of its first file, if not everything fits.
    users: OnceLock<Option<Vec<u32>>>,
}

impl Parts {
    pub(super) fn new(store: Arc<Store>, bytes_max: usize) -> Self {
        let (state, decoded, users) = (Mutex::default(), Condvar::new(), OnceLock::new());
        Self { store, bytes_max, state, decoded, users }
    }

    /// The bytes of a chunk that is needed at a place; `users` finds where each is needed first.
    pub(super) fn chunk(
        &self,
        number: u32,
        place: u64,
        users: impl Fn() -> Result<Vec<u32>>,
    ) -> Result<ChunkBytes> {
        let segment = self.store.chunk_row(number)?.segment;
        let mut state = self.state();
        loop {
            if let Some(part) = state.kept.get(segment)
                && let Ok(at) = part.chunks.binary_search_by_key(&number, |(number, _)| *number)
                && let Some((_, range)) = part.chunks.get(at)
            {
                return Ok(ChunkBytes::new(Arc::clone(&part.bytes), range.clone()));
            }
            if state.decoding.insert(segment) {
                break;
            }
            state = self.decoded.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        // Another walk needs what is kept of the segment.
        let before = state.kept.get(segment);
        drop(state);
        let _done = Done { parts: self, segment };
        let part = Arc::new(self.decode(segment, (number, place), before.as_deref(), users)?);
        let at = part.chunks.binary_search_by_key(&number, |(number, _)| *number);
        let range = at.ok().and_then(|at| part.chunks.get(at)).map(|(_, range)| range.clone());
        let chunk = ChunkBytes::new(Arc::clone(&part.bytes), range.unwrap_or_default());
        let weight = part.bytes.len();
        self.state().kept.insert(segment, part, weight, self.bytes_max);
        Ok(chunk)
    }

    fn decode(
        &self,
        segment: u32,
        (asked, place): (u32, u64),
        before: Option<&Part>,
        users: impl Fn() -> Result<Vec<u32>>,
    ) -> Result<Part> {
        let users = if let Some(users) = self.users.get() {
            users
        } else {
            let found = if self.store.fits(self.bytes_max as u64)? { None } else { Some(users()?) };
            self.users.get_or_init(|| found)
        };
        let near = place.saturating_sub(VIEW_WALK / 8)..place.saturating_add(VIEW_WALK);
        let is_near = |number: u32| {
            let kept = |part: &Part| part.chunks.binary_search_by_key(&number, |(number, _)| *number).is_ok();
            number == asked
                || before.is_some_and(kept)
                || users.as_ref().is_none_or(|users| {
                    users.get(number as usize).is_some_and(|user| near.contains(&u64::from(*user)))
                })
        };
        let mut raw = Vec::new();
        self.store.decode_segment(segment, &mut Decoder::default(), &mut raw)?;
        let rows: Vec<_> =
            self.store.chunks_of_segment(segment)?.filter(|(number, _)| is_near(*number)).collect();
        let mut part = Part::default();
        let mut bytes = Vec::with_capacity(rows.iter().map(|(_, row)| row.chunk.length as usize).sum());
        for (number, row) in rows {
            let start = row.offset as usize;
            let chunk = raw.get(start..start + row.chunk.length as usize).unwrap_or_default();
            self.store.check_chunk(&row, chunk)?;
            part.chunks.push((number, bytes.len()..bytes.len() + chunk.len()));
            bytes.extend_from_slice(chunk);
        }
        part.bytes = Arc::new(bytes);
        Ok(part)
    }

    /// A thread that panicked left a cache and a set behind, which hold whatever they are.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the decoding of a segment, however it went.
struct Done<'a> {
    parts: &'a Parts,
    segment: u32,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.parts.state().decoding.remove(&self.segment);
        self.parts.decoded.notify_all();
    }
}
