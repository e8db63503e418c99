//! The table that is printed at the end, and the database that is measured.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use pulsedb::{CollectiveId, Config, EmbeddingDimension, NewExperience, PulseDB};

const DIMENSION: usize = 64;

pub(crate) fn open(path: &Path) -> PulseDB {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION));
    PulseDB::open(path, config).expect("the database opens")
}

pub(crate) fn note(collective_id: CollectiveId, number: usize) -> NewExperience {
    let embedding = (0..DIMENSION).map(|at| ((number * 31 + at * 7) % 17) as f32 - 8.0).collect();
    NewExperience {
        collective_id,
        content: format!("note {number} on something that an agent has learned"),
        embedding: Some(embedding),
        ..Default::default()
    }
}

/// The times that so many percent of the runs did not exceed.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    assert!(!times.is_empty(), "something was measured");
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<(String, &'static str, String)>,
}

impl Table {
    pub(crate) fn add(&mut self, what: impl Into<String>, target: &'static str, value: String) {
        self.rows.push((what.into(), target, value));
    }

    /// Adds the median and the 99th percentile.
    pub(crate) fn times(&mut self, what: impl Into<String>, target: &'static str, mut times: Vec<Duration>) {
        let (half, most) = (percentile(&mut times, 50), percentile(&mut times, 99));
        self.add(what, target, format!("{half:.1?}, p99 {most:.1?}"));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<52} {:<22} measured", "what", "target (p50)")?;
        self.rows.iter().try_for_each(|(what, target, value)| writeln!(f, "{what:<52} {target:<22} {value}"))
    }
}
