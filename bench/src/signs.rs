//! Sparse ternary vectors as plain lists of positions: the source and the oracle of our vectors and the peer's.

use std::collections::BTreeMap;

use embeddenator_vsa::{BlockCode, Random, SparseTernary};
use peer_vsa::SparseVec;

/// The non-zero entries of a vector over {-1, 0, +1}, by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// Positions, ascending, with -1 or +1 each.
    pub entries: BTreeMap<usize, i8>,
}

impl Signs {
    /// A vector of `dimension` with this many non-zero entries at random positions, with random signs.
    ///
    /// # Panics
    /// If there are more entries than positions.
    pub fn random(random: &mut Random, dimension: usize, non_zero: usize) -> Self {
        assert!(non_zero <= dimension, "{non_zero} entries do not fit {dimension} positions");
        let mut entries = BTreeMap::new();
        while entries.len() < non_zero {
            let sign = if random.next_u64() >> 63 == 0 { 1 } else { -1 };
            entries.insert(position(random, dimension), sign);
        }
        Self { entries }
    }

    /// The same vector with this many of its entries moved to random empty positions.
    #[must_use]
    pub fn disturbed(&self, random: &mut Random, dimension: usize, moved: usize) -> Self {
        let mut entries = self.entries.clone();
        let positions: Vec<usize> = entries.keys().copied().collect();
        for from in positions.iter().take(moved) {
            if let Some(sign) = entries.remove(from) {
                let mut to = position(random, dimension);
                while entries.contains_key(&to) {
                    to = position(random, dimension);
                }
                entries.insert(to, sign);
            }
        }
        Self { entries }
    }

    /// The positions with this sign, ascending.
    pub fn positions(&self, sign: i8) -> Vec<usize> {
        self.entries.iter().filter(|&(_, &held)| held == sign).map(|(&position, _)| position).collect()
    }

    /// This vector in our form.
    ///
    /// # Panics
    /// If an entry is outside the dimension.
    pub fn ours(&self, dimension: usize) -> SparseTernary {
        let narrow = |sign| self.positions(sign).into_iter().map(|position| position as u32).collect();
        SparseTernary::new(dimension, narrow(1), narrow(-1)).expect("positions ascend below the dimension")
    }

    /// The entries of our vector.
    pub fn of_ours(vector: &SparseTernary) -> Self {
        let plus = vector.plus().iter().map(|&position| (position as usize, 1));
        let minus = vector.minus().iter().map(|&position| (position as usize, -1));
        Self { entries: plus.chain(minus).collect() }
    }

    /// The entries of our code.
    pub fn of_code(code: &BlockCode) -> Self {
        let positions = code.shape().positions();
        let elements = code.elements().enumerate();
        let entries = elements.map(|(block, (position, sign))| (block * positions + position, sign as i8));
        Self { entries: entries.collect() }
    }

    /// This vector in the peer's form.
    pub fn peer(&self) -> SparseVec {
        SparseVec { pos: self.positions(1), neg: self.positions(-1) }
    }

    /// The entries of the peer's vector.
    pub fn of_peer(vector: &SparseVec) -> Self {
        let positive = vector.pos.iter().map(|&position| (position, 1));
        Self { entries: positive.chain(vector.neg.iter().map(|&position| (position, -1))).collect() }
    }

    /// The dot product.
    pub fn dot(&self, other: &Self) -> i32 {
        let products = self
            .entries
            .iter()
            .filter_map(|(position, sign)| other.entries.get(position).map(|held| i32::from(sign * held)));
        products.sum()
    }

    /// The cosine; neither vector is zero.
    pub fn cosine(&self, other: &Self) -> f64 {
        let squares = self.entries.len() as f64 * other.entries.len() as f64;
        f64::from(self.dot(other)) / squares.sqrt()
    }

    /// The element-wise product.
    #[must_use]
    pub fn product(&self, other: &Self) -> Self {
        let both = self
            .entries
            .iter()
            .filter_map(|(&position, sign)| other.entries.get(&position).map(|held| (position, sign * held)));
        Self { entries: both.collect() }
    }

    /// The sign of the sum of vectors, by position; zero where they cancel.
    pub fn sign_of_sum<'a>(vectors: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sums: BTreeMap<usize, i32> = BTreeMap::new();
        for vector in vectors {
            for (&position, &sign) in &vector.entries {
                *sums.entry(position).or_default() += i32::from(sign);
            }
        }
        let signs = sums.into_iter().map(|(position, sum)| (position, sum.signum() as i8));
        Self { entries: signs.filter(|&(_, sign)| sign != 0).collect() }
    }

    /// The vector with its positions moved up by `shift`, wrapping around.
    #[must_use]
    pub fn shifted(&self, dimension: usize, shift: usize) -> Self {
        let moved = self.entries.iter().map(|(position, &sign)| ((position + shift) % dimension, sign));
        Self { entries: moved.collect() }
    }
}

fn position(random: &mut Random, dimension: usize) -> usize {
    random.below(dimension as u64) as usize
}
