//! Rewriting an engram with what its snapshots need and nothing else.

use std::collections::hash_map::Entry::Vacant;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use embeddenator_io::{Decoder, Profile};
use embeddenator_vsa::{BlockCode, Codes, Shape};

use crate::container::footer::Footer;
use crate::create::NewFile;
use crate::entry::{Content, Data, Entry, Node};
use crate::error::{Error, Result};
use crate::ingest::entries::runs_of;
use crate::ingest::layout::{self, Placed};
use crate::ingest::pack::{Fill, FreshChunk, pack};
use crate::ingest::run::{Index, packing, table_compression};
use crate::medium::Medium;
use crate::path::EngramPath;
use crate::progress::Progress;
use crate::signatures::Signatures;
use crate::store::read::Store;
use crate::tables::signatures::encoder;
use crate::transaction::Transaction;
use crate::tree::Tree;

/// How an engram is compacted.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompactOptions {
    /// The choice between speed and size.
    pub profile: Profile,
    /// By what the files can be found; `None` for fragments too if the engram has an index of them, and for whole files
    /// otherwise.
    pub index: Option<Index>,
    /// Threads; 0 for as many as the machine runs at once. The result does not depend on it.
    pub threads: usize,
}

/// What compacting did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompactReport {
    /// Bytes of the engram before.
    pub bytes_before: u64,
    /// Bytes of it now.
    pub bytes_after: u64,
    /// Distinct chunks before.
    pub chunks_before: u32,
    /// Distinct chunks now.
    pub chunks_after: u32,
}

/// Writes a new engram beside the old one, and puts it in its place.
pub(crate) fn compact(
    path: &Path,
    options: CompactOptions,
    progress: &dyn Progress,
) -> Result<CompactReport> {
    // A new file beside it follows no link.
    let target = std::fs::canonicalize(path).map_err(|error| Error::of_system("find", path, error))?;
    let created = NewFile::create(&target, true)?;
    let opened = File::open(&target).map_err(|error| Error::of_system("open", path, error))?;
    let store = Store::open(opened, path)?;
    if store.rolled_back {
        return Err(Error::RolledBack { path: path.to_owned() });
    }
    created.take_mode_of(&store.file)?;
    let footer = rewrite(&store, created.file(), options, progress)?;
    created.place()?;
    Ok(CompactReport {
        bytes_before: store.length,
        bytes_after: footer.end(),
        chunks_before: store.footer.totals.chunks,
        chunks_after: footer.totals.chunks,
    })
}

/// Writes everything that the snapshots need as the first commit of a new file.
pub(crate) fn rewrite<M: Medium>(
    store: &Store,
    medium: M,
    options: CompactOptions,
    progress: &dyn Progress,
) -> Result<Footer> {
    let mut transaction = Transaction::begin(medium, &store.path, None, table_compression(options.profile));
    let live = Live::read(store)?;
    let mut order = live.lay_out(store)?;
    let index = Index::chosen(options.index, Some(store));
    if index == Index::None {
        (order.codes, order.signatures) = (Codes::new(Shape::DEFAULT), HashMap::new());
    }
    let packing = packing((options.profile, index), options.threads, &store.path, None);
    let fill: Fill<'_> = &|chunks, decoder, raw| {
        for fresh in chunks {
            raw.extend_from_slice(store.chunk(fresh.item, decoder)?.as_slice());
        }
        Ok(())
    };
    pack(&order.sequence, fill, packing, &mut transaction, progress)?;
    transaction.append_signatures(order.codes.view())?;
    let mut list = store.snapshots.clone();
    for snapshot in &mut list.snapshots {
        let mut entries: Vec<Entry> = Tree::new(store, snapshot)?.entries().collect::<Result<_>>()?;
        for entry in &mut entries {
            if let Node::File(content) = &mut entry.node {
                order.renumber(content);
            }
        }
        snapshot.manifest = transaction.append_manifest(&entries)?;
    }
    transaction.commit(&list, store.footer.uuid)
}

/// The distinct contents of all snapshots, in the order of their first paths.
struct Live {
    contents: Vec<Content>,
}

impl Live {
    fn read(store: &Store) -> Result<Self> {
        let (mut blocks, mut known) = (HashSet::new(), HashSet::new());
        let mut contents: Vec<(EngramPath, Content)> = Vec::new();
        for snapshot in &store.snapshots.snapshots {
            for row in &store.manifest(snapshot)?.blocks {
                if !blocks.insert(row.blob) {
                    continue;
                }
                for entry in store.manifest_block(row)? {
                    let Node::File(content) = entry.node else { continue };
                    if let Data::Chunks(runs) = &content.data
                        && !runs.is_empty()
                        && known.insert(runs.clone())
                    {
                        contents.push((entry.path, content));
                    }
                }
            }
        }
        contents.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(Self { contents: contents.into_iter().map(|(_, content)| content).collect() })
    }

    /// The chunks and signatures in the order of the layout.
    fn lay_out(&self, store: &Store) -> Result<Order> {
        let codes = self.codes(store)?;
        let order = layout::order(&codes.iter().collect::<Vec<_>>());
        let mut laid_out = Order {
            sequence: Vec::new(),
            chunks: HashMap::new(),
            codes: Codes::new(Shape::DEFAULT),
            signatures: HashMap::new(),
        };
        for Placed { file: at, group } in order {
            let (Some(content), Some(code)) = (self.contents.get(at as usize), codes.get(at as usize)) else {
                continue;
            };
            for number in numbers(content) {
                if let Vacant(vacant) = laid_out.chunks.entry(number) {
                    vacant.insert(laid_out.sequence.len() as u32);
                    let chunk = store.chunk_row(number)?.chunk;
                    laid_out.sequence.push(FreshChunk { chunk, item: number, offset: 0, group, base: None });
                }
            }
            if let Some(number) = content.signature
                && let Vacant(vacant) = laid_out.signatures.entry(number)
            {
                vacant.insert(laid_out.codes.len() as u32);
                laid_out.codes.push(code).expect("signatures have the shape of the format");
            }
        }
        Ok(laid_out)
    }

    /// The code of each content: its signature, or that of its data if it has none at rest.
    fn codes(&self, store: &Store) -> Result<Vec<BlockCode>> {
        let mut signatures = Signatures::new(store);
        let (encoder, mut decoder) = (encoder(), Decoder::default());
        let mut codes = vec![None; self.contents.len()];
        // By their first chunks, so that few segments are decoded twice.
        let mut order: Vec<usize> = (0..self.contents.len()).collect();
        order.sort_by_key(|at| self.contents.get(*at).and_then(|content| numbers(content).next()));
        for at in order {
            let (Some(content), Some(code)) = (self.contents.get(at), codes.get_mut(at)) else { continue };
            *code = Some(if let Some(number) = content.signature {
                signatures.get(number)?
            } else {
                let mut sketch = encoder.sketch();
                for number in numbers(content) {
                    sketch.push(store.chunk(number, &mut decoder)?.as_slice());
                }
                sketch.code()
            });
        }
        Ok(codes.into_iter().flatten().collect())
    }
}

/// The numbers of a content's chunks.
fn numbers(content: &Content) -> impl Iterator<Item = u32> {
    let runs = match &content.data {
        Data::Chunks(runs) => runs.as_slice(),
        Data::Inline(_) => &[],
    };
    runs.iter().flat_map(|run| run.first..run.first + run.count)
}

/// Where everything goes.
struct Order {
    sequence: Vec<FreshChunk>,
    /// The new number of each chunk that is needed.
    chunks: HashMap<u32, u32>,
    codes: Codes,
    /// The new number of each signature that is needed.
    signatures: HashMap<u32, u32>,
}

impl Order {
    /// Leads a content to where its data and its signature are now.
    fn renumber(&self, content: &mut Content) {
        let chunks = numbers(content).filter_map(|number| self.chunks.get(&number).copied());
        let runs = runs_of(chunks);
        if let Data::Chunks(before) = &mut content.data {
            *before = runs;
        }
        content.signature = content.signature.and_then(|number| self.signatures.get(&number).copied());
    }
}
