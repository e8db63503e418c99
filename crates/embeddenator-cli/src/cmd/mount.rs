//! `mount` and `umount`: an engram as a directory.

use std::io::Write;
use std::path::Path;
use std::thread;

use embeddenator_fs::{Mount, MountOptions, unmount};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::{MountArgs, UmountArgs};
use crate::exit::Exit;
use crate::plan;
use crate::render::{Out, warn};

/// Serves the directory until it is unmounted, by anyone or by a signal.
pub(crate) fn mount(args: &MountArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let snapshot = plan::snapshot(&engram, args.tree.at.as_deref())?;
    let options = MountOptions { threads: args.threads.threads, allow_other: args.allow_other };
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let mounted = Mount::new(&engram, snapshot, &args.directory, options)?;
    let handle = signals.handle();
    let directory = args.directory.clone();
    let waiting = thread::spawn(move || signals.forever().take(1).for_each(|_| take_down(&directory)));
    writeln!(out, "snapshot {} is at {}", snapshot.number, args.directory.display())?;
    out.flush()?;
    mounted.run()?;
    handle.close();
    // A panic of that thread was printed by it.
    let _ = waiting.join();
    Ok(Exit::Ok)
}

/// A process that still has a file open keeps it; nobody finds the directory any more.
fn take_down(directory: &Path) {
    if let Err(error) = unmount(directory, true) {
        warn(&error.to_string());
    }
}

pub(crate) fn umount(args: &UmountArgs) -> anyhow::Result<Exit> {
    unmount(&args.directory, args.lazy)?;
    Ok(Exit::Ok)
}
