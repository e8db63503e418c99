//! Systems other than Unix: files, directories and times; links and special files are not made.

pub(crate) mod file;
pub(crate) mod look;
pub(crate) mod target;
pub(crate) mod unmounting;
