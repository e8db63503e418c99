//! Writing a snapshot: the files of a database into an engram, as its next snapshot.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use embeddenator_fs::{Engram, IngestOptions, Profile, Snapshot, Source};
use pulsedb::limits::RESULTS_MAX;
use pulsedb::{
    Collective, CollectiveId, Config, DerivedInsight, Experience, ExperienceId, NotFoundError, PulseDB,
    PulseDBError, Timestamp,
};

use crate::error::{Error, Result};
use crate::form::{collective, experience, insight, relation};
use crate::members::Members;
use crate::names::file_name;
use crate::stored::{COLLECTIVES, StoredSnapshot};
use crate::vectors::{Block, BlockWriter};

/// What a snapshot is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnapshotOptions<'a> {
    /// The collective; all of them if `None`.
    pub collective: Option<CollectiveId>,
    /// What the snapshot is called.
    pub label: &'a str,
    /// The choice between speed and size.
    pub profile: Profile,
}

/// What a snapshot holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SnapshotReport {
    /// The snapshot in the engram.
    pub snapshot: Snapshot,
    /// Collectives in it.
    pub collectives: u64,
    /// Experiences in it.
    pub experiences: u64,
    /// Relations in it.
    pub relations: u64,
    /// Insights in it.
    pub insights: u64,
    /// The number of the last change in it.
    pub sequence: u64,
    /// Bytes that the engram has grown by.
    pub added_bytes: u64,
    /// Bytes of the engram now.
    pub engram_bytes: u64,
}

/// Writes a consistent snapshot of a database, or of one of its collectives, while others read and write.
///
/// A new engram is made; to one that holds snapshots of a database already, this adds another one, and stores only what
/// is new. The same records give the same files. What has expired is left out, and so are activities.
///
/// # Errors
/// [`Error::Database`] if the database cannot be read or has no such collective; [`Error::NotASnapshot`] for an engram
/// that holds other files; [`Error::Engram`] if it cannot be written; [`Error::Io`]. The engram is what it was.
pub fn snapshot(
    db: &PulseDB,
    engram: impl AsRef<Path>,
    options: &SnapshotOptions<'_>,
) -> Result<SnapshotReport> {
    let path = engram.as_ref();
    let exists = path.try_exists().map_err(|error| Error::of_system("look at", path, error))?;
    if exists {
        // So that no other engram gets a snapshot that replaces all of its files.
        StoredSnapshot::open(path, None)?;
    }
    let (counts, archive) = gathered(db, path, options.collective)?;
    let sources = [Source::archive(archive, "the records of the database")];
    let ingest = IngestOptions { label: options.label, profile: options.profile, ..Default::default() };
    let report = if exists {
        Engram::modify(path, &sources, &ingest, &())?
    } else {
        Engram::create(path, &sources, &ingest, &())?
    };
    let Counts { collectives, experiences, relations, insights, sequence } = counts;
    Ok(SnapshotReport {
        snapshot: report.snapshot,
        collectives,
        experiences,
        relations,
        insights,
        sequence,
        added_bytes: report.added_bytes,
        engram_bytes: report.engram_bytes,
    })
}

#[derive(Debug, Default)]
struct Counts {
    collectives: u64,
    experiences: u64,
    relations: u64,
    insights: u64,
    sequence: u64,
}

/// The records as an archive. They are read in many steps: if somebody wrote meanwhile, those of a copy are taken.
fn gathered(db: &PulseDB, engram: &Path, only: Option<CollectiveId>) -> Result<(Counts, File)> {
    let beside = match engram.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let gather = |db: &PulseDB| {
        let file = tempfile::tempfile_in(&beside);
        let file = file.map_err(|error| Error::of_system("make a file in", &beside, error))?;
        let mut gathering = Gathering { db, members: Members::new(file), counts: Counts::default(), engram };
        gathering.take_all(only)?;
        let Gathering { members, counts, .. } = gathering;
        let file = members.finish().map_err(|error| Error::of_system("write", engram, error))?;
        Ok::<_, Error>((counts, file))
    };
    let sequence = db.get_current_sequence();
    let (counts, file) = gather(db)?;
    if db.get_current_sequence() == sequence {
        return Ok((Counts { sequence, ..counts }, file));
    }
    drop(file);
    let scratch = tempfile::tempdir_in(&beside);
    let scratch = scratch.map_err(|error| Error::of_system("make a directory in", &beside, error))?;
    let copy = scratch.path().join("copy");
    let sequence = db.backup(&copy)?.sequence;
    let copy = PulseDB::open(&copy, Config::read_only())?;
    let (counts, file) = gather(&copy)?;
    copy.close()?;
    Ok((Counts { sequence, ..counts }, file))
}

struct Gathering<'a> {
    db: &'a PulseDB,
    members: Members,
    counts: Counts,
    engram: &'a Path,
}

impl Gathering<'_> {
    fn take_all(&mut self, only: Option<CollectiveId>) -> Result<()> {
        let embedder = self.db.stats()?.embedder;
        let mut collectives = self.db.list_collectives()?;
        if let Some(id) = only {
            collectives.retain(|collective| collective.id == id);
            if collectives.is_empty() {
                return Err(PulseDBError::from(NotFoundError::Collective(id)).into());
            }
        }
        let created = collectives.iter().map(|collective| collective.created_at).min();
        let time = created.unwrap_or(Timestamp::from_millis(0));
        self.add("", "pulsedb.json", &collective::write_database(&embedder), time)?;
        for one in &collectives {
            self.take_collective(one, embedder.dimension)?;
        }
        Ok(())
    }

    fn take_collective(&mut self, it: &Collective, dimension: usize) -> Result<()> {
        let place = format!("{COLLECTIVES}/{}", file_name(&it.name));
        self.counts.collectives += 1;
        self.add(&place, "collective.json", &collective::write_collective(it), it.updated_at)?;
        let experiences = self.take_experiences(it, &place, dimension)?;
        self.take_relations(it, &place, &experiences)?;
        self.take_insights(it, &place, dimension)
    }

    fn take_experiences(
        &mut self,
        it: &Collective,
        place: &str,
        dimension: usize,
    ) -> Result<HashSet<ExperienceId>> {
        let (texts, vectors) = (format!("{place}/experiences"), format!("{place}/vectors"));
        let mut blocks = BlockWriter::new(dimension);
        let mut taken = HashSet::new();
        let mut last = None;
        loop {
            let page: Vec<Experience> = self.db.list_experiences_after(it.id, last, RESULTS_MAX)?;
            for one in &page {
                self.add(&texts, &format!("{}.md", one.id), &experience::write(one), one.updated_at)?;
                if !one.embedding.is_empty() {
                    let block = blocks.push(*one.id.as_bytes(), &one.embedding);
                    self.add_block(&vectors, block, it.created_at)?;
                }
                taken.insert(one.id);
            }
            self.counts.experiences += page.len() as u64;
            last = page.last().map(|one| one.id);
            if page.len() < RESULTS_MAX {
                self.add_block(&vectors, blocks.finish(), it.created_at)?;
                return Ok(taken);
            }
        }
    }

    /// Those between experiences that were taken: one that has just expired is not.
    fn take_relations(&mut self, it: &Collective, place: &str, taken: &HashSet<ExperienceId>) -> Result<()> {
        let place = format!("{place}/relations");
        let mut offset = 0;
        loop {
            let page = self.db.list_relations(it.id, RESULTS_MAX, offset)?;
            for one in &page {
                if taken.contains(&one.source_id) && taken.contains(&one.target_id) {
                    self.add(&place, &format!("{}.md", one.id), &relation::write(one), one.created_at)?;
                    self.counts.relations += 1;
                }
            }
            offset += page.len();
            if page.len() < RESULTS_MAX {
                return Ok(());
            }
        }
    }

    fn take_insights(&mut self, it: &Collective, place: &str, dimension: usize) -> Result<()> {
        let (texts, vectors) = (format!("{place}/insights"), format!("{place}/insight-vectors"));
        let mut blocks = BlockWriter::new(dimension);
        let mut offset = 0;
        loop {
            let page: Vec<DerivedInsight> = self.db.list_insights(it.id, RESULTS_MAX, offset)?;
            for one in &page {
                self.add(&texts, &format!("{}.md", one.id), &insight::write(one), one.created_at)?;
                if !one.embedding.is_empty() {
                    let block = blocks.push(*one.id.as_bytes(), &one.embedding);
                    self.add_block(&vectors, block, it.created_at)?;
                }
            }
            self.counts.insights += page.len() as u64;
            offset += page.len();
            if page.len() < RESULTS_MAX {
                return self.add_block(&vectors, blocks.finish(), it.created_at);
            }
        }
    }

    fn add_block(&mut self, directory: &str, block: Option<Block>, time: Timestamp) -> Result<()> {
        let Some(Block { first, bytes }) = block else { return Ok(()) };
        let name = format!("{}.vec", ExperienceId::from_bytes(first));
        self.put(directory, &name, &bytes, time)
    }

    fn add(&mut self, directory: &str, name: &str, content: &str, time: Timestamp) -> Result<()> {
        self.put(directory, name, content.as_bytes(), time)
    }

    fn put(&mut self, directory: &str, name: &str, content: &[u8], time: Timestamp) -> Result<()> {
        let added = self.members.add(directory, name, content, time);
        added.map_err(|error| Error::of_system("write a file for", self.engram, error))
    }
}
