//! What calls return, as objects with attributes.

use embeddenator_fs::{Node, QueryHit};
use pyo3::prelude::*;

/// A state of the tree.
#[pyclass(frozen, get_all, module = "embeddenator")]
pub(crate) struct Snapshot {
    pub(crate) number: u32,
    pub(crate) label: String,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: i64,
}

#[pymethods]
impl Snapshot {
    fn __repr__(&self) -> String {
        format!("Snapshot(number={}, label={:?}, entries={})", self.number, self.label, self.entries)
    }
}

impl From<&embeddenator_fs::Snapshot> for Snapshot {
    fn from(snapshot: &embeddenator_fs::Snapshot) -> Self {
        Self {
            number: snapshot.number,
            label: snapshot.label.clone(),
            entries: snapshot.entries,
            bytes: snapshot.bytes,
            seconds: snapshot.time.seconds,
        }
    }
}

/// A name of a snapshot.
#[pyclass(frozen, get_all, module = "embeddenator")]
pub(crate) struct Entry {
    pub(crate) path: Vec<u8>,
    pub(crate) kind: &'static str,
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
}

#[pymethods]
impl Entry {
    fn __repr__(&self) -> String {
        format!(
            "Entry(path={:?}, kind={:?}, size={})",
            String::from_utf8_lossy(&self.path),
            self.kind,
            self.size
        )
    }
}

impl From<&embeddenator_fs::Entry> for Entry {
    fn from(entry: &embeddenator_fs::Entry) -> Self {
        Self {
            path: entry.path.as_bytes().to_vec(),
            kind: match entry.node {
                Node::File(_) => "file",
                Node::Directory => "directory",
                Node::Symlink(_) => "symlink",
                Node::BlockDevice(_) | Node::CharacterDevice(_) | Node::Fifo | Node::Socket => "special",
            },
            mode: entry.metadata.mode.into(),
            size: entry.size(),
            seconds: entry.metadata.mtime.seconds,
            nanoseconds: entry.metadata.mtime.nanoseconds,
        }
    }
}

/// A file that has a fragment, or is about a text.
#[pyclass(frozen, get_all, module = "embeddenator")]
pub(crate) struct Hit {
    pub(crate) path: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) offset: u64,
    pub(crate) score: f32,
}

#[pymethods]
impl Hit {
    fn __repr__(&self) -> String {
        let path = String::from_utf8_lossy(&self.path);
        format!("Hit(path={path:?}, offset={}, score={:.3})", self.offset, self.score)
    }
}

impl From<QueryHit> for Hit {
    fn from(hit: QueryHit) -> Self {
        Self { path: hit.path.as_bytes().to_vec(), size: hit.size, offset: hit.offset, score: hit.score }
    }
}

/// What a verification read.
#[pyclass(frozen, get_all, module = "embeddenator")]
pub(crate) struct VerifyReport {
    pub(crate) segments: u64,
    pub(crate) chunks: u64,
    pub(crate) bytes: u64,
    pub(crate) findings: Vec<String>,
}

#[pymethods]
impl VerifyReport {
    #[getter]
    fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}
