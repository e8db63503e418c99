//! The calls that compare: snapshots with snapshots, files with files.

use std::path::Path;

use crate::bundles::Bundles;
use crate::diff::{Change, diff};
use crate::engram::Engram;
use crate::error::Result;
use crate::history::{Version, history};
use crate::path::EngramPath;
use crate::query::{QueryOptions, QueryReport, query, query_text};
use crate::similar::{
    SimilarFile, SimilarOptions, SimilarPair, near_duplicates, similar_to_file, similar_to_path,
};
use crate::tree::Tree;

impl Engram {
    /// All paths that differ between two trees of this engram, in tree order.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn diff(&self, before: &Tree<'_>, after: &Tree<'_>) -> Result<Vec<Change>> {
        diff(before, after)
    }

    /// The versions of one path over the snapshots, the oldest first; empty if no snapshot has it.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn history(&self, path: &EngramPath) -> Result<Vec<Version>> {
        history(&self.store, path)
    }

    /// The files of a tree that are like one of it, the most similar first, without itself.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) and [`Error::WrongKind`](crate::Error::WrongKind) for a path that is
    /// no file of the tree; [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn similar(
        &self,
        tree: &Tree<'_>,
        path: &EngramPath,
        options: SimilarOptions,
    ) -> Result<Vec<SimilarFile>> {
        similar_to_path(&self.store, tree, path, options)
    }

    /// The files of a tree that are like a file outside of the engram, the most similar first.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) also if that file cannot be read; [`Error::Damaged`](crate::Error::Damaged).
    pub fn similar_to(
        &self,
        tree: &Tree<'_>,
        outside: impl AsRef<Path>,
        options: SimilarOptions,
    ) -> Result<Vec<SimilarFile>> {
        similar_to_file(&self.store, tree, outside.as_ref(), options)
    }

    /// All pairs of like files of a tree, the most similar first; of equal files each with the first of them.
    ///
    /// Of pairs of Jaccard similarity 0.5 about one in 10^8 is missed, of 0.25 one in 60.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn near_duplicates(&self, tree: &Tree<'_>, options: SimilarOptions) -> Result<Vec<SimilarPair>> {
        near_duplicates(&self.store, tree, options)
    }

    /// The files of a tree that have a fragment, or a good part of it, the best first.
    ///
    /// What has fingerprints ([`Index::Fragment`](crate::Index::Fragment)) is not read but for what is compared; the rest
    /// is looked through, and the report says how much of it there is. Of 286 bytes or more in common nothing is missed
    /// among the best.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io). Damaged fingerprints are in the report.
    pub fn query(&self, tree: &Tree<'_>, fragment: &[u8], options: QueryOptions) -> Result<QueryReport> {
        query(&self.store, tree, fragment, options)
    }

    /// The files of a tree with the passages that are most like a text, by the text codes of `embeddenator-vsa`; of equal
    /// files the first. All files that are UTF-8 and have up to 16 MiB are read.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn query_text(&self, tree: &Tree<'_>, text: &str, options: QueryOptions) -> Result<QueryReport> {
        query_text(tree, text, options)
    }

    /// The signatures of a tree, bundled hierarchically, to be searched many times.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn bundle_hier(&self, tree: &Tree<'_>) -> Result<Bundles> {
        Bundles::build(&self.store, tree)
    }
}
