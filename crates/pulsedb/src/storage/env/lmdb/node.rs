//! The nodes of a page of a tree: where they lie, and what stands in each.

use super::header::PAGE_HEADER;
use super::tree::Fields;

pub(crate) const PAGE_BRANCH: u16 = 0x01;
pub(crate) const PAGE_LEAF: u16 = 0x02;
pub(crate) const PAGE_OVERFLOW: u16 = 0x04;
/// The value of the row is on overflow pages.
pub(crate) const ROW_OVERFLOW: u16 = 0x01;
/// The value of the row describes a tree.
pub(crate) const ROW_TREE: u16 = 0x02;
/// Bytes of a node before its key.
pub(crate) const NODE_HEADER: usize = 8;

/// A row of a leaf.
pub(crate) struct Row<'p> {
    pub(crate) flags: u16,
    /// Bytes of the value, wherever it lies.
    pub(crate) bytes: usize,
    pub(crate) key: &'p [u8],
    /// The value, or the number of its first page.
    pub(crate) value: &'p [u8],
}

impl Row<'_> {
    /// Whether the value is on overflow pages.
    pub(crate) fn is_overflow(&self) -> bool {
        self.flags & ROW_OVERFLOW != 0
    }
}

/// Where the nodes of a page lie in it, if it is a page of that kind.
pub(crate) fn nodes(bytes: &[u8], kind: u16) -> Option<Vec<usize>> {
    let mut fields = Fields(bytes.get(8..)?);
    let (pad, flags, lower, upper) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
    let (lower, upper) = (usize::from(lower), usize::from(upper));
    let in_order = PAGE_HEADER < lower && lower <= upper && upper <= bytes.len();
    if pad != 0 || flags != kind || !in_order || lower % 2 != 0 {
        return None;
    }
    let mut places = Fields(bytes.get(PAGE_HEADER..lower)?);
    let mut nodes = Vec::new();
    while let Some(place) = places.u16() {
        let place = usize::from(place);
        nodes.push(Some(place).filter(|place| *place >= upper && *place < bytes.len())?);
    }
    Some(nodes)
}

/// Whether the nodes take just the bytes that the page says are taken. LMDB keeps them packed, and moves them by their
/// sizes when one is removed: a wrong size would make it write beyond the page.
pub(crate) fn fill_the_page(bytes: &[u8], nodes: &[usize], is_leaf: bool) -> bool {
    let upper = bytes.get(14..).and_then(|bytes| Fields(bytes).u16()).map(usize::from);
    let taken =
        nodes.iter().try_fold(0_usize, |sum, node| sum.checked_add(node_bytes(bytes, *node, is_leaf)?));
    taken.is_some() && taken == upper.and_then(|upper| bytes.len().checked_sub(upper))
}

/// Bytes that a node takes, which are even.
fn node_bytes(bytes: &[u8], node: usize, is_leaf: bool) -> Option<usize> {
    let mut fields = Fields(bytes.get(node..)?);
    let (low, high, flags, key_bytes) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
    let value_bytes = match (is_leaf, flags & ROW_OVERFLOW) {
        (false, _) => 0,
        (true, 0) => usize::from(low) | usize::from(high) << 16,
        (true, _) => 8,
    };
    let bytes = NODE_HEADER.checked_add(usize::from(key_bytes))?.checked_add(value_bytes)?;
    bytes.checked_next_multiple_of(2)
}

/// The page that a node of a branch leads to, and the node's key.
pub(crate) fn child(bytes: &[u8], node: usize) -> Option<(u64, &[u8])> {
    let mut fields = Fields(bytes.get(node..)?);
    let (low, high, top) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let key_bytes = usize::from(fields.u16()?);
    let key = fields.take(key_bytes)?;
    Some((u64::from(low) | u64::from(high) << 16 | u64::from(top) << 32, key))
}

/// The row of a node of a leaf.
pub(crate) fn leaf_row(bytes: &[u8], node: usize) -> Option<Row<'_>> {
    let mut fields = Fields(bytes.get(node..)?);
    let (low, high, flags) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let key_bytes = usize::from(fields.u16()?);
    let count = usize::from(low) | usize::from(high) << 16;
    let key = fields.take(key_bytes)?;
    let value = fields.take(if flags & ROW_OVERFLOW == 0 { count } else { 8 })?;
    Some(Row { flags, bytes: count, key, value })
}
