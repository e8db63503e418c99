//! Finding the files that have a fragment.
//!
//! ```text
//! count the fragment's fingerprints in the tables, for each chunk that the tree needs
//! compare the chunks with most of them, byte by byte; and all chunks of which there are no fingerprints
//! for each file with such a chunk: which part of the fragment is in it
//! ```

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use embeddenator_io::Decoder;

use crate::container::blob::BlobKind;
use crate::entry::{Content, Data, Entry, Node};
use crate::error::{Error, Result};
use crate::limits::{CHUNK_BYTES_MIN, QUERY_CHUNKS};
use crate::query::matches::{Fragment, Match, covered};
use crate::query::{QueryHit, QueryOptions, QueryReport};
use crate::store::open::Finding;
use crate::store::read::Store;
use crate::tables::fingerprints;
use crate::tree::{Regions, Tree};
use crate::workers::{Spread, in_order, threads};

/// The files of a tree that have a fragment, or a good part of it.
pub(crate) fn query(
    store: &Store,
    tree: &Tree<'_>,
    fragment: &[u8],
    options: QueryOptions,
) -> Result<QueryReport> {
    let fragment = Fragment::new(fragment);
    let mut report = QueryReport::default();
    let needed = needed(store, tree)?;
    let (mut likely, covered) = likely(store, &fragment, &needed, &mut report)?;
    let most = QUERY_CHUNKS.max(4 * fragment.length() / CHUNK_BYTES_MIN);
    likely.sort_by_key(|(chunk, count)| (std::cmp::Reverse(*count), *chunk));
    // A fragment may go on in the chunks beside, with a small part of it.
    let best: HashSet<u32> = likely.iter().take(most).map(|(chunk, _)| *chunk).collect();
    likely.retain(|(chunk, _)| (chunk.saturating_sub(1)..=chunk + 1).any(|beside| best.contains(&beside)));
    let mut looked: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let unknown =
        (0..).zip(needed.iter().zip(&covered)).filter(|(_, (needed, covered))| **needed && !**covered);
    let unknown: Vec<u32> = unknown.map(|(chunk, _)| chunk).collect();
    for chunk in &unknown {
        report.scanned_bytes += u64::from(store.chunk_row(*chunk)?.chunk.length);
    }
    for chunk in likely.into_iter().map(|(chunk, _)| chunk).chain(unknown) {
        looked.entry(store.chunk_row(chunk)?.segment).or_default().push(chunk);
    }
    let found = compare(store, &fragment, &looked.into_iter().collect::<Vec<_>>(), options.threads)?;
    for entry in tree.entries() {
        let entry = entry?;
        if let Node::File(content) = &entry.node
            && let Some(hit) = hit(store, &entry, content, &fragment, &found)?
        {
            report.hits.push(hit);
        }
    }
    report.rank(options.limit);
    Ok(report)
}

/// For each chunk whether the tree needs it.
fn needed(store: &Store, tree: &Tree<'_>) -> Result<Vec<bool>> {
    let mut needed = vec![false; store.footer.totals.chunks as usize];
    for entry in tree.entries() {
        let Node::File(Content { data: Data::Chunks(runs), .. }) = entry?.node else { continue };
        for run in runs {
            let range = run.first as usize..run.first.saturating_add(run.count) as usize;
            needed.get_mut(range).unwrap_or_default().fill(true);
        }
    }
    Ok(needed)
}

/// A chunk, and how many fingerprints of the fragment it has.
type Likely = Vec<(u32, u32)>;

/// The needed chunks that have fingerprints of the fragment, and for each chunk whether there are fingerprints of it.
fn likely(
    store: &Store,
    fragment: &Fragment<'_>,
    needed: &[bool],
    report: &mut QueryReport,
) -> Result<(Likely, Vec<bool>)> {
    let wanted = fragment.wanted();
    let (mut likely, mut covered) = (Vec::new(), vec![false; needed.len()]);
    for row in &store.runs.fingerprints {
        let mut of_blob = Vec::new();
        let counted = store.blob(BlobKind::Fingerprints, &row.blob).and_then(|bytes| {
            let counted =
                fingerprints::count(&bytes, row.chunks, &wanted, |chunk, count| of_blob.push((chunk, count)));
            counted.map_err(|error| store.damaged(BlobKind::Fingerprints.name(), error))
        });
        match counted {
            Ok(()) => {
                likely.extend(
                    of_blob.into_iter().filter(|(chunk, _)| needed.get(*chunk as usize) == Some(&true)),
                );
                let range = row.chunks.first as usize..row.chunks.end() as usize;
                covered.get_mut(range).unwrap_or_default().fill(true);
            }
            Err(error @ Error::Damaged { .. }) => {
                let meaning = "what these fingerprints are of was looked through".to_owned();
                report.findings.push(Finding { meaning, error });
            }
            Err(error) => return Err(error),
        }
    }
    Ok((likely, covered))
}

/// What chunks, by their segments, have in common with the fragment.
fn compare(
    store: &Store,
    fragment: &Fragment<'_>,
    segments: &[(u32, Vec<u32>)],
    asked: usize,
) -> Result<HashMap<u32, Vec<Match>>> {
    let mut found = HashMap::new();
    let work = |(decoder, raw): &mut (Decoder, Vec<u8>), at: usize| {
        let mut of_segment = Vec::new();
        let Some((number, chunks)) = segments.get(at) else { return Ok(of_segment) };
        raw.clear();
        store.decode_segment(*number, decoder, raw)?;
        for chunk in chunks {
            let row = store.chunk_row(*chunk)?;
            let start = row.offset as usize;
            let bytes = raw.get(start..start + row.chunk.length as usize).unwrap_or_default();
            store.check_chunk(&row, bytes)?;
            let matches = fragment.matches(bytes);
            if !matches.is_empty() {
                of_segment.push((*chunk, matches));
            }
        }
        Ok::<_, Error>(of_segment)
    };
    let threads = threads(asked);
    let spread = Spread { threads, ahead: threads * 8 };
    let state = || Ok((Decoder::default(), Vec::new()));
    in_order(spread, segments.len(), state, work, |_, of_segment| {
        found.extend(of_segment);
        Ok(())
    })?;
    Ok(found)
}

/// What a file has in common with the fragment.
fn hit(
    store: &Store,
    entry: &Entry,
    content: &Content,
    fragment: &Fragment<'_>,
    found: &HashMap<u32, Vec<Match>>,
) -> Result<Option<QueryHit>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut longest: Option<(usize, u64)> = None;
    let mut take = |matches: &[Match], start: u64| {
        for it in matches {
            longest = longest.max(Some((it.part.len(), u64::MAX - (start + it.at as u64))));
            parts.push(it.part.clone());
        }
    };
    match &content.data {
        Data::Inline(data) => take(&fragment.matches(data), 0),
        Data::Chunks(runs) => {
            let chunks = || runs.iter().flat_map(|run| run.first..run.first + run.count);
            if !chunks().any(|chunk| found.contains_key(&chunk)) {
                return Ok(None);
            }
            let mut start = 0;
            for chunk in chunks() {
                take(found.get(&chunk).map(Vec::as_slice).unwrap_or_default(), start);
                start += u64::from(store.chunk_row(chunk)?.chunk.length);
            }
        }
    }
    let Some((_, offset)) = longest else { return Ok(None) };
    let share = covered(&mut parts) as f32 / fragment.length() as f32;
    let offset = in_file(content, u64::MAX - offset);
    Ok(Some(QueryHit { path: entry.path.clone(), size: content.size, offset, score: share }))
}

/// Where a byte of the data is in the file.
fn in_file(content: &Content, at: u64) -> u64 {
    let mut regions = Regions::new(content);
    regions.skip(at);
    regions.start().unwrap_or(content.size)
}
