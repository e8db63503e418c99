//! Making and filling files on several threads: each segment is decoded once, and its chunks go wherever they are needed.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use embeddenator_io::Decoder;

use crate::entry::{Content, Data, Entry, Node};
use crate::error::{Error, Result};
use crate::extract::plan::{Plan, Use};
use crate::path::EngramPath;
use crate::platform::file;
use crate::platform::target::{Target, Walker, dress_file};
use crate::progress::{Progress, Warning};
use crate::store::open::Finding;
use crate::store::read::Store;
use crate::tree::{Regions, needed_by};

/// Files that one task makes whose data is in the manifest.
const FILES_A_TASK: usize = 256;

/// How things are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Making {
    pub(super) overwrite: bool,
    pub(super) owners: bool,
    pub(super) keep_going: bool,
}

/// The files of a plan while they are made.
pub(super) struct Files<'a> {
    pub(super) store: &'a Store,
    pub(super) target: &'a Target,
    /// What the target is called.
    pub(super) place: &'a std::path::Path,
    pub(super) plan: &'a Plan,
    pub(super) making: Making,
    pub(super) progress: &'a dyn Progress,
    /// The segments, then the files without chunks in lots.
    tasks: Vec<Task<'a>>,
    states: Vec<FileState>,
    pub(super) outcome: Mutex<Outcome>,
}

/// What could not be made or was only made in part.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) warnings: Vec<Warning>,
    pub(super) missing: Vec<EngramPath>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug)]
enum Task<'a> {
    Segment(u32, &'a [Use]),
    Files(Vec<u32>),
}

#[derive(Debug)]
struct FileState {
    /// Segments that it still needs.
    remaining: AtomicU32,
    failed: AtomicBool,
}

/// What a thread has of its own.
pub(super) struct Worker<'a> {
    walker: Walker<'a>,
    decoder: Decoder,
    raw: Vec<u8>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        store: &'a Store,
        (target, place): (&'a Target, &'a std::path::Path),
        plan: &'a Plan,
        making: Making,
        progress: &'a dyn Progress,
    ) -> Self {
        let mut tasks: Vec<Task<'a>> =
            plan.segments.iter().map(|(number, uses)| Task::Segment(*number, uses)).collect();
        let without: Vec<u32> = (0..)
            .zip(&plan.segments_of)
            .filter(|(_, segments)| **segments == 0)
            .map(|(file, _)| file)
            .collect();
        tasks.extend(without.chunks(FILES_A_TASK).map(|files| Task::Files(files.to_vec())));
        let state = |segments: &u32| FileState {
            remaining: AtomicU32::new(*segments),
            failed: AtomicBool::new(false),
        };
        let states = plan.segments_of.iter().map(state).collect();
        Self { store, target, place, plan, making, progress, tasks, states, outcome: Mutex::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn worker(&self) -> Worker<'a> {
        Worker { walker: self.target.walker(), decoder: Decoder::default(), raw: Vec::new() }
    }

    /// Makes the files that several segments fill, since any of these may come first.
    pub(super) fn prepare(&self) -> Result<()> {
        let mut walker = self.target.walker();
        for (entry, segments) in self.plan.files.iter().zip(&self.plan.segments_of) {
            if *segments > 1 {
                self.create(&mut walker, entry)?;
            }
        }
        Ok(())
    }

    pub(super) fn run(&self, worker: &mut Worker<'_>, task: usize) -> Result<()> {
        match self.tasks.get(task) {
            Some(Task::Segment(number, uses)) => self.run_segment(worker, *number, uses),
            Some(Task::Files(files)) => files.iter().try_for_each(|file| self.make_small(worker, *file)),
            None => Ok(()),
        }
    }

    fn run_segment(&self, worker: &mut Worker<'_>, number: u32, uses: &[Use]) -> Result<()> {
        let mut raw = std::mem::take(&mut worker.raw);
        let decoded = self.store.decode_segment(number, &mut worker.decoder, &mut raw);
        for uses in uses.chunk_by(|left, right| left.file == right.file) {
            let Some((file, entry)) = uses.first().and_then(|first| self.entry(first.file)) else { continue };
            let filled = match &decoded {
                Ok(()) => self.fill(worker, entry, uses, &raw, self.is_whole(file))?,
                Err(_) => Err(()),
            };
            if filled.is_err() {
                self.mark_failed(file);
            }
            self.finish(worker, file, entry, filled.ok().flatten())?;
        }
        worker.raw = raw;
        decoded.or_else(|error| self.tolerate(error, uses))
    }

    /// Writes chunks of one segment to a file; the inner error is damage that is tolerated.
    fn fill(
        &self,
        worker: &mut Worker<'_>,
        entry: &Entry,
        uses: &[Use],
        raw: &[u8],
        whole: bool,
    ) -> Result<std::result::Result<Option<File>, ()>> {
        let Node::File(content) = &entry.node else { return Ok(Ok(None)) };
        let opened = if whole {
            self.create(&mut worker.walker, entry)?
        } else {
            worker.walker.open_file(&entry.path).map_err(|error| self.failed("open", &entry.path, error))?
        };
        for part in uses {
            let row = self.store.chunk_row(part.chunk)?;
            let start = row.offset as usize;
            let bytes = raw.get(start..start + row.chunk.length as usize).unwrap_or_default();
            if let Err(error) = self.store.check_chunk(&row, bytes) {
                self.tolerate(error, uses)?;
                return Ok(Err(()));
            }
            self.write(&opened, entry, content, part.at, bytes)?;
            self.progress.advance(bytes.len() as u64);
        }
        Ok(Ok(Some(opened)))
    }

    fn write(&self, opened: &File, entry: &Entry, content: &Content, at: u64, bytes: &[u8]) -> Result<()> {
        let failed = |error| self.failed("write", &entry.path, error);
        if content.holes.is_empty() {
            return file::write_all_at(opened, bytes, at).map_err(failed);
        }
        let mut regions = Regions::new(content);
        regions.skip(at);
        regions.place(bytes, &mut |offset, part| file::write_all_at(opened, part, offset).map_err(failed))
    }

    /// Counts a segment of a file as done; the last one gives the file its metadata.
    fn finish(&self, worker: &mut Worker<'_>, file: u32, entry: &Entry, opened: Option<File>) -> Result<()> {
        let Some(state) = self.states.get(file as usize) else { return Ok(()) };
        if state.remaining.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        if state.failed.load(Ordering::Acquire) {
            let removed = worker.walker.remove(&entry.path);
            removed.map_err(|error| self.failed("remove the damaged", &entry.path, error))?;
            self.outcome().missing.push(entry.path.clone());
            return Ok(());
        }
        let opened = match opened {
            Some(opened) => opened,
            None => worker
                .walker
                .open_file(&entry.path)
                .map_err(|error| self.failed("open", &entry.path, error))?,
        };
        self.dress(&opened, entry);
        Ok(())
    }

    /// Makes a file whose data is in the manifest, or that has none.
    fn make_small(&self, worker: &mut Worker<'_>, file: u32) -> Result<()> {
        let Some((_, entry)) = self.entry(file) else { return Ok(()) };
        let Node::File(content) = &entry.node else { return Ok(()) };
        let opened = self.create(&mut worker.walker, entry)?;
        if let Data::Inline(data) = &content.data {
            self.write(&opened, entry, content, 0, data)?;
            self.progress.advance(data.len() as u64);
        }
        self.dress(&opened, entry);
        Ok(())
    }

    fn create(&self, walker: &mut Walker<'_>, entry: &Entry) -> Result<File> {
        let opened = make(self.making, &entry.path, walker, |walker| walker.create_file(&entry.path));
        let opened = opened.map_err(|error| self.failed("create", &entry.path, error))?;
        if let Node::File(content) = &entry.node
            && !content.holes.is_empty()
        {
            opened
                .set_len(content.size)
                .map_err(|error| self.failed("set the length of", &entry.path, error))?;
        }
        Ok(opened)
    }

    fn dress(&self, opened: &File, entry: &Entry) {
        let refusals = dress_file(opened, &entry.metadata, self.making.owners);
        self.outcome().warnings.extend(refusals.into_iter().map(|refusal| Warning {
            path: entry.path.to_string(),
            message: format!("cannot set {}: {}", refusal.what, refusal.source),
        }));
    }

    /// Keeps an error of damage if that is asked for, with the first path that it costs.
    fn tolerate(&self, error: Error, uses: &[Use]) -> Result<()> {
        let entry = uses.first().and_then(|first| self.entry(first.file));
        let error = match entry {
            Some((_, entry)) => needed_by(error, &entry.path),
            None => error,
        };
        if !self.making.keep_going || !matches!(error, Error::Damaged { .. }) {
            return Err(error);
        }
        let meaning = "the files that need it are missing".to_owned();
        self.outcome().findings.push(Finding { meaning, error });
        Ok(())
    }

    pub(super) fn outcome(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, file: u32) -> Option<(u32, &'a Entry)> {
        self.plan.files.get(file as usize).map(|entry| (file, entry))
    }

    fn is_whole(&self, file: u32) -> bool {
        self.plan.segments_of.get(file as usize).is_none_or(|segments| *segments <= 1)
    }

    fn mark_failed(&self, file: u32) {
        if let Some(state) = self.states.get(file as usize) {
            state.failed.store(true, Ordering::Release);
        }
    }

    pub(super) fn failed(&self, action: &'static str, path: &EngramPath, error: io::Error) -> Error {
        failed_at(self.place, action, path, error)
    }
}

/// The error of something below the target.
pub(super) fn failed_at(
    place: &std::path::Path,
    action: &'static str,
    path: &EngramPath,
    error: io::Error,
) -> Error {
    let path = crate::platform::look::join(place, path.as_bytes());
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Error::Exists { path };
    }
    Error::of_system(action, path, error)
}

/// Makes something; if another thing is in its place and that may be overwritten, it is removed first.
pub(super) fn make<'a, T>(
    making: Making,
    path: &EngramPath,
    walker: &mut Walker<'a>,
    make: impl Fn(&mut Walker<'a>) -> io::Result<T>,
) -> io::Result<T> {
    match make(walker) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && making.overwrite => {
            walker.remove(path)?;
            make(walker)
        }
        done => done,
    }
}
