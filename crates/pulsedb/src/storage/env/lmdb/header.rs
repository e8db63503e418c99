//! The two meta pages of `data.mdb`, read with plain reads and judged before LMDB maps the file.
//!
//! LMDB trusts these pages: it would map a file that is shorter than they say, and die by `SIGBUS` on the first
//! page that is missing. `docs/pulsedb-format.md` has the layout and the list of what is required.

use std::fs::File;
use std::path::Path;

use super::pages::{self, Fault};
use super::tree::{Fields, NO_ROOT, Tree};
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::failure::{damaged, unsupported};
use crate::storage::env::system::read_at;

const MAGIC: u32 = 0xBEEF_C0DE;
const VERSION: u32 = 1;
/// Flag of a meta page.
const PAGE_META: u16 = 0x08;
/// Flags of the tree of free pages: integer keys and nothing else.
const FREE_TREE_FLAGS: u16 = 0x08;
/// Bytes of a page header.
pub(crate) const PAGE_HEADER: usize = 16;
/// Bytes of a page header and the meta behind it.
const META_BYTES: usize = PAGE_HEADER + 136;
/// How often the pages are read again when they change under the reader.
const READ_ATTEMPTS: usize = 100;
/// How often the trees are read again for the same reason: each time takes up to some milliseconds.
const CHECK_ATTEMPTS: usize = 8;
/// Where the second page is looked for when the first one does not say.
const PAGE_SIZE_USUAL: u64 = 4096;
const PAGE_SIZE_MIN: u64 = 512;
const PAGE_SIZE_MAX: u64 = 1 << 16;
/// 64 TiB: far above the largest map that can be asked for, and far below an overflow of any product here.
const MAP_BYTES_MAX: u64 = 1 << 46;

/// Where the size of the map stands in the file, for each meta page.
pub(crate) fn map_bytes_offset(slot: u64, page_size: u64) -> u64 {
    slot * page_size + PAGE_HEADER as u64 + 16
}

/// Both meta pages of an empty database, as LMDB writes them.
pub(crate) fn fresh(page_size: u64, map_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for slot in 0..2_u64 {
        bytes.extend_from_slice(&slot.to_ne_bytes());
        bytes.extend_from_slice(&0_u16.to_ne_bytes());
        bytes.extend_from_slice(&PAGE_META.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(&MAGIC.to_ne_bytes());
        bytes.extend_from_slice(&VERSION.to_ne_bytes());
        bytes.extend_from_slice(&0_u64.to_ne_bytes());
        bytes.extend_from_slice(&map_bytes.to_ne_bytes());
        for (pad, flags) in [(page_size as u32, FREE_TREE_FLAGS), (0, 0)] {
            bytes.extend_from_slice(&pad.to_ne_bytes());
            bytes.extend_from_slice(&flags.to_ne_bytes());
            bytes.extend_from_slice(&[0; 34]);
            bytes.extend_from_slice(&NO_ROOT.to_ne_bytes());
        }
        bytes.extend_from_slice(&1_u64.to_ne_bytes());
        bytes.extend_from_slice(&0_u64.to_ne_bytes());
        bytes.resize(((slot + 1) * page_size) as usize, 0);
    }
    bytes
}

/// What an existing data file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) page_size: u64,
    pub(crate) map_bytes: u64,
    pub(crate) last_page: u64,
    pub(crate) txn_id: u64,
    pub(crate) free: Tree,
    pub(crate) main: Tree,
}

impl Header {
    /// Bytes that the file must have at the least.
    pub(crate) fn bytes(&self) -> u64 {
        (self.last_page + 1) * self.page_size
    }
}

/// Reads and judges a data file. `None` for one without a byte, which is a database that is not made yet.
pub(crate) fn read(file: &File, path: &Path) -> Result<Option<Header>, PulseDBError> {
    read_checked(file, path, |header| pages::check(file, header, pages::PAGES_AT_OPEN))
}

/// As [`read`], with what checks the pages of a snapshot.
pub(crate) fn read_checked(
    file: &File,
    path: &Path,
    check: impl Fn(&Header) -> Result<(), Fault>,
) -> Result<Option<Header>, PulseDBError> {
    let mut attempts = CHECK_ATTEMPTS;
    while let Some(both) = read_stable(file, path)? {
        let header = both.newest;
        let Err(fault) = check(&header) else { return Ok(Some(header)) };
        // Pages of a snapshot stay as they are until the next but one commits. So the fault is one of the file
        // only if its newest snapshot is still the same.
        if read_stable(file, path)?.is_some_and(|again| again.newest == header) {
            return Err(told(fault, file, path, &header));
        }
        attempts -= 1;
        if attempts == 0 {
            return match fault {
                // Others commit faster than the pages are read, so nothing is proven; they use these pages now.
                Fault::Damaged(_) => Ok(Some(header)),
                fault => Err(told(fault, file, path, &header)),
            };
        }
    }
    Ok(None)
}

pub(crate) fn told(fault: Fault, file: &File, path: &Path, header: &Header) -> PulseDBError {
    match fault {
        Fault::Truncated => {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            truncated(format!("it has {length} bytes and its last page ends at {}", header.bytes()))
        }
        Fault::Damaged(what) => damaged(format!("data.mdb: {what}")),
        Fault::Unreadable(error) => PulseDBError::io("read", path, error),
    }
}

/// The states that a damaged file may still hold, the newer one first; each may be wrong in whatever it says.
pub(crate) fn candidates(file: &File, path: &Path) -> Result<Vec<Header>, PulseDBError> {
    let pages = MetaPages::read(file, path)?;
    let parsed = [parse(&pages.first, 0), parse(&pages.second, 1)];
    let mut headers: Vec<Header> = parsed.into_iter().filter_map(Result::ok).collect();
    headers.retain(|header| fault(header).is_none());
    headers.sort_by_key(|header| std::cmp::Reverse(header.txn_id));
    Ok(headers)
}

/// What a copy that LMDB has just made says about itself; it may lack free pages at its end.
pub(crate) fn read_copy(file: &File, path: &Path) -> Result<Option<Header>, PulseDBError> {
    Ok(read_stable(file, path)?.map(|both| both.newest))
}

/// What the file says about itself after a certain transaction, which must be one of the last two.
pub(crate) fn read_for(file: &File, path: &Path, txn_id: u64) -> Result<Header, PulseDBError> {
    let both = read_stable(file, path)?.ok_or_else(|| damaged("data.mdb is empty"))?;
    Ok(if both.older.txn_id == txn_id { both.older } else { both.newest })
}

/// Judges the meta pages of a file of these bytes.
#[cfg(any(test, fuzzing))]
pub(crate) fn judge(file: &[u8]) -> Result<(), PulseDBError> {
    let page = |offset: u64| {
        let rest = usize::try_from(offset).ok().and_then(|offset| file.get(offset..)).unwrap_or_default();
        rest.get(..META_BYTES).unwrap_or(rest)
    };
    let first = page(0);
    let second = page(page_size_of(first).unwrap_or(PAGE_SIZE_USUAL));
    order(parse(first, 0), parse(second, 1)).map(|_| ())
}

/// Another process may commit meanwhile, so that two reads belong to two states: a fault counts only if the same
/// bytes are read twice.
fn read_stable(file: &File, path: &Path) -> Result<Option<Both>, PulseDBError> {
    let mut attempts = READ_ATTEMPTS;
    loop {
        let pages = MetaPages::read(file, path)?;
        if pages.is_empty {
            return Ok(None);
        }
        attempts -= 1;
        match order(parse(&pages.first, 0), parse(&pages.second, 1)) {
            Ok(both) => return Ok(Some(both)),
            Err(fault) if attempts == 0 || MetaPages::read(file, path)? == pages => return Err(fault),
            Err(_) => {}
        }
    }
}

/// The bytes of both meta pages.
#[derive(PartialEq, Eq)]
struct MetaPages {
    first: Vec<u8>,
    second: Vec<u8>,
    is_empty: bool,
}

impl MetaPages {
    fn read(file: &File, path: &Path) -> Result<Self, PulseDBError> {
        let unreadable = |error| PulseDBError::io("read", path, error);
        let first = read_at(file, 0, META_BYTES).map_err(unreadable)?;
        let page_size = page_size_of(&first).unwrap_or(PAGE_SIZE_USUAL);
        let second = read_at(file, page_size, META_BYTES).map_err(unreadable)?;
        let is_empty = first.is_empty();
        Ok(Self { first, second, is_empty })
    }
}

/// The two states that a file holds.
struct Both {
    older: Header,
    /// The one that LMDB will use.
    newest: Header,
}

fn truncated(how: impl std::fmt::Display) -> PulseDBError {
    damaged(format!("data.mdb, truncated: {how}"))
}

/// Where the second page begins, as the first one says.
fn page_size_of(first: &[u8]) -> Option<u64> {
    let mut fields = Fields(first);
    fields.take(PAGE_HEADER + 24)?;
    let page_size = u64::from(fields.u32()?);
    (page_size.is_power_of_two() && (PAGE_SIZE_MIN..=PAGE_SIZE_MAX).contains(&page_size)).then_some(page_size)
}

/// The two states in order, if they are those of one healthy file.
fn order(
    first: Result<Header, PulseDBError>,
    second: Result<Header, PulseDBError>,
) -> Result<Both, PulseDBError> {
    let (first, second) = match (first, second) {
        // Of another program's file the second page would not be right either.
        (Err(PulseDBError::Storage(StorageError::Unsupported { .. })), Ok(_)) => {
            return Err(damaged("meta page 0: wrong magic number"));
        }
        (first, second) => (first?, second?),
    };
    if first.page_size != second.page_size {
        return Err(damaged("meta pages: two page sizes"));
    }
    // A commit writes one page, and the next one the other, so they are one commit apart.
    let fresh = first.txn_id == 0 && second.txn_id == 0;
    if !fresh && first.txn_id.abs_diff(second.txn_id) != 1 {
        return Err(damaged(format!(
            "meta pages: transactions {} and {} do not follow each other",
            first.txn_id, second.txn_id
        )));
    }
    let (older, newest) = if second.txn_id > first.txn_id { (first, second) } else { (second, first) };
    // Only the newer one is judged as a whole: after a write that failed, LMDB leaves a mixture in the other.
    if let Some(fault) = fault(&newest) {
        return Err(damaged(format!("meta page {}: {fault}", newest.txn_id % 2)));
    }
    // Neither the size of the map nor the last page ever falls.
    if older.last_page > newest.last_page || older.map_bytes > newest.map_bytes {
        return Err(damaged("meta pages: the file has shrunk from one transaction to the next"));
    }
    Ok(Both { older, newest })
}

/// One meta page, header of the page included.
fn parse(bytes: &[u8], slot: u64) -> Result<Header, PulseDBError> {
    let mut fields = Fields(bytes);
    let start = MetaStart::read(&mut fields);
    match &start {
        Some(start) if start.magic == MAGIC && start.version == VERSION => {}
        Some(start) if start.magic == MAGIC => {
            return Err(unsupported(format!(
                "data.mdb has version {} of LMDB's format, only {VERSION} is known",
                start.version
            )));
        }
        Some(_) if slot == 0 => {
            return Err(unsupported("data.mdb is no LMDB file; name another directory, or restore a backup"));
        }
        Some(_) => return Err(damaged("meta page 1: wrong magic number")),
        None => return Err(truncated(format!("it ends inside meta page {slot}"))),
    }
    let header =
        read_header(&mut fields).ok_or_else(|| truncated(format!("it ends inside meta page {slot}")))?;
    let fault = if start.is_some_and(|start| start.is_in_place(slot)) {
        misplaced(&header, slot)
    } else {
        Some("it is no meta page, or that of another slot")
    };
    match fault {
        Some(fault) => Err(damaged(format!("meta page {slot}: {fault}"))),
        None => Ok(header),
    }
}

/// The header of a meta page and the constants behind it.
struct MetaStart {
    page: u64,
    pad: u16,
    flags: u16,
    bounds: u32,
    magic: u32,
    version: u32,
    address: u64,
}

impl MetaStart {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            page: fields.u64()?,
            pad: fields.u16()?,
            flags: fields.u16()?,
            bounds: fields.u32()?,
            magic: fields.u32()?,
            version: fields.u32()?,
            address: fields.u64()?,
        })
    }

    fn is_in_place(&self, slot: u64) -> bool {
        self.page == slot && self.pad == 0 && self.flags == PAGE_META && self.bounds == 0 && self.address == 0
    }
}

fn read_header(fields: &mut Fields<'_>) -> Option<Header> {
    let map_bytes = fields.u64()?;
    let free = Tree::read(fields.take(Tree::BYTES)?)?;
    let main = Tree::read(fields.take(Tree::BYTES)?)?;
    let last_page = fields.u64()?;
    let txn_id = fields.u64()?;
    Some(Header { page_size: u64::from(free.pad), map_bytes, last_page, txn_id, free, main })
}

/// What no meta page of the slot can say.
fn misplaced(header: &Header, slot: u64) -> Option<&'static str> {
    let Header { page_size, txn_id, .. } = header;
    if !page_size.is_power_of_two() || !(PAGE_SIZE_MIN..=PAGE_SIZE_MAX).contains(page_size) {
        return Some("impossible page size");
    }
    if *txn_id != 0 && txn_id % 2 != slot {
        return Some("its transaction belongs on the other page");
    }
    None
}

/// What a meta page that is in use cannot say.
fn fault(header: &Header) -> Option<&'static str> {
    let Header { page_size, map_bytes, last_page, free, main, .. } = header;
    if *map_bytes > MAP_BYTES_MAX || map_bytes % page_size != 0 {
        return Some("impossible size of the map");
    }
    if *last_page == 0 || last_page.checked_add(1).is_none_or(|pages| pages > map_bytes / page_size) {
        return Some("the last page lies outside the map");
    }
    if free.flags != FREE_TREE_FLAGS || main.flags != 0 || main.pad != 0 {
        return Some("unknown flags");
    }
    free.fault(*last_page).or_else(|| main.fault(*last_page))
}
