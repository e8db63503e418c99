//! What every set of kernels shares: constants of the layouts, and the functions that a set has.

/// The bits of a code's byte that hold the position.
pub(super) const POSITION: u8 = 0x7f;
/// The bit of a code's byte that is set for -1.
pub(super) const SIGN: u8 = 0x80;
/// The most positions in a block.
pub(super) const POSITIONS_MAX: u8 = 128;
/// The items in a node of transposed counters, which is the length of a row.
pub(super) const NODE: usize = 64;
/// The non-zero plane and the sign plane.
pub(super) type Planes<'a> = (&'a [u64], &'a [u64]);
/// The non-zero plane and the sign plane, for writing.
pub(super) type PlanesMut<'a> = (&'a mut [u64], &'a mut [u64]);

/// Two cache lines: the padded bytes of most codes.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Lines(pub(crate) [u8; Lines::BYTES]);

impl Lines {
    /// Their length in bytes.
    pub(crate) const BYTES: usize = 128;
    /// All zero.
    pub(crate) const ZERO: Lines = Lines([0; Lines::BYTES]);
}

/// The functions for one instruction set, compiled for it and so unsafe to call elsewhere.
///
/// Their callers, the methods of [`Isa`](super::Isa), have checked all lengths.
pub(super) struct Kernels {
    pub(super) name: &'static str,
    pub(super) available: fn() -> bool,
    pub(super) dot: unsafe fn(&[u8], &[u8]) -> i32,
    pub(super) dots: unsafe fn(&[u8], &[u8], &mut [i32]),
    pub(super) bind: unsafe fn(u8, &[u8], &[u8], &mut [u8]),
    pub(super) unbind: unsafe fn(u8, &[u8], &[u8], &mut [u8]),
    pub(super) dot_lines: unsafe fn(&[u8; Lines::BYTES], &[u8; Lines::BYTES]) -> i32,
    pub(super) bind_lines: unsafe fn(u8, &[u8; Lines::BYTES], &[u8; Lines::BYTES]) -> Lines,
    pub(super) unbind_lines: unsafe fn(u8, &[u8; Lines::BYTES], &[u8; Lines::BYTES]) -> Lines,
    pub(super) positions_below: unsafe fn(u8, &[u8]) -> bool,
    pub(super) add_code: unsafe fn(&mut [i32], usize, &[u8], i32),
    pub(super) counts_dot: unsafe fn(&[i32], usize, &[u8]) -> i64,
    pub(super) thin: unsafe fn(&[i32], usize, &mut [u8]),
    pub(super) majority: unsafe fn(&[i32], &mut [u64], &mut [u64]),
    pub(super) planes_dot: unsafe fn(Planes<'_>, Planes<'_>) -> i64,
    pub(super) planes_dots: unsafe fn(Planes<'_>, &[u64], &mut [i64]),
    pub(super) planes_hadamard: unsafe fn(Planes<'_>, Planes<'_>, PlanesMut<'_>),
    pub(super) add_rows: unsafe fn(&[i8], &[u8], usize, &mut [i16; NODE]),
}
