//! Comparing everything that is stored with its hashes, and with what the rest says of it.

use std::collections::{BTreeMap, HashSet};

use embeddenator_io::{Decoder, Error as Bytes};

use crate::container::blob::{BlobKind, Reference};
use crate::container::footer::{FOOTER_ALIGNMENT, FOOTER_BYTES, Footer};
use crate::container::superblock::FIRST_COMMIT;
use crate::entry::{Content, Entry, Node};
use crate::error::{Error, Result};
use crate::manifest::tree_hash::TreeHasher;
use crate::progress::{Phase, Progress};
use crate::snapshot::Snapshot;
use crate::store::open::{Finding, find_footer, read_part};
use crate::store::read::Store;
use crate::tables::fingerprints;
use crate::tree::{Tree, hash_of_data};
use crate::workers::{Spread, in_order, threads};

/// A part of the segments: those whose number leaves `part - 1` when it is divided by `of`.
///
/// Verifying part 1 of 7 on one day, 2 of 7 on the next and so on reads all data in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset {
    /// Which part, from 1; with 0 or more than `of` there is nothing in it.
    pub part: u32,
    /// How many parts there are.
    pub of: u32,
}

impl Subset {
    fn holds(self, segment: u32) -> bool {
        segment.checked_rem(self.of).is_some_and(|rest| Some(rest) == self.part.checked_sub(1))
    }
}

/// How an engram is verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions {
    /// Reads only this part of the data; everything else, tables and manifests, is read all the same.
    pub subset: Option<Subset>,
    /// Threads; 0 for as many as the machine runs at once.
    pub threads: usize,
}

/// What was verified.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Segments that were decoded.
    pub segments: u64,
    /// Segments that were left out, since they are not in the part that was asked for.
    pub segments_left_out: u64,
    /// Chunks that were hashed.
    pub chunks: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Entries of all snapshots that were read.
    pub entries: u64,
    /// Bytes that no snapshot needs any more; compacting frees them.
    pub dead_bytes: u64,
    /// Bytes behind the last commit: an unfinished one, which nothing depends on.
    pub uncommitted_bytes: u64,
    /// All damage; nothing is wrong if there is none.
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    /// Whether everything is as it was written.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Verifies an engram; damage is in the report, an error is that reading failed.
pub(crate) fn verify(store: &Store, options: VerifyOptions, progress: &dyn Progress) -> Result<VerifyReport> {
    let mut verify = Verify { store, parts: BTreeMap::new(), report: VerifyReport::default() };
    verify.report.findings = find_footer(&store.file, &store.path)?.findings;
    verify.report.uncommitted_bytes = store.length.saturating_sub(store.footer.end());
    verify.footers()?;
    verify.tables()?;
    verify.segments(options, progress)?;
    for snapshot in &store.snapshots.snapshots {
        let checked = verify.snapshot(snapshot);
        verify.keep(|| format!("snapshot {} is lost in part", snapshot.number), checked)?;
    }
    verify.gaps()?;
    Ok(verify.report)
}

struct Verify<'a> {
    store: &'a Store,
    /// What lies where: the end of each part by its start.
    parts: BTreeMap<u64, u64>,
    report: VerifyReport,
}

impl<'a> Verify<'a> {
    /// Turns damage into a finding.
    fn keep<T>(&mut self, meaning: impl FnOnce() -> String, checked: Result<T>) -> Result<Option<T>> {
        match checked {
            Ok(checked) => Ok(Some(checked)),
            Err(error @ (Error::Damaged { .. } | Error::Unsupported { .. })) => {
                self.report.findings.push(Finding { meaning: meaning(), error });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn part(&mut self, start: u64, end: u64) {
        let known = self.parts.entry(start).or_insert(end);
        *known = end.max(*known);
    }

    fn blob(&mut self, kind: BlobKind, reference: &Reference) -> Result<()> {
        self.part(reference.offset, reference.end());
        let checked = self.store.blob(kind, reference);
        self.keep(|| format!("{} cannot be read", kind.name()), checked)?;
        Ok(())
    }

    /// The footers from the last to the first, and the lists that each leads to.
    fn footers(&mut self) -> Result<()> {
        let mut footer = self.store.footer;
        loop {
            self.part(footer.offset, footer.end());
            self.blob(BlobKind::Runs, &footer.runs)?;
            self.blob(BlobKind::Snapshots, &footer.snapshots)?;
            if footer.previous == 0 {
                return Ok(());
            }
            let checked = self.footer_before(&footer);
            match self.keep(|| "an older commit cannot be gone back to".to_owned(), checked)? {
                Some(before) => footer = before,
                None => return Ok(()),
            }
        }
    }

    fn footer_before(&self, footer: &Footer) -> Result<Footer> {
        let (offset, store) = (footer.previous, self.store);
        let part = (offset, FOOTER_BYTES as u64);
        let bytes = read_part(&store.file, &store.path, store.length, part, "a footer")?;
        let damaged = |error| store.damaged(format!("the footer of commit {}", footer.sequence - 1), error);
        let before = Footer::read(&bytes, offset).map_err(damaged)?;
        if before.hash() != footer.previous_hash || before.sequence + 1 != footer.sequence {
            let reason = "it is not the one that the next one follows";
            return Err(damaged(Bytes::Malformed { what: "a footer", offset, reason }));
        }
        Ok(before)
    }

    fn tables(&mut self) -> Result<()> {
        for (at, row) in self.store.runs.chunks.iter().enumerate() {
            self.part(row.blob.offset, row.blob.end());
            let checked = self.store.table(at);
            let meaning =
                || format!("segments {} to {} are lost", row.segments.first, row.segments.end() - 1);
            if let Some(table) = self.keep(meaning, checked)? {
                for segment in &table.segments {
                    self.part(segment.offset, segment.offset.saturating_add(segment.length()));
                }
            }
        }
        for row in &self.store.runs.signatures {
            self.part(row.blob.offset, row.blob.end());
            let checked = self.store.signatures(&row.blob, row.signatures);
            self.keep(|| "files cannot be found by their signatures".to_owned(), checked)?;
        }
        let store = self.store;
        for row in &store.runs.fingerprints {
            self.part(row.blob.offset, row.blob.end());
            let checked = store.blob(BlobKind::Fingerprints, &row.blob).and_then(|bytes| {
                let counted = fingerprints::count(&bytes, row.chunks, &HashSet::new(), |_, _| {});
                counted.map_err(|error| store.damaged(BlobKind::Fingerprints.name(), error))
            });
            self.keep(|| "fragments are looked for in all that is stored".to_owned(), checked)?;
        }
        Ok(())
    }

    /// Decodes all segments, and hashes all chunks.
    fn segments(&mut self, options: VerifyOptions, progress: &dyn Progress) -> Result<()> {
        let (store, threads) = (self.store, threads(options.threads));
        // A table that cannot be read is a finding already.
        let tables =
            (0..store.runs.chunks.len()).filter_map(|at| store.table(at).ok().map(|table| (at, table)));
        let mut numbers: Vec<(u32, usize, usize)> = Vec::new();
        let mut bytes = 0;
        for (at, table) in tables {
            let mut chunk = 0;
            for (number, row) in (store.runs.chunks[at].segments.first..).zip(&table.segments) {
                if options.subset.is_none_or(|subset| subset.holds(number)) {
                    numbers.push((number, at, chunk));
                    bytes += u64::from(row.raw_length);
                } else {
                    self.report.segments_left_out += 1;
                }
                chunk += row.chunks as usize;
            }
        }
        progress.begin(Phase::Verify, bytes);
        let work = |(decoder, raw): &mut (Decoder, Vec<u8>), index: usize| {
            let (number, table, first) = numbers[index];
            let checked = check_segment(store, number, (table, first), decoder, raw);
            progress.advance(raw.len() as u64);
            Ok::<_, Error>(checked)
        };
        let spread = Spread { threads, ahead: threads * 8 };
        let state = || Ok((Decoder::default(), Vec::new()));
        in_order(spread, numbers.len(), state, work, |index, checked| {
            let number = numbers[index].0;
            let meaning = || format!("files with chunks in segment {number} are lost in part");
            if let Some((chunks, bytes)) = self.keep(meaning, checked)? {
                self.report.segments += 1;
                self.report.chunks += chunks;
                self.report.bytes += bytes;
            }
            Ok(())
        })
    }

    fn snapshot(&mut self, snapshot: &'a Snapshot) -> Result<()> {
        self.part(snapshot.manifest.offset, snapshot.manifest.end());
        let store = self.store;
        for row in &store.manifest(snapshot)?.blocks {
            self.part(row.blob.offset, row.blob.end());
            for base in store.bases_of(&row.blob)? {
                self.part(base.offset, base.end());
            }
        }
        let tree = Tree::new(store, snapshot)?;
        let (mut hasher, mut entries, mut bytes) = (TreeHasher::default(), 0, 0_u64);
        for entry in tree.entries() {
            let entry = entry?;
            let hash = match &entry.node {
                Node::File(content) => Some(self.content(&entry, content)?),
                _ => None,
            };
            hasher.push(&entry, hash);
            bytes = bytes.saturating_add(entry.size());
            entries += 1;
        }
        self.report.entries += entries;
        if hasher.finish() != snapshot.tree_hash || bytes != snapshot.bytes {
            let (what, offset) = ("a snapshot", snapshot.manifest.offset);
            let reason = "its tree hash or size is not that of its entries";
            let place = format!("snapshot {}", snapshot.number);
            return Err(store.damaged(place, Bytes::Malformed { what, offset, reason }));
        }
        Ok(())
    }

    /// Checks where the data of a file is said to be, and returns its hash.
    fn content(&self, entry: &Entry, content: &Content) -> Result<[u8; 32]> {
        let store = self.store;
        if content.signature.is_some_and(|number| number >= store.footer.totals.signatures) {
            let (what, offset) = ("an entry of the manifest", 0);
            let reason = "its signature is beyond those that there are";
            let place = format!("the manifest, {}", entry.path);
            return Err(store.damaged(place, Bytes::Malformed { what, offset, reason }));
        }
        hash_of_data(store, &entry.path, content)
    }

    /// Looks at what lies between the parts: zeros before a footer, and what is not needed any more.
    fn gaps(&mut self) -> Result<()> {
        let footers: HashSet<u64> =
            self.parts.keys().copied().filter(|start| self.is_footer(*start)).collect();
        let parts = std::mem::take(&mut self.parts);
        let mut end = FIRST_COMMIT;
        for (start, part_end) in parts {
            if start < end {
                let reason = "it overlaps what lies before it";
                let error = Bytes::Malformed { what: "a part of the engram", offset: start, reason };
                let error = self.store.damaged("the commits", error);
                self.report
                    .findings
                    .push(Finding { meaning: "two parts claim the same bytes".to_owned(), error });
            }
            let gap = start.saturating_sub(end);
            if footers.contains(&start) && gap < FOOTER_ALIGNMENT as u64 {
                let checked = self.zeros(end, gap);
                self.keep(|| "nothing is lost".to_owned(), checked)?;
            } else {
                self.report.dead_bytes += gap;
            }
            end = end.max(part_end);
        }
        Ok(())
    }

    fn is_footer(&self, start: u64) -> bool {
        self.parts.get(&start) == Some(&start.saturating_add(FOOTER_BYTES as u64))
            && start.is_multiple_of(FOOTER_ALIGNMENT as u64)
    }

    fn zeros(&self, start: u64, length: u64) -> Result<()> {
        let what = "the padding before a footer";
        let store = self.store;
        let bytes = read_part(&store.file, &store.path, store.length, (start, length), what)?;
        let mut cursor = embeddenator_io::Cursor::with_offset(&bytes, start);
        cursor.zeros(bytes.len(), what).map_err(|error| store.damaged("the end of a commit", error))
    }
}

/// Decodes a segment and hashes its chunks, which are those from the `first` of its table on.
fn check_segment(
    store: &Store,
    number: u32,
    (table, first): (usize, usize),
    decoder: &mut Decoder,
    raw: &mut Vec<u8>,
) -> Result<(u64, u64)> {
    raw.clear();
    store.decode_segment(number, decoder, raw)?;
    let mut count = 0;
    let chunks = store.table(table)?.chunks.get(first..).unwrap_or_default();
    for row in chunks.iter().take_while(|row| row.segment == number) {
        let start = row.offset as usize;
        let bytes = raw.get(start..start + row.chunk.length as usize).unwrap_or_default();
        store.check_chunk(row, bytes)?;
        count += 1;
    }
    Ok((count, raw.len() as u64))
}
