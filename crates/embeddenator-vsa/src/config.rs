//! What a program sets once and passes to everything that makes codes: shape, seed, dimension of dense vectors.

use crate::{
    BytesOptions, CentroidClassifier, ItemMemory, Random, Record, Sequence, Shape, ShingleOptions,
    TextOptions,
};

/// The shape and seed of all codes in a program, and the dimension of its dense vectors.
///
/// Programs must use equal ones to compare their codes. A profile is a good starting point:
///
/// ```
/// use embeddenator_vsa::VsaConfig;
///
/// let config = VsaConfig { seed: 7, ..VsaConfig::d10k() };
/// let mut names = config.item_memory();
/// names.insert("cat");
/// assert_eq!(names.shape().dimension(), 10_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VsaConfig {
    /// The shape of block codes.
    pub shape: Shape,
    /// The seed that atoms, steps and scales follow from.
    pub seed: u64,
    /// The dimension of dense vectors, such as encoded texts.
    pub text_dimension: usize,
}

impl VsaConfig {
    /// 128 x 128: 16 384 dimensions, 128 bytes per code, and dense vectors of as many dimensions in
    /// 4 KiB. Enough for tables of millions of codes and bundles of about 400.
    pub const fn new() -> Self {
        VsaConfig { shape: Shape::DEFAULT, seed: 0, text_dimension: 16_384 }
    }

    /// 100 x 100: 10 000 dimensions, exactly 1% of them non-zero, as in the literature. For bundles
    /// of about 250.
    pub const fn d10k() -> Self {
        VsaConfig { shape: Shape::D10K, text_dimension: 10_000, ..Self::new() }
    }

    /// 512 x 128: 65 536 dimensions, 512 bytes per code, for bundles of a thousand codes and
    /// products of many factors.
    pub const fn large() -> Self {
        VsaConfig { shape: Shape::LARGE, text_dimension: 65_536, ..Self::new() }
    }

    /// 64 x 64: 4 096 dimensions, one cache line per code, for bundles of about 100. The measured
    /// promises of the crate start at 10 000 dimensions.
    pub const fn small() -> Self {
        VsaConfig { shape: Shape::SMALL, text_dimension: 4_096, ..Self::new() }
    }

    /// A stream of numbers that follows from the seed.
    pub const fn random(&self) -> Random {
        Random::new(self.seed)
    }

    /// An empty item memory.
    pub fn item_memory(&self) -> ItemMemory {
        ItemMemory::new(self.shape, self.seed)
    }

    /// The positions of sequences.
    pub fn sequence(&self) -> Sequence {
        Sequence::new(self.shape, self.seed)
    }

    /// An empty record.
    pub fn record(&self) -> Record {
        Record::new(self.shape)
    }

    /// A classifier without labels.
    pub fn classifier<L: Ord>(&self) -> CentroidClassifier<L> {
        CentroidClassifier::new(self.shape)
    }

    /// The options of a text encoder with this dimension and seed.
    pub fn text_options(&self) -> TextOptions {
        TextOptions { dimension: self.text_dimension, seed: self.seed, ..Default::default() }
    }

    /// The options of a bytes encoder with this dimension and seed.
    pub fn bytes_options(&self) -> BytesOptions {
        BytesOptions { dimension: self.text_dimension, seed: self.seed, ..Default::default() }
    }

    /// The options of a shingles encoder with this shape and seed.
    pub fn shingle_options(&self) -> ShingleOptions {
        ShingleOptions { shape: self.shape, seed: self.seed, ..Default::default() }
    }
}

impl Default for VsaConfig {
    fn default() -> Self {
        Self::new()
    }
}
