//! What an import means to record: an experience, the identity that finds it again, and where it came from.

use std::collections::BTreeMap;

use pulsedb::{AgentId, DuplicatePolicy, ExperienceId, ExperienceType, NewExperience, Timestamp};

use crate::import::identity::{Key, Occurrences};
use crate::import::passages::Chunk;
use crate::provenance::{CELL_TAG, FILE_TAG, HEADING_TAG, IMPORT_TAG, LINE_TAG, SOURCE_TAG};
use crate::text::{shorten_head, shorten_tail};

/// An experience that is to be in the collective.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) new: NewExperience,
    /// The value of its tag `import`.
    pub(crate) identity: String,
    /// The line of the source, for messages; zero if there is none.
    pub(crate) line: usize,
    /// It is to be archived once it is there.
    pub(crate) archived: bool,
    /// The id it had where it was exported.
    pub(crate) id: Option<ExperienceId>,
    /// When it had last been changed there.
    pub(crate) updated_at: Option<Timestamp>,
    /// It keeps that id.
    pub(crate) kept: Option<Kept>,
}

/// What a record keeps that is restored rather than recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: ExperienceId,
    pub(crate) applications: u32,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) last_reinforced: Option<Timestamp>,
}

/// What the command line says about every record, where the source says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Defaults {
    pub(crate) agent: Option<String>,
    pub(crate) domain: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) importance: Option<f32>,
    pub(crate) confidence: Option<f32>,
    pub(crate) duplicate: DuplicatePolicy,
}

impl Defaults {
    /// An experience with these settings and no content.
    pub(crate) fn experience(&self) -> NewExperience {
        let plain = NewExperience::default();
        NewExperience {
            domain: self.domain.clone(),
            tags: self.tags.clone(),
            importance: self.importance.unwrap_or(plain.importance),
            confidence: self.confidence.unwrap_or(plain.confidence),
            duplicate: self.duplicate,
            source_agent: self.agent.as_deref().map_or(plain.source_agent, AgentId::from),
            ..NewExperience::default()
        }
    }
}

/// A place that records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path as it is shown: the root as given, and the way from there.
    pub(crate) name: String,
    /// The absolute path, or the name for what has no path. `None` for a nameless stream, of which nothing is
    /// ever replaced.
    pub(crate) file: Option<String>,
    /// When the source was last changed.
    pub(crate) modified: Option<Timestamp>,
}

impl Source {
    /// The value of the tag `file`: the path itself, or a digest and its end if it is too long for a tag.
    pub(crate) fn file_tag(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        if file.len() <= pulsedb::limits::TAG_VALUE_BYTES_MAX {
            return Some(file.to_owned());
        }
        let digest = Key::of(&[file.as_bytes()]).tag();
        let room = pulsedb::limits::TAG_VALUE_BYTES_MAX - digest.len();
        Some(format!("{digest}{}", shorten_tail(file, room)))
    }

    /// The tags that say where a record comes from.
    pub(crate) fn tag(&self, tags: &mut BTreeMap<String, String>, line: usize, heading: Option<&str>) {
        let fit = |text: &str| shorten_tail(text, pulsedb::limits::TAG_VALUE_BYTES_MAX);
        tags.insert(SOURCE_TAG.to_owned(), fit(&self.name));
        if line > 0 {
            tags.insert(LINE_TAG.to_owned(), line.to_string());
        }
        if let Some(heading) = heading {
            tags.insert(HEADING_TAG.to_owned(), shorten_head(heading, pulsedb::limits::TAG_VALUE_BYTES_MAX));
        }
    }

    /// Its path among the related files of a record, if it fits there.
    pub(crate) fn related_files(&self) -> Vec<String> {
        let fits = |file: &&String| file.len() <= pulsedb::limits::RELATED_FILE_BYTES_MAX;
        self.file.iter().filter(fits).cloned().collect()
    }
}

/// The drafts of a document's chunks. Their identity is the document, the text and its order among equal ones,
/// but not the line: a chunk that only moved is the same record.
pub(crate) fn document(source: &Source, chunks: Vec<Chunk>, defaults: &Defaults) -> Vec<Draft> {
    let file = source.file_tag();
    let mut occurrences = Occurrences::default();
    let draft = |chunk: Chunk| {
        let owner = file.as_deref().unwrap_or_default();
        let key = Key::of(&[b"chunk", owner.as_bytes(), chunk.content.as_bytes()]);
        let identity = occurrences.number(key).tag();
        let mut new = defaults.experience();
        source.tag(&mut new.tags, chunk.line, chunk.heading.as_deref());
        new.tags.extend(chunk.cell.map(|cell| (CELL_TAG.to_owned(), cell.to_string())));
        new.tags.extend(file.clone().map(|file| (FILE_TAG.to_owned(), file)));
        new.tags.insert(IMPORT_TAG.to_owned(), identity.clone());
        new.related_files = source.related_files();
        new.source_task =
            Some(shorten_tail(source.name.trim(), pulsedb::limits::TASK_BYTES_MAX).trim().into());
        new.experience_type = ExperienceType::Generic { category: Some("document".to_owned()) };
        new.timestamp = source.modified;
        new.content = chunk.content;
        Draft { new, identity, line: chunk.line, archived: false, id: None, updated_at: None, kept: None }
    };
    chunks.into_iter().map(draft).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(file: &str) -> Source {
        Source { name: "docs/a.md".into(), file: Some(file.into()), modified: None }
    }

    fn chunk(content: &str, line: usize) -> Chunk {
        Chunk { content: content.into(), line, cell: None, heading: Some("A > B".into()) }
    }

    #[test]
    fn chunks_say_where_they_come_from() {
        let drafts = document(&source("/x/docs/a.md"), vec![chunk("text", 7)], &Defaults::default());
        let tags = &drafts[0].new.tags;
        assert_eq!(tags[SOURCE_TAG], "docs/a.md");
        assert_eq!(tags[LINE_TAG], "7");
        assert_eq!(tags[HEADING_TAG], "A > B");
        assert_eq!(tags[FILE_TAG], "/x/docs/a.md");
        assert_eq!(tags[IMPORT_TAG], drafts[0].identity);
        assert_eq!(drafts[0].new.related_files, ["/x/docs/a.md"]);
    }

    #[test]
    fn moved_chunk_keeps_its_identity_and_a_repeated_one_has_its_own() {
        let identities = |lines: [usize; 2]| -> Vec<String> {
            let chunks = lines.iter().map(|line| chunk("same", *line)).collect();
            document(&source("/a"), chunks, &Defaults::default())
                .into_iter()
                .map(|draft| draft.identity)
                .collect()
        };
        assert_eq!(identities([1, 2]), identities([10, 20]));
        assert_ne!(identities([1, 2])[0], identities([1, 2])[1]);
    }

    #[test]
    fn long_paths_fit_into_tags_and_stay_apart() {
        let long = |end: &str| format!("/{}/{end}", "d\u{e9}".repeat(400));
        let tag = |file: &str| source(file).file_tag().unwrap();
        assert!(tag(&long("a")).len() <= 200);
        assert_ne!(tag(&long("a")), tag(&long("b")));
        let source = Source { name: long("a"), ..source(&long("a")) };
        let drafts = document(&source, vec![chunk("x", 1)], &Defaults::default());
        assert!(drafts[0].new.tags.values().all(|value| value.len() <= 200));
        assert!(drafts[0].new.related_files.is_empty());
    }
}
