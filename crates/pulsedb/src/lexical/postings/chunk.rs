//! Up to 128 postings in as many bits as the widest of them needs.
//!
//! A chunk stands alone: its first row is written out. The gaps between rows (less 1) and the counts (less 1) follow,
//! each list in bits of one width, lowest bit first. A fixed width has no branch a posting, which a byte code
//! would mispredict every few postings.

use super::{Posting, varint};
use crate::limits::BLOCK_ROWS_MAX;

/// Postings of a chunk.
pub(in crate::lexical) const CHUNK: usize = 128;
/// The widest gap: rows are less than `BLOCK_ROWS_MAX`, so that no sum of gaps leaves a `u32`.
const GAP_BITS_MAX: u8 = BLOCK_ROWS_MAX.ilog2() as u8;
const COUNT_BITS_MAX: u8 = u16::BITS as u8;
/// Bytes of the longest list, and behind its last bit as many as one read may touch.
const PACKED: usize = CHUNK * 3 + 8;

/// Appends one chunk of at least one posting; their rows rise. Without `repeated` all counts are 1, and left out.
pub(super) fn encode(postings: &[Posting], repeated: bool, out: &mut Vec<u8>) {
    let first = postings.first().expect("a chunk has a posting").row;
    varint::put(out, first);
    if postings.len() > 1 {
        pack(postings.windows(2).map(|pair| pair[1].row - pair[0].row - 1), out);
    }
    if repeated {
        pack(postings.iter().map(|posting| u32::from(posting.count) - 1), out);
    }
}

/// Bytes of a chunk of one posting.
pub(super) fn single_bytes(bytes: &[u8], repeated: bool) -> Option<usize> {
    let mut rest = bytes;
    varint::take(&mut rest)?;
    let row = bytes.len() - rest.len();
    if !repeated {
        return Some(row);
    }
    Some(row + 1 + usize::from(*rest.first()?).div_ceil(8))
}

/// Appends the width of the widest number, and all of them in so many bits.
fn pack(values: impl Iterator<Item = u32> + Clone, out: &mut Vec<u8>) {
    let bits = u32::BITS - values.clone().fold(0, |all, value| all | value).leading_zeros();
    out.push(bits as u8);
    let (mut buffer, mut filled) = (0_u64, 0);
    for value in values {
        buffer |= u64::from(value) << filled;
        filled += bits;
        while filled >= 8 {
            out.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(buffer as u8);
    }
}

/// Room for the postings of one chunk.
#[derive(Debug)]
pub(in crate::lexical) struct Chunk {
    gaps: [u32; CHUNK],
    rows: [u32; CHUNK],
    counts: [u32; CHUNK],
    /// The packed bits of one list, with slack behind them.
    packed: [u8; PACKED],
}

impl Chunk {
    pub(in crate::lexical) fn new() -> Self {
        Chunk { gaps: [0; CHUNK], rows: [0; CHUNK], counts: [1; CHUNK], packed: [0; PACKED] }
    }

    /// Takes a chunk of `len` postings off the front of bytes: their rows, which rise, and their counts.
    #[inline]
    pub(super) fn decode(
        &mut self,
        len: usize,
        repeated: bool,
        bytes: &mut &[u8],
    ) -> Option<(&[u32], &[u32])> {
        debug_assert!((1..=CHUNK).contains(&len));
        let mut row = varint::take(bytes).filter(|&row| row < BLOCK_ROWS_MAX)?;
        self.rows[0] = row;
        if len > 1 {
            unpack(bytes, len - 1, GAP_BITS_MAX, &mut self.packed, &mut self.gaps)?;
            for (place, gap) in self.rows[1..len].iter_mut().zip(&self.gaps) {
                row += gap + 1;
                *place = row;
            }
        }
        if repeated {
            unpack(bytes, len, COUNT_BITS_MAX, &mut self.packed, &mut self.counts)?;
            self.counts[..len].iter_mut().for_each(|count| *count += 1);
        } else {
            self.counts[..len].fill(1);
        }
        Some((&self.rows[..len], &self.counts[..len]))
    }
}

/// Takes a width and `len` numbers off the front of bytes.
#[inline]
fn unpack(
    bytes: &mut &[u8],
    len: usize,
    bits_max: u8,
    copy: &mut [u8; PACKED],
    out: &mut [u32; CHUNK],
) -> Option<()> {
    let (&bits, rest) = bytes.split_first().filter(|&(&bits, _)| bits <= bits_max)?;
    let bits = usize::from(bits);
    let (packed, rest) = rest.split_at_checked((len * bits).div_ceil(8))?;
    *bytes = rest;
    copy[..packed.len()].copy_from_slice(packed);
    let mask = ((1_u64 << bits) - 1) as u32;
    let eight = |at: usize| {
        let eight = copy[at / 8..].first_chunk().expect("the slack is as long as a read");
        u64::from_le_bytes(*eight) >> (at % 8)
    };
    // Four numbers of 15 bits and less are in one read, wherever they begin. Those behind the last one are not used.
    if bits < 16 {
        for (four, out) in out.as_chunks_mut::<4>().0.iter_mut().take(len.div_ceil(4)).enumerate() {
            let read = eight(four * 4 * bits);
            *out = [0, 1, 2, 3].map(|at| (read >> (at * bits)) as u32 & mask);
        }
    } else {
        for (at, out) in out[..len].iter_mut().enumerate() {
            *out = eight(at * bits) as u32 & mask;
        }
    }
    Some(())
}
