//! Other systems: no page that processes can wait for, so all of them ask the store after a while.
#![allow(dead_code)] // Linux builds it for its tests only.

use std::io;
use std::path::Path;
use std::time::Duration;

/// There is none.
#[derive(Debug)]
pub(super) enum Page {}

impl Page {
    #[allow(clippy::unnecessary_wraps)] // The signature is that of Linux, where it can fail.
    pub(super) fn open(_path: &Path, _writable: bool) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn is_writable(&self) -> bool {
        match *self {}
    }

    pub(super) fn is_in_place(&self) -> bool {
        match *self {}
    }

    pub(super) fn read(&self, _count: usize) -> io::Result<Vec<u8>> {
        match *self {}
    }

    pub(super) fn write(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn wake(&self) {
        match *self {}
    }

    pub(super) fn wait(&self, _word: u32, _limit: Duration) {
        match *self {}
    }
}
