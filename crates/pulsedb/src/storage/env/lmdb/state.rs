//! Which state a data file holds: its meta pages and its trees, read while other processes may commit.

use std::fs::File;
use std::path::Path;

use super::fault::{Checked, FileFault};
use super::header::{Both, Header, META_BYTES, PAGE_SIZE_USUAL, fault, order, page_size_of, parse};
use super::structure;
use crate::error::PulseDBError;
use crate::storage::env::failure::{damaged, truncated};
use crate::storage::env::system::read_at;

/// How often the pages are read again when they change under the reader.
const READ_ATTEMPTS: usize = 100;
/// How often the trees are read again for the same reason: each time takes up to some milliseconds.
const CHECK_ATTEMPTS: usize = 8;

/// Reads and judges a data file. `None` for one without a byte, which is a database that is not made yet.
pub(crate) fn read(file: &File, path: &Path) -> Result<Option<Header>, PulseDBError> {
    read_checked(file, path, |header| structure::check(file, header, structure::PAGES_AT_OPEN))
}

/// As [`read`], with what checks the pages of a snapshot.
pub(crate) fn read_checked(
    file: &File,
    path: &Path,
    check: impl Fn(&Header) -> Checked<()>,
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
                FileFault::Damaged(_) => Ok(Some(header)),
                fault => Err(told(fault, file, path, &header)),
            };
        }
    }
    Ok(None)
}

pub(crate) fn told(fault: FileFault, file: &File, path: &Path, header: &Header) -> PulseDBError {
    match fault {
        FileFault::Truncated => {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            truncated(format!("it has {length} bytes and its last page ends at {}", header.bytes()))
        }
        FileFault::Damaged(what) => damaged(format!("data.mdb: {what}")),
        FileFault::Unreadable(error) => PulseDBError::io("read", path, error),
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
            Err(error) if attempts == 0 || MetaPages::read(file, path)? == pages => return Err(error),
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
