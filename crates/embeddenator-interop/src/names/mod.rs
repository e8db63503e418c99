//! Names of files, as strings of C and as this platform has them.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "elsewhere.rs")]
mod platform;

pub(crate) use platform::path;
