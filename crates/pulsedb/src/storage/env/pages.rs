//! The pages that LMDB trusts first, checked with plain reads before it maps the file: the tree of tables, the root
//! of each table, and the tree of free pages.
//!
//! A wrong root would make LMDB read a value as if it were a page, and a wrong list of free pages would make it
//! write over pages that are in use. What lies below the roots of the tables is not looked at: that would be the
//! whole file, and each value in it has its own checksum.

use std::fs::File;
use std::io;

use super::header::{Fields, Header, NO_ROOT, PAGE_HEADER, Tree, read_at};

const PAGE_BRANCH: u16 = 0x01;
const PAGE_LEAF: u16 = 0x02;
const PAGE_OVERFLOW: u16 = 0x04;
/// The value of the row lies on pages of its own.
const ROW_OVERFLOW: u16 = 0x01;
/// The value of the row describes a tree.
const ROW_TREE: u16 = 0x02;
/// Pages of a tree that are looked at when a database is opened: some milliseconds at the most. A larger tree of
/// free pages, of some half a gigabyte of them, is judged by its root.
const PAGES_READ_MAX: u64 = 1024;

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ends before a page that is in use.
    Truncated,
    /// A page contradicts what refers to it.
    Damaged(String),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

type Checked<T> = Result<T, Fault>;

/// Checks the newest snapshot. A file may be shorter than its last page only if what is missing is free.
pub(super) fn check(file: &File, header: &Header) -> Checked<()> {
    let length = file.metadata()?.len();
    let pages = Pages { file, page_size: header.page_size, last: header.last_page, length };
    let mut used = header.free.pages() + header.main.pages();
    if header.main.pages() <= PAGES_READ_MAX {
        pages.walk(&header.main, &mut |row| pages.check_table(row, &mut used))?;
    } else {
        pages.root(&header.main)?;
    }
    let missing_from = length / header.page_size;
    if header.free.pages() > PAGES_READ_MAX {
        pages.root(&header.free)?;
        return if missing_from > header.last_page { Ok(()) } else { Err(Fault::Truncated) };
    }
    let mut free = FreePages { total: 0, missing_from, missing: 0 };
    pages.walk(&header.free, &mut |row| pages.check_free_row(row, header.txn_id, &mut free))?;
    if used.saturating_add(free.total) > header.last_page - 1 {
        return Err(damaged("the trees and the free pages are more than the file has"));
    }
    let missing = (header.last_page + 1).saturating_sub(missing_from);
    if free.missing == missing { Ok(()) } else { Err(Fault::Truncated) }
}

fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}

/// What the list of free pages adds up to.
struct FreePages {
    total: u64,
    /// The first page that the file does not have.
    missing_from: u64,
    missing: u64,
}

/// A row of a leaf.
struct Row<'p> {
    flags: u16,
    /// Bytes of the value, wherever it lies.
    bytes: usize,
    key: &'p [u8],
    /// The value, or the number of its first page.
    value: &'p [u8],
}

struct Pages<'f> {
    file: &'f File,
    page_size: u64,
    last: u64,
    length: u64,
}

impl Pages<'_> {
    /// The bytes of a page, which must bear its own number.
    fn read(&self, number: u64, count: u64) -> Checked<Vec<u8>> {
        if number < 2 || count == 0 || number.checked_add(count).is_none_or(|end| end > self.last + 1) {
            return Err(damaged(format!("page {number} lies outside the file")));
        }
        if (number + count) * self.page_size > self.length {
            return Err(Fault::Truncated);
        }
        let bytes = read_at(self.file, number * self.page_size, count * self.page_size)?;
        if Fields(&bytes).u64() == Some(number) {
            Ok(bytes)
        } else {
            Err(damaged(format!("page {number} has another number")))
        }
    }

    /// Reads and checks the root of a tree.
    fn root(&self, tree: &Tree) -> Checked<()> {
        if tree.root == NO_ROOT {
            return Ok(());
        }
        let bytes = self.read(tree.root, 1)?;
        let kind = if tree.depth == 1 { PAGE_LEAF } else { PAGE_BRANCH };
        let nodes = nodes(&bytes, kind).ok_or_else(|| bad_page(tree.root))?;
        // A branch has two children at the least.
        let enough = if tree.depth == 1 { nodes.len() as u64 == tree.entries } else { nodes.len() >= 2 };
        if enough { Ok(()) } else { Err(bad_page(tree.root)) }
    }

    /// Visits each row of a tree, and compares the pages with what its description says.
    fn walk(&self, tree: &Tree, visit: &mut dyn FnMut(&Row<'_>) -> Checked<u64>) -> Checked<()> {
        if tree.root == NO_ROOT {
            return Ok(());
        }
        let (mut branches, mut leaves, mut overflow, mut entries) = (0, 0, 0_u64, 0_u64);
        let mut ahead = vec![(tree.root, tree.depth)];
        while let Some((number, depth)) = ahead.pop() {
            let bytes = self.read(number, 1)?;
            let is_leaf = depth == 1;
            let kind = if is_leaf { PAGE_LEAF } else { PAGE_BRANCH };
            let nodes = nodes(&bytes, kind).ok_or_else(|| bad_page(number))?;
            *(if is_leaf { &mut leaves } else { &mut branches }) += 1;
            for node in nodes {
                if is_leaf {
                    entries += 1;
                    overflow += visit(&leaf_row(&bytes, node).ok_or_else(|| bad_page(number))?)?;
                } else {
                    ahead.push((child(&bytes, node).ok_or_else(|| bad_page(number))?, depth - 1));
                }
            }
            if branches > tree.branch_pages || leaves > tree.leaf_pages {
                return Err(damaged("a tree has more pages than it says"));
            }
        }
        let found = (branches, leaves, overflow, entries);
        if found == (tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries) {
            Ok(())
        } else {
            Err(damaged("a tree has fewer pages or rows than it says"))
        }
    }

    /// A row of the main tree, which describes a table. Other rows belong to other programs. Gives the pages of its
    /// own that its value takes.
    fn check_table(&self, row: &Row<'_>, used: &mut u64) -> Checked<u64> {
        if row.flags != ROW_TREE {
            return Ok(if row.flags & ROW_OVERFLOW == 0 { 0 } else { self.overflow(row)?.0 });
        }
        let tree = Tree::read(row.value).filter(|_| row.bytes == Tree::BYTES);
        let tree = tree.ok_or_else(|| damaged("a table without a description"))?;
        if let Some(fault) = tree.fault(self.last) {
            return Err(damaged(format!("table {}: {fault}", String::from_utf8_lossy(row.key))));
        }
        *used = used.saturating_add(tree.pages());
        // Tables with flags keep other kinds of pages; none of ours has any.
        if tree.flags == 0 {
            self.root(&tree)?;
        }
        Ok(0)
    }

    /// A row of the tree of free pages: the commit that freed them, and their numbers, greatest first.
    fn check_free_row(&self, row: &Row<'_>, newest: u64, free: &mut FreePages) -> Checked<u64> {
        let commit = Fields(row.key).u64().filter(|commit| row.key.len() == 8 && *commit <= newest);
        commit.ok_or_else(|| damaged("free pages of an impossible commit"))?;
        let (overflow, far) = if row.flags & ROW_OVERFLOW == 0 {
            (0, None)
        } else {
            let (pages, value) = self.overflow(row)?;
            (pages, Some(value))
        };
        let mut numbers = Fields(far.as_deref().unwrap_or(row.value));
        let count = numbers.u64().filter(|count| *count <= (row.bytes as u64 / 8).saturating_sub(1));
        let count = count.ok_or_else(|| damaged("a list of free pages is longer than its row"))?;
        let mut above = self.last + 1;
        for _ in 0..count {
            let number = numbers.u64().filter(|number| (2..above).contains(number));
            above = number.ok_or_else(|| damaged("an impossible free page"))?;
            free.missing += u64::from(above >= free.missing_from);
        }
        free.total = free.total.saturating_add(count);
        Ok(overflow)
    }

    /// A value on pages of its own: how many, and its bytes.
    fn overflow(&self, row: &Row<'_>) -> Checked<(u64, Vec<u8>)> {
        let number = Fields(row.value).u64().ok_or_else(|| damaged("a value without a page"))?;
        let count = (row.bytes as u64 + PAGE_HEADER as u64).div_ceil(self.page_size);
        let mut bytes = self.read(number, count)?;
        let mut fields = Fields(bytes.get(10..).unwrap_or_default());
        if fields.u16() != Some(PAGE_OVERFLOW) || fields.u32().is_none_or(|pages| u64::from(pages) < count) {
            return Err(bad_page(number));
        }
        bytes.drain(..PAGE_HEADER.min(bytes.len()));
        bytes.truncate(row.bytes);
        Ok((count, bytes))
    }
}

fn bad_page(number: u64) -> Fault {
    damaged(format!("page {number} is not what refers to it"))
}

/// Where the nodes of a page lie in it, if it is a page of that kind.
fn nodes(bytes: &[u8], kind: u16) -> Option<Vec<usize>> {
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

fn child(bytes: &[u8], node: usize) -> Option<u64> {
    let mut fields = Fields(bytes.get(node..)?);
    let (low, high, top) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let key_bytes = usize::from(fields.u16()?);
    fields.take(key_bytes)?;
    Some(u64::from(low) | u64::from(high) << 16 | u64::from(top) << 32)
}

fn leaf_row(bytes: &[u8], node: usize) -> Option<Row<'_>> {
    let mut fields = Fields(bytes.get(node..)?);
    let (low, high, flags) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let key_bytes = usize::from(fields.u16()?);
    let count = usize::from(low) | usize::from(high) << 16;
    let key = fields.take(key_bytes)?;
    let value = fields.take(if flags & ROW_OVERFLOW == 0 { count } else { 8 })?;
    Some(Row { flags, bytes: count, key, value })
}
