//! A snapshot in an engram: its files in their order, checked as they are read.

use std::path::{Path, PathBuf};
use std::vec;

use embeddenator_fs::{Engram, EngramPath, Entry, Node, Snapshot, Tree};
use pulsedb::{Collective, DerivedInsight, Experience, ExperienceRelation, ProviderIdentity};

use crate::error::{Error, Result};
use crate::form::front::Fault;
use crate::form::{collective, experience, insight, relation};
use crate::limits::TEXT_BYTES_MAX;
use crate::vectors::{block_bytes_max, read_block};

/// The directory of the collectives.
pub(crate) const COLLECTIVES: &str = "collectives";
const DATABASE: &str = "pulsedb.json";

/// A snapshot of a database in an engram.
#[derive(Debug)]
pub struct StoredSnapshot {
    engram: Engram,
    path: PathBuf,
    snapshot: Snapshot,
    embedder: ProviderIdentity,
}

/// A record of a snapshot.
#[derive(Debug)]
pub(crate) enum Record {
    Collective(Collective),
    Experience(Experience),
    Relation(ExperienceRelation),
    Insight(DerivedInsight),
}

impl StoredSnapshot {
    /// Opens a snapshot by its number; the newest if `None`.
    ///
    /// # Errors
    /// [`Error::NotASnapshot`] for an engram that holds other files; [`Error::Malformed`] if what it says of the
    /// database cannot be read; [`Error::NoSuchSnapshot`]; [`Error::Engram`] if the engram is not there, or is damaged.
    pub fn open(engram: impl AsRef<Path>, number: Option<u32>) -> Result<Self> {
        let path = engram.as_ref().to_owned();
        let engram = Engram::open(&path)?;
        let snapshot = match number {
            None => engram.snapshots().last(),
            Some(number) => engram.snapshots().iter().find(|snapshot| snapshot.number == number),
        };
        let Some(snapshot) = snapshot.cloned() else {
            let asked = number.map_or_else(|| "latest".to_owned(), |number| number.to_string());
            let others = match engram.snapshots() {
                [] => "none".to_owned(),
                [only] => only.number.to_string(),
                [first, .., last] => format!("{} to {}", first.number, last.number),
            };
            return Err(Error::NoSuchSnapshot { engram: path, asked, others });
        };
        let files = Files { tree: engram.tree(&snapshot)?, path: &path };
        let Some(entry) = files.tree.find(&EngramPath::new(DATABASE)?)? else {
            let reason = format!("it has no file `{DATABASE}`");
            return Err(Error::NotASnapshot { engram: path, reason });
        };
        let embedder = files.read(&entry, TEXT_BYTES_MAX, collective::read_database)?;
        drop(files);
        Ok(Self { engram, path, snapshot, embedder })
    }

    /// Who made the vectors: a database that it is restored into has to have the same embedder.
    pub fn embedder(&self) -> &ProviderIdentity {
        &self.embedder
    }

    /// The snapshot in the engram.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Hands over all records, collective by collective, each before what belongs to it or joins it.
    pub(crate) fn for_each(&self, mut take: impl FnMut(Record) -> Result<()>) -> Result<()> {
        let files = Files { tree: self.engram.tree(&self.snapshot)?, path: &self.path };
        for entry in files.children("")? {
            match entry.path.as_bytes() {
                b"pulsedb.json" => {}
                b"collectives" => {
                    for directory in files.children(COLLECTIVES)? {
                        self.take_collective(&files, &directory, &mut take)?;
                    }
                }
                _ => return Err(files.unexpected(&entry)),
            }
        }
        Ok(())
    }

    fn take_collective(
        &self,
        files: &Files<'_>,
        directory: &Entry,
        take: &mut impl FnMut(Record) -> Result<()>,
    ) -> Result<()> {
        let place = directory.path.to_string();
        let mut stated = None;
        for entry in files.tree.children(&directory.path)? {
            match entry.path.name() {
                b"collective.json" => stated = Some(entry),
                b"experiences" | b"relations" | b"insights" | b"vectors" | b"insight-vectors" => {}
                _ => return Err(files.unexpected(&entry)),
            }
        }
        let Some(stated) = stated else {
            return Err(files.fault(directory, Fault::new(0, "it has no file `collective.json`")));
        };
        let dimension = self.embedder.dimension;
        let read = |bytes: &[u8]| collective::read_collective(bytes, dimension);
        let it = files.read(&stated, TEXT_BYTES_MAX, read)?;
        let id = it.id;
        take(Record::Collective(it))?;

        let mut vectors = Vectors::new(files, &format!("{place}/vectors"), dimension)?;
        for entry in files.children(&format!("{place}/experiences"))? {
            let mut one = files.read(&entry, TEXT_BYTES_MAX, |bytes| experience::read(bytes, id))?;
            files.expect_name(&entry, &one.id.to_string())?;
            one.embedding = vectors.take(*one.id.as_bytes())?;
            take(Record::Experience(one))?;
        }
        vectors.finish()?;
        for entry in files.children(&format!("{place}/relations"))? {
            let one = files.read(&entry, TEXT_BYTES_MAX, relation::read)?;
            files.expect_name(&entry, &one.id.to_string())?;
            take(Record::Relation(one))?;
        }
        let mut vectors = Vectors::new(files, &format!("{place}/insight-vectors"), dimension)?;
        for entry in files.children(&format!("{place}/insights"))? {
            let mut one = files.read(&entry, TEXT_BYTES_MAX, |bytes| insight::read(bytes, id))?;
            files.expect_name(&entry, &one.id.to_string())?;
            one.embedding = vectors.take(*one.id.as_bytes())?;
            take(Record::Insight(one))?;
        }
        vectors.finish()
    }
}

/// The files of a snapshot.
struct Files<'a> {
    tree: Tree<'a>,
    path: &'a Path,
}

impl Files<'_> {
    /// What is in a directory, in the order of the names; nothing if it is not there.
    fn children(&self, directory: &str) -> Result<Vec<Entry>> {
        Ok(self.tree.children(&EngramPath::new(directory)?)?)
    }

    /// Reads a file that may have so many bytes.
    fn read<T>(
        &self,
        entry: &Entry,
        bytes_max: u64,
        read: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<T> {
        if !matches!(entry.node, Node::File(_)) {
            return Err(
                self.fault(entry, Fault::new(0, format!("it is a {}, not a file", entry.node.kind())))
            );
        }
        if entry.size() > bytes_max {
            let reason = format!("it has {} bytes, at most {bytes_max} are possible", entry.size());
            return Err(self.fault(entry, Fault::new(0, reason)));
        }
        let mut bytes = Vec::new();
        self.tree.read(entry, &mut bytes)?;
        read(&bytes).map_err(|fault| self.fault(entry, fault))
    }

    fn expect_name(&self, entry: &Entry, id: &str) -> Result<()> {
        if entry.path.name() == format!("{id}.md").as_bytes() {
            return Ok(());
        }
        Err(self.fault(entry, Fault::new(0, format!("the file of {id} is called `{id}.md`"))))
    }

    fn unexpected(&self, entry: &Entry) -> Error {
        self.fault(entry, Fault::new(0, "no snapshot has a file of this name"))
    }

    fn fault(&self, entry: &Entry, fault: Fault) -> Error {
        let Fault { line, reason } = fault;
        Error::Malformed { engram: self.path.to_owned(), file: entry.path.to_string(), line, reason }
    }
}

type Row = ([u8; 16], Vec<f32>);

/// The vectors of a directory in the order of their ids, block by block.
struct Vectors<'a, 'f> {
    files: &'f Files<'a>,
    dimension: usize,
    blocks: vec::IntoIter<Entry>,
    rows: vec::IntoIter<Row>,
    /// The block that the rows are of.
    block: Option<Entry>,
    next: Option<Row>,
}

impl<'a, 'f> Vectors<'a, 'f> {
    fn new(files: &'f Files<'a>, directory: &str, dimension: usize) -> Result<Self> {
        let blocks = files.children(directory)?.into_iter();
        let mut vectors =
            Self { files, dimension, blocks, rows: Vec::new().into_iter(), block: None, next: None };
        vectors.advance()?;
        Ok(vectors)
    }

    /// The vector of a record; empty if it has none. Records are asked for in the order of their ids.
    fn take(&mut self, id: [u8; 16]) -> Result<Vec<f32>> {
        match &mut self.next {
            Some((next, vector)) if *next == id => {
                let vector = std::mem::take(vector);
                self.advance()?;
                Ok(vector)
            }
            Some((next, _)) if *next < id => Err(self.fault("a vector belongs to no record")),
            _ => Ok(Vec::new()),
        }
    }

    fn finish(self) -> Result<()> {
        if self.next.is_some() { Err(self.fault("a vector belongs to no record")) } else { Ok(()) }
    }

    fn advance(&mut self) -> Result<()> {
        let last = self.next.take().map(|(id, _)| id);
        self.next = self.rows.next();
        if self.next.is_none()
            && let Some(block) = self.blocks.next()
        {
            let bytes_max = block_bytes_max(self.dimension);
            let rows = self.files.read(&block, bytes_max, |bytes| read_block(bytes, self.dimension))?;
            self.block = Some(block);
            self.rows = rows.into_iter();
            self.next = self.rows.next();
        }
        match &self.next {
            Some((next, _)) if last.is_some_and(|last| last >= *next) => {
                Err(self.fault("its ids do not ascend"))
            }
            _ => Ok(()),
        }
    }

    fn fault(&self, reason: &str) -> Error {
        match &self.block {
            Some(block) => self.files.fault(block, Fault::new(0, reason)),
            None => Error::NotASnapshot { engram: self.files.path.to_owned(), reason: reason.to_owned() },
        }
    }
}
