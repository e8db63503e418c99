//! The handles of an environment: the settings that they share, and who of them writes.

use std::any::Any;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use super::environment::Environment;
use super::lock_file::LockFile;
use super::settings::{EnvOptions, Requested};
use crate::error::{PulseDBError, Result, StorageError};

/// One handle on the environment of a directory. While a writable one lives, this process is a writer of the database;
/// with the last of them go the settings that they have agreed on, so that the next one may bring others.
///
/// Dropped in a forked child it touches nothing: the environment is the parent's.
#[derive(Debug)]
pub(crate) struct EnvHandle {
    environment: Arc<Environment>,
    writable: bool,
}

impl Deref for EnvHandle {
    type Target = Environment;

    fn deref(&self) -> &Environment {
        &self.environment
    }
}

impl Drop for EnvHandle {
    fn drop(&mut self) {
        if self.writable && !self.environment.is_forked() {
            self.environment.leave();
        }
    }
}

impl EnvHandle {
    /// Adds a handle to an environment: its settings must not contradict those of the handles that are open.
    pub(super) fn join(environment: Arc<Environment>, options: &EnvOptions) -> Result<Self> {
        environment.presence.confirm(environment.path(), &*environment.engine()?)?;
        let asked = Requested::of(options);
        if let Some(asked) = asked {
            environment.admit(asked)?;
        }
        Ok(Self { environment, writable: asked.is_some() })
    }

    /// The environment that all handles share.
    pub(crate) fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// What the layer above keeps once for all handles: the one that is there, or else a new one.
    pub(crate) fn shared<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut companion = self.environment.companion.lock();
        let there = companion.as_ref().and_then(Weak::upgrade);
        there.and_then(|there| there.downcast().ok()).unwrap_or_else(|| {
            let fresh = Arc::new(make());
            // In two steps, because the type is forgotten on the way.
            let weak = Arc::downgrade(&fresh);
            *companion = Some(weak);
            fresh
        })
    }
}

impl Environment {
    /// Counts a writable handle.
    fn admit(&self, asked: Requested) -> Result<()> {
        if !self.engine()?.files.writable {
            return Err(PulseDBError::Config {
                reason: "this process has the database open read-only and could not open its files for \
                         writing; close those handles first, and check the permissions of the files"
                    .to_owned(),
            });
        }
        if let Some(bytes) = self.engine()?.missing_map() {
            return Err(StorageError::MapTooLarge { bytes }.into());
        }
        let mut settings = self.settings.lock();
        if let Some(requested) = settings.requested {
            requested.admit(asked, self.map_bytes()?)?;
        } else {
            self.begin_writing(asked)?;
            settings.requested = Some(asked);
        }
        settings.writable_handles += 1;
        Ok(())
    }

    /// Makes an environment of readers one that writes.
    fn begin_writing(&self, asked: Requested) -> Result<()> {
        let mut writer = self.writer.lock();
        let lock_file = match &mut writer.lock_file {
            Some(lock_file) if lock_file.is_writable() => lock_file,
            other => {
                let lock_file = LockFile::create(self.path())?;
                lock_file.share_open(self.path())?;
                other.insert(lock_file)
            }
        };
        lock_file.register_writer(self.path())?;
        self.engine()?.set_sync_mode(asked.sync_mode).inspect_err(|_| lock_file.release_writer())
    }

    /// Ends one writable handle, which has no write transaction.
    fn leave(&self) {
        let mut settings = self.settings.lock();
        settings.writable_handles = settings.writable_handles.saturating_sub(1);
        if settings.writable_handles == 0 {
            settings.requested = None;
            let mut writer = self.writer.lock();
            if let Ok(engine) = self.engine() {
                writer.note_length(&engine);
            }
            if let Some(lock_file) = &mut writer.lock_file {
                lock_file.release_writer();
            }
        }
    }
}
