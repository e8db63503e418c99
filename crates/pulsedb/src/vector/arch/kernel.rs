//! What every kernel shares: blocks of components, groups of codes, and the runs that rows are taken in.

use std::array;

/// Lanes of a block: the partial sums that the specification keeps side by side.
pub(in super::super) const LANES: usize = 16;
/// Bytes of a block of stored components.
pub(super) const BLOCK_BYTES: usize = LANES * size_of::<f32>();
/// Blocks after which the lanes are folded into the totals.
pub(super) const RUN: usize = 32;
/// Rows that a kernel scores at once. Four kept AVX-512 and AVX2 busy; eight were no faster.
pub(in super::super) const GROUP: usize = 4;
/// Bits of a component of a query that is compared with bits.
pub(in super::super) const QUERY_PLANES: usize = 4;
/// Rows of a group of codes.
pub(super) const GROUP_ROWS: usize = 8;
/// How far ahead of a scan its memory is asked for. A scan from beyond the caches took a fifth less with it.
#[cfg(target_arch = "x86_64")]
pub(super) const FETCH_AHEAD: usize = 2_048;
/// The same word of each row of a group.
pub(super) type WordBytes = [u8; GROUP_ROWS * size_of::<u64>()];
/// The coordinates and scales of a group.
pub(super) type FactorBytes = [u8; GROUP_ROWS * 2 * size_of::<u16>()];

/// The upper bounds of 64 rows, group by group.
pub(in super::super) type Uppers = [[f32; GROUP_ROWS]; 64 / GROUP_ROWS];

/// A query as it is compared with bits; see the specification.
#[derive(Clone, Debug)]
pub(in super::super) struct BitQuery {
    pub(in super::super) planes: Box<[[u64; QUERY_PLANES]]>,
    pub(in super::super) coordinate: f32,
    pub(in super::super) scale: f32,
    pub(in super::super) most: f32,
}

/// One block of a query's components, aligned so that no load crosses a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(in super::super) struct Block(pub(in super::super) [f32; LANES]);

/// The functions of one instruction set, compiled for it and so unsafe to call elsewhere.
pub(super) struct Kernel {
    pub(super) name: &'static str,
    pub(super) available: fn() -> bool,
    pub(super) dot: unsafe fn(&[Block], [&[u8]; 1]) -> [f32; 1],
    pub(super) dots: unsafe fn(&[Block], [&[u8]; GROUP]) -> [f32; GROUP],
    pub(super) survivors: unsafe fn(&BitQuery, &[u8], u64, f32, &mut Uppers) -> u64,
    pub(super) products: unsafe fn([&[i16]; 2], &[u8]) -> [i32; 2],
}

/// A group of codes, split into the words and the factors of its rows.
pub(super) type Group<'a> = (&'a [WordBytes], &'a FactorBytes);

/// The groups of which some row is allowed, each with its number.
#[inline]
pub(super) fn groups_of<'a>(
    query: &BitQuery,
    groups: &'a [u8],
    allowed: u64,
) -> impl Iterator<Item = (usize, Group<'a>)> + use<'a> {
    let bytes = query.planes.len() * size_of::<WordBytes>() + size_of::<FactorBytes>();
    let numbers = (0..64 / GROUP_ROWS).filter(move |number| allowed >> (number * GROUP_ROWS) & 0xff != 0);
    numbers.filter_map(move |number| {
        let group = groups.get(number * bytes..)?.get(..bytes)?;
        let (words, factors) = group.split_last_chunk()?;
        Some((number, (words.as_chunks().0, factors)))
    })
}

/// The same run of several rows, split into blocks.
pub(super) struct Run<'a, const ROWS: usize> {
    /// The whole blocks, equally many of each row.
    pub(super) whole: [&'a [[u8; BLOCK_BYTES]]; ROWS],
    /// The components after the last whole block, padded with zeros; only a row's last run has some.
    pub(super) tail: Option<[[u8; BLOCK_BYTES]; ROWS]>,
}

impl<'a, const ROWS: usize> Run<'a, ROWS> {
    /// Takes the next run off the front of each row.
    #[inline]
    pub(super) fn take(rows: &mut [&'a [u8]; ROWS]) -> Self {
        let runs = array::from_fn(|row| {
            let (run, rest) = rows[row].split_at(rows[row].len().min(RUN * BLOCK_BYTES));
            rows[row] = rest;
            run.as_chunks()
        });
        // Cut to one length, which the compiler then knows: it drops the bounds checks of the other rows.
        let blocks = runs.iter().map(|(whole, _)| whole.len()).min().unwrap_or(0);
        let whole = runs.map(|(whole, _)| &whole[..blocks]);
        let has_tail = runs.iter().any(|(_, tail)| !tail.is_empty());
        Run { whole, tail: has_tail.then(|| runs.map(|(_, tail)| padded(tail))) }
    }
}

/// The block that starts with `tail` and goes on with +0.0.
fn padded(tail: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    for (to, from) in block.iter_mut().zip(tail) {
        *to = *from;
    }
    block
}
