//! The pages of the trees, checked with plain reads before LMDB maps the file.
//!
//! LMDB believes what it reads: one flipped bit in a page of a tree can make it follow a value as if it were a page,
//! end the process by a signal, or write over pages that are in use. So the pages are read here first, from the roots
//! down, with a limit that keeps opening fast: all of a small database, the upper levels of a large one. Values are
//! not looked at, each has its own checksum. [`crate::storage::env::Environment::check_pages`] reads all of them.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::rc::Rc;

use super::header::{Header, PAGE_HEADER};
use super::tree::{Fields, Tree};
use crate::storage::env::system::read_at;

pub(crate) const PAGE_BRANCH: u16 = 0x01;
pub(crate) const PAGE_LEAF: u16 = 0x02;
const PAGE_OVERFLOW: u16 = 0x04;
/// The value of the row lies on pages of its own.
const ROW_OVERFLOW: u16 = 0x01;
/// The value of the row describes a tree.
const ROW_TREE: u16 = 0x02;
/// Bytes of a node before its key.
const NODE_HEADER: usize = 8;
/// The longest key that LMDB takes.
const KEY_BYTES_MAX: usize = 511;
/// Pages of the tables that are read when a database is opened: some 1 ms.
pub(crate) const PAGES_AT_OPEN: u64 = 512;
/// Pages of the main tree, and of the tree of free pages, that are read when a database is opened. A larger tree of
/// free pages, of some half a gigabyte of them, is judged by its root.
const PAGES_OF_ROOTS: u64 = 1024;

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) enum Fault {
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

/// Checks a snapshot and at most `limit` pages of its tables. A file may be shorter than its last page only if what
/// is missing is free.
pub(crate) fn check(file: &File, header: &Header, limit: u64) -> Checked<()> {
    let length = file.metadata()?.len();
    let pages = Pages::new(file, header, length);
    let limit_of_roots = limit.max(PAGES_OF_ROOTS);
    let mut tables = Vec::new();
    let mut main = Walk::new("the main tree", &header.main);
    pages
        .walk(std::slice::from_mut(&mut main), limit_of_roots, &mut |row| pages.main_row(row, &mut tables))?;
    pages.walk(&mut tables, limit, &mut |row| pages.table_row(row))?;

    let missing_from = length / header.page_size;
    let mut free = FreePages { total: 0, missing_from, missing: 0 };
    let mut tree = Walk::new("the tree of free pages", &header.free);
    let is_whole = pages.walk(std::slice::from_mut(&mut tree), limit_of_roots, &mut |row| {
        pages.free_row(row, header.txn_id, &mut free)
    })?;
    let used = tables.iter().chain([&main, &tree]).map(|walk| walk.tree.pages());
    if used.fold(free.total, u64::saturating_add) > header.last_page - 1 {
        return Err(damaged("the trees and the free pages are more than the file has"));
    }
    let missing = (header.last_page + 1).saturating_sub(missing_from);
    let is_long_enough = missing == 0 || (is_whole && free.missing == missing);
    if is_long_enough { Ok(()) } else { Err(Fault::Truncated) }
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
pub(crate) struct Row<'p> {
    flags: u16,
    /// Bytes of the value, wherever it lies.
    bytes: usize,
    pub(crate) key: &'p [u8],
    /// The value, or the number of its first page.
    pub(crate) value: &'p [u8],
}

impl Row<'_> {
    /// Whether the value lies on pages of its own.
    pub(crate) fn is_overflow(&self) -> bool {
        self.flags & ROW_OVERFLOW != 0
    }
}

/// The pages of a file.
pub(crate) struct Pages<'f> {
    file: &'f File,
    page_size: u64,
    last: u64,
    length: u64,
}

impl<'f> Pages<'f> {
    pub(crate) fn new(file: &'f File, header: &Header, length: u64) -> Self {
        Self { file, page_size: header.page_size, last: header.last_page, length }
    }

    /// Pages that lie side by side; the first must bear its own number.
    pub(crate) fn read(&self, number: u64, count: u64) -> Checked<Vec<u8>> {
        self.read_part(number, count, count.saturating_mul(self.page_size))
    }

    /// The first bytes of some pages that lie side by side; the first must bear its own number.
    fn read_part(&self, number: u64, count: u64, part: u64) -> Checked<Vec<u8>> {
        if number < 2 || count == 0 || number.checked_add(count).is_none_or(|end| end > self.last + 1) {
            return Err(damaged(format!("page {number} lies outside the file")));
        }
        if (number + count) * self.page_size > self.length {
            return Err(Fault::Truncated);
        }
        let bytes = read_at(self.file, number * self.page_size, part as usize)?;
        if Fields(&bytes).u64() == Some(number) {
            Ok(bytes)
        } else {
            Err(damaged(format!("page {number} has another number")))
        }
    }

    /// Reads trees level by level, all of them at once, up to a number of pages beyond their roots. Visits each row, and
    /// compares a tree that was read as a whole with its description. Says whether all were.
    fn walk(
        &self,
        walks: &mut [Walk],
        limit: u64,
        visit: &mut dyn FnMut(&Row<'_>) -> Checked<u64>,
    ) -> Checked<bool> {
        let has_root = |(_, walk): &(usize, &Walk)| !walk.tree.is_empty();
        let start = walks.iter().enumerate().filter(has_root);
        let mut ahead: VecDeque<_> = start.map(|(index, walk)| (index, Step::root(&walk.tree))).collect();
        let mut left = limit.saturating_add(ahead.len() as u64);
        while left > 0
            && let Some((index, step)) = ahead.pop_front()
        {
            let Some(walk) = walks.get_mut(index) else { continue };
            let Step { number, depth, .. } = step;
            let named = |fault| name(fault, &walk.name);
            let page = self.read(number, 1).map_err(named)?;
            let kind = if depth == 1 { PAGE_LEAF } else { PAGE_BRANCH };
            let nodes = nodes(&page, kind).filter(|nodes| fill_the_page(&page, nodes, depth == 1));
            let nodes = nodes.ok_or_else(|| named(bad_page(number)))?;
            if depth == 1 {
                let overflow = rows(&page, &step, &nodes, walk.keys_are_numbers(), visit).map_err(named)?;
                left = left.saturating_sub(overflow);
                walk.overflow_pages += overflow;
                walk.entries += nodes.len() as u64;
                walk.leaf_pages += 1;
            } else {
                for child in children(page, step, nodes, walk.keys_are_numbers()).map_err(named)? {
                    // What will not be read is not remembered either.
                    if ahead.len() as u64 <= left {
                        ahead.push_back((index, child));
                    } else {
                        walk.is_whole = false;
                    }
                }
                walk.branch_pages += 1;
            }
            if walk.branch_pages > walk.tree.branch_pages || walk.leaf_pages > walk.tree.leaf_pages {
                return Err(damaged(format!("{} has more pages than it says", walk.name)));
            }
            left = left.saturating_sub(1);
        }
        for (index, ..) in ahead {
            if let Some(walk) = walks.get_mut(index) {
                walk.is_whole = false;
            }
        }
        match walks.iter().find(|walk| walk.is_whole && !walk.agrees()) {
            Some(walk) => Err(damaged(format!("{} has fewer pages or rows than it says", walk.name))),
            None => Ok(walks.iter().all(|walk| walk.is_whole)),
        }
    }

    /// A row of the main tree, which describes a table. Other rows belong to other programs. Gives the pages of its
    /// own that its value takes.
    fn main_row(&self, row: &Row<'_>, tables: &mut Vec<Walk>) -> Checked<u64> {
        if row.flags != ROW_TREE {
            return self.table_row(row);
        }
        let tree = Tree::read(row.value).filter(|_| row.bytes == Tree::BYTES);
        let tree = tree.ok_or_else(|| damaged("a table without a description"))?;
        let name = format!("table {}", String::from_utf8_lossy(row.key));
        if let Some(fault) = tree.fault(self.last) {
            return Err(damaged(format!("{name}: {fault}")));
        }
        // Tables with flags keep other kinds of pages; none of ours has any.
        if tree.flags == 0 {
            tables.push(Walk::new(name, &tree));
        }
        Ok(0)
    }

    /// A row of a table. Gives the pages of its own that its value takes.
    fn table_row(&self, row: &Row<'_>) -> Checked<u64> {
        match row.flags {
            0 => Ok(0),
            ROW_OVERFLOW => self.overflow_pages(row),
            _ => Err(damaged("a row of an unknown kind")),
        }
    }

    /// A row of the tree of free pages: the commit that freed them, and their numbers, greatest first.
    fn free_row(&self, row: &Row<'_>, newest: u64, free: &mut FreePages) -> Checked<u64> {
        let commit = Fields(row.key).u64().filter(|commit| row.key.len() == 8 && *commit <= newest);
        commit.ok_or_else(|| damaged("free pages of an impossible commit"))?;
        let overflow = self.table_row(row)?;
        let far = if overflow == 0 { None } else { Some(self.overflow_value(row, usize::MAX)?) };
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

    /// How many pages of its own a value has: as many as it takes, or more where it is shorter than one before it.
    fn overflow_pages(&self, row: &Row<'_>) -> Checked<u64> {
        let number = Fields(row.value).u64().ok_or_else(|| damaged("a value without a page"))?;
        let needed = (row.bytes as u64 + PAGE_HEADER as u64).div_ceil(self.page_size);
        let start = self.read_part(number, needed, PAGE_HEADER as u64)?;
        let mut fields = Fields(start.get(8..).unwrap_or_default());
        let is_right = fields.u16() == Some(0) && fields.u16() == Some(PAGE_OVERFLOW);
        let pages = fields.u32().map(u64::from).filter(|pages| is_right && *pages >= needed);
        let pages = pages.filter(|pages| number + pages <= self.last + 1);
        pages.ok_or_else(|| bad_page(number))
    }

    /// A value of at most `most` bytes that lies on pages of its own.
    pub(crate) fn overflow_value(&self, row: &Row<'_>, most: usize) -> Checked<Vec<u8>> {
        if row.bytes > most {
            return Err(damaged("a value is too long to be true"));
        }
        let pages = self.overflow_pages(row)?;
        let number = Fields(row.value).u64().ok_or_else(|| damaged("a value without a page"))?;
        let mut value = self.read_part(number, pages, (PAGE_HEADER + row.bytes) as u64)?;
        value.drain(..PAGE_HEADER.min(value.len()));
        Ok(value)
    }
}

/// A page that a walk comes to.
#[derive(Clone)]
struct Step {
    number: u64,
    depth: u16,
    /// The branch that led here, and the place in it; `None` for a root.
    branch: Option<(Rc<Branch>, usize)>,
}

/// A branch that was read. Its keys bound those below it: a wrong one would hide rows from those who look for them.
struct Branch {
    page: Vec<u8>,
    nodes: Vec<usize>,
    step: Step,
}

impl Branch {
    fn key(&self, place: usize) -> Option<&[u8]> {
        Some(child(&self.page, *self.nodes.get(place)?)?.1)
    }
}

impl Step {
    fn root(tree: &Tree) -> Self {
        Self { number: tree.root, depth: tree.depth, branch: None }
    }

    /// The smallest key that may stand here, if there is a bound. The first key of a branch has no meaning.
    fn from(&self) -> Option<&[u8]> {
        let (branch, place) = self.branch.as_ref()?;
        if *place == 0 { branch.step.from() } else { branch.key(*place) }
    }

    /// The key above all that may stand here, if there is a bound.
    fn until(&self) -> Option<&[u8]> {
        let (branch, place) = self.branch.as_ref()?;
        branch.key(*place + 1).or_else(|| branch.step.until())
    }

    /// Whether keys that rise from `first` to `last` may stand here.
    fn may_hold(&self, first: &[u8], last: &[u8]) -> bool {
        self.from().is_none_or(|from| from <= first) && self.until().is_none_or(|until| last < until)
    }
}

/// The pages below a branch, whose keys must rise within their bounds.
fn children(page: Vec<u8>, step: Step, nodes: Vec<usize>, keys_are_numbers: bool) -> Checked<Vec<Step>> {
    let (number, depth) = (step.number, step.depth - 1);
    let branch = Rc::new(Branch { page, nodes, step });
    let mut children = Vec::with_capacity(branch.nodes.len());
    let mut keys: Vec<&[u8]> = Vec::with_capacity(branch.nodes.len());
    for (place, node) in branch.nodes.iter().enumerate() {
        let (number, key) = child(&branch.page, *node).ok_or_else(|| bad_page(number))?;
        keys.push(key);
        children.push(Step { number, depth, branch: Some((Rc::clone(&branch), place)) });
    }
    let keys = keys.get(1..).unwrap_or_default();
    let in_place = match keys {
        [] => true,
        [first, .., last] => keys.is_sorted_by(|a, b| a < b) && branch.step.may_hold(first, last),
        [only] => branch.step.may_hold(only, only),
    };
    if in_place || keys_are_numbers { Ok(children) } else { Err(bad_page(number)) }
}

/// A tree and what was read of it.
struct Walk {
    name: String,
    tree: Tree,
    branch_pages: u64,
    leaf_pages: u64,
    overflow_pages: u64,
    entries: u64,
    /// Whether all of it was read.
    is_whole: bool,
}

impl Walk {
    fn new(name: impl Into<String>, tree: &Tree) -> Self {
        Self {
            name: name.into(),
            tree: *tree,
            branch_pages: 0,
            leaf_pages: 0,
            overflow_pages: 0,
            entries: 0,
            is_whole: true,
        }
    }

    /// Whether its keys are numbers of the machine, which bytes do not order.
    fn keys_are_numbers(&self) -> bool {
        self.tree.flags != 0
    }

    fn agrees(&self) -> bool {
        let Tree { branch_pages, leaf_pages, overflow_pages, entries, .. } = self.tree;
        let found = (self.branch_pages, self.leaf_pages, self.overflow_pages, self.entries);
        found == (branch_pages, leaf_pages, overflow_pages, entries)
    }
}

fn name(fault: Fault, name: &str) -> Fault {
    match fault {
        Fault::Damaged(what) => Fault::Damaged(format!("{name}: {what}")),
        other => other,
    }
}

/// Visits the rows of a leaf, whose keys must rise. Gives the pages that their values take.
fn rows(
    page: &[u8],
    step: &Step,
    nodes: &[usize],
    keys_are_numbers: bool,
    visit: &mut dyn FnMut(&Row<'_>) -> Checked<u64>,
) -> Checked<u64> {
    let mut overflow = 0_u64;
    let (mut first, mut below): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    for node in nodes {
        let row = leaf_row(page, *node).ok_or_else(|| bad_page(step.number))?;
        let rises =
            below.is_none_or(|below| if keys_are_numbers { below != row.key } else { below < row.key });
        if !rises || row.key.is_empty() || row.key.len() > KEY_BYTES_MAX {
            return Err(bad_page(step.number));
        }
        below = Some(row.key);
        first = first.or(below);
        overflow = overflow.saturating_add(visit(&row)?);
    }
    let in_place = first.zip(below).is_none_or(|(first, last)| step.may_hold(first, last));
    if in_place || keys_are_numbers { Ok(overflow) } else { Err(bad_page(step.number)) }
}

fn bad_page(number: u64) -> Fault {
    damaged(format!("page {number} is not what refers to it"))
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
fn fill_the_page(bytes: &[u8], nodes: &[usize], is_leaf: bool) -> bool {
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
