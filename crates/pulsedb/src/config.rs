//! Settings of a database handle and their bounds.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::ValidationError;
use crate::id::CollectiveId;
use crate::limits;
use crate::model::ranking::{ContextWeights, RecallWeights, SignalWeights};

/// Settings for [`PulseDB::open`](crate::PulseDB::open). The defaults work as they are.
///
/// ```
/// use pulsedb::Config;
/// let config = Config { map_size_gb: 8, ..Config::default() };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where vectors come from.
    pub embedding_provider: EmbeddingProvider,
    /// Dimensions of external vectors; an embedder has its own.
    pub embedding_dimension: EmbeddingDimension,
    /// Where experiences with a nil collective go; `None` means a collective named "default".
    pub default_collective: Option<CollectiveId>,
    /// The maximum size of the database in GiB, 64 by default. It only reserves address space, is stored in the
    /// database and is the same in every process. A larger one takes effect when no other process has it open.
    pub map_size_gb: usize,
    /// What a commit waits for.
    pub sync_mode: SyncMode,
    /// How long changes are kept.
    pub log: LogConfig,
    /// How vectors are searched.
    pub vector: VectorConfig,
    /// How words are ranked.
    pub search: SearchConfig,
    /// How streams of changes learn of them.
    pub watch: WatchConfig,
    /// How energy fades.
    pub decay: DecayConfig,
    /// When an agent counts as gone.
    pub activity: ActivityConfig,
    /// Refuse every change through this handle.
    pub read_only: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            embedding_provider: EmbeddingProvider::default(),
            embedding_dimension: EmbeddingDimension::default(),
            default_collective: None,
            map_size_gb: 64,
            sync_mode: SyncMode::default(),
            log: LogConfig::default(),
            vector: VectorConfig::default(),
            search: SearchConfig::default(),
            watch: WatchConfig::default(),
            decay: DecayConfig::default(),
            activity: ActivityConfig::default(),
            read_only: false,
        }
    }
}

impl Config {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The default settings for a handle that refuses every change and creates nothing.
    pub fn read_only() -> Self {
        Self { read_only: true, ..Self::default() }
    }

    /// Settings for the bundled embedder, which is also the default.
    pub fn with_builtin_embeddings() -> Self {
        Self::default()
    }

    /// Settings for vectors that the caller supplies.
    pub fn with_external_embeddings(dimension: EmbeddingDimension) -> Self {
        Self {
            embedding_provider: EmbeddingProvider::External,
            embedding_dimension: dimension,
            ..Self::default()
        }
    }

    /// Checks that every setting is within its bounds. `open` does so before it touches a file.
    ///
    /// # Errors
    /// [`InvalidField`](ValidationError::InvalidField) with the name of the setting.
    pub fn validate(&self) -> Result<(), ValidationError> {
        self.embedding_dimension.validate()?;
        within("map_size_gb", self.map_size_gb, limits::MAP_SIZE_GB_MAX)?;
        self.vector.validate()?;
        self.search.validate()?;
        self.watch.validate()?;
        if self.log.max_age.is_zero() {
            return Err(ValidationError::invalid("log.max_age", "must be greater than zero"));
        }
        if self.log.max_rows == 0 {
            return Err(ValidationError::invalid("log.max_rows", "must be at least 1"));
        }
        if self.decay.half_life.is_zero() {
            return Err(ValidationError::invalid("decay.half_life", "must be greater than zero"));
        }
        let weight = self.decay.freq_weight;
        if !weight.is_finite() || weight < 0.0 {
            return Err(ValidationError::invalid(
                "decay.freq_weight",
                format!("{weight} is not a finite number of at least 0"),
            ));
        }
        if self.activity.stale_threshold.is_zero() {
            return Err(ValidationError::invalid("activity.stale_threshold", "must be greater than zero"));
        }
        if let Some(weights) = self.decay.default_recall_weights {
            recall_weights("decay.default_recall_weights", weights)?;
        }
        if self.default_collective.is_some_and(|id| id.is_nil()) {
            return Err(ValidationError::invalid(
                "default_collective",
                "the nil id is not a collective; leave it out to use one named \"default\"",
            ));
        }
        Ok(())
    }
}

fn within(field: &str, value: usize, max: usize) -> Result<(), ValidationError> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(ValidationError::invalid(field, format!("{value} is not within 1..={max}")))
}

/// Checks weights, which are finite and not negative; how much they are together.
fn weights<const N: usize>(group: &str, weights: [(&str, f32); N]) -> Result<f32, ValidationError> {
    let sum = weights.iter().map(|(_, weight)| weight).sum::<f32>();
    match weights.into_iter().find(|(_, weight)| !(0.0..=limits::WEIGHT_MAX).contains(weight)) {
        None => Ok(sum),
        Some((name, weight)) => {
            let reason = format!("{weight} is not within 0..={}", limits::WEIGHT_MAX);
            Err(ValidationError::invalid(format!("{group}.{name}"), reason))
        }
    }
}

fn not_all_zero(group: &str, sum: f32) -> Result<(), ValidationError> {
    if sum > 0.0 {
        return Ok(());
    }
    Err(ValidationError::invalid(group, "all weights are 0; at least one must be greater"))
}

/// Checks the shares of signals.
pub(crate) fn signal_weights(group: &str, signals: SignalWeights) -> Result<(), ValidationError> {
    let SignalWeights { lexical, vector, late } = signals;
    not_all_zero(group, weights(group, [("lexical", lexical), ("vector", vector), ("late", late)])?)
}

/// Checks the weights of a context, which may all be zero.
pub(crate) fn context_weights(group: &str, context: ContextWeights) -> Result<(), ValidationError> {
    let ContextWeights { session, window, question, agent } = context;
    let named = [("session", session), ("window", window), ("question", question), ("agent", agent)];
    weights(group, named).map(|_| ())
}

/// Checks the weights of score and energy.
pub(crate) fn recall_weights(group: &str, recall: RecallWeights) -> Result<(), ValidationError> {
    let RecallWeights { similarity, energy } = recall;
    not_all_zero(group, weights(group, [("similarity", similarity), ("energy", energy)])?)
}

/// Where vectors come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddingProvider {
    /// The database embeds texts itself.
    Builtin {
        /// `None` is the bundled static table (256 dimensions), which needs no download. A path names the directory of a
        /// sentence-transformer (`config.json`, `tokenizer.json`, `model.safetensors`; BERT with mean pooling), which the
        /// feature `neural` runs on the processor, in the thread of the call; without it, `open` refuses a path with
        /// `Config`.
        model_path: Option<PathBuf>,
    },
    /// The caller supplies every vector.
    External,
}

impl Default for EmbeddingProvider {
    fn default() -> Self {
        Self::Builtin { model_path: None }
    }
}

/// Dimensions of external vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmbeddingDimension {
    /// 384, as in all-MiniLM-L6-v2.
    #[default]
    D384,
    /// 768, as in BERT base models.
    D768,
    /// Any number from 1 to 4096.
    Custom(usize),
}

impl EmbeddingDimension {
    /// The number of dimensions.
    pub const fn size(self) -> usize {
        match self {
            Self::D384 => 384,
            Self::D768 => 768,
            Self::Custom(size) => size,
        }
    }

    fn validate(self) -> Result<(), ValidationError> {
        within("embedding_dimension", self.size(), limits::DIMENSION_MAX)
    }
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncMode {
    /// Durable when the call returns.
    #[default]
    Normal,
    /// One flush fewer: a power cut may undo the last commit, in full; a killed process loses
    /// nothing.
    Fast,
}

/// How long changes are kept in the log. Trimming never renumbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Older changes may be trimmed; 30 days by default.
    pub max_age: Duration,
    /// Changes beyond this number are trimmed, oldest first; 1 000 000 by default.
    pub max_rows: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { max_age: Duration::from_hours(30 * 24), max_rows: 1_000_000 }
    }
}

/// How the index of vectors and words is built and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorConfig {
    /// Where no more rows than this match, each is compared exactly; more are narrowed down by their codes first. 1 to
    /// 100 000; 200 by default.
    pub rescore: usize,
    /// Rows that a commit turns into a block, 16 to 4096; 256 by default. Until then they are compared one by one.
    /// All handles of a process that write must agree on it.
    pub seal_rows: usize,
}

impl Default for VectorConfig {
    fn default() -> Self {
        Self { rescore: 200, seal_rows: 256 }
    }
}

impl VectorConfig {
    fn validate(&self) -> Result<(), ValidationError> {
        within("vector.rescore", self.rescore, limits::RESCORE_MAX)?;
        if (limits::SEAL_ROWS_MIN..=limits::SEAL_ROWS_MAX).contains(&self.seal_rows) {
            return Ok(());
        }
        let (least, most) = (limits::SEAL_ROWS_MIN, limits::SEAL_ROWS_MAX);
        let reason = format!("{} is not within {least}..={most}", self.seal_rows);
        Err(ValidationError::invalid("vector.seal_rows", reason))
    }
}

/// How texts are ranked. The parameters of BM25 are those of Robertson and Zaragoza 2009, section 3.4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchConfig {
    /// The shares of words, meaning and late interaction, where a search does not say.
    pub signals: SignalWeights,
    /// How much what surrounds a record counts, where a search does not say.
    pub context: ContextWeights,
    /// How much a word counts that stands in a content more than once, at least 0; 1.2 by default.
    pub bm25_k1: f32,
    /// How much long contents count less, 0 to 1; 0.6 by default.
    pub bm25_b: f32,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            signals: SignalWeights::default(),
            context: ContextWeights::default(),
            bm25_k1: 1.2,
            bm25_b: 0.6,
        }
    }
}

impl SearchConfig {
    fn validate(self) -> Result<(), ValidationError> {
        signal_weights("search.signals", self.signals)?;
        context_weights("search.context", self.context)?;
        if !self.bm25_k1.is_finite() || self.bm25_k1 < 0.0 {
            let reason = format!("{} is not a finite number of at least 0", self.bm25_k1);
            return Err(ValidationError::invalid("search.bm25_k1", reason));
        }
        if !(0.0..=1.0).contains(&self.bm25_b) {
            let reason = format!("{} is not within 0..=1", self.bm25_b);
            return Err(ValidationError::invalid("search.bm25_b", reason));
        }
        Ok(())
    }
}

/// How the streams of a handle learn of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchConfig {
    /// Changes are handed to the streams as they are committed; true by default. Otherwise the streams look for them in
    /// the change log, once in `poll_interval_ms`, and a commit of this process does nothing for them.
    pub in_process: bool,
    /// How long a stream may go without a look at the log, in milliseconds, 1 to 3 600 000; 100 by default. It is how late
    /// a change of another process can be where processes cannot wake each other.
    pub poll_interval_ms: u64,
    /// Events that a stream holds for a reader that is slower than the writers, 1 to 1 000 000; 1000 by default. One that
    /// is further behind reads the log, as far back as [`LogConfig`] keeps it.
    pub buffer_size: usize,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self { in_process: true, poll_interval_ms: 100, buffer_size: 1000 }
    }
}

impl WatchConfig {
    fn validate(&self) -> Result<(), ValidationError> {
        if !(1..=limits::POLL_INTERVAL_MS_MAX).contains(&self.poll_interval_ms) {
            let reason =
                format!("{} is not within 1..={}", self.poll_interval_ms, limits::POLL_INTERVAL_MS_MAX);
            return Err(ValidationError::invalid("watch.poll_interval_ms", reason));
        }
        within("watch.buffer_size", self.buffer_size, limits::WATCH_BUFFER_MAX)
    }
}

/// How energy fades with time and grows with use; see [`energy`](crate::energy).
#[derive(Debug, Clone, PartialEq)]
pub struct DecayConfig {
    /// After this long without reinforcement, half of the energy is left; 30 days by default.
    pub half_life: Duration,
    /// How much reinforcement counts; 0.25 by default.
    pub freq_weight: f32,
    /// How much energy counts in a search that does not say; `None`, the default, for not at all.
    pub default_recall_weights: Option<RecallWeights>,
}

impl Default for DecayConfig {
    fn default() -> Self {
        Self { half_life: Duration::from_hours(30 * 24), freq_weight: 0.25, default_recall_weights: None }
    }
}

/// When an agent counts as gone; each handle has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityConfig {
    /// An agent that has given no sign of life for longer than this is left out of
    /// [`get_active_agents`](crate::PulseDB::get_active_agents); 300 seconds by default.
    pub stale_threshold: Duration,
}

impl Default for ActivityConfig {
    fn default() -> Self {
        Self { stale_threshold: Duration::from_mins(5) }
    }
}

impl ActivityConfig {
    /// A heartbeat that follows the stored one sooner than this is not written: an agent may give one with each step,
    /// and nobody can tell the difference.
    pub(crate) fn heartbeat_interval(&self) -> Duration {
        limits::HEARTBEAT_INTERVAL_MAX.min(self.stale_threshold / 4)
    }
}
