//! Taking a file system from its directory.

use std::io;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

/// Asks the kernel, or the program that may ask it for those who may not.
pub(crate) fn unmount(directory: &Path, lazily: bool) -> io::Result<()> {
    let flags = if lazily { UnmountFlags::DETACH } else { UnmountFlags::empty() };
    match rustix::mount::unmount(directory, flags | UnmountFlags::NOFOLLOW) {
        Err(Errno::PERM) => {}
        done => return Ok(done?),
    }
    let mut program = Command::new("fusermount3");
    program.arg("-u").args(lazily.then_some("-z")).arg("--").arg(directory);
    let output = program.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
