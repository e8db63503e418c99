//! The two meta pages of `data.mdb` as bytes, judged before LMDB maps the file.
//!
//! LMDB trusts these pages: it would map a file that is shorter than they say, and die by `SIGBUS` on the first
//! page that is missing. `docs/pulsedb-format.md` has the layout and the list of what is required.

use super::tree::{Fields, Tree};
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::failure::{damaged, truncated, unsupported};

const MAGIC: u32 = 0xBEEF_C0DE;
const VERSION: u32 = 1;
/// Flag of a meta page.
const PAGE_META: u16 = 0x08;
/// Flags of the tree of free pages: integer keys and nothing else.
const FREE_TREE_FLAGS: u16 = 0x08;
/// Bytes of a page header.
pub(crate) const PAGE_HEADER: usize = 16;
/// Bytes of a page header and the meta behind it.
pub(crate) const META_BYTES: usize = PAGE_HEADER + 136;
/// Where the second page is looked for when the first one does not say.
pub(crate) const PAGE_SIZE_USUAL: u64 = 4096;
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
    let free = Tree { pad: page_size as u32, flags: FREE_TREE_FLAGS, ..Tree::EMPTY };
    let header = Header { page_size, map_bytes, last_page: 1, txn_id: 0, free, main: Tree::EMPTY };
    [meta_page(&header, 0), meta_page(&header, 1)].concat()
}

/// Both meta pages of a file that holds one state: under its number, and on the other page under the one before.
pub(crate) fn stamped(header: &Header) -> Vec<u8> {
    let older = Header { txn_id: header.txn_id.saturating_sub(1), ..*header };
    let mut pages = [older, *header];
    pages.sort_by_key(|header| header.txn_id % 2);
    [meta_page(&pages[0], 0), meta_page(&pages[1], 1)].concat()
}

fn meta_page(header: &Header, slot: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(header.page_size as usize);
    bytes.extend_from_slice(&slot.to_ne_bytes());
    bytes.extend_from_slice(&0_u16.to_ne_bytes());
    bytes.extend_from_slice(&PAGE_META.to_ne_bytes());
    bytes.extend_from_slice(&0_u32.to_ne_bytes());
    bytes.extend_from_slice(&MAGIC.to_ne_bytes());
    bytes.extend_from_slice(&VERSION.to_ne_bytes());
    bytes.extend_from_slice(&0_u64.to_ne_bytes());
    bytes.extend_from_slice(&header.map_bytes.to_ne_bytes());
    header.free.write(&mut bytes);
    header.main.write(&mut bytes);
    bytes.extend_from_slice(&header.last_page.to_ne_bytes());
    bytes.extend_from_slice(&header.txn_id.to_ne_bytes());
    bytes.resize(header.page_size as usize, 0);
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

/// The two states that a file holds.
pub(crate) struct Both {
    pub(crate) older: Header,
    /// The one that LMDB will use.
    pub(crate) newest: Header,
}

/// Where the second page begins, as the first one says.
pub(crate) fn page_size_of(first: &[u8]) -> Option<u64> {
    let mut fields = Fields(first);
    fields.take(PAGE_HEADER + 24)?;
    let page_size = u64::from(fields.u32()?);
    (page_size.is_power_of_two() && (PAGE_SIZE_MIN..=PAGE_SIZE_MAX).contains(&page_size)).then_some(page_size)
}

/// The two states in order, if they are those of one healthy file.
pub(crate) fn order(
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
pub(crate) fn parse(bytes: &[u8], slot: u64) -> Result<Header, PulseDBError> {
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
            return Err(unsupported(
                "data.mdb is not an LMDB file; name another directory, or restore a backup",
            ));
        }
        Some(_) => return Err(damaged("meta page 1: wrong magic number")),
        None => return Err(truncated(format!("it ends inside meta page {slot}"))),
    }
    let header =
        read_header(&mut fields).ok_or_else(|| truncated(format!("it ends inside meta page {slot}")))?;
    let fault = if start.is_some_and(|start| start.is_in_place(slot)) {
        misplaced(&header, slot)
    } else {
        Some("it is not a meta page, or is in the wrong place")
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

/// What a meta page in this slot cannot say.
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
pub(crate) fn fault(header: &Header) -> Option<&'static str> {
    let Header { page_size, map_bytes, last_page, free, main, .. } = header;
    if *map_bytes > MAP_BYTES_MAX || map_bytes % page_size != 0 {
        return Some("impossible size of the map");
    }
    if *last_page == 0 || last_page.checked_add(1).is_none_or(|pages| pages > map_bytes / page_size) {
        return Some("the last page is outside the map");
    }
    if free.flags != FREE_TREE_FLAGS || main.flags != 0 || main.pad != 0 {
        return Some("unknown flags");
    }
    free.fault(*last_page).or_else(|| main.fault(*last_page))
}
