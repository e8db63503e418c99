//! A word index in memory: a tail, blocks of several levels, and a merge that goes on in steps.

use crate::lexical::postings::PostingValue;
use std::collections::BTreeMap;

use crate::lexical::{
    Accumulator, Analyser, Best, Bits, Bm25, Lengths, Malformed, Matches, MergeInput, PostingValues, Query,
    RowMap, Scorer, TailRow, Totals, encode_tail_row, merge_lengths, merge_step, seal,
};

/// The values of one block in the order of their keys.
pub(super) type Values = BTreeMap<Vec<u8>, Vec<u8>>;

impl<'b> PostingValues<'b> for &'b Values {
    type Error = Malformed;

    fn values_from(&self, key: &[u8]) -> impl Iterator<Item = Result<&'b [u8], Malformed>> {
        let values: &'b Values = self;
        let first = values.range(..=key.to_vec()).next_back().or_else(|| values.first_key_value());
        let first = first.map(|(key, _)| key.clone());
        first.into_iter().flat_map(move |first| values.range(first..)).map(|(_, value)| Ok(value.as_slice()))
    }
}

/// Puts values behind those that there are; their keys must rise.
pub(super) fn append(values: &mut Values, new: Vec<PostingValue>) {
    for value in new {
        assert!(value.bytes.len() <= crate::limits::POSTING_VALUE_BYTES_MAX);
        assert!(values.last_key_value().is_none_or(|(last, _)| *last < value.key), "keys rise");
        values.insert(value.key, value.bytes);
    }
}

pub(super) struct Block {
    level: usize,
    /// The record of each row.
    ids: Vec<u32>,
    values: Values,
    lengths: Vec<u8>,
    dead: Vec<u8>,
}

struct Merge {
    /// How many of the first blocks of this level are joined, and the maps of their rows.
    level: usize,
    maps: Vec<RowMap>,
    values: Values,
    next: Vec<u8>,
}

/// What a query found: scores by record, and the best k of them.
pub(super) struct Answer {
    pub(super) scores: BTreeMap<u32, f32>,
    pub(super) best: Vec<(f32, u32)>,
}

#[derive(Default)]
pub(super) struct Index {
    tail: Vec<(u32, Vec<u8>)>,
    pub(super) blocks: Vec<Block>,
    merge: Option<Merge>,
    archived: Vec<u32>,
    totals: Totals,
}

impl Index {
    pub(super) fn record(&mut self, id: u32, text: &str, analyser: &mut Analyser) {
        let terms = analyser.count(text);
        self.totals.rows += 1;
        self.totals.words += u64::from(terms.length());
        self.tail.push((id, encode_tail_row(&terms)));
    }

    pub(super) fn archive(&mut self, id: u32) {
        self.archived.push(id);
    }

    pub(super) fn delete(&mut self, id: u32) {
        self.totals.rows -= 1;
        if let Some(at) = self.tail.iter().position(|(row, _)| *row == id) {
            let (_, row) = self.tail.remove(at);
            self.totals.words -= u64::from(TailRow::read(&row).unwrap().length());
            return;
        }
        let block = self.blocks.iter_mut().find(|block| block.live(id).is_some()).expect("the record exists");
        let row = block.live(id).unwrap();
        block.dead[row as usize / 8] |= 1 << (row % 8);
        let lengths = Lengths::read(&block.lengths, block.ids.len() as u32).unwrap();
        self.totals.words -= u64::from(lengths.of(row));
    }

    pub(super) fn seal(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let rows: Vec<TailRow<'_>> = self.tail.iter().map(|(_, row)| TailRow::read(row).unwrap()).collect();
        let sealed = seal(&rows).unwrap();
        let mut values = Values::new();
        append(&mut values, sealed.postings);
        let ids: Vec<u32> = self.tail.drain(..).map(|(id, _)| id).collect();
        let dead = vec![0; ids.len().div_ceil(8)];
        let lengths = Lengths::read(&sealed.lengths, ids.len() as u32).unwrap();
        assert_eq!(lengths.words(Bits::default()), sealed.words);
        self.blocks.push(Block { level: 0, ids, values, lengths: sealed.lengths, dead });
    }

    /// One step of a merge of all blocks of the lowest level that has `fan` of them.
    pub(super) fn merge(&mut self, fan: usize, budget: usize) {
        if self.merge.is_none() {
            let of = |level: usize| self.blocks.iter().filter(move |block| block.level == level);
            let Some(level) = (0..8).find(|&level| of(level).count() >= fan) else { return };
            let mut first = 0;
            let maps = of(level).take(fan).map(|block| {
                let map = RowMap::new(block.ids.len() as u32, Bits::new(&block.dead), first);
                first += map.live();
                map
            });
            let maps = maps.collect();
            self.merge = Some(Merge { level, maps, values: Values::new(), next: Vec::new() });
        }
        let merge = self.merge.as_mut().unwrap();
        let joined = self.blocks.iter().filter(|block| block.level == merge.level);
        let inputs: Vec<_> =
            joined.zip(&merge.maps).map(|(block, rows)| MergeInput { values: &block.values, rows }).collect();
        let step = merge_step(&inputs, &merge.next, budget).unwrap();
        append(&mut merge.values, step.postings);
        match step.next {
            Some(next) => merge.next = next,
            None => self.flip(),
        }
    }

    /// Puts the merged block in the place of those that it was made of.
    fn flip(&mut self) {
        let Merge { level, maps, values, .. } = self.merge.take().unwrap();
        let places: Vec<usize> =
            (0..self.blocks.len()).filter(|&at| self.blocks[at].level == level).collect();
        let places = &places[..maps.len()];
        let joined: Vec<&Block> = places.iter().map(|&at| &self.blocks[at]).collect();
        let lengths: Vec<_> = joined
            .iter()
            .zip(&maps)
            .map(|(block, map)| (Lengths::read(&block.lengths, block.ids.len() as u32).unwrap(), map))
            .collect();
        let (lengths, _) = merge_lengths(&lengths);
        let mut ids = Vec::new();
        let mut dead = Vec::new();
        for (block, map) in joined.iter().zip(&maps) {
            for (row, id) in block.ids.iter().enumerate().filter(|(row, _)| map.row(*row as u32).is_some()) {
                dead.resize((ids.len() + 8) / 8, 0);
                // Rows that have died since the merge began are dead in the new block.
                dead[ids.len() / 8] |= u8::from(Bits::new(&block.dead).has(row as u32)) << (ids.len() % 8);
                ids.push(*id);
            }
        }
        let merged = Block { level: level + 1, ids, values, lengths, dead };
        let first = places[0];
        let places = places.to_vec();
        let mut at = 0;
        self.blocks.retain(|_| {
            at += 1;
            !places.contains(&(at - 1))
        });
        self.blocks.insert(first, merged);
    }

    /// Everything that the query finds, and the best k of it.
    pub(super) fn search(&self, query: &Query, k: usize) -> Answer {
        let mut frequencies = vec![0_u64; query.terms.len()];
        let mut found = Vec::new();
        for block in &self.blocks {
            let matches: Vec<Matches<'_>> = query
                .terms
                .iter()
                .map(|term| Matches::find(&term.pattern, &&block.values).unwrap())
                .collect();
            for (frequency, matches) in frequencies.iter_mut().zip(&matches) {
                *frequency += matches.live_rows(block.ids.len() as u32, Bits::new(&block.dead)).unwrap();
            }
            found.push(matches);
        }
        let mut counts = Vec::new();
        for (_, row) in &self.tail {
            let row = TailRow::read(row).unwrap();
            let held: Vec<u32> = query.terms.iter().map(|term| term.pattern.count(&row)).collect();
            frequencies
                .iter_mut()
                .zip(&held)
                .for_each(|(frequency, &count)| *frequency += u64::from(count > 0));
            counts.push(held);
        }
        let terms = query.terms.iter().map(|term| term.times).zip(frequencies);
        let scorer = Scorer::new(terms, self.totals, Bm25::default());
        let mut answer = BTreeMap::new();
        let mut best = Best::new(k);
        let mut accumulator = Accumulator::default();
        for (block, matches) in self.blocks.iter().zip(&found) {
            let rows = block.ids.len() as u32;
            let allowed = self.allowed(query, block);
            for floored in [false, true] {
                accumulator.score(&scorer, matches, Lengths::read(&block.lengths, rows).unwrap()).unwrap();
                let floor = if floored { best.floor() } else { 0.0 };
                accumulator.drain(Some(Bits::new(&allowed)), Bits::new(&block.dead), floor, |row, score| {
                    let id = block.ids[row as usize];
                    if floored {
                        best.offer(score, || id);
                        return best.floor();
                    }
                    answer.insert(id, score);
                    0.0
                });
            }
        }
        for ((id, row), counts) in self.tail.iter().zip(&counts) {
            let row = TailRow::read(row).unwrap();
            let score = scorer.score(counts, row.length());
            if score > 0.0 && !self.archived.contains(id) && query.admits(&row) {
                answer.insert(*id, score);
                best.offer(score, || *id);
            }
        }
        Answer { scores: answer, best: best.into_sorted().collect() }
    }

    fn allowed(&self, query: &Query, block: &Block) -> Vec<u8> {
        let rows = block.ids.len() as u32;
        let mut allowed = vec![0; block.ids.len().div_ceil(8)];
        for (row, id) in block.ids.iter().enumerate() {
            allowed[row / 8] |= u8::from(!self.archived.contains(id)) << (row % 8);
        }
        query.restrict(&&block.values, rows, &mut allowed).unwrap();
        allowed
    }
}

impl Block {
    /// The row of a record; of an updated one the older rows are dead.
    fn live(&self, id: u32) -> Option<u32> {
        let rows = self.ids.iter().zip(0..).filter(|(row, _)| **row == id);
        rows.map(|(_, row)| row).find(|row| !Bits::new(&self.dead).has(*row))
    }
}
