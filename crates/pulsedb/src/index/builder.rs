//! How rows become blocks: analysis, codes and postings put together for the store.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use pulsedb_model::Model;

use crate::error::{PulseDBError, Result};
use crate::id::{AgentId, TaskId};
use crate::index::attributes::{Indexed, attributes};
use crate::index::postings::BlockPostings;
use crate::lexical::{
    Analyser, Bits, Lengths, MergeInput, RowMap, TailRow, encode_tail_row, merge_lengths, merge_step, seal,
};
use crate::limits;
use crate::model::change::Slot;
use crate::model::{DerivedInsight, Experience, NewDerivedInsight, NewExperience};
use crate::storage::{
    BlockBuilder, BlockPart, IndexedRow, MergeSource, MergedPostings, PartValue, RowToSeal, SealedBlock,
    SealedVectors, kept_in_slice, malformed_shared, malformed_tail, write_piece_row, write_vectors,
};
use crate::vector::codes::{self, Codes, Frame, Refinements, Shape};

thread_local! {
    /// It holds buffers and the stemmer, which are made once for each thread.
    static ANALYSER: RefCell<Analyser> = RefCell::new(Analyser::new());
}

/// Calls `work` with the analyser of this thread.
pub(crate) fn with_analyser<T>(work: impl FnOnce(&mut Analyser) -> T) -> T {
    ANALYSER.with_borrow_mut(work)
}

/// The builder of this crate: it holds nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builder;

impl Builder {
    /// As [`BlockBuilder::index`], of a record that is not stored yet.
    pub(crate) fn index_new(new: &NewExperience) -> IndexedRow {
        indexed(&Indexed {
            content: &new.content,
            domain: &new.domain,
            tags: &new.tags,
            agent: Some(&new.source_agent),
            task: new.source_task.as_ref(),
        })
    }

    /// As [`BlockBuilder::index_insight`], of an insight that is not stored yet.
    pub(crate) fn index_new_insight(new: &NewDerivedInsight) -> IndexedRow {
        indexed_insight(&new.content, &new.domain)
    }
}

/// An insight has words, pieces and domains.
fn indexed_insight(content: &str, domain: &[String]) -> IndexedRow {
    indexed(&Indexed { content, domain, tags: &BTreeMap::new(), agent: None, task: None })
}

fn indexed(record: &Indexed<'_>) -> IndexedRow {
    let terms = with_analyser(|analyser| analyser.count(record.content));
    let words = terms.length();
    let terms = terms.with_attributes(attributes(record));
    IndexedRow { tail: encode_tail_row(&terms), words, piece: piece_row(record) }
}

fn piece_row(record: &Indexed<'_>) -> Vec<u8> {
    let pieces = Model::bundled().tokenize(record.content);
    let task = record.task.map(TaskId::as_str);
    // An insight has no agent.
    let agent = record.agent.map_or("", AgentId::as_str);
    write_piece_row(agent, task, asks(record.content), &pieces)
}

/// Whether a content ends with a question mark, white space aside.
pub(crate) fn asks(content: &str) -> bool {
    content.trim_end().ends_with('?')
}

impl BlockBuilder for Builder {
    fn index(&self, experience: &Experience) -> IndexedRow {
        indexed(&Indexed {
            content: &experience.content,
            domain: &experience.domain,
            tags: &experience.tags,
            agent: Some(&experience.source_agent),
            task: experience.source_task.as_ref(),
        })
    }

    fn index_insight(&self, insight: &DerivedInsight) -> IndexedRow {
        indexed_insight(&insight.content, &insight.domain)
    }

    fn seal(&self, dimension: usize, shared: Option<&[u8]>, rows: &[RowToSeal<'_>]) -> Result<SealedBlock> {
        let mut tails = Vec::with_capacity(rows.len());
        for row in rows {
            tails.push(TailRow::read(&row.tail).map_err(|_| malformed_tail(row.slot))?);
        }
        let words = seal(&tails).map_err(|_| malformed_tail(rows.first().map_or(Slot(0), |row| row.slot)))?;
        let mut parts: Vec<PartValue> = vec![(BlockPart::Lengths, 0, words.lengths)];
        let vectors: Vec<Option<&[u8]>> = rows.iter().map(|row| row.vector).collect();
        let mut made = None;
        for (slice, vectors) in (0..).zip(vectors.chunks(limits::SLICE_ROWS)) {
            let sealed = self.seal_vectors(dimension, shared.or(made.as_deref()), slice, vectors)?;
            parts.extend(sealed.parts);
            made = made.or(sealed.shared);
        }
        parts.push((BlockPart::Vectors, 0, write_vectors(vectors.iter().map(Option::is_some))));
        parts.sort_unstable_by_key(|(part, run, _)| (*part, *run));
        let postings = words.postings.into_iter().map(|value| (value.key, value.bytes)).collect();
        Ok(SealedBlock { parts, postings, shared: made })
    }

    fn seal_vectors(
        &self,
        dimension: usize,
        shared: Option<&[u8]>,
        slice: u16,
        vectors: &[Option<&[u8]>],
    ) -> Result<SealedVectors> {
        let vectors: Vec<Option<Vec<f32>>> = vectors.iter().map(|row| row.map(components)).collect();
        if vectors.iter().all(Option::is_none) {
            return Ok(SealedVectors { parts: Vec::new(), shared: None });
        }
        let mut made = None;
        if shared.is_none() {
            let centroid = codes::centroid(dimension, vectors.iter().flatten().map(Vec::as_slice));
            made = Some(bytes_of(&centroid));
        }
        let shared = shared.or(made.as_deref()).unwrap_or_default();
        let frame = frame(dimension, shared).ok_or_else(malformed_shared)?;
        let mut runs = CodeRuns::new(frame.shape());
        for vector in &vectors {
            runs.push(vector.as_ref().and_then(|vector| frame.encode(vector)).as_deref());
        }
        Ok(SealedVectors { parts: runs.finish(slice), shared: made })
    }

    fn merge_slice(
        &self,
        dimension: usize,
        sources: &[MergeSource<'_>],
        slice: u16,
    ) -> Result<Vec<PartValue>> {
        let has_vector = sources.iter().map(|source| source.block.vectors()).collect::<Result<Vec<_>>>()?;
        let mut parts = Vec::new();
        if slice == 0 {
            parts.push((BlockPart::Lengths, 0, joined_lengths(sources)?));
            let kept = sources.iter().zip(&has_vector);
            let kept = kept.flat_map(|(source, bitmap)| kept_bits(bitmap, source));
            parts.push((BlockPart::Vectors, 0, write_vectors(kept)));
        }
        let shape = Shape::new(dimension);
        let mut runs = CodeRuns::new(shape);
        let mut has_codes = false;
        for ((source, kept), has_vector) in sources.iter().zip(kept_in_slice(sources, slice)).zip(&has_vector)
        {
            has_codes |= kept.iter().zip(has_vector).any(|(kept, has_vector)| kept & has_vector != 0);
            append_codes(&mut runs, shape, source, &kept, has_vector)?;
        }
        if has_codes {
            parts.extend(runs.finish(slice));
        }
        Ok(parts)
    }

    fn merge_postings(
        &self,
        sources: &[MergeSource<'_>],
        from: &[u8],
        budget: usize,
    ) -> Result<MergedPostings> {
        let maps = row_maps(sources);
        let inputs = sources.iter().zip(&maps);
        let inputs: Vec<_> =
            inputs.map(|(source, rows)| MergeInput { values: BlockPostings(source.block), rows }).collect();
        let step = merge_step(&inputs, from, budget).map_err(|found| match sources.first() {
            Some(source) => found.of(source.block),
            None => PulseDBError::Closed,
        })?;
        let postings = step.postings.into_iter().map(|value| (value.key, value.bytes)).collect();
        Ok(MergedPostings { postings, next_term: step.next })
    }
}

/// Which row of the new block each row of a source becomes.
fn row_maps(sources: &[MergeSource<'_>]) -> Vec<RowMap> {
    let mut first = 0;
    let map = |source: &MergeSource<'_>| {
        let dropped = bit_bytes(&source.dropped);
        let map = RowMap::new(source.block.entry.rows, Bits::new(&dropped), first);
        first += map.live();
        map
    };
    sources.iter().map(map).collect()
}

/// The bits of the rows that are kept.
fn kept_bits<'s>(bitmap: &'s [u64], source: &'s MergeSource<'_>) -> impl Iterator<Item = bool> + 's {
    let bit =
        |bitmap: &[u64], row: usize| bitmap.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1);
    let rows = 0..source.block.entry.rows as usize;
    rows.filter(move |row| !bit(&source.dropped, *row)).map(move |row| bit(bitmap, row))
}

/// The lengths of the rows that are kept.
fn joined_lengths(sources: &[MergeSource<'_>]) -> Result<Vec<u8>> {
    let maps = row_maps(sources);
    let mut lists = Vec::with_capacity(sources.len());
    for (source, map) in sources.iter().zip(&maps) {
        let list = source.block.part(BlockPart::Lengths, 0)?;
        let list = Lengths::read(list, source.block.entry.rows);
        lists.push((list.map_err(|_| source.block.malformed(BlockPart::Lengths))?, map));
    }
    Ok(merge_lengths(&lists).0)
}

/// Appends the codes of the rows that are kept. A slice of the source that has no vector has no codes.
fn append_codes(
    runs: &mut CodeRuns,
    shape: Shape,
    source: &MergeSource<'_>,
    kept: &[u64],
    has_vector: &[u64],
) -> Result<()> {
    const WORDS: usize = limits::SLICE_ROWS / 64;
    let block = source.block;
    let (code_rows, finer_rows) = (code_run_rows(shape), refinement_run_rows(shape));
    for (slice, (kept, has_vector)) in kept.chunks(WORDS).zip(has_vector.chunks(WORDS)).enumerate() {
        if has_vector.iter().all(|word| *word == 0) {
            let rows: u32 = kept.iter().map(|word| word.count_ones()).sum();
            (0..rows).for_each(|_| runs.push(None));
            continue;
        }
        let is_kept = |kept: &[u64]| kept.iter().any(|word| *word != 0);
        let first = slice * limits::SLICE_ROWS / code_rows;
        for (run, kept) in (first..).zip(kept.chunks(code_rows / 64)).filter(|(_, kept)| is_kept(kept)) {
            let codes = Codes::read(shape, block.part(BlockPart::Codes, run as u16)?);
            let codes = codes.filter(|codes| codes.rows().div_ceil(64) == kept.len());
            runs.codes.append(&codes.ok_or_else(|| block.malformed(BlockPart::Codes))?, kept);
        }
        let first = slice * limits::SLICE_ROWS / finer_rows;
        for (run, kept) in (first..).zip(kept.chunks(finer_rows / 64)).filter(|(_, kept)| is_kept(kept)) {
            let finer = Refinements::read(shape, block.part(BlockPart::Refinements, run as u16)?);
            let finer = finer.filter(|finer| finer.rows().div_ceil(64) == kept.len());
            runs.finer.append(&finer.ok_or_else(|| block.malformed(BlockPart::Refinements))?, kept);
        }
    }
    Ok(())
}

/// Rows of one value of codes: as many as fit into a value. A slice is a whole number of them.
pub(crate) fn code_run_rows(shape: Shape) -> usize {
    run_rows(shape.group_bytes().div_ceil(8) + 1, limits::SLICE_ROWS)
}

/// Rows of one value of refinements. A slice is a whole number of them.
pub(crate) fn refinement_run_rows(shape: Shape) -> usize {
    run_rows(shape.record_bytes(), limits::REFINEMENT_RUN_ROWS_MAX)
}

/// The greatest power of two of rows that fit into a value: whole words of a bitmap.
fn run_rows(row_bytes: usize, most: usize) -> usize {
    let fitting = (limits::VALUE_BYTES_MAX - 4096) / row_bytes;
    1 << fitting.clamp(64, most).ilog2()
}

/// Codes and refinements of rows, each cut into runs.
struct CodeRuns {
    codes: Runs<codes::CodesBuilder>,
    finer: Runs<codes::RefinementsBuilder>,
}

impl CodeRuns {
    fn new(shape: Shape) -> Self {
        Self {
            codes: Runs::new(shape, code_run_rows(shape)),
            finer: Runs::new(shape, refinement_run_rows(shape)),
        }
    }

    fn push(&mut self, code: Option<&[u8]>) {
        let fits = self.codes.building().push(code) && self.finer.building().push(code);
        assert!(fits, "a code of this frame has its shape");
    }

    /// All codes, then all refinements of a slice, each run under its number in the block.
    fn finish(self, slice: u16) -> Vec<PartValue> {
        let first = |rows: usize| usize::from(slice) * limits::SLICE_ROWS / rows;
        let (codes, finer) = (first(self.codes.rows), first(self.finer.rows));
        let codes = (codes as u16..).zip(self.codes.finish());
        let finer = (finer as u16..).zip(self.finer.finish());
        let codes = codes.map(|(run, bytes)| (BlockPart::Codes, run, bytes));
        codes.chain(finer.map(|(run, bytes)| (BlockPart::Refinements, run, bytes))).collect()
    }
}

/// What puts the rows of one run together.
trait RunBuilder {
    /// Rows that were put together before.
    type Rows<'b>;

    fn new(shape: Shape) -> Self;
    fn rows(&self) -> usize;
    fn append(&mut self, rows: &Self::Rows<'_>, kept: &[u64]) -> bool;
    fn finish(self) -> Vec<u8>;
}

impl RunBuilder for codes::CodesBuilder {
    type Rows<'b> = Codes<'b>;

    fn new(shape: Shape) -> Self {
        Self::new(shape)
    }

    fn rows(&self) -> usize {
        self.rows()
    }

    fn append(&mut self, rows: &Codes<'_>, kept: &[u64]) -> bool {
        self.append(rows, kept)
    }

    fn finish(self) -> Vec<u8> {
        self.finish()
    }
}

impl RunBuilder for codes::RefinementsBuilder {
    type Rows<'b> = Refinements<'b>;

    fn new(shape: Shape) -> Self {
        Self::new(shape)
    }

    fn rows(&self) -> usize {
        self.rows()
    }

    fn append(&mut self, rows: &Refinements<'_>, kept: &[u64]) -> bool {
        self.append(rows, kept)
    }

    fn finish(self) -> Vec<u8> {
        self.finish()
    }
}

/// Rows cut into runs of so many.
struct Runs<B> {
    shape: Shape,
    rows: usize,
    done: Vec<Vec<u8>>,
    building: B,
}

impl<B: RunBuilder> Runs<B> {
    fn new(shape: Shape, rows: usize) -> Self {
        Self { shape, rows, done: Vec::new(), building: B::new(shape) }
    }

    /// The run that has room for one more row.
    fn building(&mut self) -> &mut B {
        if self.building.rows() >= self.rows {
            let full = std::mem::replace(&mut self.building, B::new(self.shape));
            self.done.push(full.finish());
        }
        &mut self.building
    }

    /// Appends the kept rows, first those that the run has room for.
    fn append(&mut self, rows: &B::Rows<'_>, kept: &[u64]) {
        let mut left = kept.to_vec();
        while left.iter().any(|word| *word != 0) {
            let most = self.rows;
            let building = self.building();
            let now = take_first(&mut left, most - building.rows());
            building.append(rows, &now);
        }
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        if self.building.rows() > 0 {
            self.done.push(self.building.finish());
        }
        self.done
    }
}

/// Takes the first `count` bits that are set out of a bitmap.
fn take_first(bitmap: &mut [u64], mut count: usize) -> Vec<u64> {
    let take = |word: &mut u64| {
        let mut taken = *word;
        while taken.count_ones() as usize > count {
            taken &= !(1 << taken.ilog2());
        }
        count -= taken.count_ones() as usize;
        *word &= !taken;
        taken
    };
    bitmap.iter_mut().map(take).collect()
}

fn components(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn bytes_of(components: &[f32]) -> Vec<u8> {
    components.iter().flat_map(|component| component.to_le_bytes()).collect()
}

/// Frames of the last series that this thread has searched, with what they are made of.
type Frames = Vec<(usize, Vec<u8>, Rc<Frame>)>;

thread_local! {
    static FRAMES: RefCell<Frames> = const { RefCell::new(Vec::new()) };
}

/// The frame of a series, from what its blocks share. Making one takes longer than a search of few rows.
pub(crate) fn frame(dimension: usize, shared: &[u8]) -> Option<Rc<Frame>> {
    if shared.len() != dimension * 4 {
        return None;
    }
    FRAMES.with_borrow_mut(|frames| {
        if let Some((.., frame)) = frames.iter().find(|(of, from, _)| *of == dimension && from == shared) {
            return Some(Rc::clone(frame));
        }
        let frame = Rc::new(Frame::new(dimension, &components(shared)));
        if frames.len() >= limits::FRAMES_MAX {
            frames.remove(0);
        }
        frames.push((dimension, shared.to_vec(), Rc::clone(&frame)));
        Some(frame)
    })
}

/// A bitmap as bytes, the first row in the lowest bit of the first.
pub(crate) fn bit_bytes(bitmap: &[u64]) -> Vec<u8> {
    bitmap.iter().flat_map(|word| word.to_le_bytes()).collect()
}
