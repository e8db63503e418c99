//! Flat and hierarchical indexes as sections.

use embeddenator_io::{ByteWriter, Cursor, Sections, SectionsBuilder};
use embeddenator_vsa::{Codes, CodesRef, CounterBank, Shape};

use super::sections::{
    CODES, FLAT, HEAD, HIERARCHY, NODES, TOO_MANY_ITEMS, ids_section, open_sections, read_ids, refused,
    verified,
};
use crate::error::{Error, Result};
use crate::hierarchy::nodes::Nodes;
use crate::limits::{ITEMS_MAX, STORED_NODE_DIVISOR, STORED_NODES_MIN};
use crate::{Flat, Hierarchy, HierarchyOptions, Id};

/// A hierarchy that was opened from bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The index.
    pub index: Hierarchy,
    /// The damage that was found, if any: the table of nodes was damaged and has been rebuilt from
    /// the codes. Write the index again to repair the stored bytes.
    pub damage: Option<Error>,
}

pub(super) fn flat_sections(index: &Flat) -> SectionsBuilder<'_> {
    let mut builder = SectionsBuilder::new(FLAT);
    builder.push(HEAD, head(index.shape(), index.ids().len()));
    ids_section(&mut builder, index.ids().iter().copied());
    builder.push(CODES, index.codes().as_rows());
    builder
}

pub(super) fn open_flat(bytes: &[u8]) -> Result<Flat> {
    let sections = open_sections(bytes, FLAT)?;
    let (ids, codes) = read_items(&sections)?;
    let codes = Codes::from_rows(codes.shape(), codes.as_rows())?;
    Flat::from_codes(codes, ids).map_err(refused)
}

/// Passes on the sections of the index, or of a packed copy if most of its nodes are nearly empty.
pub(super) fn with_hierarchy_sections<R>(
    index: &Hierarchy,
    write: impl FnOnce(SectionsBuilder<'_>) -> Result<R>,
) -> Result<R> {
    let sparse = index.nodes().as_slice().len() > nodes_max(index.nodes().items(), index.shape());
    let packed = if sparse { Some(packed(index)?) } else { None };
    let index = packed.as_ref().unwrap_or(index);
    let nodes = index.nodes().as_slice();
    let mut codes = Vec::with_capacity(index.nodes().items() * index.shape().stride());
    let mut sizes = Vec::new();
    for node in nodes {
        codes.extend_from_slice(node.codes.as_rows());
        sizes.push(node.ids.len() as u8);
    }
    let mut builder = SectionsBuilder::new(HIERARCHY);
    builder.push(HEAD, head(index.shape(), index.nodes().items()));
    ids_section(&mut builder, nodes.iter().flat_map(|node| node.ids.iter().copied()));
    builder.push(CODES, codes);
    builder.push(NODES, sizes);
    write(builder)
}

/// An index of the same items, inserted again.
fn packed(index: &Hierarchy) -> Result<Hierarchy> {
    let mut packed = Hierarchy::with_options(index.shape(), index.options());
    for node in index.nodes().as_slice() {
        for (id, code) in node.ids.iter().zip(&node.codes) {
            packed.insert_ref(*id, code)?;
        }
    }
    Ok(packed)
}

pub(super) fn open_hierarchy(bytes: &[u8], options: HierarchyOptions) -> Result<Opened> {
    let sections = open_sections(bytes, HIERARCHY)?;
    let (ids, codes) = read_items(&sections)?;
    match read_nodes(&sections, ids.len(), codes.shape()) {
        Ok(sizes) => {
            let nodes = Nodes::of_items(codes.shape(), divide(sizes, &ids, codes)?).map_err(refused)?;
            Ok(Opened { index: Hierarchy::from_nodes(nodes, options), damage: None })
        }
        Err(damage) => {
            tracing::warn!(items = ids.len(), %damage, "rebuilding the nodes of a stored index");
            let mut index = Hierarchy::with_options(codes.shape(), options);
            for (id, code) in ids.iter().zip(codes) {
                index.insert_ref(*id, code).map_err(refused)?;
            }
            Ok(Opened { index, damage: Some(damage) })
        }
    }
}

/// The items of each node.
fn divide(sizes: &[u8], ids: &[Id], codes: CodesRef<'_>) -> Result<Vec<(Vec<Id>, Codes)>> {
    let mut items = ids.iter().zip(codes);
    let mut divided = Vec::with_capacity(sizes.len());
    for size in sizes.iter().copied().map(usize::from) {
        // Reserves no room for insertions: the bytes may be forged, and then it would never be
        // used.
        let mut node = (Vec::with_capacity(size), Codes::with_capacity(codes.shape(), size));
        for (id, code) in items.by_ref().take(size) {
            node.0.push(*id);
            node.1.push(code)?;
        }
        divided.push(node);
    }
    Ok(divided)
}

fn head(shape: Shape, items: usize) -> Vec<u8> {
    let mut head = ByteWriter::new();
    head.u16(shape.blocks() as u16).u16(shape.positions() as u16).zeros(4).u64(items as u64);
    head.into_bytes()
}

/// The ids and codes, verified, and as many of each.
fn read_items<'a>(sections: &Sections<'a>) -> Result<(Vec<Id>, CodesRef<'a>)> {
    let mut head = Cursor::new(verified(sections, HEAD)?);
    let what = "the head";
    let (blocks, positions) = (head.u16(what)?, head.u16(what)?);
    head.zeros(4, what)?;
    let items = head.u64(what)?;
    head.finish(what)?;
    let shape = Shape::new(usize::from(blocks), usize::from(positions))?;
    if items > ITEMS_MAX as u64 {
        return Err(TOO_MANY_ITEMS);
    }
    let mut rows = Cursor::new(verified(sections, CODES)?);
    let codes = CodesRef::from_rows(shape, rows.items(items, shape.stride(), "the codes")?)?;
    rows.finish("the codes")?;
    Ok((read_ids(sections, items)?, codes))
}

/// The number of items in each node.
fn read_nodes<'a>(sections: &Sections<'a>, items: usize, shape: Shape) -> Result<&'a [u8]> {
    let sizes = verified(sections, NODES)?;
    let malformed = |reason| Err(Error::Malformed { what: "the table of nodes", reason });
    let capacity = CounterBank::items_max(shape);
    if sizes.iter().any(|size| usize::from(*size) > capacity) {
        return malformed("has a node with too many items");
    }
    if sizes.last() == Some(&0) {
        return malformed("ends with an empty node");
    }
    if sizes.iter().map(|size| usize::from(*size)).sum::<usize>() != items {
        return malformed("does not add up to the number of items");
    }
    if sizes.len() > nodes_max(items, shape) {
        return malformed("has too many nodes for its items");
    }
    Ok(sizes)
}

/// The most nodes that a stored index of this many items may have.
fn nodes_max(items: usize, shape: Shape) -> usize {
    STORED_NODES_MIN + items / CounterBank::items_max(shape).div_ceil(STORED_NODE_DIVISOR)
}
