//! An import: each source is read, compared with what is there, and brought up to date.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use pulsedb::limits::TAGS_MAX;
use pulsedb::{CollectiveId, DuplicatePolicy, ExperienceId, ExperienceUpdate, PulseDB};

use crate::import::batch::{Batch, Done};
use crate::import::content::{Content, Reading};
use crate::import::draft::{Defaults, Draft, Source};
use crate::import::identity::Key;
use crate::import::json::experiences;
use crate::import::lookup::{Existing, Stored};
use crate::import::tree::Root;
use crate::provenance::{CELL_TAG, COUNTED_TAG, FILE_TAG, HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::report::{Failure, Input, Summary};

/// An import under way.
#[derive(Debug)]
pub(crate) struct Import<'a> {
    collective: CollectiveId,
    defaults: &'a Defaults,
    existing: Existing<'a>,
    batch: Batch<'a>,
    /// Lines keep their ids.
    keep_ids: bool,
    /// Identities that this import has met: the same line in two files is one record.
    met: HashSet<Key>,
    /// Records whose key another record of the collective has: a later line with that key may be what that one was made
    /// of, so they wait for the end. The last of a key stays.
    waiting: BTreeMap<String, (Source, Draft)>,
    /// Digests of the texts that this import has counted for the sources that it read.
    counted: HashSet<Key>,
    /// The ids that this import has met and keeps, with digests of their contents.
    kept: HashMap<ExperienceId, Key>,
    summary: Summary,
    /// The source that is being taken.
    input: Input,
}

impl<'a> Import<'a> {
    pub(crate) fn new(
        db: &'a PulseDB,
        collective: CollectiveId,
        defaults: &'a Defaults,
        keep_ids: bool,
    ) -> pulsedb::Result<Self> {
        Ok(Self {
            collective,
            defaults,
            keep_ids,
            kept: HashMap::new(),
            existing: Existing::new(db, collective)?,
            batch: Batch::new(db, collective, keep_ids),
            met: HashSet::new(),
            waiting: BTreeMap::new(),
            counted: HashSet::new(),
            summary: Summary::default(),
            input: Input::default(),
        })
    }

    /// Takes what was read of a source.
    pub(crate) fn take(&mut self, source: &Source, reading: Reading) -> pulsedb::Result<()> {
        self.summary.files += 1;
        self.input = Input { source: source.name.clone(), ..Input::default() };
        let Reading { content, encoding, flaws, left_out } = reading;
        self.summary.left_out.merge(&left_out);
        self.note_encoding(source, encoding);
        let is_whole = flaws.is_empty();
        for flaw in flaws {
            self.fail(source, flaw.line, flaw.reason);
        }
        match content {
            Content::Document(drafts) => self.replace(source, drafts, is_whole)?,
            Content::Transcript(drafts) => {
                drafts.into_iter().try_for_each(|draft| self.add(source, draft))?;
            }
            Content::Lines(reader) => self.lines(source, reader)?,
            // A document that was emptied has no passages left.
            Content::Empty => {
                self.summary.skipped.empty += 1;
                self.input.skipped = Some("empty");
                self.replace(source, Vec::new(), true)?;
            }
            Content::Binary => self.binary(source)?,
            Content::Data => {
                self.summary.skipped.data.push(source.name.clone());
                self.input.skipped = Some("data");
            }
        }
        self.summary.inputs.push(std::mem::take(&mut self.input));
        Ok(())
    }

    /// Notes what could not be read.
    pub(crate) fn fail(&mut self, source: &Source, line: usize, reason: String) {
        self.input.failures += 1;
        self.summary.failures.push(Failure { source: source.name.clone(), line, reason });
    }

    /// Notes a source of which nothing could be read.
    pub(crate) fn fail_whole(&mut self, source: &Source, reason: String) {
        self.fail(source, 0, reason);
        self.input.source.clone_from(&source.name);
        self.summary.inputs.push(std::mem::take(&mut self.input));
    }

    fn note_encoding(&mut self, source: &Source, encoding: Option<&'static str>) {
        if let Some(encoding) = encoding {
            let sources = self.summary.encodings.entry(encoding).or_default();
            if sources.last() != Some(&source.name) {
                sources.push(source.name.clone());
            }
        }
    }

    /// A document that is not text any more may have been damaged, so what was read of it before stays.
    fn binary(&mut self, source: &Source) -> pulsedb::Result<()> {
        self.summary.skipped.binary += 1;
        self.input.skipped = Some("binary");
        let Some(file) = source.file_tag() else { return Ok(()) };
        let count = self.existing.of_file(&file)?.len();
        if count > 0 {
            let records = crate::text::count(count as u64, "record");
            self.fail(source, 0, format!("no longer text; the {records} imported from it before stay"));
        }
        Ok(())
    }

    /// Removes the records of documents below these directories that no longer exist there. Below a directory that
    /// holds no file any more, which may only be out of reach, nothing is removed unless that was confirmed.
    pub(crate) fn prune(&mut self, roots: &[Root], is_confirmed: bool) -> pulsedb::Result<()> {
        let mut kept = vec![0_u64; roots.len()];
        let mut gone = Vec::new();
        for stored in self.existing.scan()?.values().flatten() {
            let Some(path) = path_of(stored) else { continue };
            let below: Vec<usize> =
                (0..roots.len()).filter(|at| path.starts_with(&roots[*at].path)).collect();
            if below.is_empty() || !matches!(path.try_exists(), Ok(false)) {
                continue;
            }
            match below.iter().find(|at| roots[**at].is_empty).filter(|_| !is_confirmed) {
                Some(empty) => kept[*empty] += 1,
                None => gone.push(stored.id),
            }
        }
        for id in gone {
            self.batch.delete(id);
        }
        for (root, count) in roots.iter().zip(kept).filter(|(_, count)| *count > 0) {
            let records = crate::text::count(count, "record");
            let reason = format!(
                "no file to import is in this directory, so its {records} stay; if they shall go, pass --yes to confirm"
            );
            self.summary.failures.push(Failure { source: root.name.clone(), line: 0, reason });
        }
        Ok(())
    }

    /// Commits what is left and tells what was done.
    pub(crate) fn finish(mut self) -> pulsedb::Result<Summary> {
        for (source, draft) in std::mem::take(&mut self.waiting).into_values() {
            self.record(&source, draft)?;
        }
        let Self { batch, mut summary, .. } = self;
        let done = batch.finish()?;
        summary.failures.extend(done.failures);
        let Done { added, reinforced, moved, removed, unknown_references, relations, insights, .. } = done;
        let unchanged = summary.unchanged + done.unchanged;
        Ok(Summary {
            added,
            reinforced,
            unchanged,
            moved,
            removed,
            unknown_references,
            relations,
            insights,
            ..summary
        })
    }

    fn lines(&mut self, source: &Source, reader: Box<dyn BufRead>) -> pulsedb::Result<()> {
        for row in experiences::rows(reader, self.defaults, self.keep_ids) {
            self.note_encoding(source, row.encoding);
            for flaw in row.flaws {
                self.fail(source, flaw.line, flaw.reason);
            }
            for (line, link) in row.links {
                self.batch.link(link, &source.name, line);
            }
            row.drafts.into_iter().try_for_each(|draft| self.add(source, draft))?;
        }
        Ok(())
    }

    /// Adds a record unless it is there.
    fn add(&mut self, source: &Source, draft: Draft) -> pulsedb::Result<()> {
        if let Some(kept) = draft.kept {
            return self.restore(source, draft, kept.id);
        }
        let key = Key::of(&[draft.identity.as_bytes()]);
        let mut found = None;
        if let Some(id) = draft.id {
            found = self.existing.same(id, &draft)?;
        }
        if found.is_none() && self.met.contains(&key) {
            self.count_unchanged();
            return Ok(());
        }
        if found.is_none() {
            found = self.existing.identified(&draft.identity)?;
        }
        if let Some(stored) = found {
            // A kill between the record and its archiving left it open.
            if draft.archived && !stored.archived {
                self.batch.archive(stored.id);
            }
            self.batch.found(&draft, stored.id);
            // What came before it under its key is older.
            if draft.new.key.as_ref().is_some_and(|key| self.waiting.remove(key).is_some()) {
                self.count_unchanged();
            }
            self.count_unchanged();
            return Ok(());
        }
        self.met.insert(key);
        match &draft.new.key {
            Some(key) if self.existing.has_key(key)? => {
                if self.waiting.insert(key.clone(), (source.clone(), draft)).is_some() {
                    self.count_unchanged();
                }
                Ok(())
            }
            _ => self.record(source, draft),
        }
    }

    /// Adds a record under the id that it has, unless it is there. Where another one has that id, it is named.
    fn restore(&mut self, source: &Source, draft: Draft, id: ExperienceId) -> pulsedb::Result<()> {
        let content = Key::of(&[draft.new.content.as_bytes()]);
        match self.kept.entry(id) {
            Entry::Occupied(met) if *met.get() == content => {
                self.count_unchanged();
                return Ok(());
            }
            Entry::Occupied(_) => {
                self.fail(source, draft.line, format!("the id {id} is given twice, with two contents"));
                return Ok(());
            }
            Entry::Vacant(free) => free.insert(content),
        };
        if self.existing.same(id, &draft)?.is_some() {
            self.batch.found(&draft, id);
            self.count_unchanged();
            return Ok(());
        }
        if let Some(holder) = self.existing.holder(id)? {
            let reason = format!(
                "the id {id} is taken by another record, in collective `{holder}`; import the line without --keep-ids \
                 to give it a new id"
            );
            self.fail(source, draft.line, reason);
            return Ok(());
        }
        let twin = self.existing.identified(&draft.identity)?;
        if let Some(twin) = twin.filter(|twin| !self.kept.contains_key(&twin.id)) {
            // What joins it with others is looked for there.
            self.batch.found(&draft, twin.id);
            let reason = format!(
                "this record is here already under the id {}, from an import without --keep-ids; delete it to restore \
                 it as {id}",
                twin.id
            );
            self.fail(source, draft.line, reason);
            return Ok(());
        }
        self.record(source, draft)
    }

    /// Makes the records of a document those of its drafts: what is there stays, what is new is added, what is no
    /// longer in it is removed. Additions come first, so that a kill in between leaves too much, which the next
    /// import removes, and never too little.
    /// A document with places that could not be read only adds.
    fn replace(&mut self, source: &Source, drafts: Vec<Draft>, is_whole: bool) -> pulsedb::Result<()> {
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
        if is_whole {
            self.input.removed += stale.len() as u64;
            for id in stale {
                self.batch.delete(id);
            }
        }
        Ok(())
    }

    /// Leaves a record as it is but for where it stands.
    fn keep(&mut self, stored: &Stored, draft: &Draft) {
        let place = [LINE_TAG, CELL_TAG, SOURCE_TAG, HEADING_TAG];
        if place.iter().all(|key| stored.tags.get(*key) == draft.new.tags.get(*key)) {
            self.count_unchanged();
            return;
        }
        let mut tags = stored.tags.clone();
        for key in place {
            match draft.new.tags.get(key) {
                Some(value) => tags.insert(key.to_owned(), value.clone()),
                None => tags.remove(key),
            };
        }
        self.input.moved += 1;
        let update = ExperienceUpdate { tags: Some(tags), ..ExperienceUpdate::default() };
        self.batch.update(stored.id, update);
    }

    /// Whether an earlier import has counted this text of this source; if not, the record is marked, so that a later one
    /// knows.
    fn was_counted(&mut self, source: &Source, draft: &mut Draft) -> pulsedb::Result<bool> {
        let place = source.file.as_deref().unwrap_or_default();
        let (of, text) = (Key::of(&[place.as_bytes()]), Key::of(&[draft.new.content.as_bytes()]));
        let mark = (format!("{COUNTED_TAG}{}", of.tag()), text.tag());
        let counted = Key::of(&[mark.0.as_bytes(), mark.1.as_bytes()]);
        if self.counted.contains(&counted) {
            return Ok(false);
        }
        if self.existing.is_marked(&mark)? {
            return Ok(true);
        }
        self.counted.insert(counted);
        if draft.new.tags.len() < TAGS_MAX {
            draft.new.tags.insert(mark.0, mark.1);
        }
        Ok(false)
    }

    fn count_unchanged(&mut self) {
        self.summary.unchanged += 1;
        self.input.unchanged += 1;
    }

    fn record(&mut self, source: &Source, mut draft: Draft) -> pulsedb::Result<()> {
        draft.new.collective_id = self.collective;
        let is_counted = draft.new.duplicate == DuplicatePolicy::Reinforce && draft.new.key.is_none();
        if is_counted && self.was_counted(source, &mut draft)? {
            self.count_unchanged();
            return Ok(());
        }
        self.input.added += 1;
        self.batch.record(draft, &source.name)
    }
}

/// The path of the document that a record is of; `None` if the record does not hold it exactly.
fn path_of(stored: &Stored) -> Option<&Path> {
    // The tag of a very long path is not a path; then the related file is, unless that is too long as well.
    let path = stored.related_files.first().or(stored.tags.get(FILE_TAG))?;
    // A path with a replaced character is not the path of the file.
    (!path.contains(char::REPLACEMENT_CHARACTER)).then(|| Path::new(path))
}
