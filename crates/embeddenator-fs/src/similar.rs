//! Near-duplicates by signatures: inside of an engram, and of a file outside of it.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use embeddenator_vsa::BlockCode;

use crate::bands::{pairs, similarity};
use crate::chunk::cut_region;
use crate::entry::Node;
use crate::error::{Error, Result};
use crate::path::EngramPath;
use crate::platform::file;
use crate::signatures::Signatures;
use crate::store::read::Store;
use crate::tables::signatures::encoder;
use crate::tree::Tree;

/// What is taken for similar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarOptions {
    /// The least estimated Jaccard similarity, from 0 to 1; below 0.25 chance begins to show.
    pub similarity_min: f32,
    /// Hits at most; the most similar ones are kept.
    pub limit: usize,
}

impl Default for SimilarOptions {
    /// From 0.5 on, at most 1000.
    fn default() -> Self {
        Self { similarity_min: 0.5, limit: 1000 }
    }
}

/// A file that is like the one that was asked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimilarFile {
    /// Its path.
    pub path: EngramPath,
    /// Its size.
    pub size: u64,
    /// The estimated Jaccard similarity, from 0 to 1; 1 for nearly all copies.
    pub similarity: f32,
}

/// Two files that are like each other.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimilarPair {
    /// The one that comes first in the tree.
    pub left: EngramPath,
    /// The other one.
    pub right: EngramPath,
    /// The estimated Jaccard similarity, from 0 to 1.
    pub similarity: f32,
}

/// The files of a tree that have a signature, by its number.
struct Signed {
    files: HashMap<u32, Vec<(EngramPath, u64)>>,
    numbers: Vec<u32>,
    codes: Vec<BlockCode>,
}

impl Signed {
    fn read(store: &Store, tree: &Tree<'_>) -> Result<Self> {
        let mut files: HashMap<u32, Vec<(EngramPath, u64)>> = HashMap::new();
        let mut numbers = Vec::new();
        for entry in tree.entries() {
            let entry = entry?;
            if let Node::File(content) = &entry.node
                && let Some(number) = content.signature
            {
                let names = files.entry(number).or_default();
                if names.is_empty() {
                    numbers.push(number);
                }
                names.push((entry.path, content.size));
            }
        }
        let mut signatures = Signatures::new(store);
        let codes = numbers.iter().map(|number| signatures.get(*number)).collect::<Result<_>>()?;
        Ok(Self { files, numbers, codes })
    }

    /// The files whose signatures are like a code, the most similar first.
    fn like(&self, code: &BlockCode, options: SimilarOptions) -> Vec<SimilarFile> {
        let mut found = Vec::new();
        for (number, other) in self.numbers.iter().zip(&self.codes) {
            let similarity = similarity(code, other);
            if similarity >= options.similarity_min {
                let files = self.files.get(number).into_iter().flatten();
                found.extend(files.map(|(path, size)| SimilarFile {
                    path: path.clone(),
                    size: *size,
                    similarity,
                }));
            }
        }
        found.sort_by(|left, right| {
            right.similarity.total_cmp(&left.similarity).then_with(|| left.path.cmp(&right.path))
        });
        found.truncate(options.limit);
        found
    }
}

/// The files that are like one of the tree; that file itself is not among them.
pub(crate) fn similar_to_path(
    store: &Store,
    tree: &Tree<'_>,
    path: &EngramPath,
    options: SimilarOptions,
) -> Result<Vec<SimilarFile>> {
    let entry = tree.entry(path)?;
    let Node::File(content) = &entry.node else {
        let (path, found) = (path.to_string(), entry.node.kind());
        return Err(Error::WrongKind { path, found, wanted: "a file" });
    };
    let code = if let Some(number) = content.signature {
        Signatures::new(store).get(number)?
    } else {
        let mut data = Vec::new();
        tree.read(&entry, &mut data)?;
        encoder().encode(&data)
    };
    let one_more = SimilarOptions { limit: options.limit.saturating_add(1), ..options };
    let mut found = Signed::read(store, tree)?.like(&code, one_more);
    found.retain(|file| file.path != *path);
    found.truncate(options.limit);
    Ok(found)
}

/// The files that are like one of the file system.
pub(crate) fn similar_to_file(
    store: &Store,
    tree: &Tree<'_>,
    outside: &Path,
    options: SimilarOptions,
) -> Result<Vec<SimilarFile>> {
    let failed = |error| Error::of_system("read", outside, error);
    let opened = File::open(outside).map_err(failed)?;
    let encoder = encoder();
    let mut sketch = encoder.sketch();
    let read = |buffer: &mut [u8], at| file::read_at(&opened, buffer, at);
    let metadata = opened.metadata().map_err(failed)?;
    if metadata.is_dir() {
        let path = outside.display().to_string();
        return Err(Error::WrongKind { path, found: Node::Directory.kind(), wanted: "a file" });
    }
    let length = metadata.len();
    cut_region(&mut Vec::new(), (0, length), read, |_, bytes| sketch.push(bytes)).map_err(failed)?;
    Ok(Signed::read(store, tree)?.like(&sketch.code(), options))
}

/// All pairs of like files of a tree, the most similar first; of equal files each with the first of them.
///
/// Candidates agree in a band of two blocks, so that of pairs of Jaccard similarity 0.5 one in 10^8 is missed, and of
/// 0.25 one in 60.
pub(crate) fn near_duplicates(
    store: &Store,
    tree: &Tree<'_>,
    options: SimilarOptions,
) -> Result<Vec<SimilarPair>> {
    let signed = Signed::read(store, tree)?;
    let mut found = Vec::new();
    for number in &signed.numbers {
        if let Some([(first, _), rest @ ..]) = signed.files.get(number).map(Vec::as_slice) {
            found.extend(rest.iter().map(|(path, _)| SimilarPair {
                left: first.clone(),
                right: path.clone(),
                similarity: 1.0,
            }));
        }
    }
    let first_of = |at: u32| {
        let number = signed.numbers.get(at as usize)?;
        Some(signed.files.get(number)?.first()?.0.clone())
    };
    let least = options.similarity_min;
    pairs(&signed.codes, |left, right, similarity| {
        if similarity >= least
            && let (Some(left), Some(right)) = (first_of(left), first_of(right))
        {
            found.push(SimilarPair { left, right, similarity });
        }
    });
    found.sort_by(|left, right| {
        let by_path = || (&left.left, &left.right).cmp(&(&right.left, &right.right));
        right.similarity.total_cmp(&left.similarity).then_with(by_path)
    });
    found.truncate(options.limit);
    Ok(found)
}
