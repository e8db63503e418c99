//! An import: each source is read, compared with what is there, and brought up to date.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use pulsedb::{CollectiveId, ExperienceUpdate, PulseDB};

use crate::import::batch::{Batch, Change};
use crate::import::content::Content;
use crate::import::draft::{Defaults, Draft, Source};
use crate::import::identity::Key;
use crate::import::jsonl;
use crate::import::lookup::{Existing, Stored};
use crate::provenance::{FILE_TAG, HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::report::{Failure, Summary};

/// An import under way.
#[derive(Debug)]
pub(crate) struct Import<'a> {
    collective: CollectiveId,
    defaults: &'a Defaults,
    existing: Existing<'a>,
    batch: Batch<'a>,
    /// Identities that this import has met: the same line in two files is one record.
    met: HashSet<Key>,
    summary: Summary,
}

impl<'a> Import<'a> {
    pub(crate) fn new(
        db: &'a PulseDB,
        collective: CollectiveId,
        defaults: &'a Defaults,
    ) -> pulsedb::Result<Self> {
        Ok(Self {
            collective,
            defaults,
            existing: Existing::new(db, collective)?,
            batch: Batch::new(db),
            met: HashSet::new(),
            summary: Summary::default(),
        })
    }

    /// Takes what was read of a source.
    pub(crate) fn take(&mut self, source: &Source, content: Content) -> pulsedb::Result<()> {
        self.summary.files += 1;
        match content {
            Content::Document(drafts) => self.replace(source, drafts),
            Content::Transcript { drafts, bad_lines } => {
                for (line, reason) in bad_lines {
                    self.fail(source, line, reason);
                }
                drafts.into_iter().try_for_each(|draft| self.add(source, draft))
            }
            Content::Lines(reader) => self.lines(source, reader),
            // A document that was emptied or overwritten has no passages left.
            Content::Empty => {
                self.summary.empty += 1;
                self.replace(source, Vec::new())
            }
            Content::Binary => {
                self.summary.binary += 1;
                self.replace(source, Vec::new())
            }
        }
    }

    /// Notes what could not be read.
    pub(crate) fn fail(&mut self, source: &Source, line: usize, reason: String) {
        self.summary.failures.push(Failure { source: source.name.clone(), line, reason });
    }

    /// Removes the records of documents below these directories that no longer exist there.
    pub(crate) fn prune(&mut self, roots: &[PathBuf]) -> pulsedb::Result<()> {
        let is_gone = |stored: &Stored| {
            // The tag of a very long path is no path; then the related file is, unless that is too long as well.
            let tag = stored.tags.get(FILE_TAG);
            let path = stored.related_files.first().or(tag);
            // A path with a replaced character is not the path of the file.
            path.filter(|path| !path.contains(char::REPLACEMENT_CHARACTER)).map(Path::new).is_some_and(
                |path| {
                    roots.iter().any(|root| path.starts_with(root)) && matches!(path.try_exists(), Ok(false))
                },
            )
        };
        let gone: Vec<_> =
            self.existing.scan()?.values().flatten().filter(|stored| is_gone(stored)).collect();
        for stored in gone {
            self.batch.change(Change::Delete(stored.id));
        }
        Ok(())
    }

    /// Commits what is left and tells what was done.
    pub(crate) fn finish(mut self) -> pulsedb::Result<Summary> {
        self.batch.commit()?;
        let done = self.batch.done;
        self.summary.failures.extend(done.failures);
        Ok(Summary { added: done.added, moved: done.moved, removed: done.removed, ..self.summary })
    }

    fn lines(&mut self, source: &Source, reader: Box<dyn BufRead>) -> pulsedb::Result<()> {
        let defaults = self.defaults;
        for line in jsonl::drafts(reader, defaults) {
            match line {
                Ok(draft) => self.add(source, draft)?,
                Err(bad) => self.fail(source, bad.line, bad.reason),
            }
        }
        Ok(())
    }

    /// Adds a record unless it is there.
    fn add(&mut self, source: &Source, draft: Draft) -> pulsedb::Result<()> {
        let key = Key::of(&[draft.identity.as_bytes()]);
        let mut found = None;
        if let Some(id) = draft.id {
            found = self.existing.same(id, &draft.new.content)?;
        }
        if found.is_none() && self.met.contains(&key) {
            self.summary.unchanged += 1;
            return Ok(());
        }
        if found.is_none() {
            found = self.existing.identified(&draft.identity)?;
        }
        if let Some(stored) = found {
            // A kill between the record and its archiving left it open.
            if draft.archived && !stored.archived {
                self.batch.change(Change::Archive(stored.id));
            }
            self.summary.unchanged += 1;
            return Ok(());
        }
        self.met.insert(key);
        self.record(source, draft)
    }

    /// Makes the records of a document those of its drafts: what is there stays, what is new is added, what is no
    /// longer in it is removed. Additions come first, so that a kill in between leaves too much, which the next
    /// import removes, and never too little.
    fn replace(&mut self, source: &Source, drafts: Vec<Draft>) -> pulsedb::Result<()> {
        let Some(file) = source.file_tag() else {
            return drafts.into_iter().try_for_each(|draft| self.add(source, draft));
        };
        let mut there: HashMap<String, Stored> = HashMap::new();
        let mut stale = Vec::new();
        for stored in self.existing.of_file(&file)? {
            let id = stored.id;
            if let Some(twin) = there.insert(stored.identity().to_owned(), stored) {
                // The older of two equal ones stays.
                stale.push(twin.id.max(id));
                if twin.id < id {
                    there.insert(twin.identity().to_owned(), twin);
                }
            }
        }
        for draft in drafts {
            match there.remove(&draft.identity) {
                None => self.record(source, draft)?,
                Some(stored) => self.keep(&stored, &draft),
            }
        }
        stale.extend(there.into_values().map(|stored| stored.id));
        for id in stale {
            self.batch.change(Change::Delete(id));
        }
        Ok(())
    }

    /// Leaves a record as it is but for where it stands.
    fn keep(&mut self, stored: &Stored, draft: &Draft) {
        let place = [LINE_TAG, SOURCE_TAG, HEADING_TAG];
        if place.iter().all(|key| stored.tags.get(*key) == draft.new.tags.get(*key)) {
            self.summary.unchanged += 1;
            return;
        }
        let mut tags = stored.tags.clone();
        for key in place {
            match draft.new.tags.get(key) {
                Some(value) => tags.insert(key.to_owned(), value.clone()),
                None => tags.remove(key),
            };
        }
        let update = ExperienceUpdate { tags: Some(tags), ..ExperienceUpdate::default() };
        self.batch.change(Change::Update(stored.id, Box::new(update)));
    }

    fn record(&mut self, source: &Source, mut draft: Draft) -> pulsedb::Result<()> {
        draft.new.collective_id = self.collective;
        self.batch.record(draft, &source.name)
    }
}
