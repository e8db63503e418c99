//! The order in which files are stored: near-duplicates beside each other, so that one is compressed with the other.
//!
//! ```text
//! for each of 64 bands of 2 blocks: files whose signatures agree in the band are candidates
//!     unite each with the one before it, if their signatures agree well
//! order the groups by their first file, and the files of a group by their own place
//! ```
//!
//! A match costs less than the search for the nearest, and nothing is missed that compresses well.

use embeddenator_vsa::BlockCode;

use crate::bands::{BAND_BLOCKS, bands, key};

/// The least dot product of near-duplicates, of 128: an estimated Jaccard similarity of a quarter, which unrelated
/// files never reach and from which on the shared bytes pay.
const DOT_MIN: i32 = 32;

/// A file in its place, and the first file of its group, which names that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) file: u32,
    pub(crate) group: u32,
}

/// The order of files with these signatures, which are given in the order of their paths.
pub(crate) fn order(codes: &[&BlockCode]) -> Vec<Placed> {
    let mut order: Vec<Placed> =
        (0..).zip(groups(codes)).map(|(file, group)| Placed { file, group }).collect();
    order.sort_by_key(|placed| (placed.group, placed.file));
    order
}

/// For each file the first file of its group.
fn groups(codes: &[&BlockCode]) -> Vec<u32> {
    let mut union = Union { parents: (0..codes.len() as u32).collect() };
    let count = codes.first().map_or(0, |code| bands(code.as_bytes().len()));
    let mut keyed: Vec<([u8; BAND_BLOCKS], u32)> = Vec::with_capacity(codes.len());
    for band in 0..count {
        keyed.clear();
        keyed.extend((0..).zip(codes).filter_map(|(file, code)| Some((key(code.as_bytes(), band)?, file))));
        keyed.sort_unstable();
        for pair in keyed.windows(2) {
            if let [(left_key, left), (right_key, right)] = pair
                && left_key == right_key
                && union.find(*left) != union.find(*right)
                && alike(codes, *left, *right)
            {
                union.unite(*left, *right);
            }
        }
    }
    (0..codes.len() as u32).map(|file| union.find(file)).collect()
}

fn alike(codes: &[&BlockCode], left: u32, right: u32) -> bool {
    match (codes.get(left as usize), codes.get(right as usize)) {
        (Some(left), Some(right)) => left.dot(*right).is_ok_and(|dot| dot >= DOT_MIN),
        _ => false,
    }
}

/// Disjoint sets; the representative is the least member.
struct Union {
    parents: Vec<u32>,
}

impl Union {
    fn find(&mut self, mut file: u32) -> u32 {
        loop {
            let parent = self.parents[file as usize];
            if parent == file {
                return file;
            }
            // Halving the path keeps the trees flat.
            let grandparent = self.parents[parent as usize];
            self.parents[file as usize] = grandparent;
            file = grandparent;
        }
    }

    fn unite(&mut self, left: u32, right: u32) {
        let (left, right) = (self.find(left), self.find(right));
        self.parents[left.max(right) as usize] = left.min(right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embeddenator_vsa::{Random, ShingleEncoder};

    fn text(random: &mut Random) -> Vec<u8> {
        (0..20_000).map(|_| random.below(256) as u8).collect()
    }

    fn ordered(codes: &[&BlockCode]) -> Vec<u32> {
        order(codes).iter().map(|placed| placed.file).collect()
    }

    #[test]
    fn versions_of_a_file_are_neighbours() {
        let mut random = Random::new(3);
        let first: Vec<Vec<u8>> = (0..50).map(|_| text(&mut random)).collect();
        let mut files = Vec::new();
        for version in 0..4 {
            files.extend(first.iter().map(|file| {
                let mut file = file.clone();
                file[version * 1000..version * 1000 + 500].fill(version as u8);
                file
            }));
        }
        let codes = ShingleEncoder::default().encode_all(&files);
        let codes: Vec<BlockCode> = codes.iter().map(embeddenator_vsa::CodeRef::to_code).collect();
        let order = ordered(&codes.iter().collect::<Vec<_>>());
        let expected: Vec<u32> =
            (0..50).flat_map(|file| (0..4).map(move |version| version * 50 + file)).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn unrelated_files_stay_in_their_order() {
        let mut random = Random::new(4);
        let encoder = ShingleEncoder::default();
        let codes: Vec<BlockCode> = (0..300).map(|_| encoder.encode(&text(&mut random))).collect();
        assert_eq!(ordered(&codes.iter().collect::<Vec<_>>()), (0..300).collect::<Vec<_>>());
        assert_eq!(ordered(&[]), Vec::<u32>::new());
    }
}
