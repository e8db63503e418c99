//! Unix systems: every kind of file, with modes, owners, times and extended attributes.

pub(crate) mod file;
pub(crate) mod look;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod special;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "special_elsewhere.rs"]
mod special;
pub(crate) mod target;
#[cfg(target_os = "linux")]
pub(crate) mod unmounting;
#[cfg(not(target_os = "linux"))]
#[path = "unmounting_elsewhere.rs"]
pub(crate) mod unmounting;
