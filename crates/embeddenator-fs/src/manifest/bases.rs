//! Which stored blocks a new block is compressed behind: those that have most of its names.
//!
//! A block of a few hundred entries says little that a compressor could use, and nearly all of it again in the next
//! snapshot, or in the next release of the same tree. Bases are plain themselves, so reading a block reads
//! [`BLOCK_BASES_MAX`] more at most.

use std::collections::{HashMap, VecDeque};

use crate::container::blob::Reference;
use crate::entry::Entry;
use crate::limits::{BASE_BYTES_MAX, BLOCK_BASES_MAX};

/// A plain block.
#[derive(Debug)]
struct Base {
    blob: Reference,
    content: Vec<u8>,
    names: Vec<u64>,
}

/// The plain blocks that were added last, up to [`BASE_BYTES_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Bases {
    plain: VecDeque<Base>,
    /// The number of the first of them.
    first: u64,
    /// For each name the numbers of those that have it.
    by_name: HashMap<u64, Vec<u64>>,
    bytes: usize,
}

impl Bases {
    /// Adds a plain block.
    pub(crate) fn add(&mut self, blob: Reference, content: Vec<u8>, entries: &[Entry]) {
        let (number, names) = (self.first + self.plain.len() as u64, names(entries));
        for name in &names {
            self.by_name.entry(*name).or_default().push(number);
        }
        self.bytes += content.len();
        self.plain.push_back(Base { blob, content, names });
        while self.bytes > BASE_BYTES_MAX {
            let Some(oldest) = self.plain.pop_front() else { break };
            self.bytes -= oldest.content.len();
            for name in oldest.names {
                if let Some(numbers) = self.by_name.get_mut(&name) {
                    numbers.retain(|number| *number != self.first);
                }
            }
            self.first += 1;
        }
    }

    /// The blocks for entries, each with its content; none if no block has a good part of their names.
    pub(crate) fn find(&self, entries: &[Entry]) -> Vec<(Reference, &[u8])> {
        let mut wanted = names(entries);
        let least = wanted.len().div_ceil(8);
        let mut found = Vec::new();
        while found.len() < BLOCK_BASES_MAX && !wanted.is_empty() {
            let mut counts: HashMap<u64, usize> = HashMap::new();
            for number in wanted.iter().filter_map(|name| self.by_name.get(name)).flatten() {
                *counts.entry(*number).or_default() += 1;
            }
            // Of equal ones the newest.
            let best = counts.into_iter().max_by_key(|(number, count)| (*count, *number));
            let Some((number, _)) = best.filter(|(_, count)| *count >= least) else { break };
            let Some(base) = self.plain.get((number - self.first) as usize) else { break };
            wanted.retain(|name| base.names.binary_search(name).is_err());
            found.push((base.blob, base.content.as_slice()));
        }
        found
    }
}

/// Hashes of the last two names of each path, sorted.
fn names(entries: &[Entry]) -> Vec<u64> {
    let hash = |entry: &Entry| {
        let directory = entry.path.parent().unwrap_or_default();
        let hash = blake3::hash(&[directory.name(), b"/", entry.path.name()].concat());
        hash.as_bytes().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    };
    let mut names: Vec<u64> = entries.iter().map(hash).collect();
    names.sort_unstable();
    names.dedup();
    names
}
