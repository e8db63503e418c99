//! Devices, fifos and sockets on other Unix systems: not made.

use std::io;
use std::os::fd::BorrowedFd;

use crate::entry::Node;

/// Refuses to make a file that is no regular one, no directory and no link.
pub(super) fn make(_directory: BorrowedFd<'_>, _name: &[u8], _node: &Node) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
