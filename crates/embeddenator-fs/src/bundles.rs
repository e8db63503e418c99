//! The signatures of a tree as bundles of bundles, for searches that look at few of them.

use embeddenator_retrieval::{Hierarchy, HierarchyStats, Id, SearchOptions};
use embeddenator_vsa::{BlockCode, Shape};

use crate::entry::Node;
use crate::error::Result;
use crate::path::EngramPath;
use crate::signatures::Signatures;
use crate::similar::SimilarFile;
use crate::store::read::Store;
use crate::tree::Tree;

/// The signatures of a tree in nodes of at most 64, each with the sum of its signatures.
///
/// A search scores the sums first and looks into the best nodes only; its recall is measured, not proved.
#[derive(Debug)]
pub struct Bundles {
    hierarchy: Hierarchy,
    files: Vec<(EngramPath, u64)>,
}

impl Bundles {
    /// Bundles the signatures of a tree; files of one content are one item.
    pub(crate) fn build(store: &Store, tree: &Tree<'_>) -> Result<Self> {
        let mut signatures = Signatures::new(store);
        let mut bundles = Self { hierarchy: Hierarchy::new(Shape::DEFAULT), files: Vec::new() };
        let mut known = std::collections::HashSet::new();
        for entry in tree.entries() {
            let entry = entry?;
            let Node::File(content) = &entry.node else { continue };
            let Some(number) = content.signature.filter(|number| known.insert(*number)) else { continue };
            let code = signatures.get(number)?;
            let id = Id(bundles.files.len() as u64);
            bundles
                .hierarchy
                .insert_ref(id, code.as_ref())
                .expect("ids count up, and the shape is the format's");
            bundles.files.push((entry.path, content.size));
        }
        Ok(bundles)
    }

    /// How many items and nodes there are, and their bytes.
    pub fn stats(&self) -> HierarchyStats {
        self.hierarchy.stats()
    }

    /// The index itself; the id of an item is its position in [`Bundles::files`].
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The files that the items stand for, with their sizes.
    pub fn files(&self) -> &[(EngramPath, u64)] {
        &self.files
    }

    /// The `k` files whose signatures are most like a code.
    ///
    /// # Errors
    /// [`embeddenator_retrieval::Error::Code`] for a code of another shape than signatures have.
    pub fn search(&self, code: &BlockCode, k: usize) -> embeddenator_retrieval::Result<Vec<SimilarFile>> {
        let hits = self.hierarchy.search_ref(code.as_ref(), k, &SearchOptions::default())?;
        let file = |hit: &embeddenator_retrieval::Hit| {
            let (path, size) = self.files.get(usize::try_from(hit.id.0).ok()?)?;
            Some(SimilarFile { path: path.clone(), size: *size, similarity: hit.score.clamp(0.0, 1.0) })
        };
        Ok(hits.iter().filter_map(file).collect())
    }
}
