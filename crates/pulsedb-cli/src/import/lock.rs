//! One import at a time into a database: two of the same tree would each find nothing and add everything.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

/// The file beside the data that an import locks. It is empty, and removing it harms nothing.
const FILE_NAME: &str = "import.lock";

/// The right to import, until it is dropped or the process ends in any way.
#[derive(Debug)]
pub(crate) struct ImportLock {
    _file: File,
}

/// Takes the lock; if another import has it, says so through `waiting` and waits for its end.
pub(crate) fn acquire(database: &Path, waiting: impl FnOnce()) -> anyhow::Result<ImportLock> {
    let file = opened(database)?;
    if !is_taken(&file, database)? {
        waiting();
        file.lock().with_context(|| cannot(database))?;
    }
    Ok(ImportLock { _file: file })
}

/// Takes the lock if it is free or becomes so within so many attempts, with this pause between them.
pub(crate) fn acquire_soon(
    database: &Path,
    attempts: u32,
    pause: Duration,
) -> anyhow::Result<Option<ImportLock>> {
    let file = opened(database)?;
    for attempt in 0..attempts {
        if is_taken(&file, database)? {
            return Ok(Some(ImportLock { _file: file }));
        }
        if attempt + 1 < attempts {
            std::thread::sleep(pause);
        }
    }
    Ok(None)
}

fn opened(database: &Path) -> anyhow::Result<File> {
    let path = database.join(FILE_NAME);
    OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(|| cannot(database))
}

fn is_taken(file: &File, database: &Path) -> anyhow::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| cannot(database)),
    }
}

fn cannot(database: &Path) -> String {
    format!("cannot lock {}", database.join(FILE_NAME).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_wait_goes_without_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let soon = || acquire_soon(directory.path(), 2, Duration::ZERO).unwrap();
        let first = soon().unwrap();
        assert!(soon().is_none());
        drop(first);
        assert!(soon().is_some());
    }

    #[test]
    fn second_import_waits_for_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let first = acquire(directory.path(), || panic!("nobody has it")).unwrap();
        let (said, heard) = std::sync::mpsc::channel();
        let path = directory.path().to_owned();
        let second = std::thread::spawn(move || acquire(&path, || said.send(()).unwrap()).is_ok());
        heard.recv().unwrap();
        drop(first);
        assert!(second.join().unwrap());
    }
}
