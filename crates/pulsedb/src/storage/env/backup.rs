//! A consistent copy of the data file while readers and writers go on.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use heed::{CompactionOption, MdbError};

use super::engine::Engine;
use super::environment::Environment;
use super::failure::{damaged, engine_error, file_error};
use super::home::{DATA, DATA_NEW, create_directory};
use super::lmdb::state;
use super::system::{Directory, private};
use crate::error::Result;

impl Environment {
    /// Writes the newest snapshot, without its free pages, to `data.mdb` in a directory, which is made if it is
    /// missing and must be empty. The copy is written aside and renamed when it is complete and durable.
    /// Returns its bytes.
    pub(crate) fn backup_to(&self, directory: &Path) -> Result<u64> {
        self.refuse_after_fork()?;
        let refused = |error| file_error("back up into", directory, error);
        create_directory(directory).map_err(refused)?;
        for entry in fs::read_dir(directory).map_err(refused)? {
            // What an interrupted backup has left is no reason to refuse the next one.
            if entry.map_err(refused)?.file_name() != DATA_NEW {
                return Err(refused(io::ErrorKind::DirectoryNotEmpty.into()));
            }
        }
        let aside = directory.join(DATA_NEW);
        let outcome = self.copy_and_name(directory, &aside);
        if outcome.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&aside);
        }
        outcome
    }

    fn copy_and_name(&self, directory: &Path, aside: &Path) -> Result<u64> {
        let refused = |error| file_error("write", aside, error);
        let engine = self.engine()?;
        self.presence.confirm(self.path(), &engine)?;
        let file = copy(&engine, aside, CompactionOption::Enabled).or_else(|error| match error {
            // LMDB cannot leave free pages out of a file in which some page is neither used nor free.
            heed::Error::Mdb(MdbError::Incompatible) => copy(&engine, aside, CompactionOption::Disabled),
            other => Err(other),
        });
        let file = file.map_err(|error| engine_error("backing up", error))?;
        let copied = state::read_copy(&file, aside)?.ok_or_else(|| damaged("the backup is empty"))?;
        let length = file.metadata().map_err(refused)?.len();
        if length < copied.bytes() {
            file.set_len(copied.bytes()).map_err(refused)?;
        }
        file.sync_all().map_err(refused)?;
        fs::rename(aside, directory.join(DATA)).map_err(refused)?;
        Directory::open(directory).and_then(|directory| directory.sync()).map_err(refused)?;
        Ok(length.max(copied.bytes()))
    }
}

fn copy(engine: &Engine, path: &Path, option: CompactionOption) -> heed::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let mut file = private(&mut options).open(path)?;
    engine.lmdb().copy_to_file(&mut file, option)?;
    Ok(file)
}
