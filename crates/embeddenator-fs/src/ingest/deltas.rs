//! Which stored segment a new chunk is compressed behind: the one that has the same place of the most similar file.
//!
//! ```text
//! for each new file: among the stored files that agree with it in a band
//!     the most similar one of depth 0, and the most similar one of depth 1
//!     take that of depth 0 unless the other one makes the file half as large; none if both leave much of it
//! for each new chunk of it: the segment of the base's chunk at the same place
//! ```
//!
//! A segment has one base, so reading it decodes at most two more. What is of depth 2 is no base: whatever comes later
//! goes back to a shallower version, and what has drifted away from all of them is stored by itself and is a base again.

use embeddenator_vsa::BlockCode;

use crate::bands::candidates;
use crate::entry::ChunkRun;
use crate::error::Result;
use crate::ingest::before::Before;
use crate::limits::DEPTH_MAX;

/// Where the data of a base is: the end of each of its chunks in the data, and the segment it is in if that may be one.
pub(crate) struct Base {
    chunks: Vec<(u64, Option<u32>)>,
}

impl Base {
    /// The segment that has the place of a new chunk.
    pub(crate) fn segment_at(&self, place: u64) -> Option<u32> {
        let at = self.chunks.partition_point(|(end, _)| *end <= place);
        self.chunks.get(at).or(self.chunks.last())?.1
    }
}

/// The part of a file that is left when it is compressed behind one with which its signature agrees in `dot` blocks:
/// for Jaccard similarity J and equal lengths, what is not shared is (1 - J) / (1 + J).
fn rest(dot: i32, blocks: usize) -> f32 {
    let jaccard = dot.max(0) as f32 / blocks as f32;
    (1.0 - jaccard) / (1.0 + jaccard)
}

/// What a base may leave of a file; a Jaccard similarity of a quarter.
const REST_MAX: f32 = 0.6;
/// How much smaller a file must be behind a base of depth 1 than behind one of depth 0.
const DEEPER_GAIN: f32 = 0.5;
/// Rests below are equal for that: the headers weigh more.
const REST_FLOOR: f32 = 0.02;

/// For each file the base of its chunks, if there is one that pays.
pub(crate) fn bases(before: &Before<'_>, codes: &[&BlockCode]) -> Result<Vec<Option<Base>>> {
    let depths: Vec<u8> = before.data.iter().map(|runs| depth_of(before, runs)).collect::<Result<_>>()?;
    let blocks = before.codes.shape().blocks();
    // The best of each depth; of equal ones the newest.
    let mut best = vec![[None::<(i32, u32)>; DEPTH_MAX as usize]; codes.len()];
    candidates(&before.codes, codes, |file, stored, dot| {
        let depth = depths.get(stored as usize).copied().unwrap_or(DEPTH_MAX);
        if let Some(best) = best.get_mut(file as usize).and_then(|best| best.get_mut(usize::from(depth)))
            && rest(dot, blocks) < REST_MAX
        {
            *best = (*best).max(Some((dot, stored)));
        }
    });
    let chosen = |best: &[Option<(i32, u32)>; DEPTH_MAX as usize]| match best {
        [Some((plain, at)), Some((deep, deeper_at))] => {
            let deeper = rest(*deep, blocks).max(REST_FLOOR);
            Some(if deeper < DEEPER_GAIN * rest(*plain, blocks) { *deeper_at } else { *at })
        }
        [Some((_, at)), None] | [None, Some((_, at))] => Some(*at),
        [None, None] => None,
    };
    let base = |best| match chosen(best).and_then(|at| before.data.get(at as usize)) {
        Some(runs) => base_of(before, runs).map(Some),
        None => Ok(None),
    };
    best.iter().map(base).collect()
}

fn chunks(runs: &[ChunkRun]) -> impl Iterator<Item = u32> {
    runs.iter().flat_map(|run| run.first..run.first + run.count)
}

/// The depth at which most of the data lies.
fn depth_of(before: &Before<'_>, runs: &[ChunkRun]) -> Result<u8> {
    let mut bytes = [0_u64; DEPTH_MAX as usize + 1];
    for number in chunks(runs) {
        let row = before.store.chunk_row(number)?;
        let depth = usize::from(before.store.segment_row(row.segment)?.depth);
        if let Some(bytes) = bytes.get_mut(depth) {
            *bytes += u64::from(row.chunk.length);
        }
    }
    Ok((0..=DEPTH_MAX).max_by_key(|depth| bytes[usize::from(*depth)]).unwrap_or(DEPTH_MAX))
}

fn base_of(before: &Before<'_>, runs: &[ChunkRun]) -> Result<Base> {
    let (mut end, mut base) = (0, Base { chunks: Vec::new() });
    for number in chunks(runs) {
        let row = before.store.chunk_row(number)?;
        end += u64::from(row.chunk.length);
        let shallow = before.store.segment_row(row.segment)?.depth < DEPTH_MAX;
        base.chunks.push((end, shallow.then_some(row.segment)));
    }
    Ok(base)
}
