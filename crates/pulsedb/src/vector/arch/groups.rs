//! Groups of codes as the kernels take them: eight rows, whose words lie side by side.

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
