//! What handles stand for.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, PoisonError};

use embeddenator_fs::{Engram, Snapshot, View};
use embeddenator_vsa::{BlockCode, Planes};

use crate::failure::Result;

/// What a handle stands for.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Code(Arc<Code>),
    Engram(Arc<OpenEngram>),
}

/// A code of either kind.
#[derive(Debug)]
pub(crate) enum Code {
    Block(BlockCode),
    Planes(Planes),
}

/// Views that an engram keeps for its readers; each has a cache of its own.
const VIEWS_MAX: usize = 4;

/// An engram that was opened, and views of the snapshots that were read last.
#[derive(Debug)]
pub(crate) struct OpenEngram {
    pub(crate) engram: Engram,
    views: Mutex<VecDeque<Arc<View>>>,
}

impl OpenEngram {
    pub(crate) fn new(engram: Engram) -> Self {
        Self { engram, views: Mutex::default() }
    }

    /// The snapshot of a name; without one the newest.
    pub(crate) fn snapshot(&self, name: Option<&CStr>) -> Result<&Snapshot> {
        let name = name.map(|name| String::from_utf8_lossy(name.to_bytes()));
        match name {
            Some(name) => Ok(self.engram.snapshot(&name)?),
            None => Ok(self.engram.latest()?.snapshot()),
        }
    }

    pub(crate) fn view(&self, snapshot: &Snapshot) -> Result<Arc<View>> {
        let views = || self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let known = views().iter().find(|view| view.snapshot().number == snapshot.number).cloned();
        if let Some(view) = known {
            return Ok(view);
        }
        // Two threads may make the same view; both are right, and no lock is held while the file is read.
        let view = Arc::new(self.engram.view(snapshot)?);
        let mut views = views();
        views.truncate(VIEWS_MAX - 1);
        views.push_front(Arc::clone(&view));
        Ok(view)
    }
}
