//! Order: n-grams, and sequences of items bound to their positions.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{Error, Result};
use crate::{BlockCode, CodeRef, CodesRef, Counts, Nearest, Random, Shape};

/// Separates the stream of the step code from other uses of the same seed.
const DOMAIN: &[u8] = b"embeddenator-vsa/sequence/step";

/// The n-gram of some items: the first is rotated by n - 1 blocks, the next by n - 2, the last not
/// at all, and all are bound.
///
/// Each order of the items gives a code unlike all others (Joshi, Halseth, Kanerva, "Language
/// geometry using random indexing", 2016). The n-gram of no items is the identity.
///
/// ```
/// use embeddenator_vsa::{ItemMemory, Shape, ngram};
///
/// let mut letters = ItemMemory::new(Shape::DEFAULT, 1);
/// let [a, b] = ["a", "b"].map(|name| letters.atom(name));
/// let ab = ngram(Shape::DEFAULT, [&a, &b])?;
/// let ba = ngram(Shape::DEFAULT, [&b, &a])?;
/// assert!(ab.cosine(&ba)? < 0.1);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
///
/// # Errors
/// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] for more items than
/// blocks, whose rotations would repeat.
pub fn ngram<'a, C>(shape: Shape, items: impl IntoIterator<Item = C>) -> Result<BlockCode>
where
    C: Into<CodeRef<'a>>,
{
    let mut bound = BlockCode::identity(shape);
    for (position, item) in items.into_iter().enumerate() {
        expect_position(position, shape.blocks())?;
        // Rotation distributes over bind, so each step rotates everything before it.
        bound = bound.permute(1).bind(item)?;
    }
    Ok(bound)
}

/// The bundle of all n-grams of a sequence, one for each run of `n` neighbouring items; empty if
/// there are fewer items.
///
/// Sequences that share many n-grams, at any place, have bundles with a high cosine:
///
/// ```
/// use embeddenator_vsa::{ItemMemory, Shape, ngrams};
///
/// let letters = ItemMemory::new(Shape::DEFAULT, 1);
/// let profile = |text: &str| ngrams(&letters.atoms(&text.bytes().map(|byte| [byte]).collect::<Vec<_>>()), 3);
/// let sentence = profile("the lake at sunrise")?;
/// assert!(sentence.cosine_counts(&profile("a sunrise at the lake")?)? > 0.5);
/// assert!(sentence.cosine_counts(&profile("nine trains to Lisbon")?)? < 0.2);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
///
/// # Errors
/// [`Error::SequencePosition`] if `n` is 0 or more than the number of blocks.
pub fn ngrams<'a>(items: impl Into<CodesRef<'a>>, n: usize) -> Result<Counts> {
    let items = items.into();
    let shape = items.shape();
    if n == 0 {
        return Err(Error::SequencePosition { position: 0, positions: 0 });
    }
    expect_position(n - 1, shape.blocks())?;
    let mut bundle = Counts::new(shape);
    let mut bound = BlockCode::identity(shape);
    for (end, item) in items.iter().enumerate() {
        if let Some(left_behind) = end.checked_sub(n).and_then(|start| items.get(start)) {
            bound = bound.unbind(&left_behind.permute(n as i64 - 1))?;
        }
        bound = bound.permute(1).bind(item)?;
        if end + 1 >= n {
            bundle.add(&bound)?;
        }
    }
    Ok(bundle)
}

/// The positions of a sequence, which bind items to their places.
///
/// Position `i` rotates the item by `i mod B` blocks and binds it with the `i / B`-th power of a
/// step code, for `B` blocks of `L` positions. Every entry of the step is coprime to `L`, so two
/// different powers of it differ in each block: an item at one of these places has a cosine of
/// exactly 0 with itself at another place of the same rotation. `B * L` positions can be told
/// apart; a position beyond them is an error, not a repetition.
///
/// A sequence is the bundle of its items at their positions. To read a position, take the position
/// off the bundle and find the nearest item (Plate, "Holographic reduced representations", 1995;
/// rotation as position: Kanerva, "Hyperdimensional computing", 2009).
///
/// ```
/// use embeddenator_vsa::{Codes, Random, Sequence, Shape};
///
/// let letters = Codes::random(Shape::DEFAULT, 26, &mut Random::new(1));
/// let word = [7, 4, 11, 11, 14].map(|letter| letters.get(letter).expect("a letter of 26"));
/// let sequence = Sequence::new(Shape::DEFAULT, 1);
/// let bundle = sequence.encode(word)?;
/// assert_eq!(sequence.read(&bundle, 4, &letters)?.index, 14);
/// # Ok::<(), embeddenator_vsa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sequence {
    step: BlockCode,
}

impl Sequence {
    /// The positions that follow from a seed, the same on every machine.
    ///
    /// The step is drawn from the stream of [`Random`] whose seed is the XXH3-64, with this seed,
    /// of the ASCII bytes `embeddenator-vsa/sequence/step`: for each block the `below(n)`-th of the
    /// `n` positions coprime to `L`, in ascending order; all signs are +1.
    pub fn new(shape: Shape, seed: u64) -> Self {
        let mut random = Random::new(xxh3_64_with_seed(DOMAIN, seed));
        let positions = shape.positions() as u8;
        let coprime: Vec<u8> = (0..positions).filter(|entry| coprime(*entry, positions)).collect();
        let mut step = BlockCode::identity(shape);
        for block in step.blocks_mut() {
            *block = coprime[random.below(coprime.len() as u64) as usize];
        }
        Sequence { step }
    }

    /// The shape of the items.
    pub fn shape(&self) -> Shape {
        self.step.shape()
    }

    /// How many positions can be told apart: blocks times positions per block.
    pub fn positions(&self) -> usize {
        self.shape().dimension()
    }

    /// An item at a position, counted from 0.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position.
    pub fn place<'a>(&self, item: impl Into<CodeRef<'a>>, position: usize) -> Result<BlockCode> {
        let (turn, power) = self.turn_and_power(position)?;
        item.into().permute(turn).bind(&power)
    }

    /// The item that [`place`](Self::place) put at a position.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position.
    pub fn take<'a>(&self, placed: impl Into<CodeRef<'a>>, position: usize) -> Result<BlockCode> {
        let (turn, power) = self.turn_and_power(position)?;
        Ok(placed.into().unbind(&power)?.permute(-turn))
    }

    /// The bundle of the items, each at its position.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] for more items
    /// than positions.
    pub fn encode<'a, C>(&self, items: impl IntoIterator<Item = C>) -> Result<Counts>
    where
        C: Into<CodeRef<'a>>,
    {
        let mut bundle = Counts::new(self.shape());
        for (position, item) in items.into_iter().enumerate() {
            self.add(&mut bundle, item, position)?;
        }
        Ok(bundle)
    }

    /// Adds an item at a position to the bundle of a sequence.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position; [`Error::Full`] if a counter would overflow.
    pub fn add<'a>(&self, bundle: &mut Counts, item: impl Into<CodeRef<'a>>, position: usize) -> Result<()> {
        bundle.add(&self.place(item, position)?)
    }

    /// Removes an item at a position from the bundle of a sequence, exactly.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position; [`Error::Full`] if a counter would overflow.
    pub fn remove<'a>(
        &self,
        bundle: &mut Counts,
        item: impl Into<CodeRef<'a>>,
        position: usize,
    ) -> Result<()> {
        bundle.remove(&self.place(item, position)?)
    }

    /// The noisy item at a position of a bundle: the item there, with the others as noise.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position.
    pub fn item(&self, bundle: &Counts, position: usize) -> Result<Counts> {
        let (turn, power) = self.turn_and_power(position)?;
        Ok(bundle.unbind(&power)?.permute(-turn))
    }

    /// The code in a table that is most similar to the item at a position, with its dot product;
    /// the first of equal ones.
    ///
    /// The dot product of the right item is about the number of blocks. That of other items is
    /// about 0, with the standard deviation `sqrt(items)` if the shape has as many blocks as
    /// positions.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shapes differ; [`Error::SequencePosition`] if there is no
    /// such position; [`Error::NoCodes`] if the table is empty.
    pub fn read<'a>(
        &self,
        bundle: &Counts,
        position: usize,
        items: impl Into<CodesRef<'a>>,
    ) -> Result<Nearest<i64>> {
        let found = self.item(bundle, position)?.nearest(items, 1)?;
        found.first().copied().ok_or(Error::NoCodes)
    }

    /// The rotation and the power of the step that stand for a position.
    fn turn_and_power(&self, position: usize) -> Result<(i64, BlockCode)> {
        expect_position(position, self.positions())?;
        let blocks = self.shape().blocks();
        Ok(((position % blocks) as i64, self.step.power((position / blocks) as i64)))
    }
}

fn expect_position(position: usize, positions: usize) -> Result<()> {
    if position < positions { Ok(()) } else { Err(Error::SequencePosition { position, positions }) }
}

/// Whether 1 is the only common divisor.
fn coprime(mut a: u8, mut b: u8) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}
