//! Devices, fifos and sockets on Linux.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, Mode, makedev, mknodat};

use crate::entry::Node;

/// Makes a file that is no regular one, no directory and no link.
pub(super) fn make(directory: BorrowedFd<'_>, name: &[u8], node: &Node) -> io::Result<()> {
    let (kind, device) = match node {
        Node::BlockDevice(device) => (FileType::BlockDevice, makedev(device.major, device.minor)),
        Node::CharacterDevice(device) => (FileType::CharacterDevice, makedev(device.major, device.minor)),
        Node::Fifo => (FileType::Fifo, 0),
        Node::Socket => (FileType::Socket, 0),
        Node::File(_) | Node::Directory | Node::Symlink(_) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(mknodat(directory, name, kind, Mode::from_raw_mode(0o600), device)?)
}
