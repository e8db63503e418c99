//! The exact index: one scan over all codes; the other indexes are tested against it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use embeddenator_vsa::{BlockCode, CodeRef, Codes, Shape};

use crate::batch::threads_for;
use crate::error::{Error, Result};
use crate::index::expect_shape;
use crate::limits::{ITEMS_MAX, SCAN_THREAD_BYTES_MIN};
use crate::top_k::{Found, TopK};
use crate::{Hit, Id, Index, SearchOptions};

/// Rows whose dot products are held at once: few enough to stay in the L1 cache.
const CHUNK: usize = 1024;

/// Block codes in one table; each search scans all of them. Exact, and the fastest index to build.
///
/// Scores are cosines. Each item takes [`Shape::stride`] bytes, and about 35 for the id.
///
/// ```
/// use embeddenator_retrieval::{Flat, Id, Index};
/// use embeddenator_vsa::{Codes, Random, Shape};
///
/// let codes = Codes::random(Shape::DEFAULT, 100, &mut Random::new(1));
/// let mut index = Flat::new(Shape::DEFAULT);
/// for (id, code) in (0..).map(Id).zip(codes.iter()) {
///     index.insert(id, &code.to_code())?;
/// }
/// let hits = index.search(&codes.get(7).expect("row 7 of 100").to_code(), 3)?;
/// assert_eq!((hits.len(), hits[0].id, hits[0].score), (3, Id(7), 1.0));
/// # Ok::<(), embeddenator_retrieval::Error>(())
/// ```
#[derive(Clone)]
pub struct Flat {
    codes: Codes,
    /// The id of each row.
    ids: Vec<Id>,
    rows: HashMap<Id, u32>,
}

impl Flat {
    /// An empty index of codes of this shape.
    pub fn new(shape: Shape) -> Self {
        Flat { codes: Codes::new(shape), ids: Vec::new(), rows: HashMap::new() }
    }

    /// An index of the codes in a table; `ids` has the id of each row.
    ///
    /// # Errors
    /// [`Error::Code`] if there are not as many ids as rows; [`Error::DuplicateId`] if an id occurs
    /// twice; [`Error::Full`] if there are more than [`ITEMS_MAX`](crate::limits::ITEMS_MAX).
    pub fn from_codes(codes: Codes, ids: Vec<Id>) -> Result<Self> {
        if ids.len() != codes.len() {
            let (expected, found) = (codes.len(), ids.len());
            return Err(Error::Code(embeddenator_vsa::Error::Length { expected, found }));
        }
        if ids.len() > ITEMS_MAX {
            return Err(Error::Full { items_max: ITEMS_MAX });
        }
        let mut rows = HashMap::with_capacity(ids.len());
        for (id, row) in ids.iter().zip(0..) {
            if rows.insert(*id, row).is_some() {
                return Err(Error::DuplicateId { id: *id });
            }
        }
        Ok(Flat { codes, ids, rows })
    }

    /// The shape of all codes.
    pub fn shape(&self) -> Shape {
        self.codes.shape()
    }

    /// The codes, in the order of [`ids`](Self::ids).
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The id of each row of [`codes`](Self::codes).
    pub fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// [`Index::insert`] for a borrowed code.
    ///
    /// # Errors
    /// As for [`Index::insert`].
    pub fn insert_ref(&mut self, id: Id, code: CodeRef<'_>) -> Result<()> {
        if self.rows.contains_key(&id) {
            return Err(Error::DuplicateId { id });
        }
        if self.ids.len() >= ITEMS_MAX {
            return Err(Error::Full { items_max: ITEMS_MAX });
        }
        self.codes.push(code)?;
        self.rows.insert(id, self.ids.len() as u32);
        self.ids.push(id);
        Ok(())
    }

    /// The code of an item, borrowed.
    pub fn get_ref(&self, id: Id) -> Option<CodeRef<'_>> {
        self.rows.get(&id).and_then(|row| self.codes.get(*row as usize))
    }

    /// [`Index::search_with`] for a borrowed code.
    ///
    /// # Errors
    /// As for [`Index::search_with`].
    pub fn search_ref(&self, query: CodeRef<'_>, k: usize, options: &SearchOptions) -> Result<Vec<Hit>> {
        expect_shape(self.shape(), query.shape())?;
        let share = (SCAN_THREAD_BYTES_MIN / self.shape().stride()).max(1);
        let threads = threads_for(options.threads, self.ids.len() / share);
        let run = self.ids.len().div_ceil(threads).max(1);
        let mut runs = (0..threads).map(|thread| {
            let end = ((thread + 1) * run).min(self.ids.len());
            (thread * run).min(end)..end
        });
        let own = runs.next().unwrap_or(0..0);
        let best = thread::scope(|scope| {
            let others: Vec<_> = runs.map(|rows| scope.spawn(|| self.scan(query, k, rows))).collect();
            let mut best = self.scan(query, k, own)?;
            for other in others {
                best.merge(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
            }
            Ok::<_, Error>(best)
        })?;
        Ok(best.into_hits(self.shape().blocks()))
    }

    /// Every item whose score is at least `score_min`, best first; equal scores are ordered by id.
    ///
    /// # Errors
    /// As for [`Index::search_with`].
    pub fn within(&self, query: CodeRef<'_>, score_min: f32) -> Result<Vec<Hit>> {
        let dots = self.codes.dots(query)?;
        let blocks = self.shape().blocks() as f32;
        let hits = self.ids.iter().zip(dots).map(|(id, dot)| Hit { id: *id, score: dot as f32 / blocks });
        let mut hits: Vec<Hit> = hits.filter(|hit| hit.score >= score_min).collect();
        hits.sort_unstable();
        Ok(hits)
    }

    fn scan(&self, query: CodeRef<'_>, k: usize, rows: Range<usize>) -> Result<TopK<Found>> {
        let mut best = TopK::new(k, rows.len());
        let mut dots = [0; CHUNK];
        for first in rows.clone().step_by(CHUNK) {
            let end = (first + CHUNK).min(rows.end);
            let dots = &mut dots[..end - first];
            self.codes.dots_into(query, first, dots)?;
            best.offer_all(&self.ids[first..end], dots);
        }
        Ok(best)
    }
}

impl fmt::Debug for Flat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Flat {{ shape: {}, len: {} }}", self.shape(), self.ids.len())
    }
}

impl Index for Flat {
    type Code = BlockCode;

    fn check_code(&self, code: &BlockCode) -> Result<()> {
        expect_shape(self.shape(), code.shape())
    }

    fn insert(&mut self, id: Id, code: &BlockCode) -> Result<()> {
        self.insert_ref(id, code.as_ref())
    }

    fn remove(&mut self, id: Id) -> Option<BlockCode> {
        let row = self.rows.remove(&id)? as usize;
        self.ids.swap_remove(row);
        if let Some(moved) = self.ids.get(row) {
            self.rows.insert(*moved, row as u32);
        }
        let removed = self.codes.swap_remove(row);
        Some(removed.expect("each id has its row"))
    }

    fn get(&self, id: Id) -> Option<BlockCode> {
        self.get_ref(id).map(CodeRef::to_code)
    }

    fn contains(&self, id: Id) -> bool {
        self.rows.contains_key(&id)
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn search_with(&self, query: &BlockCode, k: usize, options: &SearchOptions) -> Result<Vec<Hit>> {
        self.search_ref(query.as_ref(), k, options)
    }
}
