//! What of an import is in the collective already, asked of the database.

use std::collections::{BTreeMap, HashMap};

use pulsedb::limits::RESULTS_MAX;
use pulsedb::{CollectiveId, Experience, ExperienceId, PulseDB, SearchFilter};

use crate::import::draft::Draft;
use crate::provenance::{FILE_TAG, IMPORT_TAG};

/// A record of an earlier import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: ExperienceId,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) related_files: Vec<String>,
    pub(crate) archived: bool,
}

impl Stored {
    fn of(experience: Experience) -> Self {
        let Experience { id, tags, related_files, archived, .. } = experience;
        Self { id, tags, related_files, archived }
    }

    /// The value of its tag `import`.
    pub(crate) fn identity(&self) -> &str {
        self.tags.get(IMPORT_TAG).map_or("", String::as_str)
    }
}

/// Looks records of earlier imports up.
#[derive(Debug)]
pub(crate) struct Existing<'a> {
    db: &'a PulseDB,
    collective: CollectiveId,
    /// The collective was empty when the import began: there is nothing to look up.
    is_fresh: bool,
    /// Every chunk of every document, by the value of its tag `file`; read when first needed.
    scanned: Option<HashMap<String, Vec<Stored>>>,
}

impl<'a> Existing<'a> {
    pub(crate) fn new(db: &'a PulseDB, collective: CollectiveId) -> pulsedb::Result<Self> {
        let is_fresh = db.get_collective_stats(collective)?.experience_count == 0;
        Ok(Self { db, collective, is_fresh, scanned: None })
    }

    /// The chunks of a document that were there when the import began, archived ones included.
    pub(crate) fn of_file(&mut self, file: &str) -> pulsedb::Result<Vec<Stored>> {
        if self.is_fresh {
            return Ok(Vec::new());
        }
        let rows = self.tagged(FILE_TAG, file, RESULTS_MAX)?;
        if rows.len() < RESULTS_MAX {
            return Ok(rows.into_iter().map(Stored::of).collect());
        }
        // One query gives no more, so a document of that many chunks is gathered from a scan of the collective,
        // one scan for all such documents.
        Ok(self.scan()?.get(file).cloned().unwrap_or_default())
    }

    /// The record with this identity.
    pub(crate) fn identified(&self, identity: &str) -> pulsedb::Result<Option<Stored>> {
        if self.is_fresh {
            return Ok(None);
        }
        Ok(self.tagged(IMPORT_TAG, identity, 1)?.pop().map(Stored::of))
    }

    /// Whether a record of this collective has a key.
    pub(crate) fn has_key(&self, key: &str) -> pulsedb::Result<bool> {
        if self.is_fresh {
            return Ok(false);
        }
        match self.db.get_by_key(self.collective, key) {
            // A key that none may have is refused with its record.
            Err(error) if error.is_validation() => Ok(false),
            found => Ok(found?.is_some()),
        }
    }

    /// Whether a record has this tag.
    pub(crate) fn is_marked(&self, (key, value): &(String, String)) -> pulsedb::Result<bool> {
        Ok(!self.is_fresh && !self.tagged(key, value, 1)?.is_empty())
    }

    /// The record with this id, if it is in this collective with the content of a draft, or was changed under the key of
    /// the draft after that had been exported.
    pub(crate) fn same(&self, id: ExperienceId, draft: &Draft) -> pulsedb::Result<Option<Stored>> {
        if self.is_fresh {
            return Ok(None);
        }
        let is_newer = |it: &Experience| {
            it.key.is_some()
                && it.key == draft.new.key
                && draft.updated_at.is_some_and(|exported| it.updated_at > exported)
        };
        let is_same = |it: &Experience| {
            it.collective_id == self.collective && (it.content == draft.new.content || is_newer(it))
        };
        Ok(self.db.get_experience(id)?.filter(is_same).map(Stored::of))
    }

    /// The name of the collective that has a record with this id.
    pub(crate) fn holder(&self, id: ExperienceId) -> pulsedb::Result<Option<String>> {
        let Some(found) = self.db.get_experience(id)? else { return Ok(None) };
        Ok(self.db.get_collective(found.collective_id)?.map(|collective| collective.name))
    }

    /// Every chunk of every document, by the value of its tag `file`.
    pub(crate) fn scan(&mut self) -> pulsedb::Result<&HashMap<String, Vec<Stored>>> {
        let scanned = match self.scanned.take() {
            Some(scanned) => scanned,
            None => self.read_all()?,
        };
        Ok(self.scanned.insert(scanned))
    }

    fn tagged(&self, key: &str, value: &str, limit: usize) -> pulsedb::Result<Vec<Experience>> {
        let filter = SearchFilter {
            tags_all: Some([(key.to_owned(), value.to_owned())].into()),
            exclude_archived: false,
            include_superseded: true,
            ..SearchFilter::default()
        };
        self.db.get_recent_experiences_filtered(self.collective, limit, filter)
    }

    fn read_all(&self) -> pulsedb::Result<HashMap<String, Vec<Stored>>> {
        let mut found: HashMap<String, Vec<Stored>> = HashMap::new();
        for_each_experience(self.db, self.collective, |experience| {
            if let Some(file) = experience.tags.get(FILE_TAG).cloned() {
                found.entry(file).or_default().push(Stored::of(experience));
            }
            Ok::<(), pulsedb::PulseDBError>(())
        })?;
        Ok(found)
    }
}

/// Hands over every experience of a collective, in order of their ids. What other processes delete meanwhile hides
/// nothing else.
pub(crate) fn for_each_experience<E: From<pulsedb::PulseDBError>>(
    db: &PulseDB,
    collective: CollectiveId,
    mut take: impl FnMut(Experience) -> Result<(), E>,
) -> Result<(), E> {
    let mut last = None;
    loop {
        let page = db.list_experiences_after(collective, last, RESULTS_MAX)?;
        let is_last = page.len() < RESULTS_MAX;
        for experience in page {
            last = Some(experience.id);
            take(experience)?;
        }
        if is_last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pulsedb::{Config, NewExperience};

    use super::*;

    #[test]
    fn rows_deleted_during_the_walk_hide_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let db = PulseDB::open(directory.path(), Config::default()).unwrap();
        let collective_id = db.get_or_create_collective("c").unwrap();
        let new =
            |n: usize| NewExperience { collective_id, content: n.to_string(), ..NewExperience::default() };
        let ids = db.record_experiences((0..3500).map(new).collect()).unwrap();
        // At some rows, rows before and behind go: fewer than a page, the last one met, more than a page.
        let going: [(usize, Vec<usize>); 4] = [
            (999, (0..700).collect()),
            (1500, vec![1500]),
            (2000, (700..1400).chain([2500, 2501]).collect()),
            (3499, vec![3499]),
        ];
        let mut met = Vec::new();
        for_each_experience(&db, collective_id, |experience| {
            let at: usize = experience.content.parse().unwrap();
            met.push(at);
            for (_, rows) in going.iter().filter(|(when, _)| *when == at) {
                let going: Vec<_> = rows.iter().map(|row| ids[*row]).collect();
                db.delete_experiences(&going)?;
            }
            Ok::<(), pulsedb::PulseDBError>(())
        })
        .unwrap();
        assert!(met.is_sorted_by(|a, b| a < b), "each once, in order");
        let met: BTreeSet<usize> = met.into_iter().collect();
        assert!((0..3500).filter(|row| ![2500, 2501].contains(row)).all(|row| met.contains(&row)));
    }
}
