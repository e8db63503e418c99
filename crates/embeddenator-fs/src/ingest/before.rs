//! What an engram has already that a new snapshot can use: contents with signatures, and blocks of manifests.

use std::collections::{HashMap, HashSet};

use embeddenator_io::ContentHash;
use embeddenator_vsa::{Codes, Shape};

use crate::container::blob::{BlobKind, Reference};
use crate::entry::{ChunkRun, Content, Data, Entry, Node};
use crate::error::Result;
use crate::manifest::bases::Bases;
use crate::signatures::Signatures;
use crate::store::read::Store;
use crate::tree::hash_of_data;

/// What is stored, over all snapshots.
pub(crate) struct Before<'a> {
    pub(crate) store: &'a Store,
    /// The number of the signature of each content that has one.
    pub(crate) signatures: HashMap<[u8; 32], u32>,
    /// Their codes, and where the data of each is.
    pub(crate) codes: Codes,
    pub(crate) data: Vec<Vec<ChunkRun>>,
    /// The blocks of all manifests.
    pub(crate) blocks: HashMap<ContentHash, Reference>,
    /// Those of them that a new block may be compressed behind.
    pub(crate) bases: Bases,
}

impl<'a> Before<'a> {
    /// Reads each block of the manifests once.
    pub(crate) fn read(store: &'a Store) -> Result<Self> {
        let mut before = Self {
            store,
            signatures: HashMap::new(),
            codes: Codes::new(Shape::DEFAULT),
            data: Vec::new(),
            blocks: HashMap::new(),
            bases: Bases::default(),
        };
        let (mut signatures, mut known) = (Signatures::new(store), HashSet::new());
        for snapshot in &store.snapshots.snapshots {
            for row in &store.manifest(snapshot)?.blocks {
                if before.blocks.insert(row.blob.hash, row.blob).is_some() {
                    continue;
                }
                let content = store.blob(BlobKind::ManifestBlock, &row.blob)?;
                let entries = store.entries_of(row, &content)?;
                for entry in &entries {
                    before.add(entry, &mut signatures, &mut known)?;
                }
                if !row.blob.behind {
                    before.bases.add(row.blob, content, &entries);
                }
            }
        }
        Ok(before)
    }

    fn add(
        &mut self,
        entry: &Entry,
        signatures: &mut Signatures<'_>,
        known: &mut HashSet<u32>,
    ) -> Result<()> {
        if let Node::File(Content { data: Data::Chunks(runs), signature: Some(number), .. }) = &entry.node
            && let Node::File(content) = &entry.node
            && known.insert(*number)
        {
            self.signatures.insert(hash_of_data(self.store, &entry.path, content)?, *number);
            self.codes.push(&signatures.get(*number)?).expect("signatures have the shape of the format");
            self.data.push(runs.clone());
        }
        Ok(())
    }
}
