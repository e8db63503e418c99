//! Seeded records of which each is a function of its number: clustered vectors, texts of Zipf's words, known shares.

use std::collections::BTreeMap;

use pulsedb::{AgentId, CollectiveId, ExperienceType, NewExperience, SearchFilter, Timestamp};

/// Clusters that the vectors lie in.
const CLUSTERS: usize = 200;
/// How far a vector lies from the centre of its cluster: the cosine of two of one cluster is about 0.7.
const SPREAD: f32 = 0.65;
/// Words of the language, the n-th of which is n times as rare as the first.
const WORDS: usize = 50_000;
/// The commonest words, which queries leave out.
const COMMON: usize = 100;
/// The fewest and the most words of a text.
const TEXT_WORDS: [usize; 2] = [60, 100];
/// The moment of the first record, in milliseconds; each later one is a second after the one before.
const FIRST_MS: i64 = 1_700_000_000_000;

/// Shares of the records that filters match, each with its name.
pub(crate) const SHARES: [(f64, &str); 5] =
    [(0.5, "50%"), (0.1, "10%"), (0.01, "1%"), (0.001, "0.1%"), (0.0001, "0.01%")];

/// What records and queries are made of.
pub(crate) struct Data {
    pub(crate) dimension: usize,
    centres: Vec<Vec<f32>>,
    /// The sum of the weights of all words up to each.
    weights: Vec<f64>,
}

/// Which stream of numbers something is drawn from.
#[derive(Clone, Copy)]
enum Stream {
    Centre = 1,
    Vector,
    QueryVector,
    Text,
    QueryText,
    Share,
}

impl Data {
    pub(crate) fn new(dimension: usize) -> Self {
        let centre = |number| direction(&mut Random::new(Stream::Centre, number), dimension);
        let mut sum = 0.0;
        let weight = |rank: usize| {
            sum += 1.0 / rank as f64;
            sum
        };
        Self {
            dimension,
            centres: (0..CLUSTERS).map(centre).collect(),
            weights: (1..=WORDS).map(weight).collect(),
        }
    }

    /// The vector of a record, of unit length, near the centre of some cluster.
    pub(crate) fn vector(&self, number: usize) -> Vec<f32> {
        self.near(&mut Random::new(Stream::Vector, number))
    }

    /// The vector of a query, as those of records but none of them.
    pub(crate) fn query(&self, number: usize) -> Vec<f32> {
        self.near(&mut Random::new(Stream::QueryVector, number))
    }

    fn near(&self, random: &mut Random) -> Vec<f32> {
        let centre = &self.centres[random.below(CLUSTERS)];
        let noise = direction(random, self.dimension);
        unit(centre.iter().zip(noise).map(|(centre, noise)| centre + SPREAD * noise).collect())
    }

    /// The text of a record.
    pub(crate) fn text(&self, number: usize) -> String {
        let random = &mut Random::new(Stream::Text, number);
        let [least, most] = TEXT_WORDS;
        let words = least + random.below(most - least + 1);
        (0..words).map(|_| word(self.rank(random, 0))).collect::<Vec<_>>().join(" ")
    }

    /// A query of so many terms, none of the commonest among them.
    pub(crate) fn terms(&self, number: usize, terms: usize) -> String {
        let random = &mut Random::new(Stream::QueryText, number);
        (0..terms).map(|_| word(self.rank(random, COMMON))).collect::<Vec<_>>().join(" ")
    }

    /// The rank of a word, drawn by weight, from the given one on.
    fn rank(&self, random: &mut Random, from: usize) -> usize {
        let below = if from == 0 { 0.0 } else { self.weights[from - 1] };
        let drawn = below + random.fraction() * (self.weights[WORDS - 1] - below);
        self.weights.partition_point(|sum| *sum < drawn).min(WORDS - 1)
    }

    /// The moment of a record, in milliseconds.
    pub(crate) fn moment(number: usize) -> i64 {
        FIRST_MS + number as i64 * 1000
    }

    /// The number of the record of this moment.
    pub(crate) fn number_at(moment: Timestamp) -> usize {
        ((moment.as_millis() - FIRST_MS) / 1000) as usize
    }

    /// A record. Its domains, and its type, agent, importance and time, each say which shares it belongs to.
    pub(crate) fn record(&self, number: usize, collective_id: CollectiveId) -> NewExperience {
        let share = share(number);
        let within = || SHARES.iter().filter(|(part, _)| share < *part);
        let rarest = within().next_back().map_or("none", |(_, name)| name);
        let experience_type = match rarest {
            "1%" => ExperienceType::Fact { statement: String::new(), source: String::new() },
            "10%" => ExperienceType::TechInsight { technology: String::new(), insight: String::new() },
            _ => ExperienceType::Generic { category: None },
        };
        NewExperience {
            collective_id,
            content: self.text(number),
            embedding: Some(self.vector(number)),
            experience_type,
            importance: 1.0 - share as f32,
            domain: within().map(|(_, name)| (*name).to_owned()).collect(),
            tags: BTreeMap::from([("rarest".to_owned(), rarest.to_owned())]),
            source_agent: AgentId::new(format!("agent {rarest}")),
            timestamp: Some(Timestamp::from_millis(Self::moment(number))),
            ..Default::default()
        }
    }
}

/// A number from 0 to 1 that is spread evenly over the records: one below 0.1 belongs to the 10%.
pub(crate) fn share(number: usize) -> f64 {
    Random::new(Stream::Share, number).fraction()
}

/// The filter that a share of the records matches.
pub(crate) fn domain(name: &str) -> SearchFilter {
    SearchFilter { domains: Some(vec![name.to_owned()]), ..Default::default() }
}

/// The spelling of a word: three syllables and more.
fn word(rank: usize) -> String {
    const HEADS: &[u8; 16] = b"bcdfghjklmnprstv";
    const VOWELS: &[u8; 4] = b"aeio";
    let mut word = String::new();
    let mut rest = rank + 4096;
    while rest > 0 {
        word.push(char::from(HEADS[rest % 16]));
        word.push(char::from(VOWELS[rest / 16 % 4]));
        rest /= 64;
    }
    word
}

/// A unit vector of no preferred direction: each component is a sum of four uniform numbers, near enough to a normal
/// one.
fn direction(random: &mut Random, dimension: usize) -> Vec<f32> {
    let component = |bits: u64| -> f32 {
        (0..4).map(|part| ((bits >> (16 * part)) & 0xffff) as f32 / 65536.0 - 0.5).sum()
    };
    unit((0..dimension).map(|_| component(random.next())).collect())
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|component| component * component).sum::<f32>().sqrt();
    for component in &mut vector {
        *component /= norm;
    }
    vector
}

/// `SplitMix64` (Steele, Lea & Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn new(stream: Stream, number: usize) -> Self {
        let mut random = Self((stream as u64) << 56 ^ number as u64);
        // Neighbours begin far from each other.
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
