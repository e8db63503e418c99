//! Taking a file system from its directory: not on this system.

use std::io;
use std::path::Path;

/// Refuses.
pub(crate) fn unmount(_directory: &Path, _lazily: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
