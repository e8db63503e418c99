//! Settings and records that the tests share: the same number gives the same record.

use std::path::Path;

use pulsedb::{
    AgentId, CollectiveId, Config, DuplicatePolicy, EmbeddingDimension, Experience, ExperienceType,
    NewExperience, PulseDB, Severity, TaskId, VectorConfig,
};

use crate::random::Random;

/// Dimensions of the vectors of most tests.
pub(crate) const DIMENSION: usize = 8;

/// An empty directory, in memory where the system has such a place: these tests wait for the disk thousands of times,
/// and whether it keeps its word is not theirs to find out. `PULSEDB_TEST_DIRECTORY` names another place.
pub(crate) fn directory() -> tempfile::TempDir {
    let place = std::env::var_os("PULSEDB_TEST_DIRECTORY").unwrap_or_else(|| "/dev/shm".into());
    tempfile::tempdir_in(place).or_else(|_| tempfile::tempdir()).unwrap()
}

/// Rows of a large collective: few in a usual run, or `PULSEDB_LARGE_ROWS`.
pub(crate) fn large_rows() -> usize {
    std::env::var("PULSEDB_LARGE_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(3000)
}

/// How often a test looks whether something has come about before it says that it never will: minutes of looking.
const LOOKS_MAX: u32 = 10_000_000;

/// Looks until something has happened that the database does on its own.
pub(crate) fn until(what: &str, mut has_come: impl FnMut() -> bool) {
    for _ in 0..LOOKS_MAX {
        if has_come() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{what}: not after {LOOKS_MAX} looks");
}

/// Waits until the rows of deleted collectives are gone.
pub(crate) fn until_reclaimed(db: &PulseDB) {
    until("deleted collectives are reclaimed", || db.stats().unwrap().collectives_reclaiming == 0);
}

/// Fills a collective in batches of a thousand.
pub(crate) fn fill(db: &PulseDB, cid: CollectiveId, rows: usize) {
    for batch in 0..rows / 1000 {
        let labels = (0..1000).map(|row| labelled(&format!("large:{batch}:{row}"), cid));
        db.record_experiences(labels.collect()).unwrap();
    }
}

/// Settings for vectors that the test brings. Blocks are as small as they can be, and codes are used wherever they may.
pub(crate) fn external(dimension: usize) -> Config {
    Config {
        vector: VectorConfig { rescore: 1, seal_rows: 16 },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(dimension))
    }
}

/// Opens a database of the usual dimension.
pub(crate) fn open(path: &Path) -> PulseDB {
    PulseDB::open(path, external(DIMENSION)).unwrap()
}

/// A vector of small whole numbers, so that ties are common, and not zero.
pub(crate) fn vector(random: &mut Random, dimension: usize) -> Vec<f32> {
    let mut vector: Vec<f32> = (0..dimension).map(|_| random.below(7) as f32 - 3.0).collect();
    if vector.iter().all(|component| *component == 0.0) {
        vector[0] = 1.0;
    }
    vector
}

const WORDS: &[&str] = &[
    "lock",
    "retry",
    "\u{e9}t\u{e9}",
    "\u{1f980}",
    "\u{6f22}\u{5b57}",
    "a\u{0301}",
    "timeout",
    "\n",
    "\u{0}",
];

/// A few words, some of them of more than one byte a letter.
pub(crate) fn text(random: &mut Random, words: usize) -> String {
    (0..words).map(|_| *random.pick(WORDS)).collect::<Vec<_>>().join(" ")
}

/// Any type, its strings filled.
pub(crate) fn experience_type(random: &mut Random) -> ExperienceType {
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let mut words = || text(&mut *random, 3);
    let (first, second, third) = (words(), words(), words());
    match random.below(9) {
        0 => ExperienceType::Difficulty { description: first, severity: *random.pick(&severities) },
        1 => ExperienceType::Solution {
            problem_ref: random.one_in(2).then(pulsedb::ExperienceId::nil),
            approach: first,
            worked: random.one_in(2),
        },
        2 => ExperienceType::ErrorPattern { signature: first, fix: second, prevention: third },
        3 => {
            ExperienceType::SuccessPattern { task_type: first, approach: second, quality: random.fraction() }
        }
        4 => ExperienceType::UserPreference {
            category: first,
            preference: second,
            strength: random.fraction(),
        },
        5 => ExperienceType::ArchitecturalDecision { decision: first, rationale: second },
        6 => ExperienceType::TechInsight { technology: first, insight: second },
        7 => ExperienceType::Fact { statement: first, source: second },
        _ => ExperienceType::Generic { category: random.one_in(2).then_some(first) },
    }
}

/// The record of a label: every field follows from it, so a record that is found can be compared with it.
pub(crate) fn labelled(label: &str, collective_id: CollectiveId) -> NewExperience {
    let seed = label.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let random = &mut Random::new(seed);
    // One record in eight takes overflow pages.
    let words = if random.one_in(8) { 1500 } else { 10 + random.below(80) };
    NewExperience {
        collective_id,
        content: format!("{label}|{}", text(random, words)),
        embedding: Some(vector(random, DIMENSION)),
        experience_type: experience_type(random),
        importance: random.fraction(),
        confidence: random.fraction(),
        domain: (0..random.below(3)).map(|_| format!("domain {}", random.below(5))).collect(),
        tags: (0..random.below(3)).map(|at| (format!("key {at}"), format!("{}", random.below(4)))).collect(),
        related_files: (0..random.below(3)).map(|at| format!("src/{at}.rs")).collect(),
        source_agent: AgentId::new(format!("agent {}", random.below(4))),
        source_task: random
            .one_in(2)
            .then(|| TaskId::new(format!("t\u{e2}che \u{1f980} {}", random.below(4)))),
        timestamp: None,
        duplicate: DuplicatePolicy::Keep,
        key: None,
        expires_at: None,
    }
}

/// The label of a record that [`labelled`] made.
pub(crate) fn label_of(experience: &Experience) -> &str {
    experience.content.split_once('|').map_or("", |(label, _)| label)
}

/// What differs between a record and what was given, apart from what the database sets itself.
pub(crate) fn difference(found: &Experience, given: &NewExperience) -> Option<String> {
    let as_given = NewExperience {
        collective_id: found.collective_id,
        content: found.content.clone(),
        embedding: (!found.embedding.is_empty()).then(|| found.embedding.clone()),
        experience_type: found.experience_type.clone(),
        importance: found.importance,
        confidence: found.confidence,
        domain: found.domain.clone(),
        tags: found.tags.clone(),
        related_files: found.related_files.clone(),
        source_agent: found.source_agent.clone(),
        source_task: found.source_task.clone(),
        timestamp: given.timestamp.map(|_| found.timestamp),
        duplicate: given.duplicate,
        key: found.key.clone(),
        expires_at: found.expires_at,
    };
    (as_given != *given).then(|| format!("{as_given:?}\nis not\n{given:?}"))
}

/// Pages of a list, or parts of the log, that a test reads before it says that there is no end.
const PAGES_MAX: u32 = 100_000;

/// Every experience of a collective, oldest first, archived ones included.
pub(crate) fn all(db: &PulseDB, collective: CollectiveId) -> Vec<Experience> {
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = db.list_experiences(collective, 1000, found.len()).unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
    panic!("the list has no end after {} rows", found.len());
}

/// Every event of a collective from the number on, or all that the log holds.
pub(crate) fn events(db: &PulseDB, collective: CollectiveId, since: u64) -> Vec<pulsedb::WatchEvent> {
    let (mut events, mut since) = (Vec::new(), since);
    for _ in 0..PAGES_MAX {
        let (more, next) = match db.poll_changes(collective, since) {
            Ok(answer) => answer,
            // A deleted collective of which no further change is logged.
            Err(pulsedb::PulseDBError::NotFound(_)) => {
                (Vec::new(), (since + 1000).min(db.get_current_sequence()))
            }
            Err(error) => panic!("{error}"),
        };
        events.extend(more);
        if next == since {
            return events;
        }
        since = next;
    }
    panic!("the log has no end at {since}");
}
