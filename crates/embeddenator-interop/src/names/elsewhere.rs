//! Where names are not bytes, they are taken as UTF-8.

use std::ffi::CStr;
use std::path::Path;

use crate::failure::{Failure, Result};

pub(crate) fn path(name: &CStr) -> Result<&Path> {
    let text = name.to_str();
    text.map(Path::new).map_err(|_| Failure::argument("the path", "is not UTF-8", "encode it as UTF-8"))
}
