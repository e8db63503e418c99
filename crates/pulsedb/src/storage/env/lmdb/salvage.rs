//! What can still be read of a damaged data file, row by row, with plain reads: the engine is not asked.
//!
//! Damaged pages are left out, and with a branch page all that is below it. Rows are given as they stand: whether a
//! value is true only its checksum can say.

use std::fs::File;
use std::path::Path;

use super::header::Header;
use super::node::{PAGE_BRANCH, PAGE_LEAF, child, leaf_row, nodes};
use super::pages::Pages;
use super::state;
use super::tree::Tree;
use crate::error::{PulseDBError, Result};
use crate::limits;
use crate::storage::env::failure::damaged;

/// Takes a row: the name of its table, its key and its value. An error ends the salvage.
pub(crate) type GiveNamedRow<'v> = dyn FnMut(&str, &[u8], &[u8]) -> Result<()> + 'v;
type GiveRow<'v> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'v;

/// What a salvage has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Salvage {
    /// Rows that were given.
    pub(crate) rows: u64,
    /// Pages and rows that could not be read.
    pub(crate) losses: u64,
}

/// Hands over each row of each table that can be read.
///
/// The newest commit is read, or the one before it if the newest has no readable list of tables. `Corrupted` if
/// neither has.
pub(crate) fn salvage(name: &Path, visit: &mut GiveNamedRow<'_>) -> Result<Salvage> {
    let refused = |error| PulseDBError::io("read", name, error);
    let file = File::open(name).map_err(refused)?;
    let length = file.metadata().map_err(refused)?.len();
    for header in state::candidates(&file, name)? {
        let reader = Reader { pages: Pages::new(&file, &header, length), header };
        if let Some(tables) = reader.tables() {
            let mut found = Salvage::default();
            for (name, tree) in tables {
                reader.rows(&tree, &mut found, &mut |key, value| visit(&name, key, value))?;
            }
            return Ok(found);
        }
    }
    Err(damaged("data.mdb: the list of tables cannot be read; restore a backup"))
}

struct Reader<'f> {
    pages: Pages<'f>,
    header: Header,
}

impl Reader<'_> {
    /// The tables by name; `None` if the list of them cannot be read.
    fn tables(&self) -> Option<Vec<(String, Tree)>> {
        let mut tables = Vec::new();
        let mut found = Salvage::default();
        let outcome = self.rows(&self.header.main, &mut found, &mut |key, value| {
            // What is wrong with a table shows when it is read.
            if let (Ok(name), Some(tree)) = (std::str::from_utf8(key), Tree::read(value)) {
                tables.push((name.to_owned(), tree));
            }
            Ok(())
        });
        (outcome.is_ok() && !tables.is_empty()).then_some(tables)
    }

    /// Hands over the rows of a tree in order.
    fn rows(&self, tree: &Tree, found: &mut Salvage, visit: &mut GiveRow<'_>) -> Result<()> {
        let mut ahead = vec![(tree.root, tree.depth)];
        // A damaged branch may lead in circles; no tree has more pages than the file.
        let mut left = self.header.last_page;
        while left > 0
            && let Some((number, depth)) = ahead.pop()
        {
            left -= 1;
            let is_leaf = depth == 1;
            let page = self.pages.read(number, 1).ok();
            let kind = if is_leaf { PAGE_LEAF } else { PAGE_BRANCH };
            let Some((page, nodes)) = page.and_then(|page| nodes(&page, kind).map(|nodes| (page, nodes)))
            else {
                found.losses += u64::from(!tree.is_empty());
                continue;
            };
            for node in nodes.iter().rev().filter(|_| !is_leaf && depth > 1) {
                match child(&page, *node) {
                    Some((child, _)) => ahead.push((child, depth - 1)),
                    None => found.losses += 1,
                }
            }
            for node in nodes.iter().filter(|_| is_leaf) {
                if self.row(&page, *node, visit)? {
                    found.rows += 1;
                } else {
                    found.losses += 1;
                }
            }
        }
        Ok(())
    }

    /// Hands over one row, if it can be read.
    fn row(&self, page: &[u8], node: usize, visit: &mut GiveRow<'_>) -> Result<bool> {
        let Some(row) = leaf_row(page, node) else { return Ok(false) };
        if !row.is_overflow() {
            visit(row.key, row.value)?;
            return Ok(true);
        }
        match self.pages.overflow_value(&row, limits::VALUE_BYTES_MAX) {
            Ok(value) => visit(row.key, &value).map(|()| true),
            Err(_) => Ok(false),
        }
    }
}
