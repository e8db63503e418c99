//! Finding the files that are about a text: by the codes of their passages, which are made while they are read.

use std::collections::HashSet;

use embeddenator_vsa::{Planes, TextEncoder};

use crate::entry::{Data, Entry, Node};
use crate::error::{Error, Result};
use crate::limits::{PASSAGE_BYTES, TEXT_BYTES_MAX};
use crate::query::{QueryHit, QueryOptions, QueryReport};
use crate::tree::Tree;
use crate::workers::{Spread, in_order, threads};

/// The files of a tree with the passages that are most like a text.
pub(crate) fn query_text(tree: &Tree<'_>, text: &str, options: QueryOptions) -> Result<QueryReport> {
    let wanted = TextEncoder::default().encode(text);
    let mut files = files(tree)?;
    // By where they are stored, so that few segments are decoded twice.
    files.sort_by_key(first_chunk);
    let mut report = QueryReport::default();
    let threads = threads(options.threads);
    let spread = Spread { threads, ahead: threads * 64 };
    let work = |encoder: &mut TextEncoder, at: usize| match files.get(at) {
        Some(entry) => best_passage(tree, entry, encoder, &wanted),
        None => Ok((0, None)),
    };
    in_order(
        spread,
        files.len(),
        || Ok(TextEncoder::default()),
        work,
        |at, (bytes, best)| {
            report.scanned_bytes += bytes;
            if let (Some((score, offset)), Some(entry)) = (best, files.get(at)) {
                let (path, size) = (entry.path.clone(), entry.size());
                report.hits.push(QueryHit { path, size, offset, score });
            }
            Ok::<_, Error>(())
        },
    )?;
    report.rank(options.limit);
    Ok(report)
}

/// One file of each content.
fn files(tree: &Tree<'_>) -> Result<Vec<Entry>> {
    let (mut files, mut known) = (Vec::new(), HashSet::new());
    for entry in tree.entries() {
        let entry = entry?;
        let Node::File(content) = &entry.node else { continue };
        let fresh = match &content.data {
            Data::Inline(_) => true,
            Data::Chunks(runs) => !runs.is_empty() && known.insert(runs.clone()),
        };
        if fresh && content.size <= TEXT_BYTES_MAX {
            files.push(entry);
        }
    }
    Ok(files)
}

fn first_chunk(entry: &Entry) -> Option<u32> {
    match &entry.node {
        Node::File(content) => match &content.data {
            Data::Chunks(runs) => runs.first().map(|run| run.first),
            Data::Inline(_) => None,
        },
        _ => None,
    }
}

/// The passage of a file that is most like what is wanted, with its offset, and how many bytes were looked through.
fn best_passage(
    tree: &Tree<'_>,
    entry: &Entry,
    encoder: &TextEncoder,
    wanted: &Planes,
) -> Result<(u64, Option<(f32, u64)>)> {
    let mut bytes = Vec::new();
    tree.read(entry, &mut bytes)?;
    // Only UTF-8 counts as text.
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok((bytes.len() as u64, None)) };
    let mut best: Option<(f32, u64)> = None;
    for (offset, passage) in passages(text) {
        let score = encoder.encode(passage).cosine(wanted).unwrap_or(0.0);
        if score > best.map_or(0.0, |(score, _)| score) {
            best = Some((score, offset as u64));
        }
    }
    Ok((bytes.len() as u64, best))
}

/// Whole lines of so many bytes or more, each with its offset; a line that is longer is cut.
fn passages(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let least = rest.len().min(PASSAGE_BYTES);
        let line_end =
            rest.as_bytes().get(least..).unwrap_or_default().iter().position(|byte| *byte == b'\n');
        let wanted = line_end.map_or(rest.len(), |end| least + end + 1).min(4 * PASSAGE_BYTES);
        let end = (wanted..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let passage = (start, rest.get(..end).unwrap_or(rest));
        start += end;
        Some(passage)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_all_of_a_text() {
        for text in ["", "short", &"a line of words\n".repeat(500), &"\u{e4}".repeat(20_000)] {
            let parts: Vec<(usize, &str)> = passages(text).collect();
            assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), text);
            assert!(
                parts.iter().all(|(offset, part)| text[*offset..].starts_with(part) && part.len() <= 4100)
            );
        }
    }
}
