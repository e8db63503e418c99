//! The exact scan: the cosine of the query with every candidate, in the store's map.

use std::cmp::Ordering;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::index::columns::{Columns, Row};
use crate::storage::{self, CollectiveView, SealedVector};
use crate::vector::{Norm, PreparedQuery, TopK};

/// Vectors that are compared in one go.
const GROUP: usize = 32;
/// Candidates are looked up one by one when fewer than one row in this many is a candidate; else the table
/// is walked, since a step costs about an eighth of a look-up.
const WALK_RATIO: usize = 8;

/// A candidate with its score. The greatest is the best: by score, then newer, then smaller id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    pub(crate) score: f32,
    pub(crate) timestamp: Timestamp,
    pub(crate) id: ExperienceId,
}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then_with(|| self.timestamp.cmp(&other.timestamp))
            .then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hit {}

/// The best `k` of the candidates, best first. `candidates` are positions in `columns`, ascending.
pub(crate) fn scan(
    collective: CollectiveView<'_>,
    columns: &Columns,
    candidates: &[u32],
    query: &PreparedQuery,
    k: usize,
) -> Result<Vec<Hit>> {
    let mut best = Best::new(columns, query, k);
    if candidates.len() * WALK_RATIO < columns.len() {
        for position in candidates {
            let Some((position, row)) = columns.with_vector(*position) else { continue };
            let vector = collective.sealed_vector(row.slot)?;
            best.push(position, vector, row)?;
        }
        return best.finish();
    }
    let mut wanted = candidates.iter().filter_map(|position| columns.with_vector(*position)).peekable();
    let Some((_, first)) = wanted.peek() else { return Ok(Vec::new()) };
    for vector in collective.vectors_from(first.slot)? {
        let vector = vector?;
        let Some((position, row)) = wanted.next_if(|(_, row)| row.slot <= vector.slot()) else {
            if wanted.peek().is_none() {
                break;
            }
            continue;
        };
        if row.slot != vector.slot() {
            return Err(storage::missing_vector(collective.number, row.slot));
        }
        best.push(position, vector, row)?;
    }
    match wanted.next() {
        Some((_, row)) => Err(storage::missing_vector(collective.number, row.slot)),
        None => best.finish(),
    }
}

/// The best so far, and the group that is being filled.
struct Best<'q, 't> {
    columns: &'q Columns,
    query: &'q PreparedQuery,
    top: TopK<Hit>,
    group: Vec<(usize, SealedVector<'t>, &'q Row)>,
    vectors: Vec<(&'t [u8], Norm)>,
    scores: Vec<f32>,
}

impl<'q, 't> Best<'q, 't> {
    fn new(columns: &'q Columns, query: &'q PreparedQuery, k: usize) -> Self {
        Self {
            columns,
            query,
            top: TopK::new(k),
            group: Vec::with_capacity(GROUP),
            vectors: Vec::with_capacity(GROUP),
            scores: Vec::with_capacity(GROUP),
        }
    }

    fn push(&mut self, position: usize, vector: SealedVector<'t>, row: &'q Row) -> Result<()> {
        self.group.push((position, vector, row));
        if self.group.len() == GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        // Memory is slower than the arithmetic: all loads of the group are under way before the first is used.
        for (_, vector, _) in &self.group {
            vector.fetch();
        }
        for (position, vector, row) in &self.group {
            let bytes = self.columns.bytes_of(*position, *vector, self.query.dimension())?;
            self.vectors.push((bytes, row.norm()));
        }
        self.query.cosines(&self.vectors, &mut self.scores);
        for (score, (_, _, row)) in self.scores.iter().zip(&self.group) {
            // Adding zero makes a negative zero a positive one: they are equal scores.
            self.top.push(Hit { score: score + 0.0, timestamp: row.timestamp, id: row.id });
        }
        self.group.clear();
        self.vectors.clear();
        self.scores.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Hit>> {
        self.flush()?;
        Ok(self.top.into_sorted_vec())
    }
}

impl Columns {
    /// The row at a position, if it has a vector.
    fn with_vector(&self, position: u32) -> Option<(usize, &Row)> {
        let position = position as usize;
        self.row(position).filter(|row| row.has_vector).map(|row| (position, row))
    }

    /// The bytes of a row's vector; the checksum is compared when the row is seen for the first time.
    fn bytes_of<'t>(&self, position: usize, vector: SealedVector<'t>, dimension: usize) -> Result<&'t [u8]> {
        if self.is_seen(position) {
            return vector.seen(dimension);
        }
        let bytes = vector.checked(dimension)?;
        self.set_seen(position);
        Ok(bytes)
    }
}
