//! Messages: round trips, golden files, truncation, flipped bytes and forgeries.

mod allocations;
mod damage;
mod golden;
mod lies;
mod round_trips;

use embeddenator_vsa::{BlockCode, Codes, Counts, Error, Planes, Random, Shape, SparseTernary, wire};
use xxhash_rust::xxh3::xxh3_64;

/// A decoder of one type that drops the result.
pub(crate) type Decoder = fn(&[u8]) -> Result<(), Error>;

/// Everything that reads messages.
pub(crate) const DECODERS: [Decoder; 7] = [
    |bytes| wire::decode::<BlockCode>(bytes).map(drop),
    |bytes| wire::decode::<Codes>(bytes).map(drop),
    |bytes| wire::view(bytes).map(drop),
    |bytes| wire::decode::<Counts>(bytes).map(drop),
    |bytes| wire::decode::<Planes>(bytes).map(drop),
    |bytes| wire::decode::<SparseTernary>(bytes).map(drop),
    |bytes| wire::head(bytes).map(drop),
];

/// A small value of each type.
pub(crate) struct Samples {
    pub(crate) code: BlockCode,
    pub(crate) codes: Codes,
    pub(crate) counts: Counts,
    pub(crate) planes: Planes,
    pub(crate) sparse: SparseTernary,
}

impl Samples {
    pub(crate) fn new() -> Samples {
        let mut random = Random::new(11);
        let shape = Shape::new(10, 100).unwrap();
        let small = Shape::new(3, 5).unwrap();
        let codes = Codes::random(shape, 3, &mut random);
        let mut counts = Counts::new(small);
        counts.add_weighted(&BlockCode::random(small, &mut random), 300).unwrap();
        counts.add_weighted(&BlockCode::random(small, &mut random), -70_000).unwrap();
        let signs: Vec<i32> = (0..100).map(|_| random.below(3) as i32 - 1).collect();
        let planes = Planes::from_signs(&signs).unwrap();
        let sparse = SparseTernary::new(1_000_000, vec![0, 17, 999_999], vec![3, 70_000]).unwrap();
        Samples { code: BlockCode::random(shape, &mut random), codes, counts, planes, sparse }
    }

    /// The messages, each with its name and the decoder of its type.
    pub(crate) fn messages(&self) -> [(&'static str, Vec<u8>, Decoder); 5] {
        [
            ("block_code", wire::encode(&self.code), DECODERS[0]),
            ("codes", wire::encode(&self.codes), DECODERS[1]),
            ("counts", wire::encode(&self.counts), DECODERS[3]),
            ("planes", wire::encode(&self.planes), DECODERS[4]),
            ("sparse_ternary", wire::encode(&self.sparse), DECODERS[5]),
        ]
    }
}

/// Recomputes both checksums after a change, as a forger would.
pub(crate) fn seal(message: &mut [u8]) {
    let (header, payload) = message.split_at_mut(64);
    header[48..56].copy_from_slice(&xxh3_64(payload).to_le_bytes());
    let sum = xxh3_64(&header[..56]);
    header[56..64].copy_from_slice(&sum.to_le_bytes());
}
