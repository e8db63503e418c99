//! Locks on single bytes of a file that die with their process.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::ByteLocks;

#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::ByteLocks;

/// How a byte is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Any number of holders, none exclusive.
    Shared,
    /// One holder.
    Exclusive,
}
