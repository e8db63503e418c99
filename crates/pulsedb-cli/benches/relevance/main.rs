//! What the hook `prompt` shows: how often the right memory, and how often one where none is about the prompt.
//!
//! The memories are the paragraphs of this repository's documents, the prompts are in `prompts.txt`. With `PULSEDB_EVAL` the
//! conversations there are memories too, of questions about them, of questions about other conversations, and of the
//! prompts of `prompts.txt` that are about nothing here.
#![allow(clippy::unwrap_used, reason = "a benchmark that panics has failed, and says where")]

mod conversations;
mod documents;
#[path = "../../src/hook/gate.rs"]
mod gate;

use gate::{LEAST, about};
use pulsedb::{
    CollectiveId, Config, ExperienceId, NewExperience, PulseDB, SearchFilter, SearchOptions, SearchResult,
};

/// As the hook does.
const HITS: usize = 40;
const SHOWN_MAX: usize = 6;
/// The bounds that are compared.
const BOUNDS: [f32; 9] = [0.0, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4];

fn main() {
    let documents = documents::asked(&documents::paragraphs());
    let report = documents.at(LEAST);
    documents.print("paragraphs of this repository's documents");
    assert!(report.right > 0.5 && report.needless < 0.25, "{report:?}");
    documents::asked(&documents::answers()).print("those of them that answer a prompt");
    match std::env::var_os("PULSEDB_EVAL") {
        Some(directory) => {
            conversations::asked(directory.as_ref()).print("conversations of PULSEDB_EVAL");
        }
        None => println!("\nskipped: the conversations; PULSEDB_EVAL is not set"),
    }
}

/// Memories in a database of their own.
struct Memories {
    db: PulseDB,
    collective: CollectiveId,
    _directory: tempfile::TempDir,
}

impl Memories {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { map_size_gb: 1, ..Config::default() };
        let db = PulseDB::open(directory.path().join("db"), config).unwrap();
        let collective = db.create_collective("memories").unwrap();
        Self { db, collective, _directory: directory }
    }

    fn record(&self, rows: Vec<NewExperience>) -> Vec<ExperienceId> {
        let collective_id = self.collective;
        let rows = rows.into_iter().map(|row| NewExperience { collective_id, ..row }).collect();
        self.db.record_experiences(rows).unwrap()
    }

    fn search(&self, prompt: &str) -> Vec<SearchResult> {
        let options = SearchOptions {
            k: HITS,
            explain: true,
            filter: SearchFilter::default(),
            ..SearchOptions::default()
        };
        self.db.search(self.collective, prompt.into(), options).unwrap()
    }
}

/// A hit: how much it is about the prompt, and whether it is meant.
type Hit = (f32, bool);

/// What was found for prompts that some memories are about, and for prompts that none is about.
#[derive(Default)]
struct Asked {
    about: Vec<Vec<Hit>>,
    other: Vec<Vec<Hit>>,
}

/// What a bound does, each as a share.
#[derive(Debug, Clone, Copy)]
struct Report {
    /// Of the prompts that a memory is about: something right is shown.
    right: f64,
    /// Of the same: anything is shown.
    shown: f64,
    /// Of the prompts that no memory is about: something is shown.
    needless: f64,
}

impl Asked {
    /// Searches for a prompt; `wanted` are the memories about it, none if there are none.
    fn ask(&mut self, memories: &Memories, prompt: &str, wanted: &[ExperienceId]) {
        let records = memories.db.get_collective_stats(memories.collective).unwrap().experience_count;
        let hits = memories.search(prompt);
        let hits =
            hits.iter().map(|hit| (about(hit, records), wanted.contains(&hit.experience.id))).collect();
        if wanted.is_empty() { self.other.push(hits) } else { self.about.push(hits) }
    }

    fn at(&self, least: f32) -> Report {
        let shown = |hits: &[Hit]| -> Vec<bool> {
            hits.iter().filter(|hit| hit.0 >= least).take(SHOWN_MAX).map(|hit| hit.1).collect()
        };
        let share = |of: &[Vec<Hit>], holds: fn(&[bool]) -> bool| {
            of.iter().filter(|hits| holds(&shown(hits))).count() as f64 / of.len().max(1) as f64
        };
        Report {
            right: share(&self.about, |shown| shown.contains(&true)),
            shown: share(&self.about, |shown| !shown.is_empty()),
            needless: share(&self.other, |shown| !shown.is_empty()),
        }
    }

    /// Prints what the bound of the hook does, and what others would.
    fn print(&self, what: &str) {
        println!(
            "\n{what}: {} prompts about them, {} about nothing there\n",
            self.about.len(),
            self.other.len()
        );
        println!("| bound | something right, % | anything, % | of those about nothing: anything, % |");
        println!("|---|---|---|---|");
        for least in BOUNDS {
            let mark = if least.to_bits() == LEAST.to_bits() { " (the hook's)" } else { "" };
            let percent = |share: f64| (share * 100.0).round();
            let Report { right, shown, needless } = self.at(least);
            println!("| {least}{mark} | {} | {} | {} |", percent(right), percent(shown), percent(needless));
        }
    }
}
