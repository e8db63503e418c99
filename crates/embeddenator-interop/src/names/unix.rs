//! On Unix a name is any bytes without a zero.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::failure::Result;

#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn path(name: &CStr) -> Result<&Path> {
    Ok(Path::new(OsStr::from_bytes(name.to_bytes())))
}
