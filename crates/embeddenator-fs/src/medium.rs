//! What a commit asks of the file that it writes to, as a seam at which tests record, fail and lose writes.

use std::fs::File;
use std::io;

use crate::platform::file;

/// A file that is written at offsets and synced.
pub(crate) trait Medium {
    /// Writes all of `bytes` from byte `offset` on.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for &File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file::write_all_at(self, bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
