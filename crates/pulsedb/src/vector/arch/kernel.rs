//! What every kernel shares: the blocks of the specification, and the runs that rows are taken in.

use std::array;

use super::groups::{BitQuery, Uppers};

/// Lanes of a block: the partial sums that the specification keeps side by side.
pub(in super::super) const LANES: usize = 16;
/// Bytes of a block of stored components.
pub(super) const BLOCK_BYTES: usize = LANES * size_of::<f32>();
/// Blocks after which the lanes are folded into the totals.
pub(super) const RUN: usize = 32;
/// Rows that a kernel scores at once. Four kept AVX-512 and AVX2 busy; eight were no faster.
pub(in super::super) const GROUP: usize = 4;

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
