//! The pages of the trees, checked with plain reads before LMDB maps the file.
//!
//! LMDB believes what it reads: one flipped bit in a page of a tree can make it follow a value as if it were a page,
//! end the process by a signal, or write over pages that are in use. So the pages are read here first, from the roots
//! down, with a limit that keeps opening fast: all of a small database, the upper levels of a large one. Values are
//! not looked at, each has its own checksum. [`crate::storage::env::Environment::check_pages`] reads all of them.

use std::collections::VecDeque;
use std::fs::File;
use std::rc::Rc;

use super::fault::{Checked, FileFault, bad_page, damaged};
use super::header::Header;
use super::node::{
    PAGE_BRANCH, PAGE_LEAF, ROW_OVERFLOW, ROW_TREE, Row, child, fill_the_page, leaf_row, nodes,
};
use super::pages::Pages;
use super::tree::{Fields, Tree};

/// The longest key that LMDB takes.
const KEY_BYTES_MAX: usize = 511;
/// Pages of the tables that are read when a database is opened: some 1 ms.
pub(crate) const PAGES_AT_OPEN: u64 = 512;
/// Pages of the main tree, and of the tree of free pages, that are read when a database is opened. A larger tree of
/// free pages, of some half a gigabyte of them, is judged by its root.
const PAGES_OF_ROOTS: u64 = 1024;

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
        return Err(damaged("the trees and the free pages together have more pages than the file"));
    }
    let missing = (header.last_page + 1).saturating_sub(missing_from);
    let is_long_enough = missing == 0 || (is_whole && free.missing == missing);
    if is_long_enough { Ok(()) } else { Err(FileFault::Truncated) }
}

/// What the list of free pages adds up to.
struct FreePages {
    total: u64,
    /// The first page that the file does not have.
    missing_from: u64,
    missing: u64,
}

impl Pages<'_> {
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

    /// A row of the main tree, which describes a table. Other rows belong to other programs. Returns the pages of its
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

    /// A row of a table. Returns the overflow pages of its value.
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

fn name(fault: FileFault, name: &str) -> FileFault {
    match fault {
        FileFault::Damaged(what) => FileFault::Damaged(format!("{name}: {what}")),
        other => other,
    }
}

/// Visits the rows of a leaf, whose keys must ascend. Returns the overflow pages of their values.
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
