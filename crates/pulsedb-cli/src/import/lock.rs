//! One import at a time into a database: two of the same tree would each find nothing and add everything.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

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
    let path = database.join(FILE_NAME);
    let context = || format!("cannot lock {}", path.display());
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(context)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            waiting();
            file.lock().with_context(context)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(context),
    }
    Ok(ImportLock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

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
