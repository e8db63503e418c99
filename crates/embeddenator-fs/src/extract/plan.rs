//! What has to be made, and which chunks go where, sorted by the segments that they are in.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::entry::{Data, Entry, Metadata, Node};
use crate::error::Result;
use crate::path::EngramPath;
use crate::store::read::Store;
use crate::tree::{Tree, wrong_length};

/// A chunk that a file needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) file: u32,
    pub(crate) chunk: u32,
    /// Where it begins in the data of the file.
    pub(crate) at: u64,
}

/// Everything that has to be made.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) directories: Vec<(EngramPath, Metadata)>,
    /// Files; of hard links the first name.
    pub(crate) files: Vec<Entry>,
    /// Into how many segments the data of each file goes.
    pub(crate) segments_of: Vec<u32>,
    /// The chunks that are taken from each segment.
    pub(crate) segments: BTreeMap<u32, Vec<Use>>,
    /// Links, devices and the like.
    pub(crate) nodes: Vec<Entry>,
    /// Further names, each with the path of the first.
    pub(crate) links: Vec<(EngramPath, EngramPath)>,
    /// Bytes of all data.
    pub(crate) bytes: u64,
}

/// Plans to make those entries that are within one of `paths`, and the directories that lead to them.
pub(crate) fn plan(store: &Store, tree: &Tree<'_>, paths: &[EngramPath]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut first_of_group: HashMap<u32, EngramPath> = HashMap::new();
    let mut wanted_parents: HashSet<EngramPath> = HashSet::new();
    for path in paths {
        let mut parent = path.parent();
        while let Some(path) = parent {
            parent = path.parent();
            wanted_parents.insert(path);
        }
    }
    for entry in tree.entries() {
        let entry = entry?;
        let within = paths.is_empty() || paths.iter().any(|path| entry.path.is_within(path));
        if !within && !wanted_parents.contains(&entry.path) {
            continue;
        }
        if let Some(group) = entry.link_group {
            if let Some(first) = first_of_group.get(&group) {
                plan.links.push((first.clone(), entry.path));
                continue;
            }
            first_of_group.insert(group, entry.path.clone());
        }
        match entry.node {
            Node::Directory => plan.directories.push((entry.path, entry.metadata)),
            Node::File(_) => plan.add_file(store, entry)?,
            _ => plan.nodes.push(entry),
        }
    }
    Ok(plan)
}

impl Plan {
    fn add_file(&mut self, store: &Store, entry: Entry) -> Result<()> {
        let file = self.files.len() as u32;
        let mut segments = 0;
        if let Node::File(content) = &entry.node {
            let bytes = content.data_bytes();
            self.bytes += bytes;
            let mut at = 0;
            if let Data::Chunks(runs) = &content.data {
                for chunk in runs.iter().flat_map(|run| run.first..run.first + run.count) {
                    let row = store.chunk_row(chunk)?;
                    let uses = self.segments.entry(row.segment).or_default();
                    segments += u32::from(uses.last().is_none_or(|last| last.file != file));
                    uses.push(Use { file, chunk, at });
                    at += u64::from(row.chunk.length);
                    if at > bytes {
                        break;
                    }
                }
                if at != bytes {
                    return Err(wrong_length(store, &entry.path));
                }
            }
        }
        self.segments_of.push(segments);
        self.files.push(entry);
        Ok(())
    }
}
