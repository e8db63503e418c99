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
    SealedVectors, malformed_shared, malformed_tail, write_piece_row, write_vectors,
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
    write_piece_row(agent, task, record.content.trim_end().ends_with('?'), &pieces)
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
        let vectors = self.seal_vectors(dimension, shared, &vectors)?;
        parts.extend(vectors.parts);
        let postings = words.postings.into_iter().map(|value| (value.key, value.bytes)).collect();
        Ok(SealedBlock { parts, postings, shared: vectors.shared })
    }

    fn seal_vectors(
        &self,
        dimension: usize,
        shared: Option<&[u8]>,
        vectors: &[Option<&[u8]>],
    ) -> Result<SealedVectors> {
        let vectors: Vec<Option<Vec<f32>>> = vectors.iter().map(|row| row.map(components)).collect();
        let bitmap = (BlockPart::Vectors, 0, write_vectors(vectors.iter().map(Option::is_some)));
        if vectors.iter().all(Option::is_none) {
            return Ok(SealedVectors { parts: vec![bitmap], shared: None });
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
        let mut parts = runs.finish();
        parts.push(bitmap);
        Ok(SealedVectors { parts, shared: made })
    }

    fn merge_parts(&self, dimension: usize, sources: &[MergeSource<'_>]) -> Result<Vec<PartValue>> {
        let maps = row_maps(sources);
        let mut lists = Vec::with_capacity(sources.len());
        let mut has_vector: Vec<bool> = Vec::new();
        for (source, map) in sources.iter().zip(&maps) {
            let list = source.block.part(BlockPart::Lengths, 0)?;
            let list = Lengths::read(list, source.block.entry.rows);
            lists.push((list.map_err(|_| source.block.malformed(BlockPart::Lengths))?, map));
            has_vector.extend(kept_bits(&source.block.vectors()?, source));
        }
        let (lengths, _) = merge_lengths(&lists);
        let mut parts: Vec<PartValue> = vec![(BlockPart::Lengths, 0, lengths)];
        if has_vector.contains(&true) {
            let shape = Shape::new(dimension);
            let mut runs = CodeRuns::new(shape);
            for (source, map) in sources.iter().zip(&maps) {
                if source.block.has_part(BlockPart::Codes)? {
                    append_codes(&mut runs, shape, source)?;
                } else {
                    (0..map.live()).for_each(|_| runs.push(None));
                }
            }
            parts.extend(runs.finish());
        }
        parts.push((BlockPart::Vectors, 0, write_vectors(has_vector.into_iter())));
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

/// Appends the codes of the rows that are kept.
fn append_codes(runs: &mut CodeRuns, shape: Shape, source: &MergeSource<'_>) -> Result<()> {
    let block = source.block;
    let rows = block.entry.rows as usize;
    let kept: Vec<u64> =
        (0..rows.div_ceil(64)).map(|word| !source.dropped.get(word).copied().unwrap_or(0)).collect();
    for (run, kept) in (0..).zip(kept.chunks(code_run_rows(shape) / 64)) {
        let codes = Codes::read(shape, block.part(BlockPart::Codes, run)?);
        let codes = codes.filter(|codes| codes.rows().div_ceil(64) == kept.len());
        runs.codes.append(&codes.ok_or_else(|| block.malformed(BlockPart::Codes))?, kept);
    }
    for (run, kept) in (0..).zip(kept.chunks(refinement_run_rows(shape) / 64)) {
        let finer = Refinements::read(shape, block.part(BlockPart::Refinements, run)?);
        let finer = finer.filter(|finer| finer.rows().div_ceil(64) == kept.len());
        runs.finer.append(&finer.ok_or_else(|| block.malformed(BlockPart::Refinements))?, kept);
    }
    Ok(())
}

/// Rows of one value of codes: as many as fit into a value, in whole words of a bitmap.
pub(crate) fn code_run_rows(shape: Shape) -> usize {
    fitting(shape.group_bytes().div_ceil(8) + 1).clamp(64, limits::SEALED_ROWS_MAX as usize)
}

/// Rows of one value of refinements.
pub(crate) fn refinement_run_rows(shape: Shape) -> usize {
    fitting(shape.record_bytes()).clamp(64, limits::REFINEMENT_RUN_ROWS_MAX)
}

fn fitting(row_bytes: usize) -> usize {
    (limits::VALUE_BYTES_MAX - 4096) / row_bytes / 64 * 64
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

    /// All codes, then all refinements, each run under its number.
    fn finish(self) -> Vec<PartValue> {
        let codes = (0..).zip(self.codes.finish()).map(|(run, bytes)| (BlockPart::Codes, run, bytes));
        let finer = (0..).zip(self.finer.finish()).map(|(run, bytes)| (BlockPart::Refinements, run, bytes));
        codes.chain(finer).collect()
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
