//! The pages of a data file, read one by one with plain reads.

use std::fs::File;

use super::fault::{Checked, FileFault, bad_page, damaged};
use super::header::{Header, PAGE_HEADER};
use super::node::{PAGE_OVERFLOW, Row};
use super::tree::Fields;
use crate::storage::env::system::read_at;

/// The pages of a file.
pub(crate) struct Pages<'f> {
    file: &'f File,
    pub(crate) page_size: u64,
    pub(crate) last: u64,
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
            return Err(damaged(format!("page {number} is outside the file")));
        }
        if (number + count) * self.page_size > self.length {
            return Err(FileFault::Truncated);
        }
        let bytes = read_at(self.file, number * self.page_size, part as usize)?;
        if Fields(&bytes).u64() == Some(number) {
            Ok(bytes)
        } else {
            Err(damaged(format!("page {number} has another number")))
        }
    }

    /// How many overflow pages a value has: as many as it needs, or more if a longer value was there before.
    pub(crate) fn overflow_pages(&self, row: &Row<'_>) -> Checked<u64> {
        let number = Fields(row.value).u64().ok_or_else(|| damaged("a value without a page"))?;
        let needed = (row.bytes as u64 + PAGE_HEADER as u64).div_ceil(self.page_size);
        let start = self.read_part(number, needed, PAGE_HEADER as u64)?;
        let mut fields = Fields(start.get(8..).unwrap_or_default());
        let is_right = fields.u16() == Some(0) && fields.u16() == Some(PAGE_OVERFLOW);
        let pages = fields.u32().map(u64::from).filter(|pages| is_right && *pages >= needed);
        let pages = pages.filter(|pages| number + pages <= self.last + 1);
        pages.ok_or_else(|| bad_page(number))
    }

    /// A value of at most `most` bytes on overflow pages.
    pub(crate) fn overflow_value(&self, row: &Row<'_>, most: usize) -> Checked<Vec<u8>> {
        if row.bytes > most {
            return Err(damaged("a value is impossibly long"));
        }
        let pages = self.overflow_pages(row)?;
        let number = Fields(row.value).u64().ok_or_else(|| damaged("a value without a page"))?;
        let mut value = self.read_part(number, pages, (PAGE_HEADER + row.bytes) as u64)?;
        value.drain(..PAGE_HEADER.min(value.len()));
        Ok(value)
    }
}
