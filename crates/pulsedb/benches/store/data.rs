//! Seeded input of the benchmarks: contents of 500 bytes and clustered vectors of 384 dimensions.

use std::collections::BTreeMap;

use pulsedb::{AgentId, CollectiveId, ExperienceType, NewExperience, TaskId};

/// Components of each vector.
pub(crate) const DIMENSION: usize = 384;
/// Bytes of each content.
pub(crate) const CONTENT_BYTES: usize = 500;

/// Clusters that the vectors lie in.
const CLUSTERS: usize = 256;
/// How far a vector lies from the centre of its cluster: the cosine of two of one cluster is about 0.7.
const SPREAD: f32 = 0.65;

const WORDS: &[&str] = &[
    "deploy",
    "timeout",
    "cache",
    "index",
    "the",
    "worker",
    "retries",
    "after",
    "migration",
    "schema",
    "with",
    "token",
    "expires",
    "when",
    "queue",
    "is",
    "full",
    "pool",
    "connection",
    "restart",
    "build",
    "fails",
    "on",
    "memory",
    "limit",
    "of",
    "parser",
    "accepts",
    "empty",
    "input",
    "test",
    "needs",
    "lock",
    "held",
    "too",
    "long",
    "writer",
    "waits",
    "for",
    "reader",
    "snapshot",
    "vacuum",
    "logs",
    "alert",
    "latency",
    "doubled",
];
const DOMAINS: &[&str] =
    &["build", "database", "deployment", "network", "parsing", "security", "testing", "ui"];

/// A stream of records; the same seed gives the same records.
pub(crate) struct Source {
    state: u64,
    centres: Vec<Vec<f32>>,
}

impl Source {
    pub(crate) fn new(seed: u64) -> Self {
        // The centres have a seed of their own, so that all sources speak of the same clusters.
        let mut source = Self { state: 1, centres: Vec::new() };
        source.centres = (0..CLUSTERS).map(|_| source.direction()).collect();
        source.state = seed;
        source
    }

    /// The next record, for this collective.
    pub(crate) fn record(&mut self, collective_id: CollectiveId) -> NewExperience {
        let agent = self.below(8);
        NewExperience {
            collective_id,
            content: self.content(),
            embedding: Some(self.vector()),
            experience_type: ExperienceType::Generic { category: None },
            importance: self.below(101) as f32 / 100.0,
            domain: vec![DOMAINS[self.below(DOMAINS.len())].to_owned()],
            tags: BTreeMap::from([("service".to_owned(), format!("service-{}", self.below(32)))]),
            source_agent: AgentId::new(format!("agent-{agent}")),
            source_task: Some(TaskId::new(format!("task-{agent}-{}", self.below(100)))),
            ..Default::default()
        }
    }

    /// Several records.
    pub(crate) fn records(&mut self, collective_id: CollectiveId, count: usize) -> Vec<NewExperience> {
        (0..count).map(|_| self.record(collective_id)).collect()
    }

    /// A vector of unit length near the centre of some cluster.
    pub(crate) fn vector(&mut self) -> Vec<f32> {
        let centre = self.below(self.centres.len());
        let noise = self.direction();
        let sum = self.centres[centre].iter().zip(&noise).map(|(centre, noise)| centre + SPREAD * noise);
        unit(sum.collect())
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn content(&mut self) -> String {
        let mut content = String::with_capacity(CONTENT_BYTES + 16);
        while content.len() < CONTENT_BYTES {
            content.push_str(WORDS[self.below(WORDS.len())]);
            content.push(' ');
        }
        content.truncate(CONTENT_BYTES);
        content
    }

    /// A unit vector of no preferred direction: each component is a sum of four uniform numbers, near enough to a
    /// normal one.
    fn direction(&mut self) -> Vec<f32> {
        let component = |bits: u64| -> f32 {
            (0..4).map(|part| ((bits >> (16 * part)) & 0xffff) as f32 / 65536.0 - 0.5).sum()
        };
        unit((0..DIMENSION).map(|_| component(self.next())).collect())
    }

    /// `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|component| component * component).sum::<f32>().sqrt();
    for component in &mut vector {
        *component /= norm;
    }
    vector
}
